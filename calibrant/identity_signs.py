"""The signs that two identities are one person's. Each belongs to a family; only signs of different families support each other.

That an address spells a name and that the name is the same are one family: whoever is called so would show both. The weights were
settled on the invented aliases of the sample and on one public .mailmap (docs/identities.md says how they fared on another).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from calibrant.identity_traces import LONG_HANDLE, PUBLIC_DOMAINS, TELLING, Trace, near, spellings

__all__ = ["Commonness", "Family", "Sign", "combined", "compare"]

_WORDS = """admin administrator dev devel developer mail email info root user test git github gitlab noreply no-reply me hello contact bot
    support office work home linux ubuntu build ci jenkins webmaster postmaster sales team nobody unknown none"""
_GENERIC = frozenset(_WORDS.split())
"""Handles that anybody may have."""
_FEW, _MANY = 20, 200
"""People at one domain: up to the first it says much that two share it, beyond the second almost nothing."""


class Family(StrEnum):
    """What a sign rests on."""

    HANDLE = "handle"
    NAME = "name"
    ORGANISATION = "organisation"
    CHANGES = "changes"
    PLACES = "places"
    TIME = "time"
    ROSTER = "roster"
    FORGE = "forge"
    MAILMAP = "mailmap"
    CLAIM = "claim"


@dataclass(frozen=True, slots=True)
class Sign:
    """weight: in (0, 1); how much of the remaining doubt it removes."""

    family: Family
    reason: str
    weight: float


@dataclass(frozen=True, slots=True)
class Commonness:
    """How many people share a handle, a name, a domain; what is not listed is one person's."""

    handles: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, int] = field(default_factory=dict)
    domains: Mapping[str, int] = field(default_factory=dict)


def combined(signs: list[Sign]) -> tuple[float, tuple[str, ...]]:
    """Score, 1 less the doubt that the best sign of each family leaves, and the reasons, strongest first."""
    best: dict[Family, Sign] = {}
    for sign in signs:
        held = best.get(sign.family)
        if held is None or (sign.weight, sign.reason) > (held.weight, held.reason):
            best[sign.family] = sign
    doubt = 1.0
    for sign in best.values():
        doubt *= 1.0 - sign.weight
    ordered = sorted(best.values(), key=lambda sign: (-sign.weight, sign.reason))
    return round(1.0 - doubt, 2), tuple(sign.reason for sign in ordered)


def compare(mine: Trace, other: Trace, common: Commonness) -> Iterator[Sign]:
    """The signs between what an unresolved identity shows and what one known to be a person's shows."""
    yield from _handle(mine, other, common)
    yield from _name(mine, other, common)
    if mine.domain and mine.domain == other.domain and mine.domain not in PUBLIC_DOMAINS:
        people = common.domains.get(mine.domain, 1)
        weight = 0.3 if people <= _FEW else 0.2 if people <= _MANY else 0.1
        yield Sign(Family.ORGANISATION, "same e-mail domain", weight)


def _handle(mine: Trace, other: Trace, common: Commonness) -> Iterator[Sign]:
    if len(mine.handle) < TELLING or mine.handle in _GENERIC or not other.handle:
        return
    if mine.handle == other.handle:
        shared = common.handles.get(mine.handle, 1)
        yield Sign(Family.HANDLE, *_same_handle(mine, other, 0.5 if shared == 1 else 0.3 if shared == 2 else 0.15))
    elif mine.domain and mine.domain == other.domain and _mistyped(mine.handle, other.handle):
        yield Sign(Family.HANDLE, f"one letter off {other.address}", 0.45)
    if mine.handle != other.handle and len(mine.letters) >= LONG_HANDLE and mine.letters == other.letters:
        where = f"{other.handle}@{other.domain}" if other.domain else other.handle
        yield Sign(Family.HANDLE, f"same local part as {where} but for dots and digits", 0.3)


def _same_handle(mine: Trace, other: Trace, weight: float) -> tuple[str, float]:
    if mine.address and other.address and mine.domain == other.domain:
        if mine.address == other.address:
            return "same address but for letter case", 0.8
        if not mine.domain:
            return "same login", weight
        return "same address but for a +tag", 0.75
    if mine.domain and other.domain:
        if near(mine.domain, other.domain):
            return f"same address but for a letter as {other.address}", 0.6
        return f"same local part as {other.handle}@{other.domain}", weight
    if other.domain:
        return f"login is the local part of {other.handle}@{other.domain}", weight
    return ("local part is their login" if mine.domain else "same login"), weight


def _mistyped(handle: str, other: str) -> bool:
    """A letter apart? A digit more or less is another person's handle, not a slip."""
    digits, theirs = ("".join(filter(str.isdigit, one)) for one in (handle, other))
    return len(handle) >= LONG_HANDLE and digits == theirs and near(handle, other)


def _name(mine: Trace, other: Trace, common: Commonness) -> Iterator[Sign]:
    for name in sorted(other.names):
        share = 1.0 if common.names.get(name, 1) == 1 else 0.8
        if " " in name and name in mine.names:
            yield Sign(Family.NAME, "same name", 0.4 * share)
        for shown in sorted(mine.names):
            parts, theirs = set(shown.split()), set(name.split())
            if shown != name and len(parts & theirs) >= 2 and (parts <= theirs or theirs <= parts):
                yield Sign(Family.NAME, "same name but for order or a middle name", 0.35 * share)
            elif " " in name and len(name) > 2 * LONG_HANDLE - 2 and near(shown, name):
                yield Sign(Family.NAME, "same name but for a letter", 0.3 * share)
        if len(mine.letters) >= TELLING and mine.letters in spellings(name):
            yield Sign(Family.NAME, "address spells the person's name", 0.3 * share)
    for shown in sorted(mine.names):
        if len(other.letters) >= TELLING and other.letters in spellings(shown):
            yield Sign(Family.NAME, "shown name is spelt by their address", 0.25)
