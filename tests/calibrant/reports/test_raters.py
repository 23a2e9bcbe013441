"""The raters' report and a rater's own page, built from made-up diagnostics: what is printed, and what must not be."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from calibrant.reports import rater_page, raters
from calibrant.reports.disclosure import count_words, grouped_values
from calibrant.reports.explain import METHOD, method
from calibrant.reports.rater_tables import RATER_COLUMNS, raters_csv
from calibrant.reports.render import json_text, rater_page_html, raters_html
from calibrant.standards import standard_text
from db.records import Purpose, Run
from inference.agreement import Agreement
from inference.diagnostics import FLAGS, LEAST_MARKS, Diagnostics, GroupEffect
from inference.drift import ItemEffect, ItemShift, decision_cusum
from inference.validity import CrossValidity, SkillValidity
from models.correlation import Correlation
from models.linking import Boundary, Linking
from models.rater_checks import STATISTICS
from models.stability import Stability
from tests.contract.department import AS_OF
from tests.contract.outputs import NOW
from tests.contract.standard import small_standard

RELATIONS = ("manager", "peer", "report", "interviewer")


def table(seed: int, relations: dict[str, int]) -> pd.DataFrame:
    """Diagnostics of so many raters per relation, all figures drawn."""
    rng = np.random.default_rng(seed)
    count = sum(relations.values())
    frame = pd.DataFrame(
        {
            "relation": [name for name, number in relations.items() for _ in range(number)],
            "marks": rng.integers(20, 90, count),
            "people": rng.integers(3, 12, count),
            "severity": rng.normal(0, 1, count),
            "se": 0.25,
            "fair_average": 3.0,
            "in_marks": rng.normal(0, 0.4, count),
            "scale": rng.lognormal(0, 0.2, count),
            "scale_se": 0.1,
        },
        index=pd.Index([f"rater{n:03d}id" for n in range(count)], name="rater"),
    )
    for name in STATISTICS:
        frame[name] = rng.normal(0.5, 0.2, count)
        frame[f"{name}_low"], frame[f"{name}_high"], frame[f"{name}_z"] = 0.3, 0.7, 0.0
    frame["flags"] = [tuple(name for name in FLAGS if rng.random() < 0.25) for _ in range(count)]
    return frame


def diagnostics(frame: pd.DataFrame, **changed: Any) -> Diagnostics:
    effects = (
        GroupEffect("own team", "anybody", "their own team", 0.8, 0.2, 4.0, 400, 20, 30, True, True),
        GroupEffect("team by team", "red", "blue", 1.1, 0.3, 3.7, 60, 4, 9, True, True),
        GroupEffect("team by team", "blue", "red", None, None, None, 60, 9, 9, False, False),
    )
    boundaries = (Boundary("blue", "red", 1, 3), Boundary("green", "red", 12, 14))
    held = {
        "raters": frame,
        "mean_severity": float(frame["severity"].mean()),
        "severity_sd": 0.7,
        "halo_sd": 0.5,
        "effects": effects,
        "couples": Correlation(0.4, 0.2, 0.6, 80, 80),
        "linking": Linking(30, len(frame), 1, ("rater001id",), 2, 3, 0.25, boundaries),
        "people": 30,
        "replicates": 200,
        "notes": ("Remote: the roster does not record who works remotely, so it was not looked at.",),
    }
    return Diagnostics(**{**held, **changed})


def inputs(found: Diagnostics | None, **changed: Any) -> raters.RatersInputs:
    drift = pd.DataFrame(columns=["rater", "before", "after", "drift", "se", "t", "n_before", "n_after", "flagged"])
    held = {
        "department": "Department",
        "standard": standard_text(small_standard()),
        "run": Run("ab" * 16, Purpose.PROMOTION, AS_OF, NOW, "hash", "model"),
        "diagnostics": found,
        "drift": drift,
        "items": (
            ItemEffect("feedback360/code-review/q1", "team", "red", -0.9, 0.2, 12, 90, True),
            ItemEffect("feedback360/code-review/q2", "team", "red", -0.1, 0.2, 12, 90, False),
        ),
        "shifts": (ItemShift("code-review/areas", "git", Stability(0.4, 0.1, 200, 210)),),
        "since": "1 January 2026",
        "forecasts": None,
        "validity": CrossValidity((SkillValidity("code-review", 60, 0.1, -0.1, 0.3, "not shown"), SkillValidity("collaboration", 3, 0.9, 0.8, 0.95, "untested"))),
        "repositories": {},
        "generated_at": NOW,
        "audit_head": "head",
    }  # fmt: skip
    return raters.RatersInputs(**{**held, **changed})


def shown(report: raters.Raters) -> str:
    return raters_html(report) + json_text(report) + raters_csv(report)


@pytest.mark.parametrize("seed", range(12))
def test_no_group_of_raters_under_five_can_be_read_or_found_by_subtracting(seed: int) -> None:
    rng = np.random.default_rng(seed)
    relations = {name: int(rng.integers(0, 14)) for name in RELATIONS}
    report = raters.build(inputs(diagnostics(table(seed, relations))))
    whole, *parts = report.relations
    published = [one.raters for one in parts if one.raters is not None]
    sums = {sum(some) for size in range(len(published) + 1) for some in combinations(published, size)}
    assert not [count for count in sums if 0 < count < 5]
    assert whole.raters == sum(relations.values())
    assert not [count for count in sums if 0 < whole.raters - count < 5]
    assert all((one.raters is None) == (one.figures is None) for one in report.relations)
    assert all(group.raters >= 5 for spread in report.spreads for group in spread.groups)


@pytest.mark.parametrize("seed", range(6))
def test_no_output_names_a_rater_or_prints_a_value_that_is_one_raters(seed: int) -> None:
    frame = table(seed, {"peer": 14, "manager": 3})
    text = shown(raters.build(inputs(diagnostics(frame))))
    assert not re.search(r"rater\d{3}id", text)
    numbers = {float(number) for number in re.findall(r"-?\d+\.\d{3,}", text)}
    own = {round(float(value), 3) for name in raters.MEASURES for value in frame[name]}
    assert not {number for number in numbers if round(number, 3) in own and number not in _means(frame)}


def _means(frame: pd.DataFrame) -> set[float]:
    return {one.mean for name in raters.MEASURES for one in grouped_values(list(frame[name]))}


def test_small_numbers_are_words_everywhere() -> None:
    report = raters.build(inputs(diagnostics(table(1, {"peer": 20}))))
    for flag in report.flags:
        assert flag.raters in {"none", "fewer than 5", "all but fewer than 5", "all"} or int(flag.raters) >= 5
    assert [(one.bridges, one.shared, one.thin) for one in report.boundaries] == [
        ("fewer than 5", "fewer than 5", True),
        ("12", "14", False),
    ]
    assert "counts fewer than 5" in report.cut
    assert "cut off fewer than 5 of 30" in report.cut
    assert {one.people for one in report.validity} == {"60", "fewer than 5"}
    assert [one.correlation for one in report.validity] == [0.1, None]


@pytest.mark.parametrize(
    ("count", "total", "words"),
    [(0, 4, "withheld"), (0, 5, "none"), (1, 9, "fewer than 5"), (4, 9, "fewer than 5"), (5, 20, "5"), (16, 20, "all but fewer than 5"), (20, 20, "all")],
)  # fmt: skip
def test_numbers_of_people_in_words(count: int, total: int, words: str) -> None:
    assert count_words(count, total) == words


def test_grouped_values_hide_both_ends() -> None:
    groups = grouped_values([*range(1, 12), float("nan")])
    assert [one.raters for one in groups] == [6, 5]
    assert grouped_values([1.0, 2.0, 3.0, 4.0]) == ()
    assert max(one.mean for one in groups) < 11


def test_effects_of_few_are_withheld_and_those_that_cannot_be_told_say_so() -> None:
    report = raters.build(inputs(diagnostics(table(1, {"peer": 20}))))
    own, few, unknown = report.effects
    assert (own.estimate, own.verdict) == (0.8, "flagged")
    assert own.low == pytest.approx(0.47)
    assert (few.estimate, few.marks) == (None, None)
    assert few.verdict.startswith("withheld")
    assert unknown.verdict == "cannot be told from severity and ability"
    assert report.reciprocity is not None
    assert report.reciprocity.verdict == "favours are returned"


@pytest.mark.parametrize("group", ["part-time", "remote"])
def test_how_part_time_and_remote_people_are_rated_is_told_of_five_or_more(group: str) -> None:
    kind = f"relation by {group}"
    effects = (
        GroupEffect(kind, "manager", group, -0.8, 0.2, -4.0, 90, 5, 5, True, True),
        GroupEffect(kind, "peer", group, -0.77, 0.2, -4.0, 90, 9, 4, True, True),
    )
    report = raters.build(inputs(diagnostics(table(1, {"peer": 20}), effects=effects)))
    assert [(one.kind, one.rated, one.estimate) for one in report.effects] == [(kind, group, -0.8), (kind, group, None)]
    page = raters_html(report)
    assert f"{group}" in page
    assert "0.77" not in shown(report)


def test_agreement_is_told_of_five_raters_and_five_people_or_more() -> None:
    told = Agreement("form 1-5", 0.412, 0.31, 0.5, 240, 12, 20)
    few = Agreement("panel 1-5", 0.917, 0.9, 0.95, 18, 4, 9)
    alone = Agreement("quiz 1-5", 0.823, 0.8, 0.85, 18, 9, 4)
    report = raters.build(inputs(diagnostics(table(0, {"peer": 12}), agreement=(told, few, alone))))
    assert [(one.alpha, one.low, one.high, one.marks) for one in report.agreement] == [
        (0.41, 0.31, 0.5, 240),
        (None, None, None, None),
        (None, None, None, None),
    ]
    text = shown(report)
    assert "0.41" in text
    assert "0.92" not in text
    assert "0.82" not in text


def test_with_four_raters_nothing_is_said_of_raters() -> None:
    report = raters.build(inputs(diagnostics(table(2, {"peer": 4}))))
    assert (report.raters, report.people, report.marks) == (None, None, None)
    assert (report.relations, report.spreads, report.flags, report.effects, report.boundaries) == ((),) * 5
    assert "Withheld." in raters_html(report)
    nobody = raters.build(inputs(None))
    assert nobody.raters is None
    assert raters_html(nobody)


def test_drift_is_told_of_five_raters_or_more() -> None:
    frame = table(3, {"peer": 9})
    rows = [(r, "2025Q2", "2026Q2", 0.9, 0.2, 4.5, 40, 40, n < 2) for n, r in enumerate(frame.index)]
    names = ["rater", "before", "after", "drift", "se", "t", "n_before", "n_after", "flagged"]
    drift = pd.DataFrame(rows, columns=names)
    report = raters.build(inputs(diagnostics(frame), drift=drift))
    assert report.drifting.startswith("fewer than 5 of 9 raters")
    assert report.drift is not None
    assert [one.raters for one in report.drift.groups] == [9]
    few = raters.build(inputs(diagnostics(frame), drift=drift.iloc[:4]))
    assert few.drift is None
    assert few.drifting.startswith("withheld")


def test_items_shifts_and_validity_are_told() -> None:
    report = raters.build(inputs(diagnostics(table(1, {"peer": 20}))))
    assert [one.item for one in report.items] == ["feedback360/code-review/q1"]
    assert report.items_looked_at == 2
    assert [one.index for one in report.shifts] == [0.4]
    page = raters_html(report)
    assert "git is left out of the headline" in page
    assert "1 January 2026" in page
    assert "nothing to compare" in raters_html(raters.build(inputs(diagnostics(table(1, {"peer": 20})), shifts=None)))


def test_forecasts_of_decisions_are_watched() -> None:
    days = pd.date_range("2025-01-01", periods=12, freq="30D", tz="UTC")
    bad, good = (
        decision_cusum(np.tile([0.7, 0.1, 0.1, 0.05, 0.05], (12, 1)), [level] * 12, days.to_numpy()) for level in (5, 1)
    )
    told = [raters.build(inputs(None, forecasts=one)).forecasts for one in (None, good, bad)]
    assert "not watched" in told[0]
    assert "no worse than they said" in told[1]
    assert "since the first quarter of 2025" in told[2]


def test_the_table_has_its_columns_and_the_json_the_same_figures() -> None:
    report = raters.build(inputs(diagnostics(table(1, {"peer": 20}))))
    rows = list(csv.DictReader(io.StringIO(raters_csv(report))))
    assert tuple(rows[0]) == RATER_COLUMNS
    held = json.loads(json_text(report))
    severity = [float(row["value"]) for row in rows if row["section"] == "spread" and row["name"] == "severity"]
    assert severity == [one["mean"] for one in held["spreads"][0]["groups"]]


def test_hostile_names_are_inert() -> None:
    evil = "=cmd|' /C calc'!A0<script>"
    effects = (GroupEffect("team by team", evil, evil, 0.8, 0.2, 4.0, 400, 20, 30, True, True),)
    frame = table(1, {evil: 20})
    report = raters.build(inputs(diagnostics(frame, effects=effects), department=evil))
    assert "<script" not in raters_html(report) + json_text(report)
    cells = [cell for row in csv.reader(io.StringIO(raters_csv(report))) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "@"))] == []
    assert any(cell.startswith("'=") for cell in cells)


# -- a rater's own page ----------------------------------------------------------------------------------------


def page_inputs(frame: pd.DataFrame | None, rater: str = "rater000id", **changed: Any) -> rater_page.RaterPageInputs:
    base = inputs(None)
    held = rater_page.RaterPageInputs(
        rater=rater,
        rater_key="E1",
        rater_name="Ada Example",
        standard=base.standard,
        run=base.run,
        diagnostics=None if frame is None else diagnostics(frame),
        drift=base.drift,
        generated_at=NOW,
        audit_head="head",
    )
    return replace(held, **changed)


def one(**changed: Any) -> pd.DataFrame:
    frame = table(5, {"peer": 12})
    frame.loc["rater000id", ["marks", "people"]] = [60, 8]
    frame.at["rater000id", "flags"] = ()
    for name, value in changed.items():
        frame.at["rater000id", name] = value
    return frame


def test_a_page_tells_its_rater_and_nobody_else() -> None:
    page = rater_page.build(page_inputs(one(flags=("halo",), halo=0.9)))
    text = rater_page_html(page) + json_text(page)
    assert "Ada Example" in text
    assert not re.search(r"rater\d{3}id", text)
    assert page.flags == (f"halo: {FLAGS['halo']}",)
    assert any("Rate one question for all people" in figure.sentence for figure in page.figures)
    assert len(page.figures) == 6


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (one(marks=LEAST_MARKS - 1), "You gave 29 marks"),
        (one(people=4), "fewer than 5 people"),
        (table(5, {"peer": 5}).assign(marks=60, people=8), "nobody to compare you with"),
        (None, "No mark of yours"),
        (one().drop("rater000id"), "No mark of yours"),
    ],
)
def test_too_little_to_say_or_too_few_to_hide_among_is_withheld(frame: pd.DataFrame | None, words: str) -> None:
    page = rater_page.build(page_inputs(frame))
    assert words in page.withheld
    assert (page.figures, page.flags, page.summary) == ((), (), "")
    assert words in rater_page_html(page)


def test_severity_is_told_in_words_and_marks() -> None:
    frame = one()
    mean = float(frame["severity"].mean())
    for value, in_marks, words in (
        (mean + 2, -0.8, "more severely"),
        (mean - 2, 0.8, "more mildly"),
        (mean, 0.0, "about as severely"),
    ):
        page = rater_page.build(page_inputs(frame.assign(severity=frame["severity"].where(frame.index != "rater000id", value), in_marks=in_marks)))  # fmt: skip
        assert words in page.summary
    frame.loc["rater000id", "infit"] = 2.0
    assert any("further than chance" in figure.sentence for figure in rater_page.build(page_inputs(frame)).figures)


def test_a_change_of_severity_is_on_the_page_of_whom_it_concerns() -> None:
    names = ["rater", "before", "after", "drift", "se", "t", "n_before", "n_after", "flagged"]
    rows = [
        (rater, "2025Q2", "2026Q2", value, 0.2, 1.0, 40, 40, False)
        for rater, value in (("rater000id", 0.7), ("rater001id", -3.3))
    ]
    page = rater_page.build(page_inputs(one(), drift=pd.DataFrame(rows, columns=names)))
    change = next(figure for figure in page.figures if figure.title.startswith("Change"))
    assert change.value == 0.7
    assert "3.3" not in rater_page_html(page)


# -- what other reports say of git -----------------------------------------------------------------------------


def test_every_report_says_where_git_does_not_count_and_where_nobody_knows() -> None:
    standard = standard_text(small_standard())
    details = {
        "code-review": {"verdict": "not shown"},
        "collaboration": {"verdict": "untested"},
        "no such skill": {"verdict": "not shown"},
    }
    said = method({"git_validity": details}, standard)
    assert said[: len(METHOD)] == METHOD
    assert standard.skill("code-review").name in said[-2]
    assert "no such skill" not in said[-2]
    assert "On one skill it is untested" in said[-1]
    assert method({}, standard) == METHOD
    assert method({"git_validity": {"code-review": {"verdict": "shown"}}}, standard) == METHOD
