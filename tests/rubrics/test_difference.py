"""What changed is told entity by entity, and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rubrics
from db.errors import BadInput

Broken = Callable[[str, str, str], Path]
PIPELINES, STANDARD, ROLE = "skills/pipelines.yaml", "standard.yaml", "roles/builder.yaml"


def test_a_standard_does_not_differ_from_itself(small: rubrics.Standard) -> None:
    assert rubrics.diff(small, rubrics.Standard.from_text(small.text())) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "lines"),
    [
        (PIPELINES, "at_least: 9", "at_least: 8", ["changed threshold pipelines.3.a: at_least 9 -> 8"]),
        (
            PIPELINES,
            "months_present: 12",
            "months_present: 13",
            ["changed criterion pipelines.3.a: opportunity.months_present 12 -> 13"],
        ),
        (
            PIPELINES,
            "[airflow, kfp]",
            "[airflow, dagster]",
            ['removed signal pipelines: imports "kfp"', 'added signal pipelines: imports "dagster"'],
        ),
        (PIPELINES, "window_months: 12", "window_months: 18", ["changed measure pipelines/reviewed-changes: window_months 12 -> 18"]),
        (PIPELINES, "{reviewed: true}", "{reviewed: true, tests: true}", ["added measure pipelines/reviewed-changes: where.tests true"]),
        (PIPELINES, "summary: Keeps pipelines running", "summary: Keeps them running", ['changed level pipelines.2: summary "Keeps pipelines running over months." -> "Keeps them running over months."']),
        (PIPELINES, "name: Pipelines", "name: Flows", ['changed skill pipelines: name "Pipelines" -> "Flows"']),
        (PIPELINES, "fail: {months: 3, changes: 90", "fail: {months: 2, changes: 90", ["changed criterion pipelines.2.a: fixtures.fail.months 3 -> 2"]),
        (ROLE, "pipelines: 3", "pipelines: 4", ["changed expectation builder/senior: required pipelines 3 -> 4"]),
        (ROLE, ", review: 2}", "}", ["removed expectation builder/senior: required review 2"]),
        (ROLE, "  junior: {required: {pipelines: 1}, optional: {review: 1}}\n", "", ["removed expectation builder/junior: required pipelines 1", "removed expectation builder/junior: optional review 1", "removed role builder/junior"]),
        (STANDARD, "half_life_months: 12", "half_life_months: 9", ["changed standard small: half_life_months 12 -> 9"]),
        (STANDARD, "[junior, senior]", "[junior, middle, senior]", ['added standard small: job_levels "middle"']),
        (STANDARD, "Works alone on known tasks.", "Works alone.", ['changed level 2: description "Works alone on known tasks." -> "Works alone."']),
        (STANDARD, "rp-67", "thurstonian-50", ['changed standard small: cutpoints.measures "rp-67" -> "thurstonian-50"']),
        (STANDARD, "half_life_months: 12\n", "half_life_months: 12\nwaivers: [{criterion: review.1.a, reason: Why., from: 2026-01-01, until: 2026-02-01}]\n", ["added waiver review.1.a 2026-01-01"]),
    ],
)  # fmt: skip
def test_one_edit_is_told_in_its_own_words(
    small: rubrics.Standard, broken: Broken, file: str, old: str, new: str, lines: list[str]
) -> None:
    assert [str(change) for change in rubrics.diff(small, rubrics.load(broken(file, old, new)))] == lines


def test_what_comes_and_goes_whole_is_one_change(small: rubrics.Standard) -> None:
    payload = json.loads(small.text())
    del payload["skills"]["review"], payload["roles"]["builder"]
    criteria = payload["skills"]["pipelines"]["levels"]["3"]["criteria"]
    payload["skills"]["pipelines"]["levels"]["3"]["criteria"] = criteria[:1]
    del payload["skills"]["pipelines"]["measures"]["breadth"]
    less = rubrics.Standard.from_text(json.dumps(payload))
    gone = ["measure pipelines/breadth", "criterion pipelines.3.b", "skill review", "role builder"]
    assert [str(change) for change in rubrics.diff(small, less)] == [f"removed {what}" for what in gone]
    assert [str(change) for change in rubrics.diff(less, small)] == [f"added {what}" for what in gone]


def test_a_criterion_handed_to_people_is_told(small: rubrics.Standard) -> None:
    payload = json.loads(small.text())
    payload["skills"]["review"]["levels"]["1"]["criteria"][0]["judge"] = "human"
    (change,) = rubrics.diff(small, rubrics.Standard.from_text(json.dumps(payload)))
    assert (change.subject, change.code, change.field, change.after) == ("criterion", "review.1.a", "judge", "human")


def leaves(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for place, inner in enumerate(value) for leaf in leaves(inner, (*path, place))]
    return [path]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_there_is_a_change_exactly_where_hashes_differ(data: st.DataObject, small: rubrics.Standard) -> None:
    payload = json.loads(small.text())
    *parents, last = data.draw(st.sampled_from(leaves(payload)))
    node = payload
    for part in parents:
        node = node[part]
    old = node[last]
    node[last] = old + "x" if isinstance(old, str) else not old if isinstance(old, bool) else old + 1
    try:
        other = rubrics.Standard.from_text(json.dumps(payload))
    except BadInput:
        return
    assert bool(rubrics.diff(small, other)) == (small.hash != other.hash)
