"""One rater or one source never gives high confidence; a self-rating or a title never changes a byte: contract test 3."""

import json
from dataclasses import asdict, replace
from functools import lru_cache
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from db.records import Kind, ParticipationRole
from inference.engine import infer
from tests.contract.department import AS_OF, SKILLS, TEAMS, department, instant, rating
from tests.contract.frames import frames_of
from tests.contract.standard import small_standard

few = settings(
    max_examples=3,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
many = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def headline(frames):
    """Canonical bytes of everybody's assessments, posteriors and cutpoints."""
    found = infer(small_standard(), frames, as_of=AS_OF)
    kept = [[asdict(one) for one in found.assessments], [asdict(one) for one in found.posteriors]]
    return json.dumps([kept, found.details["cutpoints"]], sort_keys=True).encode()


@lru_cache(maxsize=8)
def usual(seed):
    made = department(seed)
    return made, headline(frames_of(made))


# -- one rater, one source -----------------------------------------------------------------------------------


def heard(made, subject, keep):
    """Without the ratings of a subject that `keep` says no to."""
    identity = made.member(subject).hr

    def stays(one):
        who = {part.role: part.identity for part in one.participations}
        return who.get(ParticipationRole.SUBJECT) != identity or keep(one, who[ParticipationRole.RATER])

    return replace(made, sources={name: tuple(filter(stays, held)) for name, held in made.sources.items()})


def shouted(made, subject, rater, kinds, chance):
    """One rater's praise on every skill, on many items, from every source of `kinds`."""
    more = {}
    for kind in kinds:
        source = "feedback360/2026" if kind is Kind.RATING else "scorecards/hiring"
        more[source] = [
            rating(
                f"shout {kind.value} {subject} {rater} {skill} {item}",
                made.member(rater).hr,
                made.member(subject).hr,
                skill,
                5 if chance.random() < 0.9 else 4,
                at=instant(0, 20),
                item=f"{skill} {item}",
                kind=kind,
            )
            for skill in SKILLS
            for item in range(6)
        ]
    for source, evidence in more.items():
        made = made.adding(source, evidence)
    return made


def check_single(seed, subject, way):
    chance = Random(f"{seed} {subject} {way}")
    made = department(seed)
    rater = chance.choice([one.key for one in made.people if one.key != subject])
    if way == "one rater":
        made = heard(made, subject, lambda one, who: False)
        made = shouted(made, subject, rater, (Kind.RATING, Kind.SCORECARD_RATING), chance)
    elif way == "one human source":
        made = heard(made, subject, lambda one, who: one.kind is Kind.RATING)
    elif way == "machines only":
        made = heard(made, subject, lambda one, who: False)
    else:
        identity = made.member(rater).hr
        made = heard(made, subject, lambda one, who: who == identity)
        made = shouted(made, subject, rater, (Kind.SCORECARD_RATING,), chance)
    found = [one for one in infer(small_standard(), frames_of(made), as_of=AS_OF).assessments if one.person == subject]
    assert len(found) == len(SKILLS)
    assert not any(one.high_confidence for one in found)
    if way == "machines only":
        assert all(one.modal is None for one in found)


alone = given(
    seed=st.integers(0, 3),
    subject=st.integers(0, 8).map(lambda number: f"p{number:02d}"),
    way=st.sampled_from(["one rater", "one rater and the machine", "one human source", "machines only"]),
)


@settings(few, max_examples=4)
@alone
def test_one_rater_or_one_source_never_gives_high_confidence(seed, subject, way):
    check_single(seed, subject, way)


@pytest.mark.long
@many
@alone
def test_one_rater_or_one_source_never_gives_high_confidence_in_many_cases(seed, subject, way):
    check_single(seed, subject, way)


def test_several_raters_and_sources_do_give_it():
    _, text = usual(0)
    assert sum(one["high_confidence"] for one in json.loads(text)[0][0]) >= 5


# -- self-ratings and titles ---------------------------------------------------------------------------------

scores = st.sampled_from([1, 1.5, 2, 3, 3.5, 4, 4.5, 5])


@few
@given(seed=st.integers(0, 1), draws=st.data())
def test_self_ratings_never_change_a_byte_of_anybodys_headline(seed, draws):
    made, before = usual(seed)
    more = {"feedback360/2026": [], "scorecards/hiring": []}
    for number, one in enumerate(made.people):
        for skill in SKILLS:
            key = f"self {one.key} {skill}"
            by = one.git if number % 2 else one.hr
            score = draws.draw(scores)
            more["feedback360/2026"].append(
                rating(key, by, one.hr, skill, score, at=instant(1, 3), relation="self", item=f"own {number % 3}")
            )
        more["scorecards/hiring"].append(
            rating(f"self {one.key}", one.hr, one.hr, SKILLS[0], 5, at=instant(1, 4), kind=Kind.SCORECARD_RATING)
        )
    for source, evidence in more.items():
        made = made.adding(source, evidence)
    assert headline(frames_of(made)) == before


@few
@given(seed=st.integers(0, 1), shuffle=st.randoms(use_true_random=False))
def test_titles_never_change_a_byte_of_anybodys_headline(seed, shuffle):
    made, before = usual(seed)
    titles = [(one.role, one.job_level) for one in made.people]
    shuffle.shuffle(titles)
    changed = made
    for one, (role, job_level) in zip(made.people, titles, strict=True):
        changed = changed.with_member(replace(one, role=role, job_level=job_level, name=f"{job_level} {role}"))
    assert headline(frames_of(changed)) == before


def test_a_title_written_into_the_evidence_changes_nothing_either():
    made, before = usual(0)
    ladder = ["junior", "principal"]
    held = [
        replace(one, measures={**one.measures, "role": "ml-engineer", "job_level": ladder[number % 2]})
        for number, one in enumerate(made.sources["feedback360/2026"])
    ]
    assert headline(frames_of(made.with_source("feedback360/2026", held))) == before


def test_a_self_rating_says_nothing_even_where_nobody_else_spoke(standard):
    made = department(2)
    made = heard(made, "p01", lambda one, who: False)
    person = made.member("p01")
    own = [rating(f"own {skill}", person.hr, person.hr, skill, 5, at=instant(1), relation="self") for skill in SKILLS]
    with_them = infer(standard, frames_of(made.adding("feedback360/2026", own)), as_of=AS_OF)
    assert {one.state.value for one in with_them.assessments if one.person == "p01"} == {"insufficient evidence"}
    cited = {one.evidence: one.stance.value for one in with_them.citations if one.person == "p01"}
    assert {cited[f"v {one.artefact}"] for one in own} == {"context"}


def test_the_other_inputs_do_change_the_headline():
    made, before = usual(0)
    first = made.sources["feedback360/2026"][0]
    turned = replace(first, measures={**first.measures, "score": 1 if first.measures["score"] > 2 else 5})
    held = (turned, *made.sources["feedback360/2026"][1:])
    assert headline(frames_of(made.with_source("feedback360/2026", held))) != before
    moved = made.with_member(replace(made.people[0], team=TEAMS[2]))
    assert headline(frames_of(moved)) != b""
