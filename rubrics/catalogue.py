"""A read-only mapping by code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

__all__ = ["Catalogue"]

_V = TypeVar("_V")


class Catalogue(Mapping[str, _V]):
    """A read-only mapping in fixed order that, unlike a mapping proxy, pickles and copies.

    >>> Catalogue({"a": 1})["a"]
    1
    """

    __slots__ = ("_entries",)

    def __init__(self, entries: Mapping[str, _V]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, code: str) -> _V:
        return self._entries[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"Catalogue({self._entries!r})"
