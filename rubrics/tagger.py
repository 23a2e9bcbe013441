"""Which evidence bears on which skill, by the skill's signals. Any one signal is enough.

Every distinct path is matched once per skill, by one RE2 expression for all of the skill's globs; words (imports,
tools, labels, items) are looked up. Case never matters. Both sides of a rename are paths.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from db.errors import Refusal
from rubrics import globs
from rubrics.standard import Signals, Skill, Standard

__all__ = ["TAG_COLUMNS", "match_paths", "tag"]

TAG_COLUMNS = ("evidence", "paths", "imports", "tools", "labels", "source", "competency", "item")

_CHUNK = 20_000

Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]


def tag(standard: Standard, evidence: pd.DataFrame) -> pd.DataFrame:
    """All pairs of evidence and skill that match, in order of the evidence, then of the skill.

    evidence: column evidence (id) and any of paths, imports, tools, labels (lists, JSON texts of lists as the ledger
    holds them, or null; a path is text or [path, added, deleted, old path]), source (name), competency, item (text or
    null). Returns evidence, skill (a categorical over the standard's skills). Raises Refusal for a column that holds
    something else.
    """
    if "evidence" not in evidence.columns:
        raise Refusal("the evidence frame lacks evidence", remedy=f"give evidence and any of {', '.join(TAG_COLUMNS)}")
    skills = list(standard.skills.values())
    tagged = np.zeros((len(evidence), len(skills)), dtype=np.bool_)
    for name in ("paths", "imports", "tools", "labels", "source", "competency", "item"):
        if name in evidence.columns:
            listed = _Listed.of(evidence[name], name)
            for position, matches in enumerate(_matching(name, skills, listed.values)):
                tagged[listed.rows[matches[listed.codes]], position] = True
    row, skill = np.nonzero(tagged)
    pairs = pd.DataFrame(
        {
            "evidence": evidence["evidence"].take(row).reset_index(drop=True),
            "skill": pd.Categorical.from_codes(skill, pd.Index([s.code for s in skills], dtype="str")),
        }
    )
    return pairs if evidence["evidence"].is_unique else pairs.drop_duplicates(ignore_index=True)


def match_paths(standard: Standard, paths: Sequence[str]) -> pd.DataFrame:
    """For each path (index) and skill (column), whether a path signal of the skill matches.

    >>> import rubrics
    >>> match_paths(rubrics.load("aiml"), ["Dockerfile"])["containers"].tolist()
    [True]
    """
    values = pa.array(list(paths), type=pa.large_string())
    columns = {code: _by_glob(skill.signals.paths, values) for code, skill in standard.skills.items()}
    return pd.DataFrame(columns, index=pd.Index(list(paths), dtype="str"))


# -- matching distinct values --------------------------------------------------------------------------------


def _matching(name: str, skills: list[Skill], values: pa.LargeStringArray) -> Iterator[Booleans]:
    """Per skill, which of the distinct values of a column match."""
    words: Mapping[str, Callable[[Signals], Sequence[str]]] = {
        "imports": lambda signals: signals.imports,
        "tools": lambda signals: signals.tools,
        "labels": lambda signals: signals.labels,
        "competency": lambda signals: signals.items,
        "item": lambda signals: signals.items,
    }
    if name == "imports":  # a signal names a top-level module
        values = pc.replace_substring_regex(values, r"(?s)\..*", "")
    folded = pc.utf8_lower(values) if name in words else values
    for skill in skills:
        if name in words:
            yield _by_word(words[name](skill.signals), folded)
        else:
            yield _by_glob(skill.signals.paths if name == "paths" else skill.signals.repositories, values)


def _by_glob(patterns: Sequence[str], values: pa.LargeStringArray) -> Booleans:
    if not patterns:
        return np.zeros(len(values), dtype=np.bool_)
    matches = pc.match_substring_regex(values, globs.to_regex(patterns), ignore_case=True)
    found: Booleans = matches.to_numpy(zero_copy_only=False).astype(np.bool_)
    return found


def _by_word(words: Sequence[str], folded: pa.LargeStringArray) -> Booleans:
    wanted = pc.utf8_lower(pa.array(list(words), type=pa.large_string()))
    found: Booleans = pc.is_in(folded, value_set=wanted).to_numpy(zero_copy_only=False)
    return found


# -- flattening a column -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Listed:
    """A column of lists, flat: distinct values, and (row, code) for every entry."""

    values: pa.LargeStringArray
    rows: Integers
    codes: Integers

    @classmethod
    def of(cls, column: pd.Series, name: str) -> _Listed:
        if name in ("source", "competency", "item"):
            encoded = _large(column).dictionary_encode()
            codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
            rows = np.flatnonzero(codes >= 0)
            return cls(encoded.dictionary, rows, codes[rows])
        flat = _Flattener(name)
        for start in range(0, len(column), _CHUNK):
            flat.add(column.iloc[start : start + _CHUNK], start)
        return cls(pa.array(list(flat.seen), type=pa.large_string()), *flat.arrays())


def _large(column: pd.Series) -> pa.LargeStringArray:
    values = pa.array(column.astype("str"), type=pa.large_string(), from_pandas=True)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


@dataclass(slots=True)
class _Flattener:
    """Numbers the distinct entries of lists as it meets them, chunk by chunk."""

    name: str
    seen: dict[str, int] = field(default_factory=dict)
    rows: list[Integers] = field(default_factory=list)
    codes: list[Integers] = field(default_factory=list)

    def add(self, column: pd.Series, start: int) -> None:
        present = column[column.notna()]
        lists = self._decoded(present.tolist())
        positions = np.flatnonzero(column.notna().to_numpy()) + start
        rows: list[int] = []
        codes: list[int] = []
        number = self.seen.setdefault
        for row, entries in zip(positions.tolist(), lists, strict=True):
            for entry in self._texts(entries):
                codes.append(number(entry, len(self.seen)))
                rows.append(row)
        self.rows.append(np.array(rows, dtype=np.int64))
        self.codes.append(np.array(codes, dtype=np.int64))

    def arrays(self) -> tuple[Integers, Integers]:
        empty = np.empty(0, dtype=np.int64)
        return np.concatenate([empty, *self.rows]), np.concatenate([empty, *self.codes])

    def _decoded(self, cells: list[object]) -> Iterable[object]:
        """Cells as lists; JSON texts are read a chunk at a time, which is several times faster than one by one."""
        if not all(isinstance(cell, str) for cell in cells):
            return [json.loads(cell) if isinstance(cell, str) else cell for cell in cells]
        try:
            decoded: list[object] = json.loads(f"[{','.join(map(str, cells))}]")
        except ValueError as error:
            raise self._refusal() from error
        if len(decoded) != len(cells):
            raise self._refusal()
        return decoded

    def _texts(self, entries: object) -> Iterator[str]:
        if entries is None:
            return
        if not isinstance(entries, list | tuple | np.ndarray):
            raise self._refusal()
        for entry in entries:
            if isinstance(entry, str):
                yield entry
            elif isinstance(entry, list | tuple) and len(entry) == 4 and isinstance(entry[0], str):
                yield entry[0]
                if entry[3] is not None:
                    yield str(entry[3])
            else:
                raise self._refusal()

    def _refusal(self) -> Refusal:
        return Refusal(
            f"column {self.name} holds something other than lists of text",
            where="evidence frame",
            remedy="give lists, JSON texts of lists, or null",
        )
