"""The paths that changes touched, coded: each distinct path is looked at once, however many changes touch it."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inference.path_kinds import ASSET, NOT_WRITTEN, area_of, classify_paths

__all__ = ["TouchedPaths"]

_AT_ONCE = 20_000

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TouchedPaths:
    """Which paths each of many changes touched. Change i touched `distinct[codes[starts[i]:starts[i + 1]]]`.

    flags: per distinct path, see `path_kinds`. A path is *written* unless it is vendored, generated, a lock file or an asset.
    """

    codes: NDArray[np.int32]
    starts: NDArray[np.int64]
    distinct: tuple[str, ...]
    flags: NDArray[np.uint8]

    @classmethod
    def of(cls, paths: pd.Series) -> TouchedPaths:
        """From the ledger's column of JSON texts, `[[path, added, deleted, old path], ..]` each; null is none.

        >>> touched = TouchedPaths.of(pd.Series(['[["a/b.py",1,0,null],["poetry.lock",9,0,null]]', None]))
        >>> touched.distinct, touched.any(touched.written).tolist(), touched.main_areas().tolist()
        (('a/b.py', 'poetry.lock'), [True, False], ['a', '.'])
        """
        code_of: dict[str, int] = {}
        codes: list[int] = []
        starts = np.zeros(len(paths) + 1, dtype=np.int64)
        number = code_of.setdefault
        for first in range(0, len(paths), _AT_ONCE):
            texts = [text if isinstance(text, str) else "[]" for text in paths.iloc[first : first + _AT_ONCE].tolist()]
            lists = json.loads(f"[{','.join(texts)}]")  # at once: several times faster than one by one
            codes += [number(change[0], len(code_of)) for one in lists for change in one]
            starts[first + 1 : first + 1 + len(lists)] = [len(one) for one in lists]
        distinct = tuple(code_of)
        return cls(np.array(codes, dtype=np.int32), np.cumsum(starts), distinct, classify_paths(list(distinct)))

    @property
    def written(self) -> Booleans:
        """Per distinct path: is it something a person writes?"""
        return np.asarray((self.flags & (NOT_WRITTEN | ASSET)) == 0)

    def any(self, of_distinct: Booleans) -> Booleans:
        """Per change: has any of its paths the property, given per distinct path?"""
        running = np.concatenate([[0], np.cumsum(of_distinct[self.codes])])
        return np.asarray(running[self.starts[1:]] > running[self.starts[:-1]])

    def areas(self) -> tuple[pd.Index, NDArray[np.int64]]:
        """All areas, sorted, "." among them, and per distinct path the position of its own."""
        own = pd.Index([area_of(path) for path in self.distinct], dtype="str")
        names = own.union(["."]).unique().sort_values()
        return names, names.get_indexer(own).astype(np.int64)

    def main_areas(self) -> NDArray[np.object_]:
        """Per change the area most of its written paths lie in; ties go to the first in the alphabet, none is "."."""
        names, area = self.areas()
        changes = len(self.starts) - 1
        change = np.repeat(np.arange(changes), np.diff(self.starts))
        kept = self.written[self.codes]
        width = max(len(names), 1)
        pairs, counts = np.unique(change[kept] * width + area[self.codes[kept]], return_counts=True)
        best = np.lexsort((pairs, -counts, pairs // width))
        owner = pairs[best] // width
        first = np.flatnonzero(np.diff(owner, prepend=-1))
        mains = np.full(changes, ".", dtype=object)
        mains[owner[first]] = names.to_numpy(dtype=object)[pairs[best][first] % width]
        return mains
