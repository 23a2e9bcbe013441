"""Merkle trees with domain separation, as in RFC 6962: a leaf can never pass for a node.

A batch's tree stands over the *sorted* hashes of its rows (a set); the history's tree over event hashes in order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

__all__ = ["EMPTY", "leaf", "proof", "root", "row_tree", "verify_proof"]

EMPTY = hashlib.sha256(b"").hexdigest()
"""The root of the tree with no leaves."""


def leaf(text: str) -> bytes:
    """The hash of one leaf."""
    return hashlib.sha256(b"\0" + text.encode()).digest()


def row_tree(texts: Iterable[str]) -> list[bytes]:
    """The sorted leaves of a set of row texts, ready for `root` and `proof`."""
    sha256 = hashlib.sha256
    return sorted([sha256(b"\0" + text.encode()).digest() for text in texts])


def root(leaves: Sequence[bytes]) -> str:
    """The tree's root in hexadecimal. A lone node at the end of a level rises unchanged.

    >>> root([]) == EMPTY
    True
    """
    if not leaves:
        return EMPTY
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0].hex()


def proof(leaves: Sequence[bytes], position: int) -> list[str]:
    """The sibling hashes from the leaf at `position` to the root: "L" or "R" (the sibling's side), then hexadecimal."""
    path: list[str] = []
    level = list(leaves)
    while len(level) > 1:
        sibling = position ^ 1
        if sibling < len(level):
            path.append(("L" if sibling < position else "R") + level[sibling].hex())
        level = _above(level)
        position //= 2
    return path


def verify_proof(start: bytes, path: Sequence[str], expected_root: str) -> bool:
    """Does the path lead from the leaf hash `start` to the root?

    >>> leaves = row_tree("abc")
    >>> all(verify_proof(one, proof(leaves, i), root(leaves)) for i, one in enumerate(leaves))
    True
    """
    current = start
    for step in path:
        side = step[:1]
        if side not in {"L", "R"} or len(step) != 65 or step != step[:1] + step[1:].lower():
            return False
        try:
            sibling = bytes.fromhex(step[1:])
        except ValueError:
            return False
        current = hashlib.sha256(b"\1" + (sibling + current if side == "L" else current + sibling)).digest()
    return current.hex() == expected_root


def _above(level: list[bytes]) -> list[bytes]:
    sha256 = hashlib.sha256
    above = [sha256(b"\1" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
    if len(level) % 2:
        above.append(level[-1])
    return above
