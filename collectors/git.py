"""Evidence from a local git clone: every commit once, with its facts and its people.

Any clone will do: bare or with a work tree, shallow, partial, damaged, somebody else's. What cannot be read is null and counted; nothing
is fetched, executed or written (see `git_view`). All commits reachable from the chosen refs are collected, merges too, and
their number is that of `git rev-list --count` with the same refs and GIT_NO_REPLACE_OBJECTS=1.

A first run walks the whole history; the next ones only what new heads reach and old ones did not. After a force push the commits no
ref reaches any more are reported lost, and seen again if they come back. A killed run goes on after its last stored batch.

The way of the data: `git_view` (the clone) -> `git_history` (which commits) -> `git_log`, `git_walk` (records) -> `git_commit`
(evidence) -> `git_batch` (second looks) -> `git_run` -> here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from collectors.git_commit import EXTRACTOR
from collectors.git_history import first_root
from collectors.git_run import Run
from collectors.git_view import View
from db.errors import Refusal
from db.records import Batch

__all__ = ["DEFAULT_REFS", "EXTRACTOR", "Settings", "collect", "count", "lineage"]

DEFAULT_REFS = ("HEAD", "refs/heads", "refs/remotes")
"""What is walked unless told otherwise: where a clone stands and every branch it knows. Tags and the heads of change requests
(`refs/pull/*/head`) are left out: what was merged is reachable anyway, and what was not is nobody's result yet."""


@dataclass(frozen=True, slots=True)
class Settings:
    """clone: folder of the clone. refs: "HEAD", names, prefixes or patterns of refs, as `git for-each-ref` takes them.

    content: also collect added imports and tools, a second pass that about doubles the time. commit_url: address of a commit
    with "{oid}" in it. git: the program.
    """

    clone: Path
    refs: tuple[str, ...] = DEFAULT_REFS
    content: bool = False
    commit_url: str | None = None
    git: str = "git"


def lineage(settings: Settings) -> str | None:
    """What all clones of one history have in common: the root of HEAD's first-parent line. None for a shallow or empty clone.

    Raises Refusal if there is no repository.
    """
    with View(settings.clone, settings.git) as view:
        tip = view.head() or next(iter(view.tips(settings.refs)[0]), None)
        return first_root(view, tip) if tip else None


def count(settings: Settings, cursor: Mapping[str, object] | None) -> int:
    """How many commits `collect` would read, for a progress bar. Costs about a second per 150,000 commits."""
    with View(settings.clone, settings.git) as view:
        run = _run(settings, view)
        position = run.start(cursor)
        known = (*position.heads, *position.walk) if position.walk else position.heads
        rest = replace(position, heads=known, walk=run.tips)
        listings = [run.listing(position), run.listing(rest)] if position.walk else [run.listing(rest)]
        return sum(len(listing.oids) for listing in listings) // (view.oid_length + 1) - position.done


def collect(settings: Settings, cursor: Mapping[str, object] | None, *, now: datetime) -> Iterator[Batch]:
    """Batches of at most 5,000 commits, newest first; the last also carries what was lost and the .mailmap's links.

    Yields nothing if nothing changed; with `cursor` None it reads everything again. `now` is not needed: commits carry their dates.
    Talk counts commits, missing_blobs, history_cut, truncated, lost, broken_refs, damaged_history, and lost_unknown (a
    shallow or damaged clone cannot tell what was lost). Raises Refusal if there is no repository, or no commit under refs
    that were asked for; Incomplete if commits vanish while they are read.
    """
    del now
    with View(settings.clone, settings.git) as view:
        run = _run(settings, view)
        position = run.start(cursor)
        if position.walk:
            position = yield from run.advance(position)
        if run.is_news(position):
            yield from run.advance(replace(position, walk=run.tips))


def _run(settings: Settings, view: View) -> Run:
    run = Run(view, settings.refs, content=settings.content, commit_url=settings.commit_url)
    if not run.tips and settings.refs != DEFAULT_REFS:  # else all that was collected before would count as lost
        remedy = "see `git for-each-ref` for what there is; patterns begin with refs/"
        raise Refusal(
            f"no commit is reachable from {', '.join(settings.refs)}", where=str(settings.clone), remedy=remedy
        )
    return run
