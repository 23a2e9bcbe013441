"""No rater identifiable by name, severity or leave-one-out under three per relation group."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibrant.reports import packet
from calibrant.reports.inputs import AnonymityPolicy
from calibrant.reports.packet_sealed import raters_text
from calibrant.reports.render import json_text, reading_html, sealed_html, self_check_html
from calibrant.reports.rests_on import foundation
from calibrant.reports.self_check import build as build_self_check

REMARK = "A manager's remark that one person wrote."


@pytest.mark.parametrize("render", [reading_html, lambda copy: json.dumps(str(copy))])
def test_a_single_managers_comment_is_withheld_and_the_copy_says_so(hand, render):
    text = render(packet.build(hand.packet()).reading)
    assert "remark that one person wrote" not in text
    assert "Withheld: fewer than 3 managers" in text


def test_the_self_check_withholds_it_too(hand):
    assert "remark that one person wrote" not in self_check_html(build_self_check(hand.self_check()))


def test_the_manager_is_heard_where_policy_allows_it(hand):
    policy = AnonymityPolicy(open_relations=frozenset({"panel", "manager"}))
    skills = packet.build(hand.packet(policy=policy)).reading.skills
    assert any(REMARK in group.comments for skill in skills for group in skill.comments)


def test_no_output_holds_a_rater_or_the_id_of_a_rating(hand):
    inputs = hand.packet()
    ratings = set(inputs.cited.loc[inputs.cited["kind"] == "rating", "evidence"])
    made = packet.build(inputs)
    check = build_self_check(hand.self_check())
    pages = [json_text(made), reading_html(made.reading), sealed_html(made.sealed), self_check_html(check)]
    for text in pages:
        words = set(re.findall(r"\w+", text))
        assert not words & ratings
        assert not words & {"peer0", "peer1", "peer2", "peer3", "peer9", "boss", "r0", "r1", "r2", "r3"}
    assert made.ratings == len(ratings)
    assert not set(made.cited) & ratings


def test_comments_come_in_the_order_of_a_hash_not_of_the_rows(hand):
    inputs = hand.packet()
    turned = replace(inputs, cited=inputs.cited.iloc[::-1].reset_index(drop=True))
    assert packet.build(turned).reading.skills[0].comments == packet.build(inputs).reading.skills[0].comments


def test_a_person_with_two_identities_is_one_rater(hand):
    def rate_twice(ledger):
        for identity in ("mail", "hr", "forge"):
            key = ledger.rate("collaboration", "twin", "report", "Same voice three times.")
            ledger.participations[-2]["identity"] = identity
            assert ledger.participations[-2]["evidence"] == key

    reading = packet.build(hand.packet(rate_twice)).reading
    assert "Same voice" not in reading_html(reading)


chances = st.lists(st.floats(0.01, 1), min_size=5, max_size=5).map(lambda p: tuple(x / sum(p) for x in p))


@given(chances, st.tuples(st.integers(1, 3), st.integers(3, 5)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_what_one_manager_changes_is_never_seen(hand, probabilities, level_set):
    before = hand.assessment()
    changed = tuple(
        replace(entry, probabilities=probabilities, level_set=level_set) if entry.relation == "manager" else entry
        for entry in before.rests_on
    )
    policy = AnonymityPolicy()
    assert foundation(replace(before, rests_on=changed), 3, policy) == foundation(before, 3, policy)


@pytest.mark.parametrize(
    ("relations", "hidden"),
    [
        ({"peer": 2}, {"feedback360", "git"}),
        ({"peer": 4, "interviewer": 1}, {"feedback360", "scorecards"}),
        ({"peer": 1, "interviewer": 4}, {"feedback360", "scorecards"}),
        ({"peer": 4, "interviewer": 3}, set()),
        ({"peer": 4}, set()),
        ({"self": 1}, set()),
    ],
)
def test_leaving_out_a_source_never_leaves_out_or_leaves_standing_one_or_two_people(hand, relations, hidden):
    sources = ("feedback360", "git", "scorecards") if "interviewer" in relations else ("feedback360", "git")
    entries = hand.assessment().rests_on
    like = next(entry for entry in entries if entry.dropped_kind == "source")
    humans = sum(count for relation, count in relations.items() if relation != "self")
    assessed = hand.assessment(
        rests_on=tuple(replace(like, dropped=source) for source in sources),
        raters_by_relation=relations,
        human_raters=humans,
    )
    shown = {entry.group.removeprefix("Without ") for entry in foundation(assessed, 3, AnonymityPolicy()).ranges}
    assert shown == set(sources) - hidden


def test_what_is_left_without_the_only_source_is_no_result(hand):
    like = next(entry for entry in hand.assessment().rests_on if entry.dropped_kind == "source")
    git = (replace(like, dropped="git"),)
    alone = hand.assessment(rests_on=git, raters_by_relation={}, human_raters=0, sources=("git",))
    assert foundation(alone, 3, AnonymityPolicy()) == foundation(replace(alone, rests_on=()), 3, AnonymityPolicy())
    beside = replace(alone, sources=("git", "github"))
    assert [one.group for one in foundation(beside, 3, AnonymityPolicy()).ranges] == ["Without git"]


def quarters(hand, *heard):
    """An assessment with a leave-one-out result per quarter; heard: people left out and people remaining, by relation."""
    like = next(entry for entry in hand.assessment().rests_on if entry.dropped_kind == "quarter")
    entries = tuple(
        replace(like, dropped=f"202{n // 4}Q{n % 4 + 1}", left_out=left_out, remaining=remaining)
        for n, (left_out, remaining) in enumerate(heard)
    )
    return hand.assessment(rests_on=entries, raters_by_relation={}, human_raters=0)


WORK = ({}, {"peer": 4, "manager": 1})


@pytest.mark.parametrize(
    ("left_out", "remaining", "told"),
    [
        ({}, {"peer": 4, "manager": 1}, True),
        ({}, {"peer": 2}, False),
        ({}, {}, True),
        ({"peer": 4}, {"interviewer": 3}, True),
        ({"peer": 4}, {"interviewer": 2}, False),
        ({"peer": 4}, {}, True),
        ({"peer": 2}, {"peer": 4}, False),
        ({"peer": 4}, {"peer": 2, "interviewer": 3}, False),
        ({"peer": 4, "manager": 1}, {"interviewer": 3}, False),
        ({"panel": 1}, {"peer": 4}, True),
        (None, None, False),
    ],
)
def test_a_quarter_is_in_the_range_unless_it_shows_what_one_or_two_people_of_a_relation_said(
    hand, left_out, remaining, told
):
    found = foundation(quarters(hand, WORK, WORK, WORK, (left_out, remaining)), 3, AnonymityPolicy())
    (shown,) = found.ranges
    assert shown.group == f"Without any one of {3 + told} quarters"
    assert bool(found.withheld) is not told


def test_what_a_hidden_quarter_changes_is_never_seen(hand):
    """Nor does the note tell one person from two, or how many quarters are hidden."""
    made = set()
    for people, count, chance in [(1, 1, 0.9), (2, 1, 0.1), (2, 3, 0.5)]:
        few = [({"manager": people}, {"peer": 4})] * count
        assessed = quarters(hand, WORK, WORK, WORK, *few)
        changed = tuple(
            replace(entry, probabilities=(1 - chance, 0, 0, 0, chance), level_set=(1, 5)) if entry.left_out else entry
            for entry in assessed.rests_on
        )
        made.add(foundation(replace(assessed, rests_on=changed), 3, AnonymityPolicy()))
    assert len(made) == 1


def test_fewer_than_three_quarters_make_no_range(hand):
    assert foundation(quarters(hand, WORK, WORK), 3, AnonymityPolicy()).ranges == ()


def test_ranges_are_rounded_to_five_per_cent(hand):
    for entry in foundation(hand.assessment(), 3, AnonymityPolicy()).ranges:
        assert (entry.low * 100) % 5 == pytest.approx(0)
        assert (entry.high * 100) % 5 == pytest.approx(0)


def test_small_groups_are_counted_as_fewer_than_three(hand):
    assert raters_text(hand.assessment(), AnonymityPolicy()) == "fewer than 3 managers, 4 peers"


def machine(hand):
    """What the engine gives where only git speaks of a person."""
    like = hand.assessment().rests_on[0]
    return replace(like, dropped="git/paths", relation="machine")


def test_nothing_is_said_of_a_relation_in_which_nobody_rated(hand):
    assessed = hand.assessment(rests_on=(machine(hand),), raters_by_relation={"self": 1}, human_raters=0)
    assert foundation(assessed, 3, AnonymityPolicy()) == foundation(
        replace(assessed, rests_on=()), 3, AnonymityPolicy()
    )
    assert foundation(assessed, 3, AnonymityPolicy()).withheld == ()
    sealed = packet.build(hand.packet(assessments=(assessed,))).sealed
    assert sealed.skills[0].raters == "no human other than the person"
    assert "withheld" not in sealed_html(replace(sealed, skills=sealed.skills[:1]))


@given(st.sampled_from(["manager", "report", "interviewer", "client"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_note_on_a_small_relation_does_not_tell_one_from_two(hand, relation):
    like = hand.assessment().rests_on[0]
    notes = set()
    for raters in (1, 2):
        for results in range(raters + 1):
            entries = tuple(replace(like, dropped=f"x{n}", relation=relation) for n in range(results))
            assessed = hand.assessment(
                rests_on=(*entries, machine(hand)), raters_by_relation={relation: raters}, human_raters=raters
            )
            notes.add(foundation(assessed, 3, AnonymityPolicy()))
    ((note,),) = {made.withheld for made in notes}
    assert len(notes) == 1
    assert note.endswith("are withheld: there are fewer than 3.")


@pytest.mark.parametrize(
    ("chances", "words"),
    [
        ((0.995, 1.0, 0.999), "over 99 %,"),
        ((0.98, 0.985, 0.99), "95 %,"),
        ((0.0, 0.005, 0.001), "under 1 %,"),
        ((0.02, 0.01, 0.03), "5 %,"),
        ((0.001, 0.052, 0.05), "under 1 % to 5 %,"),
        ((0.9, 0.999, 0.95), "90 % to over 99 %,"),
        ((0.41, 0.52, 0.5), "40–50 %,"),
    ],
)
def test_a_range_speaks_of_its_ends_as_the_tables_do(hand, chances, words):
    like = hand.assessment().rests_on[0]
    entries = tuple(
        replace(like, dropped=f"r{n}", probabilities=(1 - chance, 0.0, chance, 0.0, 0.0))
        for n, chance in enumerate(chances)
    )
    (shown,) = foundation(
        hand.assessment(rests_on=entries, raters_by_relation={"peer": 3}), 3, AnonymityPolicy()
    ).ranges
    assert shown.sentence.startswith(f"Without any one of 3 peers: {words}")
