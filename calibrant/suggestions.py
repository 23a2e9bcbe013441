"""Which raw identity may be whose: suggestions with reasons and a score, for a human to accept. Never by name alone.

Two independent signs are needed, and a name is never enough by itself: two people called the same are two people until
an address or an account says otherwise.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import pandas as pd

from db.records import LinkState

__all__ = ["MIN_SCORE", "Suggestion", "suggest"]

MIN_SCORE: Final = 0.5
_GENERIC: Final = frozenset(
    [
        "admin",
        "dev",
        "mail",
        "info",
        "root",
        "user",
        "test",
        "git",
        "github",
        "noreply",
        "no-reply",
        "me",
        "hello",
        "contact",
        "bot",
    ]
)
_NOREPLY: Final = "noreply.github.com"
_SAME_ADDRESS, _SAME_LOCAL_PART, _NAME_IN_ADDRESS, _SAME_NAME, _SAME_DOMAIN = 0.6, 0.4, 0.3, 0.3, 0.1


@dataclass(frozen=True, slots=True)
class Suggestion:
    """identity: opaque id; shown: what the source showed; person: HR id; score in (0, 1]; evidence: artefacts that hang on it."""

    identity: str
    shown: str
    person: str
    score: float
    reasons: tuple[str, ...]
    evidence: int


@dataclass(frozen=True, slots=True)
class _Signs:
    address: str
    local: str
    domain: str
    name: str


def suggest(
    identities: pd.DataFrame, people: pd.DataFrame, *, declined: Collection[tuple[str, str]] = frozenset()
) -> list[Suggestion]:
    """Suggestions for every unresolved, human identity, best first.

    identities: the ledger's frame (identity, provider, key, name, bot, person, state, evidence). people: person, key, name.
    declined: (identity, person) pairs that a human has settled against; they are not offered again.
    """
    known: dict[str, list[_Signs]] = defaultdict(list)
    for row in identities[identities["person"].notna()].itertuples(index=False):
        known[str(row.person)].append(_signs(str(row.key), row.name))
    for row in people.itertuples(index=False):
        known[str(row.person)].append(_Signs("", "", "", _folded(str(row.name))))
    key_of = dict(zip(people["person"], people["key"], strict=True))
    contested = identities["state"] == LinkState.CONTESTED.value
    open_rows = identities[identities["person"].isna() & ~identities["bot"].astype(bool) & ~contested]
    found: list[Suggestion] = []
    for row in open_rows.itertuples(index=False):
        mine = _signs(str(row.key), row.name)
        for person in sorted(known):
            if (str(row.identity), person) in declined:
                continue
            score, reasons = _compare(mine, known[person])
            if person in key_of and score >= MIN_SCORE and len(reasons) >= 2:
                shown = f"{row.name} <{row.key}>" if isinstance(row.name, str) and row.name else str(row.key)
                found.append(
                    Suggestion(str(row.identity), shown, str(key_of[person]), score, reasons, int(str(row.evidence)))
                )
    return sorted(found, key=lambda one: (-one.score, -one.evidence, one.identity, one.person))


def _signs(key: str, name: object) -> _Signs:
    address = key.casefold()
    local, _, domain = address.partition("@")
    local = local.split("+", 1)[-1] if domain.endswith(_NOREPLY) else local.split("+", 1)[0]
    return _Signs(address, local, domain, _folded(name) if isinstance(name, str) else "")


def _compare(mine: _Signs, theirs: list[_Signs]) -> tuple[float, tuple[str, ...]]:
    """The sum of the signs that any of the person's known identities gives, at most 1."""
    signs: dict[str, float] = {}
    for other in theirs:
        for reason, weight in _pair(mine, other):
            signs[reason] = max(signs.get(reason, 0.0), weight)
    return round(min(sum(signs.values()), 1.0), 2), tuple(sorted(signs, key=lambda reason: (-signs[reason], reason)))


def _pair(mine: _Signs, other: _Signs) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    telling = len(mine.local) >= 4 and mine.local not in _GENERIC
    if telling and mine.local == other.local:
        if mine.domain == other.domain and mine.domain:
            found.append((_same_address(mine, other), _SAME_ADDRESS))
        else:
            found.append(
                (f"same local part as {other.local}@{other.domain}" if other.domain else "same login", _SAME_LOCAL_PART)
            )
    tokens = set(other.name.split())
    if telling and len(tokens) >= 2 and set(re.split(r"[._\-\d]+", mine.local)) - {""} >= tokens:
        found.append(("address spells the person's name", _NAME_IN_ADDRESS))
    if mine.name and mine.name == other.name and len(tokens) >= 2:
        found.append(("same name", _SAME_NAME))
    if mine.domain and mine.domain == other.domain and "noreply" not in mine.domain:
        found.append(("same e-mail domain", _SAME_DOMAIN))
    return found


def _same_address(mine: _Signs, other: _Signs) -> str:
    """What two addresses of one domain and one local part share, a forge's number and a +tag left aside."""
    if mine.address == other.address:
        return "same address but for letter case"
    return "same login" if mine.domain.endswith(_NOREPLY) else "same address but for a +tag"


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).casefold().split())
