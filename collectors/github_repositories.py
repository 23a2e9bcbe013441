"""Which repositories there are: of an organisation, of its teams, or named one by one. Read by REST, 100 to a request.

A repository that was renamed or transferred is found under its old name (GitHub redirects, on the same host) and told by its new one;
its key stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from collectors.forge_records import Repository
from collectors.github_client import Client
from db.errors import Refusal

__all__ = ["repositories", "repository"]


def repositories(
    client: Client, host: str, organisation: str | None = None, teams: Sequence[str] = (), names: Sequence[str] = ()
) -> Iterator[Repository]:
    """Each repository once, in the order GitHub lists them: the teams' where teams (slugs) are given, else all of the organisation's;
    and the named ("owner/name"). Archived ones, empty ones and those with change requests switched off are told as such.

    Raises Gone for what is not there or not for this token, Refusal for names that are none, Incomplete as `Client` does.
    """
    seen: set[str] = set()
    for row in _rows(client, organisation, teams, names):
        found = repository(row, host)
        if found.key not in seen:
            seen.add(found.key)
            yield found


def _rows(
    client: Client, organisation: str | None, teams: Sequence[str], names: Sequence[str]
) -> Iterator[dict[str, Any]]:
    if teams and organisation is None:
        raise Refusal("a team belongs to an organisation, and none is named", remedy="name the organisation too")
    if organisation is not None:
        owner = quote(organisation, safe="")
        for team in teams:
            yield from client.rows(f"/orgs/{owner}/teams/{quote(team, safe='')}/repos", _is_repository)
        if not teams:
            yield from client.rows(f"/orgs/{owner}/repos", _is_repository, type="all", sort="full_name")
    for name in names:
        owner, slash, rest = name.partition("/")
        if not (slash and owner and rest) or "/" in rest:
            raise Refusal("a repository is named OWNER/NAME", where=name)
        yield client.get(f"/repos/{quote(owner, safe='')}/{quote(rest, safe='')}", _is_repository)[1]


def _is_repository(row: object) -> bool:
    """Whether a row of a list, or an answer, is a repository; a proxy's page is none."""
    words = ("node_id", "full_name", "clone_url")
    return isinstance(row, dict) and "private" in row and all(isinstance(row.get(one), str) for one in words)


def repository(row: Mapping[str, Any], host: str) -> Repository:
    """A repository of a REST list (or of a webhook's payload).

    It is empty where nothing was ever pushed; what an older server does not tell is taken for switched on.
    """
    empty = row.get("pushed_at") is None or (not row.get("size", 1) and row.get("default_branch") is None)
    return Repository(
        key=f"{host}:{row['node_id']}",
        name=row["full_name"],
        archived=bool(row.get("archived")),
        empty=empty,
        has_changes=bool(row.get("has_pull_requests", True)),
        default_branch=None if empty else row.get("default_branch"),
        clone_url=row["clone_url"],
        private=bool(row["private"]),
    )
