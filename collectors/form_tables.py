"""Canonical records out of a table: a row each, or one per matching column of a wide export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from collectors import sheets
from collectors.cells import Cell, Table
from collectors.forms import FormSettings, Found, Record, fields_of, filled, holds, skipped, word
from collectors.mapping_schema import FileMapping, View
from collectors.problems import Problems
from collectors.scales import folded
from collectors.text import quote, visible

__all__ = ["of_table"]


def of_table(
    settings: FormSettings, mapping: FileMapping, needed: Collection[str], problems: Problems, talk: Counter[str]
) -> Iterator[Record]:
    """The records of a table. See `collectors.exports.records`."""
    table = sheets.read(
        settings.path,
        sheet=settings.sheet,
        header_rows=mapping.header_rows,
        limits=settings.limits,
        encoding=settings.encoding,
        delimiter=settings.delimiter,
    )
    problems.extend(table.problems)
    places = {folded(name): position for position, name in reversed(list(enumerate(table.columns))) if name}
    _check_columns(settings, mapping, table, needed, problems)
    wide = [_wide_columns(view, table, problems) for view in mapping.rows]
    if problems.fatal:
        return
    known: dict[str, int | None] = {}
    for row in table.rows:

        def look_up(name: str, cells: tuple[Cell, ...] = row.cells) -> Cell:
            if name not in known:
                known[name] = places.get(folded(name))
            position = known[name]
            return None if position is None else cells[position]

        if skipped(mapping.skip, look_up, talk):
            continue
        for view, columns in zip(mapping.rows, wide, strict=True):
            if not holds(view.where, look_up):
                continue
            shared = fields_of(settings, mapping, view, look_up)
            if view.wide is None:
                yield Record(row.number, shared)
            for column in columns:
                yield Record(row.number, {**shared, **column.fields(settings, mapping, row.cells)})


@dataclass(frozen=True, slots=True)
class _WideColumn:
    value: str
    name: str
    position: int
    names: Mapping[str, str]
    comment: int | None

    def fields(self, settings: FormSettings, mapping: FileMapping, cells: tuple[Cell, ...]) -> dict[str, Found]:
        given = {field: Found(word(mapping, field, text), self.name) for field, text in self.names.items()}
        given[self.value] = Found(word(mapping, self.value, cells[self.position]), self.name)
        if self.comment is not None:
            given["comment"] = Found(cells[self.comment], self.name)
        return {field: found for field, found in given.items() if field not in settings.constants}


def _wide_columns(view: View, table: Table, problems: Problems) -> list[_WideColumn]:
    if view.wide is None:
        return []
    pattern = view.wide.regex()
    places = {folded(name): position for position, name in enumerate(table.columns)}
    taken = {folded(place.column) for group in view.columns.values() for place in group if place.column}
    found = []
    for position, name in enumerate(table.columns):
        match = pattern.fullmatch(name)
        if match is None or folded(name) in taken:
            continue
        names = {field: text.strip() for field, text in match.groupdict().items()}
        comment = None
        if view.wide.comment is not None:
            comment = places.get(folded(filled(view.wide.comment, names)))
        found.append(_WideColumn(view.wide.value, name, position, names, comment))
    comments = {column.comment for column in found}
    found = [column for column in found if column.position not in comments]
    if not found:
        message = f"no column is called like {quote(view.wide.pattern)}"
        problems.add(table.header, "", message, f"found: {_listed(table.columns)}", fatal=True)
    return found


def _check_columns(
    settings: FormSettings, mapping: FileMapping, table: Table, needed: Collection[str], problems: Problems
) -> None:
    """Every needed field has a column, no column that is read exists twice, and a canonical form has no others."""
    header = table.header
    counts = Counter(folded(name) for name in table.columns)
    for view in mapping.rows:
        columns = {**mapping.columns, **view.columns}
        wide = {view.wide.value, *view.wide.names()} if view.wide else set[str]()
        constant = {*mapping.constants, *view.constants, *settings.constants}
        for name in sorted(set(needed) - wide - constant):
            places = [source for place in columns.get(name, ()) for source in place.sources()]
            if not any(folded(place) in counts for place in places):
                wanted = " or ".join(quote(place) for place in places) or quote(name)
                message = f"the column {wanted} is missing"
                problems.add(header, name, message, _remedy(places or [name], table), fatal=True)
        for source in sorted({s for group in columns.values() for place in group for s in place.sources()}):
            if counts[folded(source)] > 1:
                problems.add(header, source, "two columns have this name", "rename or delete one", fatal=True)
    if settings.mapping is None:
        known = {folded(name) for name in mapping.columns}
        for name in table.columns:
            if folded(name) not in known:
                near = get_close_matches(folded(name), sorted(known), n=1)
                hint = f"did you mean {near[0]}?" if near else "delete it, or name a mapping"
                problems.add(header, name, f"the canonical form has no column {quote(name)}", hint, fatal=True)


def _remedy(places: Sequence[str], table: Table) -> str:
    near = get_close_matches(places[0], table.columns, n=1)
    return f"is it {quote(near[0])}? rename it, or use a mapping" if near else f"found: {_listed(table.columns)}"


def _listed(columns: Sequence[str]) -> str:
    return visible(", ".join(columns[:30]), limit=300)
