"""Gathers from the ledger what suggestions are made of. They are for whoever keeps the ledger, so every source is read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from calibrant.identity_work import Work, read_work
from calibrant.suggestions import Suggestion, suggest
from db.ledger import Ledger
from db.records import Kind

__all__ = ["suggestions"]


def suggestions(ledger: Ledger, *, now: datetime) -> list[Suggestion]:
    """Whose the identities that are nobody's may be, best first."""

    def work(wanted: Collection[str]) -> Work:
        kinds = (Kind.COMMIT, Kind.CHANGE_REQUEST)
        evidence = ledger.evidence(as_of=now, known_at=now, purpose=None, kinds=kinds)
        return read_work(evidence, ledger.participations(as_of=now, known_at=now, purpose=None), wanted)

    return suggest(
        ledger.identities(known_at=now),
        ledger.people(as_of=now, known_at=now),
        links=ledger.identity_links(known_at=now),
        work=work,
        declined=ledger.declined(known_at=now),
    )
