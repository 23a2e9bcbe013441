from dataclasses import replace

import pandas as pd
import pytest

from calibrant.reports.identity_map import identity_rows
from calibrant.reports.narrowing import expected_sd, next_evidence
from calibrant.reports.render import self_check_html
from calibrant.reports.self_check import build
from db.records import CriterionOutcome, Outcome, State


def test_it_names_the_next_level_and_what_is_lacking_for_it(hand):
    skill = build(hand.self_check()).skills[0]
    assert (skill.modal, skill.next_level, skill.next_level_name) == (3, 4, "Leading")
    assert [criterion.standing for criterion in skill.lacking] == [
        "Months with reviewed work: 7, asked for 8.",
        "For people to judge.",
    ]


def test_at_the_top_there_is_no_next_level(hand):
    top = hand.assessment(probabilities=(0.0, 0.0, 0.0, 0.1, 0.9), level_set=(5, 5))
    skill = build(hand.self_check(assessments=(top,))).skills[0]
    assert skill.next_level is None
    assert skill.lacking == ()


def test_without_an_inferred_level_it_builds_on_the_low_end_of_the_set(hand):
    wide = hand.assessment(state=State.UNDETERMINED, level_set=(2, 4), criteria=())
    skill = build(hand.self_check(assessments=(wide,))).skills[0]
    assert (skill.modal, skill.next_level) == (None, 3)


def test_not_observed_says_why(hand):
    outcome = CriterionOutcome("ml-pipelines.4.b", 4, Outcome.NOT_OBSERVED, reason="away for 20 months")
    skill = build(hand.self_check(assessments=(hand.assessment(criteria=(outcome,)),))).skills[0]
    assert "Not observed: away for 20 months." in [criterion.standing for criterion in skill.lacking]


def test_identities_are_verified_claimed_or_contested(hand):
    inputs = hand.self_check()
    lines = build(inputs).identities
    assert {(line.key, line.standing) for line in lines} == {
        ("ada@example.org", "verified"), ("ada@laptop.local", "contested"), ("4711", "verified"),
    }  # fmt: skip
    assert [line.standing for line in lines] == ["verified", "verified", "contested"]
    claimed = inputs.identities.assign(state="linked", basis="mailmap")
    assert {line.standing for line in build(replace(inputs, identities=claimed)).identities} == {"claimed"}


def test_the_identity_map_comes_first_with_what_hangs_on_each_standing(hand):
    inputs = hand.self_check()
    counted = replace(inputs, identities=inputs.identities.assign(evidence=[9, 4, 2], commits=[5, 3, 0]))
    check = build(counted)
    totals = {one.standing: (one.identities, one.commits, one.others) for one in check.identity_totals}
    assert sum(one[1] for one in totals.values()) == 8
    assert sum(one[2] for one in totals.values()) == 7
    assert list(totals) == ["verified", "contested"]
    page = self_check_html(check)
    assert page.index("Which identities are held to be yours") < page.index("At a glance")
    assert "calibrant identities claim ADDRESS E1042 --reason" in page


def test_the_map_shows_what_is_open_for_the_person_and_nothing_of_others():
    def frame(**columns):
        return pd.DataFrame({name: pd.array(values, dtype="str") for name, values in columns.items()})

    identities = frame(
        identity=["mine", "contested", "claimed", "settled", "other"],
        person=["p1", None, None, "p2", None],
        state=["linked", "contested", "suggested", "linked", "suggested"],
    )
    links = frame(
        identity=["mine", "contested", "contested", "claimed", "settled", "other"],
        person=["p1", "p1", "p2", "p1", "p1", "p2"],
        proper=[None] * 6,
        state=["linked", "linked", "linked", "suggested", "unlinked", "suggested"],
    )
    evidence = frame(identity=["mine", "mine"], kind=["commit", "review"]).assign(artefacts=[3, 2])
    rows = identity_rows(identities, links, evidence, frozenset(), "p1").set_index("identity")
    assert list(rows.index) == ["mine", "contested", "claimed"]
    assert rows.loc["mine", ["evidence", "commits"]].tolist() == [5, 3]
    assert rows["evidence"].sum() == 5


def test_the_dispute_command_is_exact_and_quotes_the_person(hand):
    assert build(hand.self_check()).dispute_command.startswith("calibrant dispute E1042 ITEM --reason ")
    hostile = build(hand.self_check(person_key="x; rm -rf ~")).dispute_command
    assert hostile.startswith("calibrant dispute 'x; rm -rf ~' ITEM")


def test_the_page_shows_the_id_that_a_dispute_needs(hand):
    check = build(hand.self_check())
    assert check.skills[0].supporting[0].evidence in self_check_html(check)


@pytest.mark.parametrize("raters", [0, 1, 5])
def test_more_evidence_never_widens_the_expected_interval(raters):
    one, half = expected_sd(0.8, 1.5, raters), expected_sd(0.8, 1.5, raters, worth=0.5)
    assert one < half < 0.8


def test_the_evidence_that_narrows_most_comes_first(hand):
    options = next_evidence([hand.assessment()])["ml-pipelines"]
    assert [sd for _, sd in options] == sorted(sd for _, sd in options)
    narrowing = build(hand.self_check()).skills[0].narrowing
    assert narrowing[0].narrower > narrowing[1].narrower > 0


def test_the_overview_says_how_much_each_interval_would_narrow(hand):
    check = build(hand.self_check())
    column = check.narrowing_column
    assert column.heading == "Narrower with a rating by one more colleague"
    assert len(column.cells) == len(check.skills)
    assert len(set(column.cells)) > 1
    page = self_check_html(check)
    assert column.heading in page
    assert page.count("<td>about ") == len(check.skills)


def test_where_kinds_of_evidence_differ_the_overview_names_them(hand):
    options = {"ml-pipelines": [("a rating", 0.5)], "model-serving": [("more work", 0.54)]}
    column = build(hand.self_check(next_evidence=options)).narrowing_column
    assert column.heading == "What would narrow it most"
    assert column.cells[:3] == ("a rating: about 17 %", "more work: about 10 %", "–")


def test_a_column_that_says_the_same_of_every_skill_is_left_out(hand):
    two = (hand.assessment("ml-pipelines"), hand.assessment("model-serving"))
    same = {assessed.skill: [("a rating", 0.5)] for assessed in two}
    check = build(hand.self_check(assessments=two, next_evidence=same))
    assert check.narrowing_column is None
    assert "What would narrow it most" not in self_check_html(check)
    assert "Narrower with" not in self_check_html(check)
    one = build(hand.self_check(assessments=two[:1], next_evidence=same))
    assert one.narrowing_column.cells == ("about 17 %",)
    assert build(hand.self_check(next_evidence={})).narrowing_column is None


def test_nothing_is_above_level_five(hand):
    top = hand.assessment(probabilities=(0.0, 0.0, 0.0, 0.1, 0.9), level_set=(5, 5))
    page = self_check_html(build(hand.self_check(assessments=(top,))))
    assert "chance of level 5<" in page
    assert "level 5 or above" not in page
    assert "chance of level 4 or above" in self_check_html(build(hand.self_check()))
