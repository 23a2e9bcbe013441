"""Agreement of raw marks, per response format."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from inference.agreement import agreement
from inference.vignettes import PREFIX
from models.agreement import krippendorff_alpha


def marks(noise: float, seed: int = 0, people: int = 20) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 5, people)
    rows = [
        (
            f"p{n:02d}",
            "skill/item",
            f"r{r}",
            "form 1-5",
            int(np.clip(truth[n] + rng.normal(0, noise), 0, 5)),
            n,
            f"e{n} {r}",
        )
        for n in range(people)
        for r in rng.choice(8, 3, replace=False)
    ]
    table = pd.DataFrame(rows, columns=["person", "item", "rater", "scale", "score", "day", "evidence"])
    return table.assign(occurred_at=pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(table["day"], unit="D"))


def test_it_is_krippendorffs_alpha_over_people_and_items() -> None:
    given = marks(0.8)
    (found,) = agreement(given, np.random.default_rng(0))
    wide = given.pivot(index=["person", "item"], columns="rater", values="score")
    assert found.alpha == pytest.approx(krippendorff_alpha(wide))
    assert found.low < found.alpha < found.high
    assert (found.marks, found.raters, found.people) == (60, 8, 20)
    assert agreement(marks(0.1), np.random.default_rng(0))[0].alpha > found.alpha


def test_lone_marks_vignettes_and_earlier_marks_of_the_same_rater_do_not_count() -> None:
    given = marks(0.8)
    (plain,) = agreement(given, np.random.default_rng(0))
    lone = given.iloc[[0]].assign(person="alone", evidence="x1")
    described = given.assign(person=PREFIX + given["person"], score=0)
    before = given.assign(
        score=0, occurred_at=given["occurred_at"] - pd.Timedelta(days=90), evidence="a" + given["evidence"]
    )
    every = pd.concat([lone, described, before, given], ignore_index=True)
    assert agreement(every, np.random.default_rng(0)) == (plain,)


def test_each_response_format_stands_by_itself() -> None:
    both = pd.concat([marks(0.5), marks(0.5).assign(scale="another")], ignore_index=True)
    assert [one.scale for one in agreement(both, np.random.default_rng(0))] == ["another", "form 1-5"]
