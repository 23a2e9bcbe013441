r"""`git log` as a stream of records: one pass, 1 MiB at a time, each commit as a list of text fields.

The commits are named to git on its standard input (`--no-walk=unsorted --stdin`), so the order is ours and a pass can
be taken up at any commit. A record is

    marker oid NUL parents NUL author name NUL e-mail NUL seconds NUL committer name NUL e-mail NUL seconds NUL message NUL
    [newline raw rows, numstat rows]

No field can hold a NUL, but a path, a name or a message can hold anything else, a forged record too. So the marker holds
a hash of the tips of the walk: nothing inside a history can contain a hash that depends on that history.

A record longer than 8 MiB (a 50 MB message, an import of a million files) is read field by field: each field is cut
to its first and last 32 KiB, so memory stays bounded whatever is in the repository.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from enum import Enum
from itertools import islice
from typing import NamedTuple

from collectors.git_rows import Changes, lines, names
from collectors.git_view import PIPE, View

__all__ = ["Detail", "Died", "Record", "differences", "log", "marker_of"]

_FORMAT = "%H%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B"
_PLAIN = (
    "-z",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-notes",
    "--no-show-signature",
    "--no-mailmap",
    "--encoding=UTF-8",
)
_RECORD = 8 << 20
_HALF_FIELD = 32 << 10
_CUT = b"\n\n[...]\n\n"


class Detail(Enum):
    """How closely git looks at a commit, and what of the object store it needs for that."""

    LINES = ("--raw", "--no-abbrev", "--numstat", "-M")
    """Files with their line counts: trees and blobs."""
    WORDS = (*LINES, "--ignore-all-space")
    """As LINES, but blind to whitespace. Counts are good for "none or some" only: see `_TRIMMED`."""
    NAMES = ("--raw", "--no-abbrev", "-M100%")
    """Files without line counts; renames only where the content is the same: trees."""
    HEADER = ("--no-patch",)
    """Who, when and the message: nothing but the commit."""


_TRIMMED = ("-c", "diff.context=0")
"""Without context, git first drops the lines two files have in common at their ends: a quarter faster, and in one file of a
thousand it then finds other, equally right, counts. So not where lines are counted as everybody else counts them."""
_ROWS = {Detail.LINES: lines, Detail.WORDS: lines, Detail.NAMES: names}


class Record(NamedTuple):
    """One commit. Names and e-mails as raw text, instants in seconds as text; changes is None at Detail.HEADER."""

    oid: str
    parents: str
    author: str
    author_email: str
    author_at: str
    committer: str
    committer_email: str
    committed_at: str
    message: str
    changes: Changes | None
    truncated: bool


class Died(Exception):
    """git could not go on: an object it needed is missing or damaged. All records before that one were given."""


def marker_of(tips: Iterable[str]) -> str:
    """Text that begins a record in a walk from `tips`; no repository can contain it.

    >>> marker_of(["b", "a"]) == marker_of(["a", "b"])
    True
    """
    return f"\x1e{hashlib.sha256(' '.join(sorted(tips)).encode()).hexdigest()[:20]}\x1e"


def log(view: View, oids: bytes, detail: Detail, marker: str) -> Generator[Record, None, None]:
    """One record for each of `oids` (one per line), in that order.

    Raises Died at the first commit that git cannot do; the commit before it may be left out as well.
    """
    trimmed = _TRIMMED if detail is Detail.WORDS else ()
    arguments = (
        *trimmed,
        "log",
        "--no-walk=unsorted",
        "--stdin",
        *_PLAIN,
        *detail.value,
        f"--format={marker}{_FORMAT}",
    )
    with view.process(*arguments, given=oids, uncut=detail is Detail.HEADER) as process:
        stream = _Stream(process, marker)
        length = view.oid_length
        rows = _ROWS.get(detail)
        for fields in stream.records():
            header = tuple(islice(fields, 9))
            changes = rows(fields, length) if rows else None
            deque(fields, maxlen=0)  # whatever was not asked for
            yield Record._make((*header, changes, stream.cut))


def differences(
    view: View, pairs: Iterable[tuple[str, str]], marker: str, detail: Detail = Detail.LINES
) -> Generator[Changes, None, None]:
    """What changed from the first commit of each pair to the second, in that order. detail: LINES or NAMES.

    Raises Died at the first pair that git cannot do; the one before it may be left out as well.
    """
    given = "".join(f"{after} {before}\n" for before, after in pairs).encode()
    arguments = ("diff-tree", "--stdin", "-r", *_PLAIN[:4], *detail.value, f"--format={marker}%H")
    with view.process(*arguments, given=given) as process:
        for fields in _Stream(process, marker).records():
            deque(islice(fields, 1), maxlen=0)
            yield _ROWS[detail](fields, view.oid_length)
            deque(fields, maxlen=0)


class _Stream:
    """Cuts the output of git into records, and records into fields.

    cut: something of the record at hand was left out because it is too long.
    """

    def __init__(self, process: subprocess.Popen[bytes], marker: str) -> None:
        assert process.stdout is not None
        self._process, self._stream = process, process.stdout
        self._marker, self._text_marker = marker.encode(), marker
        self._pending = b""
        self.cut = False

    def records(self) -> Iterator[Iterator[str]]:
        """The fields of each record. Those of one must be used up before the next is asked for."""
        while chunk := self._stream.read(PIPE):
            self._pending += chunk
            end = self._pending.rfind(self._marker)
            if end > 0:
                yield from self._split(self._pending[:end])
                self._pending = self._pending[end:]
            elif len(self._pending) > _RECORD:
                yield self._long()
                self.cut = False
        if self._process.wait():
            raise Died
        yield from self._split(self._pending)

    def _split(self, block: bytes) -> Iterator[Iterator[str]]:
        for record in block.decode("utf-8", "surrogateescape").split(self._text_marker)[1:]:
            yield iter(record.split("\0"))

    def _long(self) -> Iterator[str]:
        """The fields of the record at hand, read as they are asked for."""
        at = len(self._marker)
        while True:
            end = self._pending.find(b"\0", at)
            if end < 0 or len(self._pending) < end + 1 + len(self._marker):
                more = self._more(at)
                at = 0
                if more:
                    continue
                end = self._pending.find(b"\0")
                if end < 0:
                    return
            yield self._field(self._pending[at:end])
            at = end + 1
            if self._pending.startswith(self._marker, at):
                self._pending = self._pending[at:]
                return

    def _more(self, at: int) -> bool:
        """Forget what is behind `at`, the middle of a long field, and read on. False at the end of the stream."""
        rest = self._shorten(self._pending[at:]) if b"\0" not in self._pending[at:] else self._pending[at:]
        chunk = self._stream.read(PIPE)
        self._pending = rest + chunk
        if not chunk and self._process.wait():
            raise Died
        return bool(chunk)

    def _field(self, field: bytes) -> str:
        return self._shorten(field).decode("utf-8", "surrogateescape")

    def _shorten(self, field: bytes) -> bytes:
        if len(field) <= 4 * _HALF_FIELD:
            return field
        self.cut = True
        return field[:_HALF_FIELD] + _CUT + field[-_HALF_FIELD:]
