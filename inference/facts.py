"""Reads the rubric-neutral facts of evidence out of their canonical JSON into typed columns.

Arrow's JSON reader parses a million rows in seconds; anything a measure does not say is null.
"""

from __future__ import annotations

import io
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.json as arrow_json

__all__ = ["RATING_FACTS", "WORK_FACTS", "read_measures"]

_TEXTS = pa.list_(pa.string())

WORK_FACTS: Final = pa.schema(
    [
        ("parents", pa.int64()),
        ("files", pa.int64()),
        ("added", pa.int64()),
        ("deleted", pa.int64()),
        ("binary", pa.int64()),
        ("renames", pa.int64()),
        ("missing_blobs", pa.bool_()),
        ("whitespace_only", pa.bool_()),
        ("revert_of", pa.string()),
        ("change_request", pa.string()),
        ("github_merge", pa.bool_()),
        ("ai_assist", pa.string()),
        ("imports", _TEXTS),
        ("tools", _TEXTS),
        ("labels", _TEXTS),
        ("state", pa.string()),
        ("merged", pa.bool_()),
        ("commits", pa.int64()),
        ("reviews", pa.int64()),
        ("additions", pa.int64()),
        ("deletions", pa.int64()),
        ("change_followed", pa.bool_()),
        ("kind", pa.string()),
        ("kinds", _TEXTS),
        ("body_length", pa.int64()),
        ("suggestions_applied", pa.int64()),
        ("suggestion_applied", pa.bool_()),
    ]
)
"""Facts of commits, change requests, reviews and review comments."""

RATING_FACTS: Final = pa.schema(
    [
        ("competency", pa.string()),
        ("item", pa.string()),
        ("score", pa.float64()),
        ("scale_min", pa.float64()),
        ("scale_max", pa.float64()),
        ("scale", pa.string()),
        ("relationship", pa.string()),
        ("cycle", pa.string()),
        ("skill", pa.string()),
        ("level", pa.float64()),
        ("overall", pa.bool_()),
        ("saw_estimate", pa.bool_()),
        ("vignette", pa.string()),
    ]
)
"""Facts of ratings, scorecard ratings and decisions."""

_CHUNK: Final = 200_000


def read_measures(measures: pd.Series, facts: pa.Schema) -> pd.DataFrame:
    """Columns of `facts`, one row per entry of `measures` (canonical JSON texts), same index, null where unsaid.

    >>> frame = read_measures(pd.Series(['{"parents":1}', '{"parents":2,"revert_of":"ab"}']), WORK_FACTS)
    >>> frame["parents"].tolist(), frame["revert_of"].isna().tolist()
    ([1, 2], [True, False])
    """
    # A padding field of the schema's own spelling keeps Arrow from inferring a struct without fields.
    tables = [_parse(measures.iloc[start : start + _CHUNK], facts) for start in range(0, max(len(measures), 1), _CHUNK)]
    frame: pd.DataFrame = pa.concat_tables(tables).to_pandas(types_mapper=pd.ArrowDtype)
    frame.index = measures.index
    return frame


def _parse(texts: pd.Series, facts: pa.Schema) -> pa.Table:
    if texts.empty:
        return facts.empty_table()
    lines = "\n".join(texts.tolist()).encode("utf-8", "surrogatepass")
    return arrow_json.read_json(
        io.BytesIO(lines),
        read_options=arrow_json.ReadOptions(block_size=max(len(lines) + 1, 1 << 20)),
        parse_options=arrow_json.ParseOptions(explicit_schema=facts, unexpected_field_behavior="ignore"),
    ).select(facts.names)
