"""Folds of people: whoever something is said of is left out of what it was learned from."""

from __future__ import annotations

import hashlib
from typing import Final

__all__ = ["FOLDS", "fold_of"]

FOLDS: Final = 5


def fold_of(key: str) -> int:
    """The fold of a person by their key in the roster (the HR id): the same on every ledger, whoever was labelled.

    >>> [fold_of(key) for key in ("E1001", "E1002", "E1003")]
    [0, 0, 3]
    """
    return int.from_bytes(hashlib.sha256(f"fold/{key}".encode("utf-8", "surrogatepass")).digest()[:8]) % FOLDS
