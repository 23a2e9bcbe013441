"""What an identity shows of whoever is behind it: handle, domain and names, folded so that spellings can be compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from db.addresses import ADDRESSES, LOGIN, noreply_account, noreply_login

__all__ = ["LONG_HANDLE", "PUBLIC_DOMAINS", "TELLING", "Trace", "folded", "keys", "near", "spellings", "trace"]

TELLING: Final = 4
"""The fewest characters of a handle that say anything."""
LONG_HANDLE: Final = 6
"""The fewest characters of a handle of which one may be mistyped."""
_PUBLIC: Final = """gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.co.uk yahoo.co.in yahoo.co.jp icloud.com me.com mac.com
    gmx.de gmx.net gmx.com web.de t-online.de freenet.de mail.ru yandex.ru ya.ru qq.com 163.com 126.com foxmail.com sina.com aliyun.com naver.com
    proton.me protonmail.com pm.me fastmail.com fastmail.fm zoho.com aol.com orange.fr free.fr laposte.net libero.it seznam.cz wp.pl o2.pl
    localhost localhost.localdomain"""
PUBLIC_DOMAINS: Final = frozenset(_PUBLIC.split())
"""Domains that anybody may have an address in: sharing one says nothing."""

_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'"}
)
_SEPARATORS: Final = re.compile(r"[._\-+\d]+")


@dataclass(frozen=True, slots=True)
class Trace:
    """address: casefolded, "" if it is none. handle: its local part without a +tag, or the login. domain: "" for what a forge
    gives out. names: folded.
    """

    address: str
    handle: str
    domain: str
    names: frozenset[str]

    @property
    def letters(self) -> str:
        """The handle without separators and digits."""
        return _SEPARATORS.sub("", self.handle)


def trace(provider: str, key: str, names: Iterable[str], logins: Iterable[str] = ()) -> Iterator[Trace]:
    """The traces of an identity: one, or one for each login of an account.

    >>> [(one.handle, one.domain) for one in trace("git", "Ada.L+git@Example.org", ["Ada Ł"])]
    [('ada.l', 'example.org')]
    """
    shown = frozenset(filter(None, map(folded, names)))
    if provider not in ADDRESSES:
        for login in [key] if provider.startswith(LOGIN) else [*logins] or [""]:
            yield Trace("", login.casefold(), "", shown)
        return
    address = key.casefold()
    local, _, domain = address.partition("@")
    if noreply_account(address) or noreply_login(address):
        yield Trace(address, local.split("+", 1)[-1], "", shown)
    else:
        yield Trace(address, local.split("+", 1)[0], domain, shown)


def folded(name: str) -> str:
    """The name in lower case without accents, commas and dots.

    >>> folded("Łukasz  Søren-Müller, Jr.")
    'lukasz soren-muller jr'
    """
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[.,()\"]+", " ", kept).split())


def spellings(name: str) -> frozenset[str]:
    """How a folded name of two or more parts is written in handles, without separators.

    >>> sorted(spellings("ada love sample"))
    ['adalovesample', 'adas', 'adasample', 'asample', 'sampleada']
    """
    parts = re.split(r"[ '\-]+", name)
    first, last = parts[0], parts[-1]
    if len(parts) < 2 or not first or not last or not name.isascii():
        return frozenset()
    return frozenset({"".join(parts), first + last, last + first, first[0] + last, first + last[0]})


def near(one: str, other: str) -> bool:
    """Are the two a letter apart: left out, put in, replaced, or swapped with its neighbour?

    >>> near("sample", "sampel"), near("sample", "samples"), near("sample", "simpel")
    (True, True, False)
    """
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[at:], other[at:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def keys(one: Trace) -> Iterator[str]:
    """What two traces of one person have in common, so that only those that share something need comparing."""
    if len(one.handle) >= TELLING:
        yield f"handle {one.handle}"
        yield f"spelt {one.letters}"
        if one.domain and len(one.handle) >= LONG_HANDLE:
            yield from (f"near {one.domain} {one.handle[:n]}{one.handle[n + 1 :]}" for n in range(len(one.handle)))
            yield f"near {one.domain} {one.handle}"
    for name in one.names:
        yield f"name {' '.join(sorted(name.split()))}"
        yield from (f"spelt {spelling}" for spelling in spellings(name) if len(spelling) >= TELLING)
