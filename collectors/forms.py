"""Canonical records: one row of a form, its fields found where the mapping says they are.

Everything a mapping says about single fields is carried out here: alternatives, templates, constants, words for values,
and which records are skipped. `form_tables` and `form_json` walk the two kinds of file; `fields` reads what it means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from collectors.cells import Cell, Limits
from collectors.mapping_schema import PLACEHOLDER, Column, FileMapping, Rule, View
from collectors.scales import folded
from db.errors import Problem

__all__ = ["FormSettings", "Found", "LookUp", "Record", "applies", "fields_of", "filled", "holds", "skipped", "word"]


@dataclass(frozen=True, kw_only=True)
class FormSettings:
    """What every collector of files needs to know.

    source: name of the source, part of every artefact's key. mapping: a shipped mapping's name, a path to a .yaml file,
    or None for the canonical form. constants: canonical fields that the file does not hold (they win over it).
    complete: the file holds all there is of this source, so that rows gone from it are withdrawn. skip_bad_rows: import
    the good rows and pass the others to `report`.
    """

    path: Path
    source: str
    mapping: str | Path | None = None
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False
    skip_bad_rows: bool = False
    limits: Limits = field(default_factory=Limits)
    report: Callable[[Sequence[Problem]], None] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Found:
    """One field's cell, the column it came from, and whose identifiers it holds if the mapping says so."""

    cell: Cell
    column: str
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One canonical row. row: where it stands in the file."""

    row: int
    fields: Mapping[str, Found]


LookUp = Callable[[str], Cell]
"""Column name or JSON path -> cell of one record."""


def applies(rule: Rule, look_up: LookUp) -> bool:
    """Whether a rule's condition is true of a record."""
    cell = look_up(rule.column)
    if rule.state is not None:
        return is_empty(cell) == (rule.state == "missing")
    return not is_empty(cell) and _comparable(cell) in {folded(value) for value in rule.equals or ()}


def skipped(rules: Sequence[Rule], look_up: LookUp, talk: Counter[str]) -> bool:
    """Whether a record is to be left out; counted in `talk` under the rule's name."""
    for rule in rules:
        if applies(rule, look_up):
            talk[rule.talk] += 1
            return True
    return False


def holds(where: Mapping[str, Sequence[str]], look_up: LookUp) -> bool:
    """Whether every named column has one of its values."""
    return all(_comparable(look_up(path)) in {folded(value) for value in values} for path, values in where.items())


def _comparable(cell: Cell) -> str:
    return folded(str(cell).lower() if isinstance(cell, bool) else str(cell))


def is_empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def fields_of(settings: FormSettings, mapping: FileMapping, view: View, look_up: LookUp) -> dict[str, Found]:
    """A record's fields, as the mapping and the settings' constants give them."""
    fields = {name: _first(places, look_up) for name, places in {**mapping.columns, **view.columns}.items()}
    for name, text in {**mapping.constants, **view.constants}.items():
        if name not in fields or is_empty(fields[name].cell):
            fields[name] = Found(text, name)
    for name in mapping.values:
        if name in fields:
            found = fields[name]
            fields[name] = Found(word(mapping, name, found.cell), found.column, found.provider)
    for name, text in settings.constants.items():
        fields[name] = Found(text, name)
    return fields


def _first(places: Sequence[Column], look_up: LookUp) -> Found:
    for place in places:
        cells = {source: look_up(source) for source in place.sources()}
        if any(is_empty(cell) for cell in cells.values()):
            continue
        if place.column is not None:
            return Found(cells[place.column], place.column, place.provider)
        text = filled(place.template or "", {source: str(cell) for source, cell in cells.items()})
        return Found(text, place.template or "", place.provider)
    return Found(None, ", ".join(source for source in places[0].sources()) or "", places[0].provider)


def word(mapping: FileMapping, name: str, cell: Cell) -> Cell:
    """What the mapping's value list makes of a cell; the cell itself if it is not listed."""
    words = mapping.values.get(name)
    if words is None or not isinstance(cell, str | int | float):
        return cell
    wanted = _comparable(cell)
    return next((value for word, value in words.items() if folded(word) == wanted), cell)


def filled(template: str, names: Mapping[str, str]) -> str:
    """A template with its placeholders replaced, once.

    >>> filled("{a}/{b}", {"a": "{b}", "b": "1"})
    '{b}/1'
    """
    return PLACEHOLDER.sub(lambda part: names.get(part.group(1), part.group()), template)
