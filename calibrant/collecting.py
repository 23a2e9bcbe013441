"""Wires collectors to the ledger: registers the source, resumes from its cursor, stores batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Final

from db.errors import Refusal
from db.ledger import Ledger
from db.records import Batch, Purpose, Source

__all__ = ["DEFAULT_PURPOSES", "Collected", "collect_into"]

DEFAULT_PURPOSES: Final[Mapping[str, tuple[Purpose, ...]]] = {
    "git": tuple(Purpose),
    "github": (Purpose.SELF_CHECK, Purpose.DEVELOPMENT),
    "gitlab": (Purpose.SELF_CHECK, Purpose.DEVELOPMENT),
    "feedback360": (Purpose.SELF_CHECK, Purpose.DEVELOPMENT),
    "scorecards": (Purpose.GAP_ANALYSIS, Purpose.PROMOTION),
    "table": tuple(Purpose),
}
"""What a source grants unless told otherwise: what was said for growth, in feedback or in a review, is not evidence for promotion
until somebody says so."""

_IN_FORMS: Final = frozenset({"hr", "email"})
"""Providers of the ids that rosters and forms give people; git's addresses may be anybody's."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collection did. talk: the collector's own counts. strangers: ids that it named and no roster holds, sorted."""

    source: Source
    artefacts: int
    rows: int
    talk: Mapping[str, int]
    purposes: tuple[Purpose, ...]
    strangers: tuple[str, ...] = ()


def collect_into(
    ledger: Ledger,
    kind: str,
    name: str,
    collect: Callable[[Mapping[str, object] | None, datetime], Iterator[Batch]],
    *,
    extractor: str,
    now: datetime,
    lineage: str | None = None,
    purposes: Collection[Purpose] | None = None,
    default_purposes: Collection[Purpose] | None = None,
    on_batch: Callable[[int, str], None] | None = None,
) -> Collected:
    """Collects one source. A killed run continues from the last stored batch; an unchanged source adds nothing.

    The first batch is read before the source is entered: one that is refused leaves no trace. Raises Refusal if the name is
    another history's: taken for the same, each would withdraw what the other shows. default_purposes: of a source that is new, where
    `purposes` says nothing; None: those of its kind.
    """
    known = {(status.source.kind, status.source.name): status.source for status in ledger.sources()}
    before = known.get((kind, name))
    if before is not None and None not in (before.lineage, lineage) and before.lineage != lineage:
        raise Refusal(
            "a source of this name is another history",
            where=name,
            remedy="name this one with --name; if it is the old one rewritten, revoke the old one's purposes",
        )
    batches = collect(_cursor(ledger, before) if before else None, now)
    first = list(islice(batches, 1))
    granted = purposes
    if not purposes and before is None:
        granted = DEFAULT_PURPOSES[kind] if default_purposes is None else default_purposes
    source = ledger.source(kind, name, lineage=lineage, purposes=granted or None)
    talk: dict[str, int] = {}
    named: set[str] = set()
    seen = 0

    def watched() -> Iterator[Batch]:
        nonlocal seen
        for batch in chain(first, batches):
            yield batch
            seen += len(batch.evidence)
            named.update(_ids(batch))
            for word, count in batch.talk.items():
                talk[word] = talk.get(word, 0) + count
            if on_batch is not None:
                on_batch(seen, "")

    counts = ledger.collect(source, watched(), extractor=extractor)
    status = next(status for status in ledger.sources() if status.source.id == source.id)
    if counts.withdrawn:
        talk["withdrawn"] = counts.withdrawn
    return Collected(
        source, seen, counts.added, talk, tuple(sorted(status.purposes)), _strangers(ledger, named, known_at=now)
    )


def _ids(batch: Batch) -> set[str]:
    """Ids by which forms name people: every one of them should be in the roster."""
    people = (part.identity for one in batch.evidence for part in one.participations)
    return {who.key for who in people if who.provider in _IN_FORMS and not who.bot}


def _strangers(ledger: Ledger, named: set[str], *, known_at: datetime) -> tuple[str, ...]:
    if not named:
        return ()
    held = ledger.identities(known_at=known_at)
    nobodys = held[held["person"].isna() & held["provider"].isin(_IN_FORMS)]
    return tuple(sorted(named & set(nobodys["key"].astype(str))))


_WALKED: Final = frozenset({"git", "github", "gitlab"})
"""Kinds of source that go on where they ended."""


def _cursor(ledger: Ledger, source: Source) -> Mapping[str, object] | None:
    """Where a walk ended; of a file, what the source shows now: files are read whole, and their cursors hold nothing."""
    return ledger.cursor(source) if source.kind in _WALKED else {"keys": ledger.shown(source)}
