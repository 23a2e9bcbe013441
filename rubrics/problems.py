"""What pydantic found, said as an editor would show it: file, line, key, and what to do about it."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from db.errors import Problem
from rubrics.source import Document, Location

__all__ = ["dotted", "from_validation", "keys_of"]

_REMEDIES: Mapping[str, str] = {
    "string_type": "write text; put numbers, dates and true/false that are meant as text in quotes",
    "int_type": "write a whole number without quotes",
    "float_type": "write a number without quotes",
    "bool_type": "write true or false",
    "list_type": "write a list: [a, b] or lines that start with `- `",
    "dict_type": "write keys with values, indented below it",
    "model_type": "write keys with values, indented below it",
    "model_attributes_type": "write keys with values, indented below it",
    "string_pattern_mismatch": "see docs/rubric-format.md for how this code or date is written",
}


def from_validation(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Problem]:
    """One problem per mistake, in file order. model: the root model, for the names of its keys."""
    problems = [_problem(detail, document, model) for detail in error.errors(include_url=False, include_context=True)]
    return sorted(problems, key=lambda problem: (problem.row, problem.column, problem.message))


def _problem(detail: ErrorDetails, document: Document, model: type[BaseModel]) -> Problem:
    known = document.known(detail["loc"])
    last = str(detail["loc"][-1]) if detail["loc"] else ""
    row = document.lines[known]
    if detail["type"] == "missing":
        return Problem(document.file, row, dotted(known), f"key `{last}` is missing", f"add `{last}:` here")
    if detail["type"] == "extra_forbidden":
        return Problem(document.file, row, dotted(known), f"unknown key `{last}`", _spelling(last, model))
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    message = f"{_shown(detail['input'])} should be {message}" if message != detail["msg"] else message
    if detail["type"] == "value_error":
        message = f"{_shown(detail['input'])}: {detail['msg'].removeprefix('Value error, ')}"
    if detail["type"] == "literal_error" and last == "unit":
        return Problem(document.file, row, dotted(known), message, "lines and commits never count; count one of these")
    remedy = _REMEDIES.get(detail["type"], "correct the value")
    return Problem(document.file, row, dotted(known), message, remedy)


def dotted(location: Location) -> str:
    """A location as text.

    >>> dotted(("levels", "1", "criteria", 0))
    'levels.1.criteria[0]'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _spelling(key: str, model: type[BaseModel]) -> str:
    near = difflib.get_close_matches(key, sorted(keys_of(model)), n=1, cutoff=0.75)
    return f"did you mean `{near[0]}`?" if near else "remove it, or see docs/rubric-format.md for the keys"


def keys_of(model: type[BaseModel]) -> set[str]:
    """All keys a file of this model may hold, at any depth."""
    return set(_keys(model, set()))


def _keys(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[str]:
    seen.add(model)
    for name, info in model.model_fields.items():
        yield info.alias or name
        for inner in _models(info.annotation):
            if inner not in seen:
                yield from _keys(inner, seen)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (list, dict, Union, types.UnionType) or hasattr(annotation, "__metadata__"):
        for argument in get_args(annotation):
            yield from _models(argument)
