"""Canonical records out of nested JSON: lists are found by path and unfolded into rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import cast

from collectors import json_file, sheets
from collectors.cells import bounded
from collectors.forms import FormSettings, LookUp, Record, applies, fields_of, holds, skipped
from collectors.mapping_schema import FileMapping, View
from collectors.problems import Problems, refuse

__all__ = ["of_json"]


def of_json(settings: FormSettings, mapping: FileMapping, problems: Problems, talk: Counter[str]) -> Iterator[Record]:
    """The records of a JSON file. Rows count the records from 1. See `collectors.exports.records`."""
    file = str(settings.path)
    if not sheets.is_json(settings.path):
        refuse(file, f"is not JSON, which the mapping {mapping.name} expects", "export JSON, or use another mapping")
    whole = json_file.document(file, bounded(settings.path, settings.limits), settings.limits)
    if isinstance(whole, dict):
        _check_whole(file, whole, mapping, settings)
    for number, record in enumerate(_list_of(file, whole, mapping), start=1):
        if not isinstance(record, dict):
            problems.add(number, "", "is not an object", "every record is an object {...}")
            continue
        if skipped(mapping.skip, _in(record), talk):
            continue
        for view in mapping.rows:
            for scope in _unfolded(record, view, number, problems):
                look_up = _in(scope)
                if holds(view.where, look_up):
                    yield Record(number, fields_of(settings, mapping, view, look_up))


def _in(scope: Mapping[str, object]) -> LookUp:
    return lambda path: json_file.look_up(scope, path)


def _check_whole(file: str, whole: dict[str, object], mapping: FileMapping, settings: FormSettings) -> None:
    for rule in mapping.refuse:
        if applies(rule, _in(whole)):
            refuse(file, rule.message, "export it again", column=rule.column)
    for rule in mapping.partial:
        if settings.complete and applies(rule, _in(whole)):
            refuse(file, "is one page of several", "join the pages, or import without `complete`", column=rule.column)


def _list_of(file: str, whole: object, mapping: FileMapping) -> list[object]:
    for path in mapping.records:
        found: object = whole
        if path:
            found = json_file.look_up(whole, path) if isinstance(whole, dict) else None
        if isinstance(found, list):
            return found
    if "" not in mapping.records or not isinstance(whole, dict):
        places = ", ".join(path or "the file itself" for path in mapping.records)
        refuse(file, "holds no list of records", f"looked at: {places}")
    return [whole]


def _unfolded(
    record: Mapping[str, object], view: View, number: int, problems: Problems
) -> Iterator[Mapping[str, object]]:
    """The record once for every combination of entries of its lists, with the entries under their names."""
    scopes: list[Mapping[str, object]] = [record]
    for step in view.unfold:
        wider: list[Mapping[str, object]] = []
        for scope in scopes:
            lists = [json_file.look_up(scope, path) for path in step.values()]
            if any(entries is None for entries in lists):
                continue
            where = ", ".join(step.values())
            if not all(isinstance(entries, list) for entries in lists):
                problems.add(number, where, "is not a list", "this is not the export that the mapping is for")
                continue
            entries_of = cast("list[list[object]]", lists)
            if len({len(entries) for entries in entries_of}) > 1:
                problems.add(number, where, "are lists of different lengths", "export it again")
                continue
            wider += [{**scope, **dict(zip(step, entries, strict=True))} for entries in zip(*entries_of, strict=True)]
        scopes = wider
    yield from scopes
