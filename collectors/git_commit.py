"""A record of `git log` made into evidence: one commit, its facts, its people.

Facts (`measures`), null where unknown:

parents, files, added, deleted, binary, renames, submodules: counts; files and lines without gitlinks, and lines null for merges
(what a merge itself changed is not looked at), for missing blobs, and at the cut of a shallow clone. missing_blobs:
some of it could not be read. history_cut (only where true): the parents are away. truncated (only where true): the message
or the list of paths was cut. whitespace_only: set later, by `git_whitespace`; null for bots. author_at: the author's date,
which the author can choose. message_lines. reviewed_by, tested_by, acked_by, signed_off_by: people named in those trailers,
authors of the commit not counted except for sign-off. revert: it says so; revert_of, cherry_pick_of: the commit it names. change_request: number.
ai_assist: "declared" or null. github_merge: the forge committed it (squash or merge in the browser).

`occurred_at` is the committer date. The committer takes part only where it is neither the author nor the forge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from collectors.git_identity import FORGES, declares_assistance, identity, is_tool
from collectors.git_log import Record
from collectors.git_text import excerpt
from collectors.git_trailers import Message, Named, read_message
from db.records import Evidence, Identity, Kind, Participation, ParticipationRole, SameAs, SameAsRelation, Scalar

__all__ = ["EXTRACTOR", "Commit", "CommitReader", "artefact_key"]

EXTRACTOR = "git/1"
_FIRST, _LAST = -62_135_596_800, 253_402_300_799


class Commit(NamedTuple):
    """A commit as evidence. measures is the very mapping of the evidence, still open to the later passes."""

    oid: str
    evidence: Evidence
    measures: dict[str, Scalar]
    same_as: tuple[SameAs, ...]
    may_be_whitespace: bool


class _Seat(NamedTuple):
    """Somebody in a role. key: the identity's, in lower case. tool: a known AI tool."""

    participation: Participation
    key: str
    tool: bool


def artefact_key(oid: str) -> str:
    """Source-free key of a commit: the same in every clone.

    >>> artefact_key("4b825dc6")
    'git:4b825dc6'
    """
    return f"git:{oid}"


def _instant(seconds: str) -> datetime:
    """The instant git printed; nothing or nonsense is the epoch, what no calendar holds its nearest day."""
    try:
        return datetime.fromtimestamp(min(max(int(seconds), _FIRST), _LAST), UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class CommitReader:
    """Turns records into commits. cut: commits whose parents a shallow clone lacks. commit_url: with "{oid}" in it."""

    cut: frozenset[str] = frozenset()
    commit_url: str | None = None
    seen: set[Identity] = field(default_factory=set)
    """Every identity read so far."""
    _seats: dict[tuple[str, str, ParticipationRole], _Seat] = field(default_factory=dict)

    def read(self, record: Record) -> Commit:
        """The commit of one record."""
        oid, changes = record.oid, record.changes
        parents = record.parents.count(" ") + 1 if record.parents else 0
        message = read_message(record.message)
        author = self._seat(record.author, record.author_email, ParticipationRole.AUTHOR)
        people, makers, assisted = self._people(record, message, author)
        committed_at = _instant(record.committed_at)
        authored_at = committed_at if record.author_at == record.committed_at else _instant(record.author_at)
        merge = parents > 1
        may_be_whitespace = changes is not None and changes.even and not author.participation.identity.bot
        cut = oid in self.cut
        picks = tuple(pick for pick in message.picks if pick != oid)
        measures: dict[str, Scalar] = {
            "parents": parents,
            "files": changes.files if changes else None,
            "added": changes.added if changes and not merge else None,
            "deleted": changes.deleted if changes and not merge else None,
            "binary": changes.binary if changes else None,
            "renames": changes.renames if changes else None,
            "missing_blobs": not cut and not merge and (changes is None or changes.added is None),
            "whitespace_only": False
            if changes and changes.added is not None and not merge and not changes.even
            else None,
            "submodules": changes.submodules if changes else None,
            "author_at": authored_at.isoformat(),
            "message_lines": message.lines,
            "reviewed_by": _others(message.reviewers, makers),
            "tested_by": _others(message.testers, makers),
            "acked_by": _others(message.acked, makers),
            "signed_off_by": len(message.signed),
            "revert": message.is_revert,
            "revert_of": message.revert_of,
            "cherry_pick_of": picks[-1] if picks else None,
            "change_request": message.change_request,
            "ai_assist": "declared" if assisted else None,
            "github_merge": record.committer_email in FORGES,
        }
        if cut:
            measures["history_cut"] = True
        if record.truncated or (changes is not None and len(changes.paths) < changes.files):
            measures["truncated"] = True
        evidence = Evidence(
            artefact_key(oid),
            Kind.COMMIT,
            committed_at,
            EXTRACTOR,
            measures,
            changes.paths if changes else (),
            people,
            excerpt(record.message) or None,
            self.commit_url.replace("{oid}", oid) if self.commit_url else None,
        )
        return Commit(oid, evidence, measures, _same_as(oid, picks), may_be_whitespace)

    def _people(
        self, record: Record, message: Message, author: _Seat
    ) -> tuple[tuple[Participation, ...], set[str], bool]:
        """Participations, the lower-case keys of those who made the commit, and whether an AI tool is declared."""
        makers = {author.key}
        people = [author.participation]
        assisted = author.tool
        for person in message.co_authors:
            seat = self._seat(person.name, person.email or "", ParticipationRole.CO_AUTHOR)
            assisted = assisted or seat.tool
            if person.email is not None and seat.key not in makers:
                makers.add(seat.key)
                people.append(seat.participation)
        if record.committer_email != record.author_email and record.committer_email not in FORGES:
            people.append(
                self._seat(record.committer, record.committer_email, ParticipationRole.COMMITTER).participation
            )
        for group, role in (
            (message.reviewers, ParticipationRole.REVIEWER),
            (message.testers, ParticipationRole.TESTER),
        ):
            people.extend(
                self._seat(person.name, person.email, role).participation
                for person in group
                if person.email is not None
            )
        return tuple(people), makers, assisted or declares_assistance(record.message, message.trailers)

    def _seat(self, name: str, email: str, role: ParticipationRole) -> _Seat:
        """One object per person and role: a history names the same people over and over."""
        seat = self._seats.get((name, email, role))
        if seat is None:
            if len(self._seats) >= 1 << 14:
                self._seats.clear()
            who = identity(name, email)
            seat = _Seat(Participation(who, role), who.key.lower(), is_tool(name, email))
            if email:
                self.seen.add(who)
            if len(name) + len(email) < 1_000:
                self._seats[name, email, role] = seat
        return seat


def _others(people: Iterable[Named], makers: set[str]) -> int:
    return sum((person.email or person.name).lower() not in makers for person in people)


def _same_as(oid: str, picks: tuple[str, ...]) -> tuple[SameAs, ...]:
    """Joins to the commits it was picked from, where they are named in full."""
    return tuple(
        SameAs(artefact_key(oid), artefact_key(pick), SameAsRelation.CHERRY_PICK_OF)
        for pick in picks
        if len(pick) == len(oid)
    )
