"""One connection to a GitLab: python-gitlab's paths and parameters over the guarded session, with our own patience.

python-gitlab's own behaviour is switched off where it is wrong for collecting: it never times out, shows 20 rows of a list, gives up at
the first 502, sleeps silently on 429, and hands its token to whichever host a redirect or a `Link` header names. It gets no token here:
`forge_session` adds it, and only to requests to the configured host. A page after the first is asked for by our own address with the
number, or the query, that GitLab names; the host in its links is never used, which also suits servers behind a proxy.

The token goes as `Authorization: Bearer`, as GitLab takes personal, project, group and OAuth tokens alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import gitlab
import requests

from collectors.forge_failure import Gone, HttpFailure, OutOfTries, PageFailed
from collectors.forge_limits import Bucket
from collectors.forge_pages import FLOOR, PageSize
from collectors.forge_retry import Remedy, attempt, classify
from collectors.forge_secret import Secret
from collectors.forge_session import TokenCredential, guarded_session
from collectors.gitlab_fields import Json, Malformed
from db.errors import Refusal

__all__ = ["PER_PAGE", "Answer", "Client", "check_token", "host"]

PER_PAGE: Final = 100
"""Rows of a list asked for at a time, where so many come."""
_FORBIDDEN: Final = 403
_MOST_ROWS: Final = 50_000
"""Of a list that is paged by number; GitLab gives no more either."""
_HARMLESS: Final = frozenset(("openid", "profile", "email"))

Query = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Answer:
    """value: parsed JSON. more: the query that asks for the next page, None at the last one. total: rows of all pages, where told (up
    to 10,000 GitLab tells). at: the server's clock."""

    value: Any
    more: Query | None
    total: int | None
    at: datetime | None


class Client:
    """Asks one GitLab. Not shared between threads; the bucket is.

    host: as keys name it, with the port and the path where there are any. at: the server's clock when it last answered. pages: how
    many rows of a list are asked for at a time: half where that many do not come, slowly more again.
    """

    def __init__(self, base_url: str, token: Secret, bucket: Bucket, **session: Any) -> None:
        self.bucket = bucket
        self.at: datetime | None = None
        self.pages = PageSize(PER_PAGE, largest=PER_PAGE)
        self._session = guarded_session(base_url, TokenCredential(token), on_answer=bucket.saw, **session)
        self.host = host(base_url)
        self._gitlab = gitlab.Gitlab(
            self._session.base_url,
            session=self._session,
            keep_base_url=True,
            retry_transient_errors=False,
            user_agent="calibrant",
        )

    def __repr__(self) -> str:
        return f"Client({self.host})"

    @property
    def requests(self) -> int:
        """How many answers have come, failures included."""
        return self._session.answers

    def get(
        self, path: str, query: Query | None = None, *, may_be_off: bool = False, divisible: bool = False
    ) -> Answer:
        """One answer. may_be_off: 403 means that the project does without this feature, and not that the token is too weak.

        Raises Gone, Refusal, OutOfTries and Incomplete as `forge_retry.attempt` does, and PageFailed if it is divisible.
        """

        def call() -> Answer:
            try:
                response = self._gitlab.http_request(
                    "get", path, query_data=dict(query or {}), obey_rate_limit=False, max_retries=0
                )
            except HttpFailure as error:
                if may_be_off and error.status == _FORBIDDEN and classify(error) is Remedy.STOP:
                    off = Gone(error.what, error.status, where=error.where)
                else:
                    raise
            else:
                return _answer(response)
            raise off

        answer = attempt(call, self.bucket, divisible=divisible)
        self.at = answer.at or self.at
        return answer

    def page(self, path: str, query: Query, *, may_be_off: bool = False) -> tuple[list[Json], Answer]:
        """One page of a list, checked to be one. query: with `per_page`.

        Raises PageFailed where fewer rows may come; `pages` has become smaller by then. Rows of numbered pages are then to be asked
        for from the first page on, since numbers count pages of one size.
        """
        size = int(query["per_page"])
        try:
            answer = self.get(path, query, may_be_off=may_be_off, divisible=size > FLOOR)
        except PageFailed:
            self.pages = self.pages.smaller()
            raise
        if not isinstance(answer.value, list) or not all(isinstance(row, Mapping) for row in answer.value):
            raise Malformed("expected a list of objects", where=path)
        if len(answer.value) >= size:  # a shorter one does not show that so many would have come
            self.pages = self.pages.after_success()
        return answer.value, answer

    def rows(self, path: str, query: Query | None = None, *, may_be_off: bool = False) -> Iterator[Json]:
        """All rows of a list, page by page; begun anew with smaller pages where one fails, so a row may come twice.

        Raises Malformed beyond 50,000 rows, so that a server that always names a further page cannot hold us. A page that does not
        come however small was not too large, and leaves `pages` as they were.
        """
        before, size, met = self.pages, self.pages.size, 0
        asked: Query = query or {}
        while met < _MOST_ROWS:
            try:
                rows, answer = self.page(path, {**asked, "per_page": size}, may_be_off=may_be_off)
            except PageFailed:
                asked, size, met = query or {}, self.pages.size, 0
                continue
            except OutOfTries:
                self.pages = before
                raise
            yield from rows
            if answer.more is None:
                return
            met += size
            asked = {**asked, **answer.more}
        raise Malformed(f"the list has more than {_MOST_ROWS} rows", where=path)


def host(base_url: str) -> str:
    """What artefact keys and identities begin with: host, and port and path where there are any.

    >>> host("https://gitlab.com"), host("https://Example.org:8443/gitlab/")
    ('gitlab.com', 'example.org:8443/gitlab')
    """
    parts = urlsplit(base_url)
    return parts.netloc.lower() + parts.path.rstrip("/")


def check_token(client: Client) -> str | None:
    """Refuses a token that may do more than read. What could not be checked is returned as a sentence; None: all is well.

    Costs one request per token. GitLab before 15.5, and OAuth tokens, do not tell their scopes.
    """
    try:
        told = client.get("/personal_access_tokens/self").value
    except Gone:
        return "this GitLab does not tell what the token may do; make sure that its only scopes are read_api and read_repository"
    scopes = told.get("scopes") if isinstance(told, Mapping) else None
    if not isinstance(scopes, list):
        raise Malformed("expected the scopes of the token", where="/personal_access_tokens/self")
    writing = sorted(str(one) for one in scopes if not str(one).startswith("read_") and one not in _HARMLESS)
    remedy = "make a token with the scopes read_api and read_repository alone (role Reporter) and revoke this one"
    if writing:
        raise Refusal(f"this token may write ({', '.join(writing)})", where=client.host, remedy=remedy)
    if "read_api" not in scopes:
        raise Refusal("this token may not read the API: scope read_api is missing", where=client.host, remedy=remedy)
    return None


def _answer(response: requests.Response) -> Answer:
    """Raises json.JSONDecodeError where the JSON ends early, which is tried again."""
    headers = response.headers
    try:
        value = response.json()
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists in lists
        raise Malformed("expected JSON of ordinary size") from None
    return Answer(value, _more(response), _number(headers.get("X-Total")), _date(headers.get("Date")))


def _more(response: requests.Response) -> Query | None:
    """The next page: by its number, or where pages have none (keyset), by the query of the link to it."""
    number = _number(response.headers.get("X-Next-Page"))
    if number is not None:
        return {"page": number}
    return dict(parse_qsl(urlsplit(response.links.get("next", {}).get("url", "")).query)) or None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
        return None
