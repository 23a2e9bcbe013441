"""Evidence from a repository on GitHub: change requests, reviews, review comments and threads, issues, releases.

One page of change requests with their reviews and conversations is one GraphQL request; threads are asked for only where there are any, and
what pages cut off by node id, many change requests at once (github_query tells the price). Commits and files come from git, not
from here. A run goes on where the last one ended, or was killed, and ends cleanly where the forge wants a longer pause than allowed.

The way of the data: `github_client` (asking) -> `github_pages`, `github_children` (whole nodes) -> `github_parse` (records) ->
`github_walk` (steps with a cursor) -> `forge_evidence` -> here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from collectors.forge_cursor import Cursor
from collectors.forge_evidence import batch_of
from collectors.forge_identity import Logins
from collectors.forge_limits import Bucket
from collectors.forge_pages import LARGEST, PageSize
from collectors.forge_records import ChangeRequest, Issue, Progress, Release
from collectors.forge_secret import Secret
from collectors.forge_session import Credential, GuardedSession, TokenCredential, guarded_session
from collectors.forge_work import Work
from collectors.github_app import App, AppCredential
from collectors.github_client import Client, StaleCursor
from collectors.github_pages import Page, Pager
from collectors.github_parse import MALFORMED, Parser
from collectors.github_repositories import repositories
from collectors.github_walk import CHANGES, ISSUES, RELEASED, Run, Step
from db.errors import Refusal
from db.records import Batch

__all__ = ["EXTRACTOR", "PUBLIC", "STREAMS", "App", "Settings", "api", "collect", "connect", "host", "repositories"]

EXTRACTOR: Final = "github/1"

PUBLIC: Final = "https://api.github.com"
"""The API of github.com."""

STREAMS: Final = (CHANGES, ISSUES, RELEASED)
"""What there is to collect."""
_MOST_PAGES: Final = 20_000
_PORTION: Final = 100
"""Records in one batch. A step has up to 400, which with all under them would lie in memory several times while they are stored."""


@dataclass(frozen=True, slots=True)
class Settings:
    """repository: "owner/name"; empty where repositories are only to be listed. base_url: of GitHub Enterprise, "https://HOST" (its API
    is found under /api/v3). token: of somebody who may read, or an App. streams: which of "changes", "issues", "releases".

    page_size: change requests on a page at first, 5 to 25; it falls where pages fail and is remembered. max_pages: pages after which
    a run ends, incomplete. may_write: take a classic token that may write, where there is no other. ca_bundle, proxies,
    plain_http: as `guarded_session` has them.
    """

    repository: str
    token: Secret | App = field(repr=False)
    base_url: str = PUBLIC
    streams: tuple[str, ...] = STREAMS
    page_size: int = LARGEST
    max_pages: int = _MOST_PAGES
    may_write: bool = False
    ca_bundle: str | None = None
    proxies: Mapping[str, str] | None = field(default=None, repr=False)
    plain_http: bool = False

    def __post_init__(self) -> None:
        unknown = sorted(set(self.streams) - set(STREAMS))
        if unknown:
            raise Refusal(f"no such streams: {', '.join(unknown)}", remedy=f"there are {', '.join(STREAMS)}")
        owner, _, name = self.repository.partition("/")
        if self.repository and (not owner or not name or "/" in name):
            raise Refusal("a repository is named OWNER/NAME", where=self.repository)


def host(base_url: str) -> str:
    """The host that artefact keys and identities begin with.

    >>> host("https://api.github.com"), host("https://git.example.org"), host("https://api.acme.ghe.com")
    ('github.com', 'git.example.org', 'acme.ghe.com')
    """
    name = (urlsplit(base_url).hostname or "").lower()
    return name.removeprefix("api.") if _has_api_host(name) else name


def api(base_url: str) -> str:
    """The address of the API behind an address as people give it.

    >>> api("https://github.com/"), api("https://git.example.org"), api("https://git.example.org/api/v3")
    ('https://api.github.com', 'https://git.example.org/api/v3', 'https://git.example.org/api/v3')
    """
    parts = urlsplit(base_url)
    if parts.hostname == "github.com":
        return PUBLIC
    given = base_url.rstrip("/")
    if _has_api_host(parts.hostname or "") or parts.path.rstrip("/"):
        return given
    return f"{given}/api/v3"


def _has_api_host(name: str) -> bool:
    """github.com and GitHub's data-residency hosts have their API on a host of its own."""
    return name == "api.github.com" or (name.startswith("api.") and name.endswith(".ghe.com"))


def connect(settings: Settings, bucket: Bucket) -> Client:
    """A client for one thread. bucket: shared by all that use this token. Asks nothing yet.

    Raises Refusal for an address no forge can have, or one that is not encrypted.
    """
    address = api(settings.base_url)

    def session(credential: Credential | None) -> GuardedSession:
        return guarded_session(
            address,
            credential,
            ca_bundle=settings.ca_bundle,
            proxies=settings.proxies,
            plain_http=settings.plain_http,
            on_answer=bucket.saw,
        )

    token = settings.token
    proof = TokenCredential(token) if isinstance(token, Secret) else AppCredential(token, session(None))
    return Client(session(proof), bucket, settings.may_write)


def collect(
    settings: Settings,
    cursor: Mapping[str, object] | None,
    *,
    now: datetime,
    client: Client,
    work: Callable[[Sequence[ChangeRequest]], Mapping[str, Work]] | None = None,
    watch: Callable[[Progress], None] | None = None,
) -> Iterator[Batch]:
    """Batches of up to 100 records, newest first, each with a cursor to go on from; none if nothing is new.

    The cursor moves with the last batch of a few pages: what a kill lets be read again changes nothing. work: what the mirror knows of
    change requests, by their keys. `now`: the day on which logins were seen; everything else is dated by GitHub. Talk counts ghosts (participations of deleted accounts), incomplete, and says renamed, archived, empty, changes_disabled. Raises Gone or
    Refusal where the repository cannot be read, ForeignHost where GitHub points elsewhere; Incomplete, after all that came was
    yielded, where it wants too long a pause or some change requests did not come whole.
    """
    where = host(settings.base_url)
    logins = Logins(where, now.date())
    told: Mapping[str, int] | None = None
    reached = cursor or {}
    for step, page in _steps(settings, cursor, client, watch):
        told = {} if told is not None else _told(page, settings.repository)
        records: list[ChangeRequest | Issue | Release] = [*step.changes, *step.issues, *step.releases]
        before = reached or Cursor(EXTRACTOR, step.cursor.repository).written()
        reached = step.cursor.written()
        for begin in range(0, max(len(records), 1), _PORTION):
            portion = records[begin : begin + _PORTION]
            changes = [one for one in portion if isinstance(one, ChangeRequest)]
            known = work(changes) if work is not None and changes else None
            last = begin + _PORTION >= len(records)
            where_to, talk = (reached, {**step.talk, **told}) if last else (before, {})
            yield batch_of(portion, where, EXTRACTOR, where_to, work=known, talk=talk, logins=logins)


def _steps(
    settings: Settings,
    cursor: Mapping[str, object] | None,
    client: Client,
    watch: Callable[[Progress], None] | None,
) -> Iterator[tuple[Step, Page]]:
    """What a run brings, each with the first page of the run. Raises Refusal for answers that are not shaped as GitHub's schema says."""
    try:
        yield from _run(settings, cursor, client, watch)
    except MALFORMED as error:
        raise Refusal(
            "GitHub's answer is not shaped as its schema says",
            where=settings.repository,
            remedy="a proxy may have changed it; if not, please report it",
        ) from error


def _run(
    settings: Settings,
    cursor: Mapping[str, object] | None,
    client: Client,
    watch: Callable[[Progress], None] | None,
) -> Iterator[tuple[Step, Page]]:
    stored = Cursor.read(cursor, EXTRACTOR, str(cursor.get("repository"))) if cursor else None
    pager = Pager(client, settings.repository, stored.pages if stored else PageSize(settings.page_size))
    walk = stored.stream(CHANGES).walk if stored else None
    stale = False
    try:
        first = pager.changes(walk.after if walk else None, start=True)
    except StaleCursor:
        stale, first = True, pager.changes(None, start=True)
    parser = Parser(host(settings.base_url))
    position = Cursor.read(cursor, EXTRACTOR, parser.key(first.repository["id"]))
    if first.at is not None:
        position = position.believed(first.at)
    if stale and walk is not None:
        position = position.at(CHANGES, replace(walk, after=None))
    run = Run(client, pager, parser, position, first, settings.max_pages, watch)
    return ((step, first) for step in run.steps(settings.streams))


def _told(page: Page, name: str) -> dict[str, int]:
    """What the first page says of the repository itself."""
    about = page.repository
    return {
        "renamed": int(str(about.get("nameWithOwner", name)).lower() != name.lower()),
        "archived": int(bool(about.get("isArchived"))),
        "empty": int(bool(about.get("isEmpty"))),
        "changes_disabled": int("pullRequests" in about and about["pullRequests"] is None),
    }
