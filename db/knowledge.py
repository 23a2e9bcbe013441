"""When the same commit, read again, tells less than it did: from a clone without its blobs, or without reading contents.

A commit's id fixes its content, so two readings of it differ only in what could be seen. The fuller one stands.
"""

from __future__ import annotations

import json

__all__ = ["knows_less"]

_OPTIONAL = ("imports", "tools", "whitespace_only")


def knows_less(new: str, old: str) -> bool:
    """Whether the measures `new` of a commit know less than its measures `old` (canonical JSON), and in nothing more.

    >>> knows_less('{"missing_blobs":true}', '{"missing_blobs":false}')
    True
    >>> knows_less('{"missing_blobs":false}', '{"imports":["torch"],"missing_blobs":false}')
    True
    >>> knows_less('{"missing_blobs":false,"parents":1}', '{"missing_blobs":false,"parents":1}')
    False
    """
    fresh, held = _known(json.loads(new)), _known(json.loads(old))
    return fresh < held


def _known(measures: dict[str, object]) -> set[str]:
    """What a reading could see, of the things that readings differ in."""
    seen = {name for name in _OPTIONAL if measures.get(name) is not None}
    return seen | ({"blobs"} if measures.get("missing_blobs") is False else set())
