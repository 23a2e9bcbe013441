"""Answers GraphQL from plain rows, fast: only what was asked for, under the names that were asked for, and at GitHub's price.

A row is a mapping of field names of the schema, with `__typename` where a fragment asks for a type. A list of rows is answered as a
connection (`totalCount`, `pageInfo`, `nodes`, cut by first/after), a `Paged` likewise without ever being whole, a callable as
a field with arguments. It knows nothing else of GraphQL: no validation (tests hold the documents to GitHub's schema, and these
answers to graphql-core's), no mutation, no directive but @include.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

try:
    from graphql import (
        FieldNode,
        FragmentDefinitionNode,
        FragmentSpreadNode,
        InlineFragmentNode,
        OperationDefinitionNode,
        SelectionSetNode,
        ValueNode,
        parse,
        value_from_ast_untyped,
    )
except ModuleNotFoundError:
    sys.exit("this needs graphql-core: pip install -e '.[test]'")

Variables = Mapping[str, Any]


class Field(NamedTuple):
    """One field as asked for. type: only on rows of that type; include: name of the variable that must be true."""

    key: str
    name: str
    arguments: tuple[tuple[str, ValueNode], ...]
    type: str | None
    include: str | None
    fields: tuple[Field, ...]

    def given(self, variables: Variables) -> dict[str, Any]:
        return {name: value_from_ast_untyped(value, dict(variables)) for name, value in self.arguments}


@dataclass(frozen=True)
class Paged:
    """A long connection. page(first, after) gives rows, the cursor of the last, and whether there are more."""

    total: Callable[[], int]
    page: Callable[[int, str | None], tuple[list[Any], str | None, bool]]


@lru_cache(maxsize=512)
def read(document: str) -> tuple[str, tuple[Field, ...]]:
    """Name and fields of the one operation of a document."""
    parsed = parse(document, no_location=True)
    fragments = {one.name.value: one for one in parsed.definitions if isinstance(one, FragmentDefinitionNode)}
    operation = next(one for one in parsed.definitions if isinstance(one, OperationDefinitionNode))
    return (operation.name.value if operation.name else ""), _fields(operation.selection_set, fragments, None)


def _fields(
    chosen: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode], kind: str | None
) -> tuple[Field, ...]:
    found: list[Field] = []
    for one in chosen.selections if chosen else ():
        if isinstance(one, FieldNode):
            include = next((d.arguments[0].value.name.value for d in one.directives or ()), None)  # type: ignore[union-attr, attr-defined]
            arguments = tuple((given.name.value, given.value) for given in one.arguments or ())
            key = one.alias.value if one.alias else one.name.value
            found.append(
                Field(key, one.name.value, arguments, kind, include, _fields(one.selection_set, fragments, None))
            )
        elif isinstance(one, InlineFragmentNode):
            found += _fields(
                one.selection_set, fragments, one.type_condition.name.value if one.type_condition else kind
            )
        elif isinstance(one, FragmentSpreadNode):
            fragment = fragments[one.name.value]
            found += _fields(fragment.selection_set, fragments, fragment.type_condition.name.value)
    return tuple(found)


def answer(row: Any, fields: tuple[Field, ...], variables: Variables) -> Any:
    """What of `row` was asked for."""
    if row is None:
        return None
    made: dict[str, Any] = {}
    for field in fields:
        if field.type is not None and row["__typename"] != field.type:
            continue
        if field.include is not None and not variables[field.include]:
            continue
        value = row[field.name]
        if not field.fields:
            made[field.key] = value
            continue
        if callable(value):
            value = value(**field.given(variables))
        if isinstance(value, list | Paged):
            made[field.key] = _connection(value, field, variables)
        else:
            made[field.key] = answer(value, field.fields, variables)
    return made


def _connection(rows: list[Any] | Paged, field: Field, variables: Variables) -> dict[str, Any]:
    given = field.given(variables)
    wanted = {part.name: part for part in field.fields}
    made: dict[str, Any] = {}
    if "totalCount" in wanted:
        made["totalCount"] = len(rows) if isinstance(rows, list) else rows.total()
    if "nodes" not in wanted and "pageInfo" not in wanted:
        return made
    page = (
        _slice(rows, given["first"], given.get("after"))
        if isinstance(rows, list)
        else rows.page(given["first"], given.get("after"))
    )
    nodes, end, more = page
    if "pageInfo" in wanted:
        whole = {"endCursor": end, "hasNextPage": more}
        made["pageInfo"] = {part.key: whole[part.name] for part in wanted["pageInfo"].fields}
    if "nodes" in wanted:
        made["nodes"] = [answer(node, wanted["nodes"].fields, variables) for node in nodes]
    return {part.key: made[part.name] for part in field.fields}


def _slice(rows: list[Any], first: int, after: str | None) -> tuple[list[Any], str | None, bool]:
    begin = int(place(after)) if after else 0
    cut = rows[begin : begin + first]
    return cut, cursor(str(begin + len(cut))) if cut else None, begin + len(cut) < len(rows)


class BadCursor(ValueError):
    """What was given as a page cursor is none."""


def cursor(place_: str) -> str:
    """A page cursor, as little telling as GitHub's."""
    return base64.b64encode(f"cursor:v2:{place_}".encode()).decode()


def place(after: str) -> str:
    """What `cursor` was made of."""
    return base64.b64decode(after).decode().removeprefix("cursor:v2:")


def calls(fields: tuple[Field, ...], variables: Variables, parents: int = 1) -> int:
    """Connections a document opens, by GitHub's rule: each once per parent it may have; one of which only the number is asked, too."""
    total = 0
    for field in fields:
        if field.include is not None and not variables[field.include]:
            continue
        inner = {part.name: part for part in field.fields}
        if "nodes" in inner:
            rows = field.given(variables)["first"]
            total += parents + calls(inner["nodes"].fields, variables, parents * rows)
        elif "totalCount" in inner:
            total += parents
        elif field.fields:
            total += calls(field.fields, variables, parents)
    return total


def points(document: str, variables: Variables) -> int:
    """The price of a document: a hundredth of its calls, rounded, and at least one."""
    return max(1, (calls(read(document)[1], variables) + 50) // 100)


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/collect_forge.py`: run that.")
