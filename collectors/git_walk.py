"""Every commit of a list as a record, whatever the object store lacks.

`git log --numstat` dies at the first blob it cannot read (a partial clone, a damaged one), and starting it again costs
milliseconds, which a hundred thousand missing blobs would turn into an hour. So: go on at full speed until it dies; then take the next
thousand commits carefully, that is, list their files without contents, ask which of the blobs exist,
and give git only the commits it can do; return to full speed unless many of them could not be done. A commit whose
blobs are missing keeps its file names, one whose trees are missing its header. Costs beside the full-speed pass: about a
seventh for commits taken carefully, and one start of git per thousand.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from collectors.git_log import Detail, Died, Record, log
from collectors.git_view import View
from db.errors import Incomplete

__all__ = ["walk"]

_SEGMENT = 20_000
"""Commits named to one git process: it reads them all before it begins, and keeps their messages in memory."""
_UNIT = 1_000
"""Commits taken carefully at a time."""
_FEW = 0.02
"""Share of commits that cannot be done below which full speed is tried again."""


def walk(view: View, oids: bytes, marker: str) -> Iterator[Record]:
    """One record for each of `oids` (one per line, as `history` lists them), in that order.

    Commits at the cut of a shallow clone, last in the list, give their header only: what they changed is not known.
    Raises Incomplete if a commit vanishes meanwhile (the clone is being repacked or deleted).
    """
    width = view.oid_length + 1
    end = len(oids)
    while end and oids[end - width : end - 1].decode("ascii") in view.cut:
        end -= width
    walker = _Walker(view, marker)
    yield from walker.whole(oids[:end])
    for at in range(end, len(oids), _SEGMENT * width):
        yield from log(view, oids[at : at + _SEGMENT * width], Detail.HEADER, marker)


@dataclass(frozen=True, slots=True)
class _Walker:
    view: View
    marker: str

    def whole(self, oids: bytes) -> Iterator[Record]:
        """Records of `oids`, at full speed where that goes well and carefully where it does not."""
        width = self.view.oid_length + 1
        at, careful, size = 0, False, _SEGMENT
        while at < len(oids):
            if careful:
                unit = oids[at : at + _UNIT * width].decode("ascii").split()
                undone = 0
                for record in self._carefully(unit):
                    undone += record.changes is None or record.changes.added is None
                    at += width
                    yield record
                careful = undone > _FEW * len(unit)
            else:
                with closing(log(self.view, oids[at : at + size * width], Detail.LINES, self.marker)) as records:
                    size = min(2 * size, _SEGMENT)
                    try:
                        for record in records:
                            at += width
                            yield record
                    except Died:
                        careful, size = True, min(2 * _UNIT, _SEGMENT)

    def _carefully(self, unit: Sequence[str]) -> Iterator[Record]:
        """Records of `unit`, each as detailed as the objects at hand allow."""
        sparse = self._sparse(unit)
        contents = {oid: record.changes.blobs for oid, record in sparse.items() if record.changes}
        missing = self.view.missing(blob for blobs in contents.values() for blob in blobs)
        whole = [oid for oid in unit if oid in contents and not contents[oid] & missing]
        with closing(self._each(whole, Detail.LINES)) as detailed:
            for oid in unit:
                record = next(detailed) if oid in contents and not contents[oid] & missing else None
                yield record or sparse[oid]

    def _sparse(self, unit: Sequence[str]) -> dict[str, Record]:
        """Records of `unit` with names of files, with the header alone where trees are missing."""
        trees = self.view.resolve(f"{oid}^{{tree}}" for oid in unit)
        named = [oid for oid, tree in zip(unit, trees, strict=True) if tree]
        found = {record.oid: record for record in self._each(named, Detail.NAMES) if record}
        bare = [oid for oid in unit if oid not in found]
        found |= {record.oid: record for record in self._each(bare, Detail.HEADER) if record}
        if len(found) < len(unit):
            raise Incomplete(
                "commits vanished while the clone was read", where=str(self.view.path), remedy="collect again"
            )
        return found

    def _each(self, oids: Sequence[str], detail: Detail) -> Generator[Record | None, None, None]:
        """One record for each of `oids`, None for those that git dies of."""
        at = 0
        while at < len(oids):
            with closing(self._log(oids[at:], detail)) as records:
                try:
                    for record in records:
                        at += 1
                        yield record
                except Died:
                    yield self._alone(oids[at], detail)
                    at += 1

    def _alone(self, oid: str, detail: Detail) -> Record | None:
        """git may have died of the commit after this one, so this one is asked for by itself."""
        try:
            return next(self._log([oid], detail), None)
        except Died:
            return None

    def _log(self, oids: Sequence[str], detail: Detail) -> Generator[Record, None, None]:
        return log(self.view, "".join(f"{oid}\n" for oid in oids).encode(), detail, self.marker)
