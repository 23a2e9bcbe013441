"""Looking many keys up at once: the list travels as one bound value, whatever its length."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ARRAY, Connection, FromClause, bindparam, cast, func

from db.canonical import canonical
from db.tables import TEXT

__all__ = ["values"]


def values(connection: Connection, texts: Sequence[str]) -> FromClause:
    """A one-column relation `value` of the given texts, to be joined."""
    if connection.dialect.name == "postgresql":
        array = cast(bindparam(None, list(texts), unique=True, type_=ARRAY(TEXT)), ARRAY(TEXT))
        return func.unnest(array).table_valued("value").render_derived()
    return func.json_each(bindparam(None, canonical(list(texts)), unique=True)).table_valued("value")
