"""Reading much, fast: one Arrow schema per statement, the same rows and types from every way of reading.

PostgreSQL is read through ADBC. SQLite is read through ADBC when this process has the file open in no other way
(see `guard`), else through the standard library. ADBC's SQLite guesses a column's type from its first rows, so
the statement is led by one typed row, which is dropped again.
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    Connection,
    Float,
    Integer,
    Select,
    SmallInteger,
    Text,
    literal,
    select,
    union_all,
)
from sqlalchemy.types import TypeEngine

from db import guard
from db.engine import Store

__all__ = ["arrow_type", "framed", "read", "schema_of"]

_ROWS: Final = 20_000


def schema_of(statement: Select[Any]) -> pa.Schema:
    """The Arrow schema of a statement's columns: text as string, whole numbers as int64, floats as double."""
    return pa.schema([(column.name, arrow_type(column.type)) for column in statement.selected_columns])


def read(store: Store, statement: Select[Any], connection: Connection | None = None) -> pa.Table:
    """The statement's rows as an Arrow table, read within `connection` if one is given."""
    schema = schema_of(statement)
    if connection is not None:
        return _plain(connection, statement, schema)
    store.ready()
    if store.dialect == "postgresql":
        return _adbc_postgresql(store, statement).cast(schema)
    assert store.path is not None
    if guard.free_for_adbc(store.path):
        return _adbc_sqlite(store, store.path, statement, schema)
    with store.connect() as own:
        return _plain(own, statement, schema)


def framed(table: pa.Table) -> pd.DataFrame:
    """The table as a pandas frame. Without rows, text is widened first: pandas would drop its only chunk, and then cannot join."""
    if not table.num_rows:
        wide = [pa.large_string() if column.type == pa.string() else column.type for column in table.schema]
        table = pa.schema(zip(table.column_names, wide, strict=True)).empty_table()
    frame: pd.DataFrame = table.to_pandas()
    return frame


def arrow_type(kind: TypeEngine[Any]) -> pa.DataType:
    """The Arrow type of a column of the ledger."""
    if isinstance(kind, Text):
        return pa.string()
    if isinstance(kind, BigInteger | Integer | SmallInteger):
        return pa.int64()
    if isinstance(kind, Float):
        return pa.float64()
    raise TypeError(f"no Arrow type for {kind!r}")


def _sql(store: Store, statement: Any) -> str:
    return str(statement.compile(store.engine, compile_kwargs={"literal_binds": True}))


def _adbc_postgresql(store: Store, statement: Select[Any]) -> pa.Table:
    from adbc_driver_postgresql import dbapi

    sql = _sql(store, statement).replace("%%", "%")
    with dbapi.connect(store.adbc_url) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetch_arrow_table()


def _adbc_sqlite(store: Store, path: str, statement: Select[Any], schema: pa.Schema) -> pa.Table:
    from adbc_driver_sqlite import dbapi

    typed = select(
        *(
            literal("" if column.type == pa.string() else 0 if column.type == pa.int64() else 0.0).label(column.name)
            for column in schema
        )
    )
    sql = _sql(store, union_all(typed, statement))
    with guard.hold_adbc(path), dbapi.connect(path) as connection, connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=120000")
        cursor.execute(sql)
        return cursor.fetch_arrow_table().cast(schema).slice(1)


def _plain(connection: Connection, statement: Select[Any], schema: pa.Schema) -> pa.Table:
    result = connection.execute(statement, execution_options={"stream_results": True})
    parts = []
    for rows in result.partitions(_ROWS):
        columns = list(zip(*rows, strict=True))
        arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
        parts.append(pa.table(arrays, schema=schema))
    return pa.concat_tables(parts) if parts else schema.empty_table()
