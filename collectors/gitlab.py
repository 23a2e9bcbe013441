"""Evidence from a project on GitLab: merge requests with who approved and what was said, issues, releases. REST v4, read only.

Commits and changed lines are not asked of the API: they come from a mirror clone, which also has the heads of merge requests. What
costs requests is one answer of discussions per merge request, and one of approvals where anybody ever approved; lists take one per
hundred rows. If nothing is new, one request per list of a project (`collect`), or one per list of a whole group (`touched`).

The way of the data: `gitlab_client` (answers) -> `gitlab_walk` (lists, by time) -> `gitlab_changes`, `gitlab_talk`, `gitlab_reviews`,
`gitlab_records` (records) -> `gitlab_run` (batches) -> `forge_evidence` -> here. What a review is on GitLab: `gitlab_reviews`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from collectors.forge_evidence import batch_of
from collectors.forge_identity import Logins
from collectors.forge_limits import Bucket
from collectors.forge_records import ChangeRequest, Progress
from collectors.forge_secret import Secret
from collectors.forge_work import Work
from collectors.gitlab_client import Client, check_token, host
from collectors.gitlab_position import Position
from collectors.gitlab_projects import find, repositories, touched
from collectors.gitlab_run import Record, Run
from db.errors import Incomplete, Refusal
from db.records import Batch

__all__ = [
    "EXTRACTOR",
    "STREAMS",
    "Settings",
    "check_token",
    "collect",
    "connect",
    "host",
    "repositories",
    "touched",
    "unfinished",
]

EXTRACTOR: Final = "gitlab/1"
STREAMS: Final = ("changes", "issues", "releases")


@dataclass(frozen=True, slots=True)
class Settings:
    """repository: path ("group/subgroup/project") or number. token: personal, of a project, of a group, or OAuth. base_url: of the
    GitLab, with its path if it has one. streams: which of "changes", "issues", "releases".

    ca_bundle, proxies, plain_http: as `guarded_session` has them.
    """

    repository: str
    token: Secret = field(repr=False)
    base_url: str = "https://gitlab.com"
    streams: tuple[str, ...] = STREAMS
    ca_bundle: str | None = None
    proxies: Mapping[str, str] | None = field(default=None, repr=False)
    plain_http: bool = False

    def __post_init__(self) -> None:
        unknown = sorted(set(self.streams) - set(STREAMS))
        if unknown:
            raise Refusal(f"no such streams: {', '.join(unknown)}", remedy=f"there are {', '.join(STREAMS)}")


def connect(settings: Settings, bucket: Bucket) -> Client:
    """A client for one thread. bucket: shared by all that use this token. Asks nothing yet.

    Raises Refusal for an address no forge can have, or one that is not encrypted.
    """
    return Client(
        settings.base_url,
        settings.token,
        bucket,
        ca_bundle=settings.ca_bundle,
        proxies=settings.proxies,
        plain_http=settings.plain_http,
    )


def collect(
    settings: Settings,
    cursor: Mapping[str, object] | None,
    *,
    now: datetime,
    client: Client,
    work: Callable[[Sequence[ChangeRequest]], Mapping[str, Work]] | None = None,
    watch: Callable[[Progress], None] | None = None,
) -> Iterator[Batch]:
    """Batches of at most 25 merge requests or 100 issues, oldest update first, each with the cursor to go on from; none if nothing is new.

    A stored cursor names the project by its number, so one that was renamed or moved is gone on with. Releases are looked at the first
    time and whenever merge requests or issues brought something new. work: what the mirror knows of merge requests, by their keys.
    `now`: the day on which logins were seen; everything else is dated by GitLab. Talk counts ghosts (participations of deleted
    accounts), incomplete, and says renamed, archived, empty (in a first run), changes_disabled, issues_disabled and releases_disabled.

    Raises Gone or Refusal where the project cannot be read, ForeignHost where GitLab points elsewhere; Incomplete, after all that
    came was yielded, where it asks for too long a pause or some merge requests could not be had whole.
    """
    logins = Logins(client.host, now.date())
    told, position, has_changes = _begin(settings, cursor, client)

    def stored(records: list[Record], written: Mapping[str, object], talk: Counter[str]) -> Batch:
        changes = [one for one in records if isinstance(one, ChangeRequest)]
        known = work(changes) if work is not None and changes else None
        said = {**talk, **told}
        told.clear()
        return batch_of(records, client.host, EXTRACTOR, written, work=known, talk=said, logins=logins)

    run = Run(client, position.cursor.repository.rpartition("/")[2], position, stored, watch)
    yield from _streams(settings.streams, run, has_changes=has_changes)
    left = len(run.position.waiting)
    if left:
        raise Incomplete(
            f"{left} merge requests could not be fetched whole",
            where=f"{client.host}, project {run.project}",
            remedy="everything else is kept; the next run asks for them again",
        )


def unfinished(cursor: Mapping[str, object] | None) -> bool:
    """Whether a project is to be looked at even if its group says that nothing was touched: it never was, or something is left over."""
    if cursor is None or cursor.get("extractor") != EXTRACTOR:
        return True
    position = Position.read(cursor, EXTRACTOR, str(cursor.get("repository")))
    under_way = any(stream.walk for stream in position.cursor.streams.values())
    return under_way or bool(position.waiting or position.again)


def _begin(
    settings: Settings, cursor: Mapping[str, object] | None, client: Client
) -> tuple[dict[str, int], Position, bool]:
    """What is worth telling of the project, where to go on, and whether it has merge requests as far as that is known."""
    if cursor:
        return {}, Position.read(cursor, EXTRACTOR, str(cursor.get("repository"))), True
    found = find(client, settings.repository)
    named = settings.repository.lower() in (found.name.lower(), found.key.rpartition("/")[2])
    told = {"renamed": int(not named), "archived": int(found.archived), "empty": int(found.empty)}
    if not found.has_changes:
        told["changes_disabled"] = 1
    return told, Position.read(None, EXTRACTOR, found.key), found.has_changes


def _streams(streams: Sequence[str], run: Run, *, has_changes: bool) -> Iterator[Batch]:
    """Releases last: whether they are asked for depends on what the others brought."""
    news = "releases" not in run.position.cursor.streams
    for stream, batches in (("changes", run.changes), ("issues", run.issues)):
        if stream in streams and (has_changes or stream != "changes"):
            for batch in batches():
                news |= bool(batch.evidence)
                yield batch
    if "releases" in streams and news:
        yield from run.releases()
