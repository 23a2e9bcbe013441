"""The ledger as everyone else sees it.

Each method is one call into the room that does the work. Everything that changes the ledger is one transaction and
one audit event. Reads of things that change take `known_at`: what the ledger knew at that instant; `as_of` is the
instant the question is about.

The file is long because it is the whole list of what the ledger can do, with what each promises; no work is done here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from pandas import DataFrame
from sqlalchemy import Connection

from db import (
    audit,
    cases,
    collect,
    erasure,
    export,
    frames,
    identities,
    identity_history,
    packets,
    people,
    references,
    retention,
    roster,
    runs,
    schema,
    sources,
    standards,
    write,
)
from db.canonical import micros
from db.engine import Store
from db.records import (
    Assessment,
    Batch,
    Citation,
    Decision,
    Dispute,
    JointPosterior,
    Kind,
    LinkBasis,
    LinkState,
    ModelVersion,
    Purpose,
    Reply,
    Retention,
    Roster,
    Run,
    Source,
    StandardSetting,
)
from db.results import ErasureReport, RetentionReport, Seal, SourceStatus, StoreCounts, VerificationReport
from db.suppression import ensure_key
from db.transaction import Transaction

__all__ = ["Ledger"]


class Ledger:
    """A ledger at a URL. Making the object opens and creates nothing.

    url: `sqlite:///FILE` or `postgresql://...`. clock gives the present instant (timezone-aware), entropy(n) gives n secret
    random bytes; given the same two, the same calls write the same bytes. actor is named in the audit chain.

    Every method but `init` raises `Refusal` when there is no ledger at the URL.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], datetime],
        entropy: Callable[[int], bytes],
        actor: str = "local",
    ) -> None:
        self._store = Store(url, clock=clock, entropy=entropy, actor=actor)

    def __repr__(self) -> str:
        return f"Ledger({self._store.where!r})"

    def init(self) -> None:
        """Create the tables, or bring them up to date; the second time it changes nothing."""

        def migrate(connection: Connection) -> None:
            schema.migrate(connection)

        self._store.create(migrate)
        self._store.write("init", ensure_key)

    # -- sources ---------------------------------------------------------------------------------------------

    def source(
        self, kind: str, name: str, *, lineage: str | None = None, purposes: Collection[Purpose] | None = None
    ) -> Source:
        """Register a source or fetch it. It grants nothing until purposes are given; given ones replace those held."""
        return self._store.write("source", lambda unit: sources.register(unit, kind, name, lineage, purposes))

    def sources(self) -> list[SourceStatus]:
        """Every source by name with its purposes now, its last collection and the number of artefacts it shows."""
        with self._store.connect() as connection:
            return sources.status(connection, self._now())

    def grant(self, source_id: str, purposes: Collection[Purpose]) -> None:
        """Let the source be read for these purposes from now on."""
        self._purposes("grant", source_id, purposes, granted=True)

    def revoke(self, source_id: str, purposes: Collection[Purpose]) -> None:
        """Let the source no longer be read for these purposes from now on."""
        self._purposes("revoke", source_id, purposes, granted=False)

    def _purposes(self, action: str, source_id: str, purposes: Collection[Purpose], *, granted: bool) -> None:
        def work(unit: Transaction) -> None:
            sources.set_purposes(unit, source_id, purposes, granted=granted)
            unit.detail |= {"source": source_id, "purposes": sorted(Purpose(one).value for one in purposes)}

        self._store.write(action, work)

    def granting(self, *, known_at: datetime) -> Mapping[str, frozenset[Purpose]]:
        """The purposes each source (by id) granted at that instant; sources that granted none are left out."""
        with self._store.connect() as connection:
            return sources.granting(connection, micros(known_at))

    def shown(self, source: Source) -> list[str]:
        """Keys of the artefacts that the source shows now, sorted; erased ones have none."""
        with self._store.connect() as connection:
            return sources.shown(connection, source.id)

    def cursor(self, source: Source) -> Mapping[str, object] | None:
        """Where the source's last stored batch ended; None before the first."""
        with self._store.connect() as connection:
            return sources.cursor(connection, source.id)

    # -- storing ---------------------------------------------------------------------------------------------

    def collect(
        self,
        source: Source,
        batches: Iterable[Batch],
        *,
        extractor: str,
        on_batch: Callable[[StoreCounts], None] | None = None,
    ) -> StoreCounts:
        """Store each batch in one transaction with its cursor; the totals. `on_batch` hears each batch's counts.

        What was stored before an error or a kill stays and is continued from. Raises `BadInput` for text that cannot be
        stored (NUL) and `Incomplete` if the ledger stays busy.
        """
        return collect.collect(self._store, source, batches, extractor, on_batch)

    def store_roster(self, people_: Roster) -> StoreCounts:
        """Store an import of people; what is unchanged adds nothing. Links identities where the roster settles whose they are."""
        return self._store.write("roster", lambda unit: roster.store_roster(unit, people_))

    def known_artefacts(self, keys: Iterable[str]) -> set[str]:
        """Those of the artefact keys that the ledger holds, or has erased and will not take again."""
        with self._store.connect() as connection:
            return write.known_artefacts(connection, list(keys))

    # -- frames ----------------------------------------------------------------------------------------------

    def evidence(
        self,
        *,
        as_of: datetime,
        known_at: datetime,
        purpose: Purpose | None,
        kinds: Collection[Kind] | None = None,
    ) -> DataFrame:
        """The current version of every artefact that may be read: one row each, in no particular order.

        Columns: evidence, artefact (opaque ids), kind, occurred_at (datetime64[us, UTC]), source_kind, source (the first
        by name that shows it), repository (the source's lineage, else its id), extractor, measures and paths (JSON
        text), excerpt, url, retention, same_as (the opaque id of the artefact in this frame that this one
        duplicates, else missing). purpose None reads every source.
        """
        return frames.evidence(self._store, as_of, known_at, purpose, kinds)

    def participations(self, *, as_of: datetime, known_at: datetime, purpose: Purpose | None) -> DataFrame:
        """Who did what in the evidence of the same arguments, in no particular order.

        Columns: evidence, identity (opaque ids), role, person (opaque id, missing if unresolved or contested), provider
        (missing for an erased identity), bot (bool).
        """
        return frames.participations(self._store, as_of, known_at, purpose)

    def reverts(self, *, as_of: datetime, known_at: datetime) -> DataFrame:
        """Which artefact says it reverts which: artefact, target (opaque ids), sorted."""
        with self._store.connect() as connection:
            return references.reverts(connection, micros(as_of), micros(known_at))

    def reviewed(self, *, as_of: datetime, known_at: datetime) -> DataFrame:
        """Which review or review comment is about which change request: artefact, target (opaque ids), sorted."""
        with self._store.connect() as connection:
            return references.reviewed(connection, micros(as_of), micros(known_at))

    def people(self, *, as_of: datetime, known_at: datetime) -> DataFrame:
        """Every person, by key, with what held on the day of `as_of`.

        Columns: person (opaque id), key, name, team, role, job_level, fte (float; missing outside employment), remote (boolean;
        missing outside employment and where no roster said it), joined_on (first day), left_on (end of the last span, missing if open); days are ISO text.
        """
        with self._store.connect() as connection:
            return people.people(connection, as_of, known_at)

    def employments(self, *, known_at: datetime) -> DataFrame:
        """Columns: person, valid_from, valid_to (ISO days, half-open, missing if open), fte, remote."""
        return self._spans("employment", known_at)

    def memberships(self, *, known_at: datetime) -> DataFrame:
        """Columns: person, valid_from, valid_to (ISO days, half-open, missing if open), team."""
        return self._spans("membership", known_at)

    def role_assignments(self, *, known_at: datetime) -> DataFrame:
        """Columns: person, valid_from, valid_to (ISO days, half-open, missing if open), role, job_level."""
        return self._spans("role_assignment", known_at)

    def absences(self, *, known_at: datetime) -> DataFrame:
        """Columns: person, valid_from, valid_to (ISO days, half-open)."""
        return self._spans("absence", known_at)

    def _spans(self, table: str, known_at: datetime) -> DataFrame:
        with self._store.connect() as connection:
            return people.spans(connection, table, known_at)

    def identities(self, *, known_at: datetime) -> DataFrame:
        """Every raw identity, by provider and key; erased ones are left out.

        Columns: identity (opaque id), provider, key, name, names (JSON list of all), bot, person (opaque id, else
        missing), basis (LinkBasis), state (LinkState, missing if nobody was ever suggested), evidence (current
        versions it takes part in).
        """
        with self._store.connect() as connection:
            return people.identities(connection, known_at)

    def declined(self, *, known_at: datetime) -> frozenset[tuple[str, str]]:
        """The (identity, person) pairs, by opaque ids, whose last link state is unlinked or rejected."""
        with self._store.connect() as connection:
            return people.declined(connection, known_at)

    def identity_links(self, *, known_at: datetime) -> DataFrame:
        """Every row of every identity's history of links, by identity and sequence; nothing is ever taken back.

        Columns: identity, sequence, person, proper (opaque ids; proper is the identity it stands for), basis (LinkBasis), state
        (LinkState), valid_from, valid_to (ISO days, half-open), reason, score, known_at (UTC), actor.
        """
        with self._store.connect() as connection:
            return identity_history.identity_links(connection, known_at)

    def identity_evidence(self, *, known_at: datetime, purpose: Purpose | None) -> DataFrame:
        """What hangs on each identity in sources that may be read for the purpose (None: all), by identity and kind.

        Columns: identity (opaque id), kind, artefacts (current versions it takes part in), last (UTC, when the last occurred).
        """
        with self._store.connect() as connection:
            return identity_history.identity_evidence(connection, known_at, purpose)

    def link(
        self,
        link_identity_id: str,
        person_key: str,
        *,
        basis: LinkBasis,
        state: LinkState,
        reason: str,
        score: float | None = None,
    ) -> None:
        """Put an identity into a state towards a person, from now on; score: of the suggestion behind it, 0..1.

        Raises `Refusal` if identity or person is unknown.
        """
        self._store.write(
            "link", lambda unit: people.link(unit, link_identity_id, person_key, basis, state, reason, score)
        )

    def flag_bots(self, patterns: Collection[str]) -> int:
        """Take identities that match for bots from now on, however often they are seen without saying so; how many are new.

        patterns: addresses, logins or HOST/number, `*` for any letters, whatever their case.
        """
        return self._store.write("bots", lambda unit: identities.flag_bots(unit, patterns)) if patterns else 0

    def person_id(self, key_or_id: str) -> str:
        """The person's opaque id. Raises `Refusal`, naming near misses, if unknown."""
        with self._store.connect() as connection:
            return people.person_id(connection, key_or_id)

    # -- assessment ------------------------------------------------------------------------------------------

    def save_rubric(self, *, hash: str, name: str, version: str, text: str) -> None:  # noqa: A002 - the field's own word
        """Keep a rubric's text under its content hash, once."""
        self._store.write("rubric", lambda unit: runs.save_rubric(unit, hash, name, version, text))

    def rubric_text(self, hash: str) -> str:  # noqa: A002 - as above
        """The text of a rubric snapshot. Raises `Refusal` if there is none."""
        with self._store.connect() as connection:
            return runs.rubric_text(connection, hash)

    def save_run(
        self,
        run: Run,
        assessments: Sequence[Assessment],
        citations: Sequence[Citation],
        posteriors: Sequence[JointPosterior],
    ) -> None:
        """Save a run whole, in one transaction. Saving the same again changes nothing.

        Raises `Refusal` for a person the ledger does not know, or if the run's id is taken by other content.
        """
        self._store.write("assess", lambda unit: runs.save_run(unit, run, assessments, citations, posteriors))

    def runs(self) -> list[Run]:
        """Every run, the first saved first."""
        with self._store.connect() as connection:
            return runs.runs(connection)

    def latest_run(self, purpose: Purpose) -> Run | None:
        """The last saved run for that purpose."""
        return next((run for run in reversed(self.runs()) if run.purpose == purpose), None)

    def assessments(self, run_id: str, person: str | None = None) -> list[Assessment]:
        """The run's assessments (of one person, by opaque id), by person and skill."""
        with self._store.connect() as connection:
            return runs.assessments(connection, run_id, person)

    def citations(self, run_id: str, person: str | None = None) -> list[Citation]:
        """The run's citations (of one person, by opaque id)."""
        with self._store.connect() as connection:
            return runs.citations(connection, run_id, person)

    def posteriors(self, run_id: str, person: str | None = None) -> list[JointPosterior]:
        """The run's joint posteriors (of one person, by opaque id), by person."""
        with self._store.connect() as connection:
            return runs.posteriors(connection, run_id, person)

    # -- standards and models ---------------------------------------------------------------------------------

    def save_standard_setting(self, setting: StandardSetting) -> str:
        """Keep a standard-setting record; its id. The same as the one that stands changes nothing.

        Raises `Refusal` if the record holds a key or id of a person or identity: judges are numbered, never named.
        """
        return self._store.write("standard", lambda unit: standards.save_standard_setting(unit, setting))

    def standard_settings(self, *, known_at: datetime) -> list[StandardSetting]:
        """Every record known then, the first saved first. Of one skill and method the last stands."""
        with self._store.connect() as connection:
            return standards.standard_settings(connection, known_at)

    def register_model(self, model: ModelVersion) -> str:
        """Make a model version the current one; its hash. Registering the same coefficients again changes nothing."""
        return self._store.write("model", lambda unit: standards.register_model(unit, model))

    def models(self, *, known_at: datetime | None = None) -> list[ModelVersion]:
        """Every model version (known then), the first registered first."""
        with self._store.connect() as connection:
            return standards.models(connection, known_at)

    def current_model(self, *, known_at: datetime) -> ModelVersion | None:
        """The model version registered last by then."""
        return next(reversed(self.models(known_at=known_at)), None)

    # -- decisions -------------------------------------------------------------------------------------------

    def record_decision(self, decision: Decision) -> None:
        """Keep a human judgement; its person may be given by key or opaque id."""
        self._store.write("decision", lambda unit: cases.record_decision(unit, decision))

    def decisions(self) -> list[Decision]:
        """Every decision, by instant; persons by opaque id."""
        with self._store.connect() as connection:
            return cases.decisions(connection)

    def open_dispute(self, person: str, target: str, reason: str) -> Dispute:
        """Contest an evidence id or "identity:<id>". Raises `Refusal` if there is no such thing."""
        return self._store.write("dispute", lambda unit: cases.open_dispute(unit, person, target, reason))

    def resolve_dispute(self, dispute_id: str, state: str, reason: str) -> Dispute:
        """End a dispute as "upheld" or "dismissed"."""
        return self._store.write("dispute", lambda unit: cases.resolve_dispute(unit, dispute_id, state, reason))

    def disputes(self, *, known_at: datetime | None = None) -> list[Dispute]:
        """Every dispute in its present state, or in the one it was known to be in at that instant."""
        with self._store.connect() as connection:
            return cases.disputes(connection, known_at)

    def add_reply(self, person: str, text: str) -> Reply:
        """Keep what a person answers to a packet."""
        return self._store.write("reply", lambda unit: cases.add_reply(unit, person, text))

    def replies(self, person: str) -> list[Reply]:
        """The person's replies, oldest first."""
        with self._store.connect() as connection:
            return cases.replies(connection, person)

    # -- packets, erasure, audit -----------------------------------------------------------------------------

    def cited(self, run_id: str, person: str) -> DataFrame:
        """The evidence a run cites for a person (opaque id), as it stands now.

        The columns of `evidence()` plus erased and superseded (bool). An erased row keeps its ids and kind only.
        """
        return frames.cited(self._store, run_id, person)

    def erased_citations(self, run_id: str) -> list[str]:
        """Ids of cited evidence that has been erased since, sorted."""
        with self._store.connect() as connection:
            return runs.erased_citations(connection, run_id)

    def head(self) -> str:
        """Hash of the last event of the audit chain."""
        with self._store.connect() as connection:
            return audit.last_hash(connection)

    def seal_packet(
        self,
        *,
        run_id: str,
        person: str,
        role: str,
        job_level: str,
        reading: Mapping[str, object],
        sealed: Mapping[str, object],
        cited: Sequence[str],
    ) -> Seal:
        """Record a packet whose body is `reading` and `sealed` (JSON values) and which cites these evidence ids.

        Put `as_mapping()` of the result under "seal" beside "reading" and "sealed"; `packets.verify_packet` then checks the
        whole offline. Raises `Refusal` for an unknown person or evidence id.
        """
        body = {"reading": reading, "sealed": sealed}

        def work(unit: Transaction) -> tuple[Transaction, dict[str, object]]:
            return unit, packets.record_packet(unit, run_id, person, role, job_level, body, cited)

        return packets.compose(*self._store.write("seal", work))

    def open_packet(self, packet_id: str, reason: str) -> None:
        """Record that the sealed result was opened, and why. Raises `Refusal` for an unknown packet."""
        self._store.write("open", lambda unit: packets.open_packet(unit, packet_id, reason))

    def packet_openings(self, packet_id: str) -> list[tuple[datetime, str, str]]:
        """Who opened the packet: (instant, actor, reason), the first first."""
        with self._store.connect() as connection:
            return packets.openings(connection, packet_id)

    def erase_person(self, person: str, *, reason: str) -> ErasureReport:
        """Erase a person (key or opaque id) and all evidence they authored, rated in or are the subject of, for good.

        What is collected or imported again does not bring them back. The reason stays in the chain for ever: name nobody in it.
        Raises `Refusal` while an identity of theirs is claimed for somebody else too, or contested.
        """
        report = self._store.write("erase", lambda unit: erasure.erase_person(unit, person, reason))
        self._store.scrub()
        return report

    def erase_evidence(self, ids: Sequence[str], reason: str) -> ErasureReport:
        """Erase the artefacts of these evidence ids, in every version, for good. Raises `Refusal` for an unknown id."""
        report = self._store.write("erase", lambda unit: erasure.erase_evidence(unit, ids, reason))
        self._store.scrub()
        return report

    def run_retention(self, policy: Mapping[Retention, int]) -> RetentionReport:
        """Erase evidence (and decisions) older than the days its retention class is kept; classes not named are kept."""
        report = retention.run_retention(self._store, policy)
        self._store.scrub()
        return report

    def verify(self, head: str | None = None) -> VerificationReport:
        """Check every row against the audit chain: edits, gaps, reorderings, lost and smuggled rows, a cut-off end.

        head: the hash printed on a packet; a chain that does not hold it was cut off or rewritten.
        """
        with self._store.connect() as connection:
            return audit.verify(connection, head)

    def export_evidence(self, *, as_of: datetime, known_at: datetime) -> Iterator[dict[str, object]]:
        """Every current artefact that a source shows, by artefact key, without salts, opaque ids and moments of collection.

        Equal ledgers export equal values on every back end: artefact, kind, occurred_at, extractor, measures, paths,
        participations ([role, provider, key]), excerpt, url, retention, sources ([kind, name]), same_as ([relation, key]).
        """
        with self._store.connect() as connection:
            yield from export.export_evidence(connection, as_of, known_at)

    def _now(self) -> int:
        return micros(self._store.clock())
