"""What changed between two standards, entity by entity, so that a committee can read it and a machine can act on it.

Two standards are compared as their canonical text holds them: a skill, measure, criterion, role or job level that is new
or gone is one change; in one that stays, every value that differs is one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from rubrics.standard import Standard

__all__ = ["Change", "diff"]

Tree = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Change:
    """One change. kind: added | removed | changed.

    subject: standard, waiver, skill, level, measure, criterion, threshold (a criterion's at_least), signal, role or
    expectation. code: whose, for example `ml-pipelines.2.a` or `mlops-engineer/senior`. field: what about it, empty if
    the whole came or went. before and after: JSON values, None where there was none.
    """

    kind: str
    subject: str
    code: str
    field: str = ""
    before: object = None
    after: object = None

    def __str__(self) -> str:
        head = f"{self.kind} {self.subject} {self.code}"
        if not self.field:
            return head
        if self.kind == "added":
            return f"{head}: {self.field} {_shown(self.after)}"
        if self.kind == "removed":
            return f"{head}: {self.field} {_shown(self.before)}"
        return f"{head}: {self.field} {_shown(self.before)} -> {_shown(self.after)}"


def diff(old: Standard, new: Standard) -> list[Change]:
    """All changes from old to new: the standard, then skills, then roles, by code. Empty if and only if hashes agree."""
    before, after = _payload(old), _payload(new)
    changes = list(_standard(_tree(before["standard"]), _tree(after["standard"])))
    for code, was, now in _both(before["skills"], after["skills"]):
        changes += _whole("skill", code, was, now) or _skill(code, _tree(was), _tree(now))
    for code, was, now in _both(before.get("roles"), after.get("roles")):
        changes += _whole("role", code, was, now) or _role(code, _tree(was), _tree(now))
    return changes


def _standard(was: Tree, now: Tree) -> Iterator[Change]:
    yield from _fields("standard", str(now["code"]), was, now, apart=("levels", "waivers"))
    for level, a, b in _both(_keyed(was["levels"], "level"), _keyed(now["levels"], "level")):
        yield from _fields("level", level, _tree(a), _tree(b))
    for code, a, b in _both(
        _keyed(was.get("waivers"), "criterion", "from"), _keyed(now.get("waivers"), "criterion", "from")
    ):
        yield from _whole("waiver", code, a, b) or _fields("waiver", code, _tree(a), _tree(b))


def _skill(code: str, was: Tree, now: Tree) -> Iterator[Change]:
    yield from _fields("skill", code, was, now, apart=("signals", "measures", "levels"))
    yield from _fields("signal", code, _tree(was["signals"]), _tree(now["signals"]))
    for measure, a, b in _both(was.get("measures"), now.get("measures")):
        name = f"{code}/{measure}"
        yield from _whole("measure", name, a, b) or _fields("measure", name, _tree(a), _tree(b))
    for level, a, b in _both(was["levels"], now["levels"]):
        yield from _whole("level", f"{code}.{level}", a, b) or _level(f"{code}.{level}", _tree(a), _tree(b))


def _level(code: str, was: Tree, now: Tree) -> Iterator[Change]:
    yield from _fields("level", code, was, now, apart=("criteria",))
    for criterion, a, b in _both(_keyed(was["criteria"], "code"), _keyed(now["criteria"], "code")):
        yield from _whole("criterion", criterion, a, b) or _criterion(criterion, _tree(a), _tree(b))


def _criterion(code: str, was: Tree, now: Tree) -> Iterator[Change]:
    if isinstance(was["judge"], Mapping) and isinstance(now["judge"], Mapping):
        judged = {key: (was["judge"].get(key), now["judge"].get(key)) for key in ("measure", "at_least")}
        for key, (a, b) in judged.items():
            if a != b:
                yield Change("changed", "threshold" if key == "at_least" else "criterion", code, key, a, b)
        was, now = {**was, "judge": None}, {**now, "judge": None}
    yield from _fields("criterion", code, was, now)


def _role(code: str, was: Tree, now: Tree) -> Iterator[Change]:
    yield from _fields("role", code, was, now, apart=("job_levels",))
    for job_level, a, b in _both(was["job_levels"], now["job_levels"]):
        name = f"{code}/{job_level}"
        for kind in ("required", "optional"):
            for skill, x, y in _both(_tree(a).get(kind), _tree(b).get(kind)):
                if x != y:
                    yield Change(_kind(x, y), "expectation", name, f"{kind} {skill}", x, y)
        if (a is None) != (b is None):
            yield Change(_kind(a, b), "role", name)


# -- trees ---------------------------------------------------------------------------------------------------


def _payload(standard: Standard) -> Tree:
    return cast(Tree, json.loads(standard.text()))


def _tree(value: object) -> Tree:
    return value if isinstance(value, Mapping) else {}


def _keyed(entries: object, *keys: str) -> Tree:
    """A list of objects by the values that name them."""
    listed = cast("Sequence[Tree]", entries or ())
    return {" ".join(str(entry[key]) for key in keys): entry for entry in listed}


def _both(was: object, now: object) -> list[tuple[str, object, object]]:
    """(key, old value, new value) over both mappings, sorted; None where there is none."""
    before, after = _tree(was), _tree(now)
    return [(key, before.get(key), after.get(key)) for key in sorted({*before, *after})]


def _whole(subject: str, code: str, was: object, now: object) -> list[Change]:
    """The change if an entity came or went as a whole."""
    if was is not None and now is not None:
        return []
    return [Change(_kind(was, now), subject, code, "", was, now)]


def _fields(subject: str, code: str, was: Tree, now: Tree, apart: tuple[str, ...] = ()) -> Iterator[Change]:
    """Values that differ: lists of words by entry, mappings by key, the rest as a whole."""
    for key, a, b in _both(was, now):
        if key in apart or a == b:
            continue
        if _words(a) and _words(b):
            yield from _entries(subject, code, key, cast("list[str]", a or []), cast("list[str]", b or []))
        elif isinstance(a or b, Mapping) and isinstance(b or a, Mapping):
            nested = _fields(subject, code, _tree(a), _tree(b))
            yield from (Change(c.kind, subject, code, f"{key}.{c.field}", c.before, c.after) for c in nested)
        else:
            yield Change(_kind(a, b), subject, code, key, a, b)


def _entries(subject: str, code: str, key: str, was: list[str], now: list[str]) -> Iterator[Change]:
    if sorted(was) == sorted(now):
        yield Change("changed", subject, code, key, was, now)  # the order of job levels
        return
    for word in was:
        if word not in now:
            yield Change("removed", subject, code, key, before=word)
    for word in now:
        if word not in was:
            yield Change("added", subject, code, key, after=word)


def _words(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(word, str) for word in value))


def _kind(was: object, now: object) -> str:
    return "added" if was is None else "removed" if now is None else "changed"


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
