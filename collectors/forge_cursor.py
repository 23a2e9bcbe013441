"""Where the collection of one repository of a forge stands: what the ledger keeps between runs, and between batches.

Each stream (change requests, issues, releases) is walked from the newest update down. The watermark of a stream is the greatest
`updated_at` *the server* named in walks that ended; the next walk goes down to it less `OVERLAP`, because servers' own clocks and
replicas disagree. The local clock takes no part. A walk under way is kept with its page cursor, so a killed run goes on
at the page where it was. What could not be fetched whole is kept by its key and asked for again at the start of the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from collectors.forge_pages import LARGEST, PageSize
from db.errors import Refusal

__all__ = ["OVERLAP", "Cursor", "Stream", "Walk"]

OVERLAP: Final = timedelta(minutes=10)
"""How far below the watermark the next walk goes."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk under way. after: the forge's page cursor (None: at its start). greatest: greatest `updated_at` seen in it.

    first: key of the first item of the walk's first page: rows that were updated meanwhile have moved above it, and a second pass
    from the top down to it finds them. again: this is that second pass.
    """

    after: str | None = None
    greatest: datetime | None = None
    first: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a repository. etag: of its newest page, where the forge gives one."""

    watermark: datetime | None = None
    walk: Walk | None = None
    etag: str | None = None

    @property
    def down_to(self) -> datetime | None:
        """Items updated before this need not be looked at; None: everything is to be read."""
        return None if self.watermark is None else self.watermark - OVERLAP


@dataclass(frozen=True, slots=True)
class Cursor:
    """The whole position. repository: its stable key. incomplete: key -> how often it was tried in vain."""

    extractor: str
    repository: str
    pages: PageSize = field(default_factory=PageSize)
    streams: Mapping[str, Stream] = field(default_factory=dict)
    incomplete: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(
        cls, cursor: Mapping[str, object] | None, extractor: str, repository: str, *, largest: int = LARGEST
    ) -> Cursor:
        """The position in a stored cursor. Another version of the extractor reads everything again. largest: page of this forge.

        Raises Refusal if this is no cursor of a forge, or another repository's.
        """
        if not cursor:
            return cls(extractor, repository, PageSize(largest, largest=largest))
        try:
            known: Any = cursor
            if known["repository"] != repository:
                raise Refusal(
                    "the stored cursor is another repository's",
                    where=f"{known['repository']}, not {repository}",
                    remedy="the old one was deleted and a new one took its name: collect under another source name",
                )
            pages = PageSize.read(known["page_size"], largest)
            if known["extractor"] != extractor:
                return cls(extractor, repository, pages)
            streams = {name: _stream(stream) for name, stream in known["streams"].items()}
            incomplete = {str(key): int(tries) for key, tries in known["incomplete"].items()}
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise Refusal(
                "the stored cursor is not one of a forge", remedy="collect under another source name"
            ) from error
        return cls(extractor, repository, pages, streams, incomplete)

    def written(self) -> dict[str, object]:
        """The cursor to store; JSON values only, never anything of a token."""
        return {
            "extractor": self.extractor,
            "repository": self.repository,
            "page_size": self.pages.size,
            "streams": {name: _stream_written(self.streams[name]) for name in sorted(self.streams)},
            "incomplete": {key: self.incomplete[key] for key in sorted(self.incomplete)},
        }

    def stream(self, name: str) -> Stream:
        """Where a stream stands; one never walked is at its beginning."""
        return self.streams.get(name, Stream())

    def with_stream(self, name: str, stream: Stream) -> Cursor:
        """The same with another position in one stream."""
        return replace(self, streams={**self.streams, name: stream})

    def at(self, name: str, walk: Walk) -> Cursor:
        """The same with a walk of `name` come as far as `walk`."""
        return self.with_stream(name, replace(self.stream(name), walk=walk))

    def finished(self, name: str) -> Cursor:
        """The walk of `name` is at its end: its greatest update becomes the watermark, which never goes back."""
        stream = self.stream(name)
        seen = [at for at in (stream.watermark, stream.walk and stream.walk.greatest) if at]
        return self.with_stream(name, replace(stream, watermark=max(seen, default=None), walk=None))

    def believed(self, now: datetime) -> Cursor:
        """The same without moments later than the server's own `now`: a row with a wrong date set them, and would hide what is new."""
        latest = now + OVERLAP
        return replace(self, streams={name: _believed(stream, latest) for name, stream in self.streams.items()})

    def missed(self, keys: Iterable[str]) -> Cursor:
        """`keys` could not be fetched whole, once more."""
        return replace(self, incomplete={**self.incomplete, **{key: self.incomplete.get(key, 0) + 1 for key in keys}})

    def made_good(self, keys: Iterable[str]) -> Cursor:
        """`keys` were fetched whole, or are gone for good."""
        done = set(keys)
        return replace(self, incomplete={key: tries for key, tries in self.incomplete.items() if key not in done})


def _believed(stream: Stream, latest: datetime) -> Stream:
    if stream.watermark is not None and stream.watermark > latest:
        return Stream()
    if stream.walk is not None and stream.walk.greatest is not None and stream.walk.greatest > latest:
        return replace(stream, walk=None)
    return stream


def _stream(stored: Mapping[str, Any]) -> Stream:
    walk = stored["walk"]
    return Stream(
        _instant(stored["watermark"]),
        walk and Walk(walk["after"], _instant(walk["greatest"]), walk["first"], bool(walk["again"])),
        stored["etag"],
    )


def _stream_written(stream: Stream) -> dict[str, object]:
    walk = stream.walk
    return {
        "watermark": _text(stream.watermark),
        "walk": walk
        and {"after": walk.after, "greatest": _text(walk.greatest), "first": walk.first, "again": walk.again},
        "etag": stream.etag,
    }


def _instant(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
