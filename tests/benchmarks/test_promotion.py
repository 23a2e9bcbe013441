"""The promotions benchmark reads any set of its layout, learns from training sets alone, and scores as it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import promotion
import promotion_scores
import pytest
from promotion_gaming import TRICKS
from promotion_set import PromotionSet, activity_of

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "promotion.py"
AREAS = ("x", "y", "z")
YEARS = (2019, 2020, 2021, 2022)


def write_set(folder: Path, seed: int) -> Path:
    """Sixteen people in three areas; whoever works most in an area lately is promoted there."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    pace = rng.gamma(1.0, 0.2, (16, 3))
    events = []
    for week in range(5 * 52):
        day = pd.Timestamp("2018-01-01") + pd.Timedelta(weeks=week)
        for person, area in zip(*np.nonzero(rng.random((16, 3)) < pace), strict=True):
            number = len(events)
            events.append((number, "commit", f"p{person}", None, AREAS[area], day, int(rng.integers(1, 90))))
            reviewer = int(rng.integers(16))
            events.append((number, "review", f"p{reviewer}", f"p{person}", AREAS[area], day, 0))
    frame = pd.DataFrame(
        events, columns=["event_id", "kind", "person", "subject", "area", "date", "lines_added"]
    ).assign(area_known_from=2018, lines_deleted=0, files=1)
    for name in ("kind", "person", "subject", "area"):
        frame[name] = frame[name].astype("category")
    frame.to_parquet(folder / "events.parquet")
    _ready(_cases(frame, pace, rng), frame, "cutoff").to_parquet(folder / "cases.parquet")
    _ready(_rows(frame, pace), frame, "T").to_parquet(folder / "rows.parquet")
    return folder


def _cases(events: pd.DataFrame, pace: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    found = []
    for case in range(18):
        area = case % 3
        cutoff = pd.Timestamp("2019-06-01") + pd.Timedelta(days=45 * case)
        seen = events[(events["area"] == AREAS[area]) & (events["date"] < cutoff) & (events["kind"] == "commit")]
        people = sorted(seen["person"].astype("str").unique())
        strength = [pace[int(one[1:]), area] * rng.uniform(0.4, 1) for one in people]
        best = people[int(np.argmax(strength))]
        found += [(case, AREAS[area], cutoff, one, int(one == best)) for one in people]
    frame = pd.DataFrame(found, columns=["case", "area", "cutoff", "person", "promoted"])
    return frame.assign(self_edit=0, n_ups=1)


def _rows(events: pd.DataFrame, pace: np.ndarray) -> pd.DataFrame:
    found = []
    for year in YEARS:
        seen = events[(events["date"] < pd.Timestamp(year=year, month=1, day=1)) & (events["kind"] == "commit")]
        for person, area in seen[["person", "area"]].astype("str").drop_duplicates().itertuples(index=False, name=None):
            strength = pace[int(person[1:]), AREAS.index(area)]
            found.append(("s", person, area, year, int(strength > 0.25) + int(strength > 0.5)))
    frame = pd.DataFrame(found, columns=["repo", "person", "area", "T", "level_T"])
    return frame.assign(level_T12=1.0 * (frame["level_T"] > 0), inherited_T=0, inherited_T12=0, ctx_areas_held=1)


def _ready(frame: pd.DataFrame, events: pd.DataFrame, moment: str) -> pd.DataFrame:
    """The columns that baselines read, all from one count: enough to run."""
    count = events.groupby(["person", "area"], observed=True).size()
    total = [float(count.get(pair, 0)) for pair in zip(frame["person"], frame["area"], strict=True)]
    return frame.assign(c_all=total, doa_sum=total, c_decay=total, last_days=30.0, rev_all=0.0)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("promotions")
    return write_set(folder / "one", 1), write_set(folder / "two", 2)


def run(out: Path, *arguments: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPT), *arguments, "--out", str(out), "--json"]
    said = subprocess.run(command, check=True, capture_output=True, env=environment).stdout
    return pd.read_csv(out), json.loads(said)["found"]


def test_it_ranks_the_candidates_of_a_set_it_never_saw_the_labels_of(sets: tuple[Path, Path], tmp_path: Path) -> None:
    one, two = sets
    out = tmp_path / "pred.csv.gz"
    predicted, found = run(out, "--data", str(one), "--train", str(two), "--task", "cases")
    assert list(predicted.columns) == ["case", "person", "repo", "score"]
    assert len(predicted) == len(pd.read_parquet(one / "cases.parquet"))
    assert predicted["score"].notna().all()
    middle, low, high = found["scores"]["this"]["macro"]["auc"]
    assert low <= middle <= high
    assert middle > 0.7
    assert {"commit count", "degree of authorship", "decayed commits + reviews", "recency"} < set(found["scores"])
    blind = tmp_path / "one"
    blind.mkdir()
    (blind / "events.parquet").write_bytes((one / "events.parquet").read_bytes())
    cases, rows = pd.read_parquet(one / "cases.parquet"), pd.read_parquet(one / "rows.parquet")
    turned = cases.groupby("case")["promoted"].transform(lambda y: y.to_numpy()[::-1])
    cases.assign(promoted=turned, c_all=1.0, doa_sum=2.0).to_parquet(blind / "cases.parquet")
    rows.assign(level_T=0, level_T12=0.0, ctx_areas_held=7).to_parquet(blind / "rows.parquet")
    again, _ = promotion.run_cases([PromotionSet(blind)], [PromotionSet(two)])
    pd.testing.assert_frame_equal(predicted, again.reset_index(drop=True), check_dtype=False)


def test_levels_of_later_years_are_told_from_earlier_ones(sets: tuple[Path, Path], tmp_path: Path) -> None:
    one, _ = sets
    predicted, found = promotion.run_levels([PromotionSet(one)], [], "rows", 2021, 1e9)
    predicted = predicted.reset_index(drop=True)
    assert list(predicted.columns) == ["person", "area", "T", "repo", "p1", "p2"]
    assert predicted[["p1", "p2"]].ge(0).all(axis=None)
    assert (predicted["p2"] <= predicted["p1"] + 1e-9).all()
    scores = found["one"]["this"]
    assert scores["n"] == (pd.read_parquet(one / "rows.parquet")["T"] >= 2021).sum()
    assert scores["rps_skill"][0] > 0.2
    changed = tmp_path / "one"
    changed.mkdir()
    for name in ("events", "cases"):
        (changed / f"{name}.parquet").write_bytes((one / f"{name}.parquet").read_bytes())
    rows = pd.read_parquet(one / "rows.parquet")
    late = rows["T"] >= 2021
    rows.assign(level_T=rows["level_T"].where(~late, 1)).to_parquet(changed / "rows.parquet")
    again, _ = promotion.run_levels([PromotionSet(changed)], [], "rows", 2021, 1e9)
    pd.testing.assert_frame_equal(predicted, again.reset_index(drop=True), check_dtype=False)


def test_features_of_a_case_see_nothing_from_the_cutoff_on(sets: tuple[Path, Path], tmp_path: Path) -> None:
    one = PromotionSet(sets[0])
    cutoff = one.cases["cutoff"].min()
    first = one.cases["cutoff"] == cutoff
    past = tmp_path / "past"
    past.mkdir()
    for name in ("cases", "rows"):
        (past / f"{name}.parquet").write_bytes((sets[0] / f"{name}.parquet").read_bytes())
    one.events[one.events["date"] < cutoff].to_parquet(past / "events.parquet")
    other = PromotionSet(past)
    pd.testing.assert_frame_equal(one.case_features[first], other.case_features[first])
    hidden = one.events.assign(area_known_from=one.case_year(cutoff) + 1)
    hidden.to_parquet(past / "events.parquet")
    assert (PromotionSet(past).case_features.loc[first, "own_12"] == 0).all()


def test_scores_are_what_they_are_called() -> None:
    cases = pd.DataFrame({"case": [1] * 4, "person": list("abcd"), "promoted": [0, 1, 0, 0]})
    found = promotion_scores.case_scores("s", cases, np.array([3.0, 2.0, 1.0, 2.0])).iloc[0]
    assert found["auc"] == pytest.approx(0.5)
    assert found["mrr"] == pytest.approx(1 / 2.5)
    assert found["hit3"] == 1
    rows = pd.DataFrame({"person": list("abcdef"), "y": [0, 0, 0, 1, 2, 2]})
    sure = promotion_scores.level_scores(
        rows, (rows["y"] > 0).to_numpy(dtype=float), (rows["y"] > 1).to_numpy(dtype=float), draws=20
    )
    assert sure["rps_skill"][0] == pytest.approx(1.0)
    assert sure["qwk"] == pytest.approx(1.0)
    assert sure["ece"] == 0
    shares = promotion_scores.level_scores(rows, np.full(6, 0.5), np.full(6, 1 / 3), draws=20)
    assert shares["rps_skill"][0] == pytest.approx(0.0)


def test_credit_is_shared_over_the_authors_of_a_change() -> None:
    events = pd.DataFrame(
        {
            "event_id": [1, 1, 1, 2],
            "kind": ["commit", "co-author", "ack", "commit"],
            "person": ["a", "b", "c", "a"],
            "subject": [None, "a", "a", None],
            "area": "x",
            "date": pd.Timestamp("2020-01-01"),
            "lines_added": 1,
            "lines_deleted": 0,
        }
    )
    found = activity_of(events)
    assert found["share"].tolist() == [0.5, 0.5, 1.0, 1.0]
    assert found["role"].tolist() == ["author", "author", "acker", "author"]
    assert len(TRICKS) == len(set(TRICKS.values()))
