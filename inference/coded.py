"""Texts as codes: a million ids are compared as numbers, in the order of the texts they stand for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["Coded", "coded", "positions"]

Integers = NDArray[np.int64]

Coded = tuple[Integers, pd.Index]
"""Codes (-1 for null) and the distinct texts they stand for, sorted."""


def coded(texts: pd.Series) -> Coded:
    """Codes in the order of the texts.

    >>> codes, names = coded(pd.Series(["b", None, "a", "b"], dtype="str"))
    >>> codes.tolist(), names.tolist()
    ([1, -1, 0, 1], ['a', 'b'])
    """
    codes, names = pd.factorize(texts)
    order = pd.Index(names, dtype="str").argsort()
    rank = np.full(len(order) + 1, -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[codes], pd.Index(names, dtype="str").take(order)


def positions(texts: pd.Series | pd.Index, among: pd.Index) -> Integers:
    """Where each text is in `among`, which holds each text once; -1 where it is not.

    >>> positions(pd.Series(["b", "x"]), pd.Index(["a", "b"])).tolist()
    [1, -1]
    """
    wanted, known = (pa.array(one, type=pa.large_string(), from_pandas=True) for one in (texts, among))
    found = pc.index_in(wanted, value_set=known)
    return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False)).astype(np.int64)
