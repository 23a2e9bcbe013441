"""GitHub's published GraphQL schema, and answers to queries against it by graphql-core, from rows as `benchmarks.github_rows` has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute_sync,
    get_named_type,
    parse,
    validate,
)

from benchmarks.graphql_answer import Paged, cursor, place


def published(packages: Path) -> GraphQLSchema:
    """The schema. Taken for valid: GitHub's file itself breaks rules of deprecation that graphql-core would insist on."""
    text = (packages / "@octokit" / "graphql-schema" / "schema.graphql").read_text()
    return build_schema(text, assume_valid=True)


def mistakes(schema: GraphQLSchema, document: str) -> list[str]:
    """What is wrong with a document; nothing if GitHub would take it."""
    return [error.message for error in validate(schema, parse(document))]


def answered(schema: GraphQLSchema, document: str, variables: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """The answer, as GitHub would send it."""
    done = execute_sync(
        schema,
        parse(document),
        root,
        variable_values=dict(variables),
        field_resolver=_resolve,
        type_resolver=lambda value, *_: value["__typename"],
    )
    return done.formatted


def _resolve(row: Mapping[str, Any], info: GraphQLResolveInfo, **given: Any) -> Any:
    value = row[info.field_name]
    if callable(value):
        value = value(**given)
    kind = get_named_type(info.return_type)
    if isinstance(kind, GraphQLObjectType) and kind.name.endswith("Connection"):
        return _connection(value, given.get("first"), given.get("after"))
    return value


def _connection(rows: list[Any] | Paged, first: int | None, after: str | None) -> dict[str, Any]:
    if isinstance(rows, Paged):
        nodes, end, more = rows.page(first, after) if first else ([], None, False)
        return {"totalCount": rows.total(), "nodes": nodes, "pageInfo": {"endCursor": end, "hasNextPage": more}}
    begin = int(place(after)) if after else 0
    nodes = rows[begin : begin + first] if first else []
    end = cursor(str(begin + len(nodes))) if nodes else None
    page = {"endCursor": end, "hasNextPage": begin + len(nodes) < len(rows)}
    return {"totalCount": len(rows), "nodes": nodes, "pageInfo": page}
