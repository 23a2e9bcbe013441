"""Which raw identity may be whose: suggestions with reasons and a score, for a human to accept. Never by name alone.

Signs of two families are needed (see `identity_signs`): two people called the same are two people until an address, an
account or the work itself says otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from calibrant.identity_book import Book, Open
from calibrant.identity_signs import Sign, combined
from calibrant.identity_work import Work

__all__ = ["MIN_SCORE", "Suggestion", "suggest"]

MIN_SCORE: Final = 0.5
_AS_GOOD: Final = 0.05
"""A score this close to another is as good."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """identity: opaque id; shown: what the source showed; person: HR id; score in (0, 1]; evidence: artefacts that hang on it.

    rivals: other people who fit as well or better.
    """

    identity: str
    shown: str
    person: str
    score: float
    reasons: tuple[str, ...]
    evidence: int
    rivals: int = 0

    @property
    def id(self) -> str:
        """Of this identity and person, the same every time: sixteen hexadecimal digits."""
        return hashlib.sha256(f"{self.identity}\n{self.person}".encode()).hexdigest()[:16]


def suggest(
    identities: pd.DataFrame,
    people: pd.DataFrame,
    *,
    links: pd.DataFrame | None = None,
    work: Callable[[Collection[str]], Work] | None = None,
    declined: Collection[tuple[str, str]] = frozenset(),
) -> list[Suggestion]:
    """Suggestions for every unresolved, human identity, best first.

    identities, people, links: the ledger's frames (`links`: of `identity_links`). work: gives the work of the identities it is
    asked for; asked once. declined: (identity, person) pairs that a human has settled against; they are not offered again.
    """
    book = Book(identities, people, links)
    candidates = {one.identity: book.candidates(one) for one in book.open}
    of_interest = {one for some in candidates.values() for person in some for one in book.owned[person]}
    done = work(of_interest | {one for one, some in candidates.items() if some}) if work else Work()
    found: list[Suggestion] = []
    for one in book.open:
        for partner in sorted(done.partners(one.identity)):
            if book.owner.get(partner) in book.key_of:
                candidates[one.identity].setdefault(book.owner[partner], [])
        found += _ranked(one, candidates[one.identity], book, done, declined)
    return sorted(found, key=lambda one: (-one.score, -one.evidence, one.identity, one.person))


def _ranked(
    one: Open, candidates: Mapping[str, list[Sign]], book: Book, work: Work, declined: Collection[tuple[str, str]]
) -> list[Suggestion]:
    scored = []
    for person in sorted(candidates):
        signs = [*candidates[person], *work.signs(one.identity, book.owned[person])]
        if (one.identity, person) not in declined and len({sign.family for sign in signs}) >= 2:
            scored.append((*combined(signs), book.key_of[person]))
    return [
        Suggestion(
            one.identity, one.shown, key, score, reasons, one.evidence,
            sum(other > score - _AS_GOOD for other, _, _ in scored) - 1,
        )
        for score, reasons, key in scored
        if score >= MIN_SCORE
    ]  # fmt: skip
