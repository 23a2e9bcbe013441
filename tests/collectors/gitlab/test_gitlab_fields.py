"""Answers of any other shape than the documented one are named as that, and nothing else breaks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from benchmarks import gitlab_bodies as bodies
from benchmarks.forge_population import START, Population
from collectors.gitlab_fields import Malformed, instant, number, whole
from collectors.gitlab_records import change_request, issue, release
from collectors.gitlab_reviews import approvals, reviewed
from collectors.gitlab_talk import read_talk

HOST, URL = "gitlab.example.org", "https://gitlab.example.org"
POPULATION = Population(6, seed=255, issues=2, releases=1)
CHANGE = max((POPULATION.change(at) for at in range(1, 7)), key=lambda change: len(change.threads))
FOREIGN = (
    None,
    True,
    3,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "2/../../../x",
    "0001-01-01T00:00:00+14:00",
    [],
    [3],
    {},
    {"id": "x"},
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where anything stands in some JSON."""
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value[:2]):
            yield from places(inner, (*path, key))


def spoilt(value: Any, path: tuple[Any, ...], foreign: object) -> Any:
    made = copy.deepcopy(value)
    inner = made
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = foreign
    return made


def talked(discussions: Any) -> object:
    change = change_request(HOST, MERGE_REQUEST)
    return reviewed(HOST, change, read_talk(HOST, change, discussions), None)


MERGE_REQUEST: Any = {
    **bodies.merge_request(42, "acme/engine", CHANGE, URL),  # type: ignore[dict-item]
    "diff_refs": {"base_sha": "b" * 40},
    "labels": [{"name": "bug"}],
}
READ: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "a merge request": (MERGE_REQUEST, lambda raw: change_request(HOST, raw)),
    "discussions": (
        [
            {
                **one,
                "notes": [
                    {
                        **note,
                        "resolvable": True,
                        "resolved": True,
                        "resolved_by": note["author"],
                        "position": {"new_path": "a.py", "new_line": 3, "line_range": {"start": {"new_line": 2}}},
                    }
                    for note in one["notes"]
                ],
            }
            for one in bodies.discussions(42, CHANGE, URL)[:2]  # type: ignore[attr-defined]
        ],
        talked,
    ),
    "approvals": ({"approved_by": [{"user": MERGE_REQUEST["author"], "approved_at": None}]}, approvals),
    "an issue": (bodies.issue(42, "acme/engine", 1, START, POPULATION, URL), lambda raw: issue(HOST, raw)),
    "a release": (
        {**bodies.release("acme/engine", 1, START, POPULATION, URL), "_links": {"self": URL}},  # type: ignore[dict-item]
        lambda raw: release(HOST, "42", raw),
    ),
}


@pytest.mark.parametrize("what", READ)
def test_anything_anywhere_in_an_answer_is_read_or_refused_by_name(what: str) -> None:
    good, read = READ[what]
    read(good)
    refused = 0
    for path in filter(None, places(good)):
        for foreign in FOREIGN:
            try:
                read(spoilt(good, path, foreign))
            except Malformed:
                refused += 1
    assert refused


@pytest.mark.parametrize("told", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-01T00:00:00Z", 3])
def test_a_moment_there_is_not_is_refused(told: object) -> None:
    with pytest.raises(Malformed, match="expected a moment with its offset"):
        instant(told)


@pytest.mark.parametrize("told", [None, True, -1, 1.5, "", "-1", "2/../../../x", "\u0662", "9" * 20, 10**30, [1]])
def test_only_numbers_identify(told: object) -> None:
    with pytest.raises(Malformed, match="expected a number as iid"):
        number({"iid": told}, "iid")
    assert number({"iid": 7}, "iid") == number({"iid": "7"}, "iid") == "7"


def test_a_count_may_be_missing_and_is_else_a_number() -> None:
    assert (whole({}, "lines"), whole({"lines": 3}, "lines")) == (None, 3)
    with pytest.raises(Malformed, match="expected a whole number as lines, found '3'"):
        whole({"lines": "3"}, "lines")
