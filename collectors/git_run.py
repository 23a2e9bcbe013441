"""One run over one clone: from where the last one stopped to where the refs stand now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from dataclasses import replace

from collectors.git_batch import counted, gather, look_again
from collectors.git_commit import Commit, CommitReader, artefact_key
from collectors.git_cursor import RECENT, Position, digest
from collectors.git_history import History, history
from collectors.git_log import marker_of
from collectors.git_mailmap import LONGEST, links
from collectors.git_view import View
from collectors.git_walk import walk
from db.records import Batch, IdentityLink

__all__ = ["Run"]

_LOST = 5_000
"""Most lost artefacts in one batch."""


class Run:
    """A view of the clone together with what is wanted of it. commit_url: see `git.Settings`."""

    def __init__(self, view: View, refs: tuple[str, ...], *, content: bool, commit_url: str | None) -> None:
        self.view = view
        self.content = content
        self.tips, self.broken = view.tips(refs)
        self.cut = digest(view.cut)
        self._reader = CommitReader(view.cut, commit_url)
        self._mailmap = self._find_mailmap()

    def _find_mailmap(self) -> str:
        """Object id of HEAD's .mailmap, empty if there is none."""
        head = self.view.head()
        return (self.view.resolve([f"{head}:.mailmap"])[0] if head else None) or ""

    def start(self, cursor: Mapping[str, object] | None) -> Position:
        """Where to begin. Everything is walked again where the history was cut otherwise before (a shallow clone deepened), or imports
        and tools are wanted for the first time; a walk whose tips have gone from the clone is given up.
        """
        position = Position.read(cursor)
        began = bool(position.heads or position.walk)
        if began and (position.cut != self.cut or (self.content and not position.content)):
            position = replace(position, walk=(), done=0, last="", again=True)
        if position.walk and None in self.view.resolve(position.walk):
            position = replace(position, walk=(), done=0, last="")
        return replace(position, cut=self.cut, content=self.content or position.content)

    def is_news(self, position: Position) -> bool:
        """Whether the clone differs from what a finished position knew."""
        return self.tips != position.heads or position.again or self._mailmap != position.mailmap

    def listing(self, position: Position) -> History:
        """The commits of the walk of `position`, those already stored included."""
        known = () if position.again else self._present(position.heads)
        return history(self.view, position.walk, known) if position.walk else History(b"")

    def advance(self, position: Position) -> Generator[Batch, None, Position]:
        """Walk to the tips `position.walk`, from `position.done` on. Returns the position to begin the next run with."""
        listing, marker = self.listing(position), marker_of(position.walk)
        oids, width = listing.oids, self.view.oid_length + 1
        complete = not position.done and (position.again or not position.heads)
        if oids[max(position.done - 1, 0) * width :][: width - 1].decode("ascii") != position.last:
            position = replace(position, done=0, last="")
        commits: list[Commit] = []
        records = walk(self.view, oids[position.done * width :], marker)
        for commits in gather(self._reader.read(record) for record in records):
            look_again(self.view, commits, marker, content=self.content)
            position = replace(position, done=position.done + len(commits), last=commits[-1].oid)
            if position.done * width < len(oids):
                yield _batch(commits, position, counted(commits))
                commits = []
        lost, talk = self._lost(position, listing)
        while len(lost) > _LOST:
            yield Batch(cursor=position.written(), lost=_keys(lost[:_LOST]))
            lost = lost[_LOST:]
        finished = self._finished(position, oids, lost)
        made = self._links(position.mailmap, complete=complete)
        yield _batch(commits, finished, counted(commits) + talk, links=made, lost=_keys(lost))
        return finished

    def _finished(self, position: Position, oids: bytes, lost: Iterable[str]) -> Position:
        gone = set(lost)
        newest = oids[: RECENT * (self.view.oid_length + 1)].decode("ascii").split()
        recent = [oid for oid in dict.fromkeys((*newest, *position.recent)) if oid not in gone]
        return replace(
            position,
            heads=position.walk,
            walk=(),
            done=0,
            last="",
            again=False,
            mailmap=self._mailmap,
            recent=tuple(recent[:RECENT]),
        )

    def _lost(self, position: Position, listing: History) -> tuple[list[str], Counter[str]]:
        """Commits of earlier runs that no tip reaches any more, and what is to be told of the walk as a whole.

        A shallow or damaged clone does not know what its tips reach, so nothing is lost there.
        """
        talk = Counter(broken_refs=self.broken, damaged_history=int(listing.damaged))
        heads = self._present(position.heads)
        gone = len(heads) < len(position.heads)
        moved = not set(position.heads) <= set(position.walk)
        if not moved:
            return [], +talk
        if self.view.cut or listing.damaged:
            talk["lost_unknown"] = 1
            return [], +talk
        recent = self._present(position.recent) if gone else []
        unreached = history(self.view, {*heads, *recent}, position.walk) if heads or recent else History(b"")
        lost = unreached.oids.decode("ascii").split()
        if gone:
            lost += sorted(set(position.recent) - set(recent))
        talk["lost"] = len(lost)
        return lost, +talk

    def _present(self, oids: tuple[str, ...]) -> list[str]:
        return [oid for oid in self.view.resolve(f"{oid}^{{commit}}" for oid in oids) if oid]

    def _links(self, former: str, *, complete: bool) -> tuple[IdentityLink, ...]:
        """Links of the .mailmap. complete: the whole history was read in this run, so all its addresses are known."""
        now, before = (self.view.blob(oid, LONGEST) if oid else b"" for oid in (self._mailmap, former))
        return links(now, before, self._reader.seen, everybody=complete and not former)


def _keys(oids: Iterable[str]) -> tuple[str, ...]:
    return tuple(artefact_key(oid) for oid in oids)


def _batch(
    commits: list[Commit],
    position: Position,
    talk: Counter[str],
    *,
    links: tuple[IdentityLink, ...] = (),
    lost: tuple[str, ...] = (),
) -> Batch:
    return Batch(
        tuple(commit.evidence for commit in commits),
        position.written(),
        tuple(pair for commit in commits for pair in commit.same_as),
        links,
        lost,
        dict(talk),
    )
