"""Few decisions, spread over the skills: what they say of all norms together, and how unsurely."""

from __future__ import annotations

import numpy as np
import pytest

from inference.anchors import Decided
from inference.common_shift import LEAST_PEOPLE, common
from models.anchoring import Labels
from models.cutpoints import Cuts

NORM = np.array([-3.2, -1.1, 1.1, 3.2])
TRUE = np.array([-1.9, -0.6, 0.6, 1.9])
"""Raters shun the ends: their norm lies wider than the standard."""


def _norms(skills: int) -> dict[str, Cuts]:
    error = np.full(4, 0.2)
    one = Cuts(NORM, error, error, np.ones(4, dtype=np.int64), np.zeros((4, 3)), "thurstonian-50", np.zeros(4, bool))
    return {f"s{n}": one for n in range(skills)}


def _decided(seed: int, people: int, each: int, skills: int = 10) -> Decided:
    rng = np.random.default_rng(seed)
    taken: dict[str, list[tuple[str, float, int]]] = {f"s{n}": [] for n in range(skills)}
    for person in range(people):
        for skill in rng.choice(skills, each, replace=False):
            theta = rng.normal(0.0, 1.5)
            level = 1 + int((theta + rng.normal(0.0, 0.3) > TRUE).sum())
            taken[f"s{skill}"].append((f"p{person}", theta + rng.normal(0.0, 0.4), level))
    given = {skill: rows for skill, rows in taken.items() if rows}
    labels = {
        skill: Labels(
            np.array([theta for _, theta, _ in rows]),
            np.full(len(rows), 0.4),
            np.array([level for *_, level in rows]),
            np.ones(len(rows)),
        )
        for skill, rows in given.items()
    }
    return Decided({skill: tuple(person for person, *_ in rows) for skill, rows in given.items()}, labels, {})


def test_a_dozen_decisions_move_every_norm_part_of_the_way_and_widen_it() -> None:
    norms = _norms(10)
    moved = [common(norms, _decided(seed, 8, 2)) for seed in range(8)]
    cuts = np.array([one.applied(norms["s9"]).cut for one in moved if one is not None])
    assert len(cuts) == 8
    assert cuts[:, 3].mean() < NORM[3] - 0.4
    assert cuts[:, 0].mean() > NORM[0] + 0.4
    assert all((one.applied(norms["s0"]).se > 0.3).all() for one in moved if one is not None)


def test_many_decisions_find_the_standard() -> None:
    norms = _norms(10)
    found = common(norms, _decided(1, 300, 2))
    assert found is not None
    assert found.applied(norms["s0"]).cut == pytest.approx(TRUE, abs=0.3)


def test_few_people_say_nothing_however_many_decisions() -> None:
    assert common(_norms(10), _decided(1, LEAST_PEOPLE - 1, 8)) is None
    assert common(_norms(10), _decided(1, LEAST_PEOPLE, 1)) is not None


def test_several_decisions_about_one_person_are_one_impression() -> None:
    """Said three times over, the same decisions leave the same doubt."""
    once = _decided(5, 8, 2)
    thrice = Decided(
        {skill: persons * 3 for skill, persons in once.persons.items()},
        {
            skill: Labels(np.tile(own.theta, 3), np.tile(own.sd, 3), np.tile(own.level, 3), np.tile(own.weight, 3))
            for skill, own in once.labels.items()
        },
        {},
    )
    one, three = common(_norms(10), once), common(_norms(10), thrice)
    assert one is not None
    assert three is not None
    assert three.labels == 3 * one.labels
    assert three.shift.covariance == pytest.approx(one.shift.covariance, rel=1e-6)
    assert three.shift.mean == pytest.approx(one.shift.mean, rel=1e-6)
