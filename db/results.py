"""What the ledger answers: counts, reports and seals, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime

from db.records import Purpose, Source

__all__ = ["ErasureReport", "RetentionReport", "Seal", "SourceStatus", "StoreCounts", "VerificationReport"]


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """Rows added by storing (`unchanged` and `suppressed` count what was seen and not added). Add two with `+`.

    talk: the sums of the batches' own short counts.
    """

    artefacts: int = 0
    versions: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    sightings: int = 0
    participations: int = 0
    identities: int = 0
    links: int = 0
    same_as: int = 0
    suppressed: int = 0
    persons: int = 0
    spans: int = 0
    talk: Mapping[str, int] = field(default_factory=dict)

    @property
    def added(self) -> int:
        """All rows added: 0 when everything was already known."""
        return (
            self.artefacts
            + self.versions
            + self.sightings
            + self.participations
            + self.identities
            + self.links
            + self.same_as
            + self.persons
            + self.spans
        )

    def __add__(self, other: StoreCounts) -> StoreCounts:
        counts = {
            one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self) if one.name != "talk"
        }
        talk = {name: self.talk.get(name, 0) + other.talk.get(name, 0) for name in sorted({*self.talk, *other.talk})}
        return StoreCounts(**counts, talk=talk)

    def as_mapping(self) -> dict[str, object]:
        """For JSON; zeros left out."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source, what it may be read for now, and what has been collected from it.

    last_collected: instant of the last stored batch; done: that collection ended; artefacts: how many it shows now.
    """

    source: Source
    purposes: frozenset[Purpose]
    last_collected: datetime | None
    done: bool
    artefacts: int


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """What an erasure destroyed (numbers of rows) and what must be assessed again.

    affected_runs: runs that cite erased evidence or assess the erased person; affected_persons: the opaque ids of the
    other persons whose assessments cite erased evidence.
    """

    identities: int
    artefacts: int
    evidence: int
    records: int
    suppressions: int
    affected_runs: tuple[str, ...]
    affected_persons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What a retention run destroyed: versions per class, decisions among the records, and what is affected."""

    evidence: Mapping[str, int]
    decisions: int
    affected_runs: tuple[str, ...]
    affected_persons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What `audit verify` found. problems is empty when the ledger is as its chain says; head is the last event's hash."""

    problems: tuple[str, ...]
    events: int
    rows: int
    erased: int
    head: str

    @property
    def sound(self) -> bool:
        """True when nothing was found."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Seal:
    """All that `verify_packet` needs to check a packet without the ledger; put `as_mapping()` under "seal".

    packet: the row that commits to the packet's body, with its salt. event: the audit event of the sealing; its hash
    is `head`, to be printed on the packet, and its detail holds the Merkle root over all earlier events' hashes. cited: per
    cited version its id, its event's number and the proof that leads there. events: those events, each with its proof.
    """

    packet_id: str
    sealed_at: datetime
    head: str
    packet: Mapping[str, object]
    proof: tuple[str, ...]
    event: Mapping[str, object]
    events: tuple[Mapping[str, object], ...]
    cited: tuple[Mapping[str, object], ...]

    def as_mapping(self) -> dict[str, object]:
        """For JSON."""
        return {
            "packet_id": self.packet_id,
            "sealed_at": self.sealed_at.isoformat(),
            "head": self.head,
            "packet": dict(self.packet),
            "proof": list(self.proof),
            "event": dict(self.event),
            "events": [dict(one) for one in self.events],
            "cited": [dict(one) for one in self.cited],
        }
