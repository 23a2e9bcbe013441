from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.facets import FacetsModel
from models.interactions import Interactions, benjamini_hochberg, displacements, reciprocity
from models.severity_drift import severity_drift

Simulate = Callable[..., Any]


def cells(
    seed: int,
    *,
    raters: int = 30,
    people: int = 40,
    each: int = 8,
    effect: float = 0.0,
    drift: dict[str, float] | None = None,
    growth: float = 0.0,
    periods: tuple[str, ...] = ("all",),
) -> pd.DataFrame:
    """Displacements with severity, ability, noise, and if asked for an effect for one's own group (rater and person of the same parity)."""
    rng = np.random.default_rng(seed)
    severity, ability = rng.normal(0, 1, raters), rng.normal(0, 1, people)
    rows = []
    for number, period in enumerate(periods):
        for person in range(people):
            for rater in rng.choice(raters, each, replace=False):
                name = f"r{rater:02d}"
                value = ability[person] + growth * number * (person % 5) - severity[rater] + rng.normal(0, 0.5)
                value -= (drift or {}).get(name, 0.0) * number
                rows.append((name, f"p{person:02d}", period, value + effect * (rater % 2 == person % 2), 4.0, 6, 0.25))
    names = ["rater", "person", "period", "displacement", "information", "n", "variance"]
    return pd.DataFrame(rows, columns=names)


def own(table: pd.DataFrame) -> np.ndarray:
    return np.asarray(table["rater"].str[1:].astype(int) % 2 == table["person"].str[1:].astype(int) % 2)


def test_an_effect_is_found_through_severity_and_ability_and_its_error_is_true() -> None:
    found = [Interactions(table).effect(own(table)) for table in (cells(seed, effect=0.4) for seed in range(60))]
    errors = np.array([(one.estimate - 0.4) / one.se for one in found])
    assert abs(errors.mean()) < 0.4
    assert errors.std() == pytest.approx(1.0, abs=0.3)
    assert found[0].n == 6 * int(own(cells(0)).sum())


def test_without_an_effect_few_are_called_one() -> None:
    p = [Interactions(table).effect(own(table)).p for table in (cells(seed) for seed in range(100))]
    assert np.mean(np.array(p) < 0.05) < 0.13


def test_a_main_effect_cannot_pass_for_an_interaction() -> None:
    table = cells(1)
    found = Interactions(table)
    for indicator in (table["rater"] == "r03", table["person"].isin(["p00", "p01"]), np.zeros(len(table))):
        assert np.isnan(found.effect(indicator).t)


def test_marks_of_ones_own_team_are_found_in_ratings_and_not_where_there_is_none(simulate: Simulate) -> None:
    table = simulate(5, persons=50, raters=30, per_person=8, items=4, halo_sd=0.4).ratings
    team = (table["rater"].str[1:].astype(int) % 3 == table["person"].str[1:].astype(int) % 3).to_numpy()
    kind = table.assign(score=np.clip(table["score"] + team, 1, 5))
    for ratings, expected in ((table, 0.0), (kind, 1.0)):
        found = displacements(FacetsModel().fit(ratings), ratings)
        mine = found["rater"].str[1:].astype(int) % 3 == found["person"].str[1:].astype(int) % 3
        effect = Interactions(found).effect(mine)
        assert (effect.t > 4 and effect.estimate > expected) if expected else abs(effect.t) < 2.6


def test_findings_that_stand_are_those_of_benjamini_and_hochberg() -> None:
    """Table 1 of their paper: 15 p-values, four rejections at q = .05."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.324,
        0.4262,
        0.5719,
        0.6528,
        0.759,
        1.0,
    ]
    assert benjamini_hochberg(p).tolist() == [True] * 4 + [False] * 11
    assert benjamini_hochberg([np.nan, 0.001]).tolist() == [False, True]
    assert benjamini_hochberg([]).tolist() == []


def test_favours_that_are_returned_show_as_reciprocity() -> None:
    rng = np.random.default_rng(4)
    names = [f"m{n:02d}" for n in range(24)]
    favour = {frozenset((a, b)): rng.normal(0, 0.8) for a in names for b in names if a != b}
    rows = [
        (
            a,
            b,
            "all",
            (favour[frozenset((a, b))] if kind else rng.normal(0, 0.8)) + rng.normal(0, 0.3),
            9.0,
            5,
            0.2,
            kind,
        )
        for kind in (True, False)
        for a in names
        for b in names
        if a != b
    ]
    table = pd.DataFrame(
        rows, columns=["rater", "person", "period", "displacement", "information", "n", "variance", "kind"]
    )
    for kind, least, most in ((True, 0.6, 1.0), (False, -0.25, 0.25)):
        couples = reciprocity(Interactions(table[table["kind"] == kind]))
        assert len(couples) == 24 * 23 / 2
        assert least < np.corrcoef(couples["there"], couples["back"])[0, 1] < most


def test_drift_of_a_rater_is_found_and_growth_of_people_is_not_drift() -> None:
    errors = []
    for seed in range(25):
        table = cells(seed, drift={"r01": 1.0}, growth=0.5, periods=("2025Q1", "2025Q2"))
        found = severity_drift(table, "2025Q1", "2025Q2")
        truth = np.where(found.index == "r01", 1.0, 0.0) - 1.0 / len(found)
        errors.extend((found["drift"] - truth) / found["se"])
        assert found["t"].idxmax() == "r01"
    assert np.std(errors) == pytest.approx(1.0, abs=0.15)


def test_drift_across_parts_that_no_rater_joins_is_not_told() -> None:
    table = cells(3, periods=("a", "b"))
    apart = table["rater"].str[1:].astype(int) % 2 == table["person"].str[1:].astype(int) % 2
    found = severity_drift(table[apart | (table["period"] == "a")], "a", "b")
    assert found["drift"].isna().all()
    assert severity_drift(table, "a", "c").empty
