"""A stranger's text from a forge as it may be kept: visible, cut, and without anything that looks like a token."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from collectors.forge_secret import scrub
from collectors.text import excerpt, visible

__all__ = ["body_of", "bounded_url", "excerpt_of", "names", "object_id"]

_READ: Final = 8_000
_END: Final = 2_000
_CUT: Final = "\n…\n"
_NAME: Final = 100
_NAMES: Final = 100
_URL: Final = 2_000
_OID: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def body_of(text: str) -> str:
    """What is looked at of a description, review or comment: all of it, or its first 6,000 and last 2,000 characters, where
    trailers stand. Doing it twice changes nothing.

    >>> len(body_of("x" * 65_536))
    8000
    """
    if len(text) <= _READ:
        return text
    return text[: _READ - _END - len(_CUT)] + _CUT + text[-_END:]


def excerpt_of(text: str) -> str | None:
    """One line of at most 280 characters; None if there is nothing. A token somebody pasted is crossed out.

    >>> excerpt_of("rotate ghp_0123456789abcdef0123 now")
    'rotate [hidden] now'
    """
    return excerpt(scrub(text[:_READ]))


def names(given: Iterable[str]) -> list[str]:
    """Labels and tags: sorted, each once, at most a hundred of a hundred characters; tokens crossed out.

    >>> names(["bug", "ghp_0123456789abcdef0123"])
    ['[hidden]', 'bug']
    """
    return sorted({visible(scrub(one[:_READ].strip()), limit=_NAME) for one in given if one.strip()})[:_NAMES]


def bounded_url(url: str | None) -> str | None:
    """An address that may be shown as a link, or None.

    >>> bounded_url("javascript:alert(1)")
    """
    if url is None or len(url) > _URL or not url.startswith(("https://", "http://")):
        return None
    return visible(scrub(url))


def object_id(given: str | None) -> str | None:
    """What a forge calls an object id, if it is one: it is handed to git, which would take other words for orders.

    >>> object_id("--all")
    """
    return given if given is not None and _OID.fullmatch(given) else None
