"""Collecting one configured forge under a progress display: what is under way, how much of the quota is left, why it waits."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from calibrant.cli.console import Advance, Session
from calibrant.collecting import collect_into
from calibrant.collecting_forges import Gathered, collect_repositories
from calibrant.credentials import key_text, secret
from calibrant.forges import ForgeSite, Stoppable
from calibrant.source_settings import ForgeSource
from collectors.forge_limits import Bucket
from collectors.forge_records import Progress
from collectors.forge_secret import Secret
from collectors.github_app import App, PrivateKey
from db.errors import CalibrantError, Refusal
from db.records import Batch

__all__ = ["gather_forge"]

_SAID_FROM_SECONDS: Final = 5.0
"""Shorter waits are not worth a line where there is no progress display."""


def gather_forge(session: Session, spec: ForgeSource, folder: Path) -> Gathered:
    """Everything the specification asks for. folder: what its paths are relative to.

    Raises Refusal where the token is not there or may write, and what the forge says against listing its repositories.
    """
    session.ledger.sources()  # a ledger that cannot be read is refused before anybody is asked
    stopped = threading.Event()
    display = _Display(session)
    bucket = Bucket(clock=Stoppable(stopped), max_wait=spec.max_wait_minutes * 60, on_wait=display.waits)
    site = ForgeSite(spec, _credential(spec, session.environment, folder), folder / session.settings.mirrors, bucket)
    with session.progress(site.host) as display.advance:
        warning = site.warning()
        if warning:
            session.say(warning)
        group = _group_source(site)
        stored = _stored_cursor(session, spec.kind, group) if group else None
        found = site.look(stored)
        missing: dict[str, CalibrantError] = {}
        repositories = site.repositories(missing)
        if not repositories and not missing:
            raise _nothing_found(spec)
        display.repositories = len(repositories)
        display.going_on = _is_under_way(session, spec.kind, {one.key for one in repositories})
        gathered = collect_repositories(
            session.ledger,
            site,
            repositories,
            now=session.now,
            purposes=spec.purposes,
            stopped=stopped,
            watch=display.moves,
        )
        gathered.failed |= missing
    session.ledger.flag_bots(session.settings.bots)
    if group and found is not None and not gathered.failed:
        _store_group(session, spec.kind, group, found)
    return gathered


def _nothing_found(spec: ForgeSource) -> Refusal:
    where = ", ".join(spec.teams or filter(None, (spec.organisation, *spec.repositories))) or spec.where
    left_out = "" if spec.archived else "; archived ones are left out, as configured"
    return Refusal(
        f"no repositories found in {where}", remedy=f"check the name, and that the token may see them{left_out}"
    )


def _credential(spec: ForgeSource, environment: Mapping[str, str], folder: Path) -> Secret | App:
    if spec.app is not None:
        reads = ("contents", "issues", "metadata", "pull_requests", *(("members",) if spec.teams else ()))
        key = PrivateKey(key_text(spec.app.key, environment, folder))
        return App(str(spec.app.id), spec.app.installation, key, reads)
    if spec.token is None:
        raise AssertionError("the specification was checked")
    return secret(spec.token, environment, folder)


def _group_source(site: ForgeSite) -> str | None:
    """Name of the source that holds nothing but how far a GitLab group's lists were read."""
    group = site.spec.organisation if site.kind == "gitlab" else None
    return site.named(f"{group}/*") if group else None


def _stored_cursor(session: Session, kind: str, name: str) -> Mapping[str, object] | None:
    held = [one.source for one in session.ledger.sources() if (one.source.kind, one.source.name) == (kind, name)]
    return session.ledger.cursor(held[0]) if held else None


def _is_under_way(session: Session, kind: str, keys: Collection[str]) -> bool:
    """Whether the last run stopped in the middle of a list of one of these repositories."""
    held = [one.source for one in session.ledger.sources() if one.source.kind == kind]
    cursors: list[Mapping[str, Any]] = [session.ledger.cursor(source) or {} for source in held]
    streams = [one.get("streams", {}) for one in cursors if one.get("repository") in keys]
    return any(stream["walk"] for each in streams for stream in each.values())


def _store_group(session: Session, kind: str, name: str, cursor: Mapping[str, object]) -> None:
    if cursor != _stored_cursor(session, kind, name):
        batches = [Batch(cursor=cursor)]
        collect_into(
            session.ledger,
            kind,
            name,
            lambda _cursor, _now: iter(batches),
            extractor=kind,
            now=session.now,
            default_purposes=(),
        )


class _Display:
    """Turns what several workers tell into one line."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.advance: Advance = lambda done, words="", total=None: None
        self.repositories = 0
        self.going_on = False
        self._progress: dict[str, Progress] = {}
        self._waiting = ""
        self._lock = threading.Lock()

    def moves(self, source: str, progress: Progress) -> None:
        """A repository came further."""
        with self._lock:
            self._progress[source] = progress
            self._waiting = ""
            self._show()

    def waits(self, seconds: float, reason: str) -> None:
        """Told every second of a wait. Where nobody watches a display, its beginning is said in a line."""
        with self._lock:
            if not self._waiting and seconds >= _SAID_FROM_SECONDS and not self.session.talk.is_terminal:
                self.session.say(f"waiting {seconds:,.0f} s: {reason}")
            self._waiting = f"waiting {seconds:,.0f} s: {reason}" if seconds > 1 else ""
            self._show()

    def _show(self) -> None:
        known = self._progress.values()
        done = sum(one.done for one in known)
        totals = [one.total for one in known]
        total = sum(one for one in totals if one) if len(totals) == self.repositories and None not in totals else None
        words = "going on, " if self.going_on and total is None else ""
        self.advance(done, self._waiting or words + self._words(), total)

    def _words(self) -> str:
        known = list(self._progress.values())
        words = [f"{sum(p.requests for p in known):,} requests"]
        if self.repositories > 1:
            words.insert(0, f"{len(known)} of {self.repositories}")
        last = [one for one in known if one.remaining is not None and one.resets_at is not None]
        if last:
            least = min(last, key=lambda one: one.remaining or 0)
            words.append(f"{least.remaining:,} left until {least.resets_at:%H:%M}")
        return ", ".join(words)
