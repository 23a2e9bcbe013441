"""E-mail addresses and logins as identities: which providers show them, and what a forge's no-reply address names.

A forge gives those who hide their address one of its own. The present form holds the account's number, which never
changes hands; the old one of GitHub holds the login alone, which can be given up and taken by somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

__all__ = ["ADDRESSES", "LOGIN", "login_provider", "noreply_account", "noreply_login"]

ADDRESSES: Final = frozenset({"git", "email"})
"""The providers whose keys are e-mail addresses."""

LOGIN: Final = "login:"
"""Begins the provider of logins: "login:github.com". Their keys are in lower case."""

_NOREPLY: Final = re.compile(r"([^@]+)@users\.noreply\.([a-z0-9.-]+\.[a-z0-9-]+)")
_NUMBERED: Final = {"+": re.compile(r"([0-9]{1,20})\+.+"), "-": re.compile(r"([0-9]{1,20})-.+")}


def login_provider(host: str) -> str:
    """The provider of logins on that forge.

    >>> login_provider("github.com")
    'login:github.com'
    """
    return LOGIN + host


def noreply_account(address: str, gitlab: Collection[str] = frozenset()) -> tuple[str, str] | None:
    """The (forge, numeric id) that a casefolded no-reply address names; None for any other address.

    `ID+login` is GitHub's, on any host. `ID-login` is GitLab's: elsewhere it may as well be a login that begins with
    digits, so it counts on hosts called gitlab.* and on those in `gitlab` only.

    >>> noreply_account("12+bob@users.noreply.github.com"), noreply_account("12-bob@users.noreply.gitlab.example.org")
    (('github.com', '12'), ('gitlab.example.org', '12'))
    >>> noreply_account("12-bob@users.noreply.github.com") is noreply_account("bob@example.org") is None
    True
    """
    found = _NOREPLY.fullmatch(address)
    if not found:
        return None
    local, host = found.groups()
    mark = "-" if host.startswith("gitlab.") or host in gitlab else "+"
    numbered = _NUMBERED[mark].fullmatch(local)
    return (host, numbered[1]) if numbered else None


def noreply_login(address: str, gitlab: Collection[str] = frozenset()) -> tuple[str, str] | None:
    """The (forge, login) that a casefolded no-reply address of the old form names; None for any other address.

    >>> noreply_login("bob@users.noreply.github.com"), noreply_login("12+bob@users.noreply.github.com")
    (('github.com', 'bob'), None)
    """
    found = _NOREPLY.fullmatch(address)
    if not found or "+" in found[1] or noreply_account(address, gitlab):
        return None
    return found[2], found[1]
