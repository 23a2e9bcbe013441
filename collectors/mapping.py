"""Loading mapping files: shipped ones by name, one's own by path. Mistakes name the file, the line and the remedy."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from collectors.mapping_schema import SCHEMA, Column, FileMapping
from collectors.problems import refuse
from db.errors import BadInput, Problem
from rubrics import source

Form = Literal["feedback360", "scorecards", "roster", "absences"]
"""The forms with canonical columns."""

__all__ = ["FileMapping", "canonical", "form", "load", "shipped"]


def shipped() -> tuple[str, ...]:
    """Names of the mappings that come with the program.

    >>> "greenhouse" in shipped()
    True
    """
    folder = files("collectors") / "mappings"
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def canonical(fields: Collection[str], collector: Form) -> FileMapping:
    """The mapping of a canonical form: every field is the column of that name.

    >>> sorted(canonical(["rating"], "feedback360").given())
    ['rating']
    """
    columns = {field: [Column(column=field)] for field in fields}
    return FileMapping.model_validate(
        {"schema": SCHEMA, "name": "canonical", "description": "", "collector": collector, "columns": columns}
    )


def form(name: str | Path | None, fields: Collection[str], collector: Form) -> FileMapping:
    """The mapping that is named, or the canonical form's."""
    return canonical(fields, collector) if name is None else load(name, collector=collector, fields=fields)


def load(name: str | Path, *, collector: str, fields: Collection[str] | None = None) -> FileMapping:
    """A shipped mapping by name, or a file by its path (ending in .yaml or .yml).

    fields: the collector's canonical fields; None where the mapping defines its own (`table`). Raises BadInput with
    one problem per mistake, naming file, line and remedy.
    """
    where, label = _located(name)
    document = source.read(where, label)
    try:
        found = FileMapping.model_validate(document.data)
    except ValidationError as error:
        problems = [_problem(document, mistake["loc"], mistake["msg"], mistake["type"]) for mistake in error.errors()]
        what = f"{label} is not a mapping: {problems[0]}"
        raise BadInput(what, problems, remedy="docs/collect-files.md lists every key") from None
    if found.collector != collector:
        line = document.line(("collector",))
        refuse(label, f"is for {found.collector}, not {collector}", f"use `collect {found.collector}`", row=line)
    misfits = _misfits(document, found, fields)
    if misfits:
        raise BadInput(f"{label} has {len(misfits)} mistake(s). First: {misfits[0]}", misfits)
    return found


def _misfits(document: source.Document, found: FileMapping, fields: Collection[str] | None) -> list[Problem]:
    """Fields that the collector does not know and, in a table's mapping, fields used but never given."""
    known = set(fields) if fields is not None else found.used()
    given = found.given()
    problems = []
    for field in sorted(given - known):
        near = get_close_matches(field, sorted(known), n=1)
        remedy = f"did you mean {near[0]}?" if near else f"known fields: {', '.join(sorted(known))}"
        problems.append(Problem(document.file, _line_of(document, field), field, "no such field", remedy))
    if fields is None:
        for field in sorted(known - given):
            line = document.line(("columns",))
            problems.append(
                Problem(document.file, line, field, "is used but comes from no column", "add it to columns")
            )
    return problems


def _line_of(document: source.Document, field: str) -> int:
    """The line where a field is first written as a key."""
    lines = [line for location, line in document.lines.items() if location and location[-1] == field]
    return min(lines, default=document.line(("columns",)))


def _located(name: str | Path) -> tuple[Traversable, str]:
    path = Path(name)
    if path.suffix.lower() in {".yaml", ".yml"}:
        if not path.is_file():
            refuse(str(path), "does not exist", f"give a path, or one of: {', '.join(shipped())}")
        return path, str(path)
    if str(name) not in shipped():
        near = get_close_matches(str(name), shipped(), n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        refuse(str(name), "is no shipped mapping", f"{hint}name one of {', '.join(shipped())}, or a .yaml file")
    return files("collectors") / "mappings" / f"{name}.yaml", f"{name}.yaml"


def _problem(document: source.Document, location: tuple[str | int, ...], message: str, kind: str) -> Problem:
    named = ".".join(str(part) for part in location)
    remedy = "remove it or correct its spelling" if kind == "extra_forbidden" else "see docs/collect-files.md"
    text = message.removeprefix("Value error, ")
    return Problem(document.file, document.line(location), named, text[:1].lower() + text[1:], remedy)
