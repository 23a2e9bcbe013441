"""Contract 4: what is said is true, and no vaguer than it must be.

Departments drawn by a generator of their own (`simulated`) go through the whole engine. The short version watches the same figures on fewer
departments, in wider bands.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from tests.contract.simulated import World, judged

HALO, NONE = (0.6, 0.5), (0.0, 0.0)
LEVELS = np.arange(1, 6)


@lru_cache(maxsize=8)
def _seen(kind: str, halo: tuple[float, float], departments: int) -> pd.DataFrame:
    return judged(World(kind, *halo), range(departments))


def _coverage(rows: pd.DataFrame) -> float:
    return float(rows["covered"].mean())


def _sharpness(rows: pd.DataFrame) -> float:
    """RPS over the exact posterior's."""
    return float(rows["rps"].mean() / rows["exact_rps"].mean())


def _gaps(rows: pd.DataFrame, by: str = "person") -> dict[str, float]:
    """Happened less stated over its standard error, clustered: the most probable level, the mean level, each threshold."""
    stated = rows[[f"p{k}" for k in LEVELS]].to_numpy()
    happened = (rows["level"].to_numpy()[:, None] == LEVELS).astype(float)
    modal = stated.argmax(axis=1)
    each = np.arange(len(rows))
    gaps = {"modal": happened[each, modal] - stated[each, modal], "mean": (happened - stated) @ LEVELS}
    above = (happened - stated)[:, ::-1].cumsum(axis=1)[:, ::-1]
    gaps |= {f"level {k} or above": above[:, k - 1] for k in LEVELS[1:]}
    found = {}
    for name, gap in gaps.items():
        sums = pd.Series(gap).groupby(rows[by].to_numpy()).sum()
        found[name] = float(gap.sum() / np.sqrt((sums**2).sum()))
    return found


@pytest.mark.parametrize(("kind", "halo"), [("odds", HALO), ("borders", NONE)])
def test_a_few_departments_show_no_false_or_needless_doubt(kind: str, halo: tuple[float, float]) -> None:
    rows = _seen(kind, halo, 2)
    assert 0.85 < _coverage(rows) < 0.965
    assert _sharpness(rows) < 1.08
    assert rows["inferred"].sum() >= 0.9 * rows["exact_inferred"].sum()
    assert abs(_gaps(rows)["modal"]) < 3
    assert rows["exact_inferred"].mean() > 0.5


def test_the_exact_posterior_is_itself_true() -> None:
    """What the engine is measured against keeps its own promises."""
    rows = _seen("odds", HALO, 2)
    exact = rows.assign(**{f"p{k}": rows[f"x{k}"] for k in LEVELS})
    assert abs(_gaps(exact)["modal"]) < 3


@pytest.mark.long
@pytest.mark.parametrize("halo", [HALO, NONE], ids=["halo", "no halo"])
@pytest.mark.parametrize("kind", ["odds", "borders"])
class TestTwentyDepartments:
    def test_ninety_per_cent_intervals_of_theta_cover(self, kind: str, halo: tuple[float, float]) -> None:
        assert 0.87 <= _coverage(_seen(kind, halo, 20)) <= 0.93

    def test_level_probabilities_are_reliable(self, kind: str, halo: tuple[float, float]) -> None:
        """Over its standard error by department: everybody in one shares the questions asked, and with them the error of the standard."""
        gaps = _gaps(_seen(kind, halo, 20), "department")
        assert abs(gaps["modal"]) <= 2
        assert abs(gaps["mean"]) <= 2

    def test_as_sharp_as_the_exact_posterior_within_five_per_cent(self, kind: str, halo: tuple[float, float]) -> None:
        assert _sharpness(_seen(kind, halo, 20)) <= 1.05

    def test_inferred_nearly_as_often(self, kind: str, halo: tuple[float, float]) -> None:
        rows = _seen(kind, halo, 20)
        assert rows["inferred"].sum() >= 0.9 * rows["exact_inferred"].sum()
