"""Which projects there are, and which of a group's were touched since they were last looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final
from urllib.parse import quote

from collectors.forge_failure import PageFailed
from collectors.forge_records import Repository
from collectors.gitlab_client import Client
from collectors.gitlab_fields import Json, Malformed, instant, is_readable
from collectors.gitlab_position import Position
from collectors.gitlab_records import repository
from collectors.gitlab_walk import Place, walk
from db.errors import Refusal

__all__ = ["Touched", "find", "group_key", "repositories", "touched"]

_KEYSET: Final = {"pagination": "keyset", "order_by": "id", "sort": "asc"}
_EVERYTHING: Final = {"state": "all", "scope": "all"}
_STREAMS: Final = {"changes": "merge_requests", "issues": "issues"}


@dataclass(frozen=True, slots=True)
class Touched:
    """projects: keys of the projects with an update since the stored cursor; None: there was none, look at all. cursor: to store once
    all of them have been collected, and not before."""

    projects: frozenset[str] | None
    cursor: Mapping[str, object]


def find(client: Client, name: str) -> Repository:
    """A project by its path or number; one that was renamed or moved is followed. Raises Gone if there is none to be seen."""
    raw = client.get(f"/projects/{quote(name, safe='')}").value
    if not isinstance(raw, Mapping):
        raise Malformed("expected a project", where=name)
    return repository(client.host, raw)


def repositories(
    client: Client, organisation: str | None = None, teams: Sequence[str] = (), names: Sequence[str] = ()
) -> Iterator[Repository]:
    """Projects of a group and its subgroups, of the subgroups `teams` of it alone, or of the names given; else all the token is a member of.

    Each once, by number. Projects only shared with a group belong to another and are left out. Raises Gone for a group or name that
    is not there.
    """
    if names:
        found = {one.key: one for one in (find(client, name) for name in names)}
        yield from found.values()
        return
    if organisation is None:
        if teams:
            raise Refusal("teams are subgroups of a group", remedy="name the group")
        lists = [client.rows("/projects", {**_KEYSET, "membership": "true"})]
    else:
        query = {**_KEYSET, "include_subgroups": "true", "with_shared": "false"}
        groups = [f"{organisation}/{team}" for team in teams] or [organisation]
        lists = [client.rows(f"/groups/{quote(group, safe='')}/projects", query) for group in groups]
    seen: set[str] = set()
    for row in chain.from_iterable(lists):
        one = repository(client.host, row)
        if one.key not in seen:
            seen.add(one.key)
            yield one


def group_key(client: Client, organisation: str) -> str:
    """What a group's cursor calls itself."""
    return f"{client.host}:group/{organisation}"


def touched(
    client: Client, organisation: str, stored: Mapping[str, object] | None, extractor: str, streams: Sequence[str]
) -> Touched:
    """The projects of a group whose merge requests or issues (as far as `streams` names them) were updated since `stored`.

    One request per list if nothing was, and the first time. The watermark is the lists' own greatest update, but never after the server's
    clock at their start, so a project that is updated while others are collected is found the next time. Pushes and releases
    alone do not touch a project here, nor do rows without a number or moment.
    """
    position = Position.read(stored, extractor, group_key(client, organisation))
    client.pages = position.cursor.pages
    projects: set[str] = set()
    first = False
    for stream, what in _STREAMS.items():
        if stream in streams:
            path = f"/groups/{quote(organisation, safe='')}/{what}"
            if stream in position.cursor.streams:
                position = _walked(client, path, position, stream, projects)
            else:
                first, position = True, _begun(client, path, position, stream)
    position = position.with_cursor(replace(position.cursor, pages=client.pages))
    return Touched(None if first else frozenset(projects), position.written())


def _begun(client: Client, path: str, position: Position, stream: str) -> Position:
    """From the newest row on, whatever was before; the newest page is known, so that the next look does not take it for news."""
    rows = _newest(client, path)
    _, seen = position.begin(stream)
    newest = None
    for row in filter(is_readable, rows):
        updated = instant(row.get("updated_at"))
        newest = min(filter(None, (client.at, max(filter(None, (newest, updated))))))
        seen.add(str(row.get("id")), updated)
    seen.forget(newest)
    return position.at(stream, Place(newest), seen, None).finished(stream, newest)


def _newest(client: Client, path: str) -> list[Json]:
    query = {**_EVERYTHING, "order_by": "updated_at", "sort": "desc"}
    while True:
        try:
            return client.page(path, {**query, "per_page": client.pages.size})[0]
        except PageFailed:  # smaller now
            continue


def _walked(client: Client, path: str, position: Position, stream: str, projects: set[str]) -> Position:
    place, seen = position.begin(stream)
    greatest, since = place.at, None

    def ask(asked: Mapping[str, str | int]) -> tuple[list[Json], bool, int | None]:
        nonlocal since
        rows, answer = client.page(path, {**_EVERYTHING, **asked})
        since = since or client.at
        return list(filter(is_readable, rows)), answer.more is not None, answer.total

    for page in walk(ask, place, lambda: client.pages.size):
        for row in page.rows:
            key, updated = str(row.get("id")), instant(row.get("updated_at"))
            greatest = min(filter(None, (since, max(filter(None, (greatest, updated))))))
            if not seen.has(key, updated):
                seen.add(key, updated)
                projects.add(f"{client.host}:project/{row.get('project_id')}")
        place = page.after.by(since)
        seen.forget(place.at)
    seen.forget(greatest)
    return position.at(stream, place, seen, None).finished(stream, greatest)
