"""Runs, rubrics, decisions, disputes and replies come back as they were saved."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from db.errors import Refusal
from db.ledger import Ledger
from db.records import (
    Assessment,
    Batch,
    Citation,
    CriterionOutcome,
    Decision,
    JointPosterior,
    Outcome,
    Purpose,
    RestsOn,
    Run,
    Source,
    Stance,
    State,
)
from tests.conftest import Clock
from tests.db.samples import START, commit, roster


def assessment(person: str, skill: str = "containers", theta: float = 0.25) -> Assessment:
    return Assessment(
        person=person,
        skill=skill,
        state=State.INFERRED,
        probabilities=(0.05, 0.1, 0.7, 0.1, 0.05),
        level_set=(2, 4),
        set_mass=0.9,
        modal=3,
        high_confidence=False,
        theta=theta,
        theta_sd=0.5,
        prior_sd=1.0,
        variance_reduction=0.75,
        raters=3,
        human_raters=2,
        raters_by_relation={"peer": 2},
        sources=("git", "feedback360"),
        pessimistic=(0.1, 0.1, 0.7, 0.1, 0.0),
        criteria=(CriterionOutcome("containers.1.a", 1, Outcome.MET, "months", 4.0, 1.0, ("e1",), (), "four months"),),
        rests_on=(RestsOn("source", "git", None, (0.2,) * 5, (1, 5), State.UNDETERMINED),),
        reasons=("two raters",),
    )


def save(ledger: Ledger, run_id: str, cited: Mapping[str, Sequence[str]]) -> Run:
    """Save a run in which each person is assessed on one skill and cites these evidence ids."""
    run = Run(run_id, Purpose.PROMOTION, START, START, "rubric", "facets/1", {"cuts": {"containers": [-1.0, 0.5]}})
    ledger.save_run(
        run,
        [assessment(person) for person in cited],
        [Citation(person, "containers", one, Stance.FOR) for person, ids in cited.items() for one in ids],
        [JointPosterior(person, ("containers",), (0.25,), ((0.25,),)) for person in cited],
    )
    return run


@pytest.fixture
def ann(ledger: Ledger) -> str:
    ledger.store_roster(roster())
    return ledger.person_id("p-ann")


def test_a_run_comes_back_as_it_was_saved(ledger: Ledger, git: Source, clock: Clock, ann: str) -> None:
    ledger.collect(git, [Batch((commit(1), commit(2)))], extractor="git/1")
    now = clock.advance(seconds=1)
    evidence = sorted(ledger.evidence(as_of=now, known_at=now, purpose=None)["evidence"])
    run = save(ledger, "r1", {ann: evidence})
    assert ledger.runs() == [run]
    assert ledger.latest_run(Purpose.PROMOTION) == run
    assert ledger.latest_run(Purpose.SELF_CHECK) is None
    assert ledger.assessments("r1") == ledger.assessments("r1", ann) == [assessment(ann)]
    assert ledger.assessments("r1", "nobody") == []
    assert [one.evidence for one in ledger.citations("r1", ann)] == evidence
    assert ledger.posteriors("r1") == [JointPosterior(ann, ("containers",), (0.25,), ((0.25,),))]
    assert ledger.verify().sound


def test_saving_the_same_run_again_changes_nothing_and_another_is_refused(ledger: Ledger, ann: str) -> None:
    save(ledger, "r1", {ann: []})
    events = ledger.verify().events
    run = save(ledger, "r1", {ann: []})
    assert ledger.verify().events == events
    with pytest.raises(Refusal, match="other content"):
        ledger.save_run(run, [assessment(ann, theta=0.3)], [], [])


def test_the_latest_run_is_the_last_saved(ledger: Ledger, ann: str) -> None:
    for name in ("z", "a", "m"):
        save(ledger, name, {ann: []})
    assert [run.id for run in ledger.runs()] == ["z", "a", "m"]
    assert ledger.latest_run(Purpose.PROMOTION).id == "m"  # type: ignore[union-attr]


def test_a_run_over_persons_nobody_knows_is_refused(ledger: Ledger) -> None:
    with pytest.raises(Refusal, match="1 assessed persons are not in the ledger"):
        save(ledger, "r1", {"p-zoe": []})
    assert ledger.runs() == []


def test_cited_evidence_says_when_it_was_superseded(ledger: Ledger, git: Source, clock: Clock, ann: str) -> None:
    ledger.collect(git, [Batch((commit(1), commit(2)))], extractor="git/1")
    now = clock.advance(seconds=1)
    frame = ledger.evidence(as_of=now, known_at=now, purpose=None)
    save(ledger, "r1", {ann: list(frame["evidence"])})
    ledger.collect(git, [Batch((commit(2, excerpt="Reworded"),))], extractor="git/1")
    cited = ledger.cited("r1", ann)
    assert list(cited.columns) == [*frame.columns, "erased", "superseded"]
    assert dict(zip(cited["excerpt"], cited["superseded"], strict=True)) == {
        "Change number 1": False,
        "Change number 2": True,
    }
    assert not cited["erased"].any()
    assert len(ledger.cited("r1", "nobody")) == 0


def test_a_rubric_is_kept_once_under_its_hash(ledger: Ledger) -> None:
    for _ in range(2):
        ledger.save_rubric(hash="abc", name="aiml", version="1.0.0", text='{"é":1}')
    assert ledger.rubric_text("abc") == '{"é":1}'
    with pytest.raises(Refusal, match="no such rubric"):
        ledger.rubric_text("xyz")


def test_decisions_come_back_by_instant(ledger: Ledger, ann: str) -> None:
    early = Decision(ann, START, "panel", "promoted", "ml-engineer", "senior", "containers", 3, "clear", True, "r1")
    late = Decision("p-bob", START.replace(year=2026), "panel", "not yet")
    ledger.record_decision(late)
    ledger.record_decision(early)
    assert ledger.decisions() == [early, replace(late, person=ledger.person_id("p-bob"))]


def test_a_dispute_runs_from_open_to_its_end(ledger: Ledger, git: Source, clock: Clock, ann: str) -> None:
    ledger.collect(git, [Batch((commit(1),))], extractor="git/1")
    (target,) = ledger.evidence(as_of=clock.now, known_at=clock.now, purpose=None)["evidence"]
    opened = ledger.open_dispute("p-ann", target, "not my work")
    assert ledger.disputes() == [opened]
    assert (opened.person, opened.state) == (ann, "open")
    closed = ledger.resolve_dispute(opened.id, "upheld", "a pairing session")
    assert ledger.disputes() == [closed]
    with pytest.raises(Refusal, match="nothing of that id"):
        ledger.open_dispute("p-ann", "identity:zzz", "?")
    with pytest.raises(Refusal, match="no such dispute"):
        ledger.resolve_dispute("zzz", "upheld", "?")
    with pytest.raises(Refusal, match="cannot end as 'open'"):
        ledger.resolve_dispute(opened.id, "open", "?")


def test_a_dispute_is_read_in_the_state_it_was_known_to_be_in(
    ledger: Ledger, git: Source, clock: Clock, ann: str
) -> None:
    ledger.collect(git, [Batch((commit(1),))], extractor="git/1")
    (target,) = ledger.evidence(as_of=clock.now, known_at=clock.now, purpose=None)["evidence"]
    before = clock.now
    clock.now += timedelta(days=1)
    opened, while_open = ledger.open_dispute("p-ann", target, "not my work"), clock.now
    clock.now += timedelta(days=1)
    closed = ledger.resolve_dispute(opened.id, "dismissed", "a pairing session")
    assert ledger.disputes(known_at=before) == []
    assert ledger.disputes(known_at=while_open) == [opened]
    assert ledger.disputes(known_at=clock.now) == [closed]


def test_replies_are_kept_in_order(ledger: Ledger, ann: str) -> None:
    first, second = ledger.add_reply("p-ann", "I led that"), ledger.add_reply(ann, "And this")
    assert ledger.replies("p-ann") == [first, second]
    assert ledger.replies("p-bob") == []
