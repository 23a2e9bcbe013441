"""JSON files: strict, with duplicate keys refused, and paths that lead to values inside nested records."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import cast

from collectors.cells import Cell, Limits, Row, Table, check_size
from collectors.problems import refuse
from collectors.text import quote

__all__ = ["PATH", "document", "look_up", "read"]

PATH = re.compile(r"(?:[^.\[\]]+(?:\[[^\[\]]+\])?)(?:\.[^.\[\]]+(?:\[[^\[\]]+\])?)*")
"""The shape of a path: `a.b`, or `a[b.c]` for the member of `a` whose name is the value found at `b.c`."""

_STEP = re.compile(r"([^.\[\]]+)(?:\[([^\[\]]+)\])?(?:\.|$)")


def read(path: Path, content: io.BytesIO, limits: Limits) -> Table:
    """The table in a JSON list of objects. Row numbers count the objects from 1."""
    file = str(path)
    found = document(file, content, limits)
    if not isinstance(found, list):
        refuse(file, "holds no list of objects", "export a list, or name a mapping that says where the records are")
    columns: dict[str, None] = {}
    for number, record in enumerate(found, start=1):
        if not isinstance(record, dict):
            refuse(file, "holds something other than an object", "every record is an object {...}", row=number)
        columns.update(dict.fromkeys(record))
    check_size(file, len(found), len(found), len(columns), limits)
    rows = tuple(Row(number, tuple(map(record.get, columns))) for number, record in enumerate(found, start=1))
    return Table(file, tuple(columns), rows, header=0)


def document(file: str, content: io.BytesIO, limits: Limits) -> object:
    """The parsed file. Raises BadInput for anything but one UTF-8 JSON value within the limits."""
    try:
        text = content.getvalue().decode("utf-8-sig")
        found: object = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        refuse(file, f"is not UTF-8: byte offset {error.start}", "save it as UTF-8")
    except json.JSONDecodeError as error:
        refuse(file, f"is not JSON: {error.msg} at column {error.colno}", "export it again", row=error.lineno)
    except ValueError as error:
        refuse(file, str(error), "export it again")
    except RecursionError:
        refuse(file, f"is nested deeper than {limits.json_depth}", "export plain records")
    _measured(file, found, limits)
    return found


def look_up(record: Mapping[str, object], path: str) -> Cell:
    """The value at a path, None where there is none.

    >>> look_up({"values": {"q1": 3}, "field": {"path": "q1"}}, "values[field.path]")
    3
    """
    value: object = record
    for name, key in _steps(path):
        value = value.get(name) if isinstance(value, Mapping) else None
        if key and value is not None:
            member = look_up(record, key)
            value = value.get(str(member)) if isinstance(value, Mapping) and member is not None else None
    return cast("Cell", value)


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[tuple[str, str], ...]:
    return tuple((step.group(1), step.group(2) or "") for step in _STEP.finditer(path))


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"has the key {quote(twice)} twice in one object")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"holds {name}, which is not a JSON number")


def _measured(file: str, found: object, limits: Limits) -> None:
    """Refuse deep nests, overlong texts and numbers beyond floating point, without recursion."""
    pending: list[tuple[object, int]] = [(found, 1)]
    while pending:
        value, depth = pending.pop()
        if depth > limits.json_depth:
            refuse(file, f"is nested deeper than {limits.json_depth}", "export plain records")
        if isinstance(value, dict):
            pending.extend((member, depth + 1) for member in value.values())
        elif isinstance(value, list):
            pending.extend((member, depth + 1) for member in value)
        elif isinstance(value, str) and len(value) > limits.field_characters:
            refuse(file, f"holds a text of {len(value):,} characters", f"keep to {limits.field_characters:,}")
        elif isinstance(value, float) and not math.isfinite(value):
            refuse(file, "holds a number that is too large", "export it again")
