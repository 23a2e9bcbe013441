import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibrant.reports import packet
from calibrant.reports.inputs import Waiver
from calibrant.reports.packet_sealed import at_or_above
from calibrant.reports.reading_copy import READING_WORDS
from calibrant.reports.render import json_text, reading_html, sealed_html
from db.records import CriterionOutcome, Outcome, State

ESTIMATE_WORDS = (
    "inferred", "insufficient evidence", "conflicting evidence", "undetermined", "probabilit", "posterior", "theta",
    "logit", "90 %", "confidence", "modal", "not met", "pessimistic", "level_set", "high_confidence",
)  # fmt: skip


@pytest.mark.parametrize("render", [reading_html, json_text])
def test_the_reading_copy_speaks_no_word_of_an_estimate(hand, render):
    text = re.sub(r"<style>.*?</style>", "", render(packet.build(hand.packet()).reading), flags=re.DOTALL).lower()
    assert [word for word in ESTIMATE_WORDS if word in text] == []


posteriors = st.lists(st.floats(0.01, 1), min_size=5, max_size=5).map(lambda p: tuple(x / sum(p) for x in p))


@given(posteriors, posteriors, st.sampled_from(State), st.floats(-4, 4), st.integers(1, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
def test_no_byte_of_the_reading_copy_depends_on_the_posterior(hand, chances, pessimistic, state, theta, modal):
    inputs = hand.packet()
    changed = tuple(
        replace(
            entry, probabilities=chances, pessimistic=pessimistic, state=state, theta=theta, modal=modal, level_set=(1, 5),
            theta_sd=abs(theta) + 0.1, high_confidence=True, reasons=("said so",), rests_on=(),
        )
        for entry in inputs.assessments
    )  # fmt: skip
    other = replace(inputs, assessments=changed, probability_all_required=chances[0], cutpoints={})
    assert reading_html(packet.build(other).reading) == reading_html(packet.build(inputs).reading)


def test_the_reading_copy_is_read_in_five_minutes(hand):
    reading = packet.build(hand.packet()).reading
    assert reading.words <= READING_WORDS
    assert reading.minutes <= 5
    shown = [len(criterion.supporting) for skill in reading.skills for criterion in skill.criteria]
    assert max(shown) == 4


def test_a_case_with_much_more_to_read_shows_fewer_excerpts_and_says_how_many_there_are(hand):
    inputs = hand.packet(standard=hand.standard(" More words than anybody wants to read in a statement." * 3))
    criteria = [criterion for skill in packet.build(inputs).reading.skills for criterion in skill.criteria]
    assert max(len(criterion.supporting) for criterion in criteria) == 1
    assert any(criterion.more_supporting for criterion in criteria)


def test_excerpts_spread_over_months_and_evidence_against_is_always_shown(hand):
    skill = packet.build(hand.packet()).reading.skills[0]
    supporting = skill.criteria[0].supporting
    assert len({item.exhibit.month for item in supporting}) == len(supporting)
    against = [item for criterion in skill.criteria for item in criterion.opposing]
    assert len(against) == skill.works_against == 1


def test_what_is_not_observed_says_why_and_who_judges_what_machines_cannot(hand):
    serving = packet.build(hand.packet()).reading.skills[1]
    assert serving.criteria[1].missing == "Not observed: no access to repositories that others own in 20 of 24 months."
    assert serving.criteria[2].by_people
    assert serving.criteria[2].missing == ""


def test_a_waiver_in_force_prints_its_reason_and_an_old_one_does_not(hand):
    inputs = hand.packet()
    code = "technical-docs.2.b"
    text = reading_html(packet.build(inputs).reading)
    assert "Waived from 1 Jan 2026 until 30 Sep 2026: The wiki was read-only" in text
    old = replace(inputs.standard, waivers=(Waiver(code, "Long ago.", date(2020, 1, 1), date(2021, 1, 1)),))
    assert "Long ago" not in reading_html(packet.build(replace(inputs, standard=old)).reading)


def test_replies_and_contested_items_are_printed(hand):
    text = reading_html(packet.build(hand.packet()).reading)
    assert "The monitoring work lives in a repository that was not read." in text
    assert "This was pair work; I only typed." in text
    assert '<b class="warm">contested</b>' in text


def test_erased_evidence_leaves_no_words_behind(hand):
    inputs = hand.packet()
    cited = inputs.cited.assign(erased=True, measures=None, paths=None)
    reading = packet.build(replace(inputs, cited=cited)).reading
    assert all(
        not i.exhibit.quote and "since erased" in i.exhibit.marks for i in reading.skills[0].criteria[0].supporting
    )


def test_an_erased_row_without_a_date_is_counted_and_not_printed(hand):
    inputs = hand.packet()
    cited = inputs.cited.assign(erased=True, occurred_at=None, measures=None)
    skill = packet.build(replace(inputs, cited=cited)).reading.skills[0]
    assert not skill.criteria[0].supporting
    assert skill.erased > 0


def test_the_tally_counts_required_skills_only(hand):
    sealed = packet.build(hand.packet()).sealed
    assert sealed.tally.sentence == "required met 3 of 7, 4 undetermined"
    assert [skill.verdict for skill in sealed.skills if skill.optional] == ["met"]


@pytest.mark.parametrize(
    ("chance", "state", "verdict"),
    [
        (0.70, State.INFERRED, "met"),
        (0.69, State.INFERRED, "undetermined"),
        (0.30, State.INFERRED, "not met"),
        (0.99, State.INSUFFICIENT, "undetermined"),
        (0.01, State.CONFLICTING, "undetermined"),
    ],
)
def test_met_needs_an_inferred_level_and_seventy_per_cent(hand, chance, state, verdict):
    probabilities = (0.0, round(1 - chance, 2), chance, 0.0, 0.0)
    inputs = hand.packet(assessments=(hand.assessment(probabilities=probabilities, state=state),))
    assert packet.build(inputs).sealed.skills[0].verdict == verdict


def test_a_modal_level_is_never_shown_unless_inferred(hand):
    inputs = hand.packet(assessments=(hand.assessment(state=State.UNDETERMINED, modal=3),))
    assert packet.build(inputs).sealed.skills[0].modal is None


def test_the_sealed_result_prints_what_a_decision_needs(hand):
    text = sealed_html(packet.build(hand.packet()).sealed)
    for words in (
        "21 %",
        "pessimistic",
        "thurstonian-50",
        "± 0.15",
        "average rater",
        "b41e77a09c0d5f12e8c1",
        "at least",
    ):
        assert words.lower() in text.lower()


def test_impossible_probabilities_are_refused():
    with pytest.raises(ValueError, match="expected 5 probabilities"):
        at_or_above((0.5, 0.5), 1)


def test_rater_ids_in_reasons_are_taken_out(hand):
    assessed = hand.assessment(state=State.UNDETERMINED, reasons=("it rests on r1 alone",))
    sealed = packet.build(hand.packet(assessments=(assessed,))).sealed
    assert sealed.skills[0].why == "Undetermined: it rests on one rater alone."


def test_counts_of_the_standard_stand_beside_what_it_asks_for(hand):
    outcome = CriterionOutcome("ml-pipelines.3.a", 3, Outcome.NOT_MET, "reviewed-months", 2.0, 6.0)
    inputs = hand.packet(assessments=(hand.assessment(criteria=(outcome,)),))
    criterion = packet.build(inputs).reading.skills[0].criteria[0]
    assert criterion.counted == "Months with reviewed work: 2 (asked for: 6)"
    assert criterion.missing == "Found in part."


def test_groundwork_says_what_was_counted_and_what_is_asked_for(hand):
    outcome = CriterionOutcome("ml-pipelines.1.a", 1, Outcome.MET, "reviewed-months", 5.0, 1.0)
    inputs = hand.packet(assessments=(hand.assessment(criteria=(outcome,)),))
    assert "Months with reviewed work 5, asked for 1" in reading_html(packet.build(inputs).reading)


def test_cutpoints_are_printed_with_a_true_minus(hand):
    text = sealed_html(packet.build(hand.packet()).sealed)
    assert "−2.10 ± 0.20" in text
    assert "+0.60 ± 0.16" in text
    assert "-2.10" not in text


def test_no_bar_is_labelled_a_hundred(hand):
    sure = hand.assessment(probabilities=(0.0, 0.0, 0.0, 0.004, 0.996), level_set=(5, 5))
    text = sealed_html(packet.build(hand.packet(assessments=(sure,))).sealed)
    assert ">&gt;99<" in text
    assert ">100<" not in text
    assert "over 99 %" in text
    assert not re.search(r"(?<!\d)100 %", text)
