"""E-mail addresses as identities: which providers show them, and the forge account behind a no-reply address."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ADDRESSES", "noreply_account"]

ADDRESSES: Final = frozenset({"git", "email"})
"""The providers whose keys are e-mail addresses."""

_NOREPLY: Final = (
    (re.compile(r"(\d+)\+[^@]*@users\.noreply\.github\.com"), "github.com"),
    (re.compile(r"(\d+)-[^@]*@users\.noreply\.gitlab\.com"), "gitlab.com"),
)


def noreply_account(address: str) -> tuple[str, str] | None:
    """The (forge, numeric id) that a casefolded no-reply address names; None for any other address.

    >>> noreply_account("12+bob@users.noreply.github.com")
    ('github.com', '12')
    >>> noreply_account("bob@example.org") is None
    True
    """
    for pattern, forge in _NOREPLY:
        found = pattern.fullmatch(address)
        if found:
            return forge, found[1]
    return None
