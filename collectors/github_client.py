"""Asking GitHub: GraphQL documents and REST lists through PyGithub's requester, at the pace of one bucket, retried by one set of rules.

PyGithub throws a GraphQL answer away as soon as an error comes with it; here what came is kept, and the errors say which parts of
it are missing (`Answer.failed`). Classic tokens tell their scopes with every answer: one that may write is refused at the
first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import requests.utils

from collectors.forge_failure import Gone, QueryFailure
from collectors.forge_limits import Bucket, date_of
from collectors.forge_retry import attempt
from collectors.forge_session import GuardedSession
from collectors.forge_text import body_of
from collectors.git_text import visible
from collectors.github_requester import requester
from db.errors import Incomplete, Refusal

__all__ = ["Answer", "Client", "StaleCursor"]

_READING: Final = frozenset(
    ("read:org", "read:user", "user:email", "read:enterprise", "read:project", "read:discussion", "read:packages",
     "read:gpg_key", "read:public_key", "read:ssh_signing_key", "read:repo_hook", "read:audit_log", "repo:status")
)  # fmt: skip
_REMEDY: Final = (
    "make a fine-grained token, or a GitHub App, that may only read: Metadata, Contents, Pull requests, Issues; for"
    " teams also Members"
)
_LATER: Final = "what came so far is kept; run it again"
_MOST_PAGES: Final = 1_000
_WORDS: Final = 200

Path = tuple[str | int, ...]


class StaleCursor(Incomplete):
    """A page cursor that was kept too long."""


class Answer(NamedTuple):
    """Data of a GraphQL answer, the paths of what is missing from it because of errors, and of what there is not at all.

    at: when it was given, by GitHub's clock; None where it does not say: ours decides nothing. Bodies in the data are cut to what is looked at of them.
    """

    data: dict[str, Any]
    failed: tuple[Path, ...] = ()
    gone: tuple[Path, ...] = ()
    at: datetime | None = None

    def failed_under(self, *prefix: str) -> set[str | int]:
        """What follows `prefix` in the paths of errors: rows of a list, fields of the document."""
        size = len(prefix)
        return {path[size] for path in self.failed if path[:size] == prefix and len(path) > size}


@dataclass
class Client:
    """One per thread; the bucket is shared by all that use one token. points: of GraphQL, as GitHub counted them."""

    session: GuardedSession
    bucket: Bucket
    may_write: bool = False
    points: int = 0

    def __post_init__(self) -> None:
        self._requester = requester(self.session)

    @property
    def requests(self) -> int:
        """Answers that came so far, failures counted."""
        return self.session.answers

    def query(self, document: str, variables: Mapping[str, Any], *, divisible: bool = False) -> Answer:
        """The answer to a GraphQL document.

        divisible: the caller can ask for less, and is told to by PageFailed. Raises what `attempt` does; Gone where there is no
        such repository, Refusal where the token may not see it or the server is too old for the document.
        """
        return attempt(lambda: self._query(document, variables), self.bucket, resource="graphql", divisible=divisible)

    def get(self, path: str, shaped: Callable[[Any], bool], /, **parameters: object) -> tuple[dict[str, Any], Any]:
        """Headers and JSON of one REST answer; one that is not `shaped` as it should be counts as a failed one. Raises what `attempt` does."""
        return attempt(lambda: self._get(path, shaped, dict(parameters)), self.bucket)

    def rows(self, path: str, shaped: Callable[[Any], bool], /, **parameters: object) -> Iterator[dict[str, Any]]:
        """All rows of a REST list, page by page; at most 100,000. Raises as `get`, where a row is not `shaped` or there is no list."""

        def listed(found: Any) -> bool:
            held = _rows(found)
            return isinstance(held, list) and all(map(shaped, held))

        following, asked = path, {"per_page": 100, **parameters}
        for _ in range(_MOST_PAGES):
            headers, found = self.get(following, listed, **asked)
            yield from _rows(found)
            links = requests.utils.parse_header_links(headers.get("link", ""))
            nexts = [link["url"] for link in links if link.get("rel") == "next"]
            if not nexts:
                return
            following, asked = nexts[0], {}
        raise Refusal(
            "the list has no end", where=visible(path), remedy="name the repositories instead of listing them all"
        )

    def _get(self, path: str, shaped: Callable[[Any], bool], parameters: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        headers, found = self._ask("GET", path, parameters)
        if not shaped(found):
            raise QueryFailure((), "this is not what was asked for", where=visible(self.session.scrub(path)))
        return headers, found

    def _ask(self, *arguments: Any, **options: Any) -> tuple[dict[str, Any], Any]:
        """One answer's headers and JSON. The token's scopes are looked at first."""
        try:
            headers, found = self._requester.requestJsonAndCheck(*arguments, **options)
        except RecursionError as error:
            raise QueryFailure((), "it is nested too deeply", where=str(self.session.origin)) from error
        self._check_scopes(headers)
        return headers, found

    def _query(self, document: str, variables: Mapping[str, Any]) -> Answer:
        body = {"query": document, "variables": dict(variables)}
        headers, told = self._ask("POST", self._requester.graphql_url, input=body)
        if not isinstance(told, dict) or not isinstance(told.get("data", {}), dict | None):
            raise QueryFailure((), "this is no answer of GraphQL", where=self._requester.graphql_url)
        data, errors = told.get("data") or {}, told.get("errors") or ()
        if errors:
            self._refuse(errors, data)
        self.points += (data.get("rateLimit") or {}).get("cost", 0)
        if not data:
            raise QueryFailure((), "the answer is empty", where=self._requester.graphql_url)
        missing = [one.get("type") == "NOT_FOUND" for one in errors]
        paths = [tuple(one.get("path") or ()) for one in errors]
        failed, gone = (
            tuple(p for p, none in zip(paths, missing, strict=True) if none is way) for way in (False, True)
        )
        _cut_bodies(data)
        return Answer(data, failed, gone, date_of(headers))

    def _refuse(self, errors: Sequence[Mapping[str, Any]], data: Mapping[str, Any]) -> None:
        """Raises unless the errors leave something to use."""
        kinds = {str(error.get("type")) for error in errors}
        said = visible(self.session.scrub(str(errors[0].get("message")))[:_WORDS])
        where = self._requester.graphql_url
        named = data.get("repository", data)
        if "RATE_LIMITED" not in kinds and not named:
            if any(error.get("path") == ["repository"] and error.get("type") == "NOT_FOUND" for error in errors):
                raise Gone(f"GitHub shows no such repository to this token: {said}", 404, where=where)
            if kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
                raise Refusal(f"GitHub does not let this token read it: {said}", where=where, remedy=_REMEDY)
            if any((error.get("extensions") or {}).get("code") for error in errors):
                raise Refusal(
                    f"this GitHub does not know what was asked for: {said}",
                    where=where,
                    remedy="GitHub Enterprise Server 3.10 or newer is needed",
                )
            if "INVALID_CURSOR_ARGUMENTS" in kinds:
                raise StaleCursor(f"GitHub takes this page cursor no more: {said}", where=where, remedy=_LATER)
        if "RATE_LIMITED" in kinds or not named:
            raise QueryFailure(kinds, said, where=where)

    def _check_scopes(self, headers: Mapping[str, Any]) -> None:
        scopes = {scope.strip() for scope in str(headers.get("x-oauth-scopes", "")).split(",")} - {""}
        writing = sorted(scopes - _READING)
        if writing and not self.may_write:
            raise Refusal(
                f"the token may do more than read: {visible(', '.join(writing))}",
                where=str(self.session.origin),
                remedy=_REMEDY,
            )


def _rows(found: Any) -> Any:
    """The rows of a REST list, which some lists have inside an object."""
    return found.get("repositories") if isinstance(found, dict) else found


def _cut_bodies(data: dict[str, Any]) -> None:
    """Cuts every body in place: pages wait for one another in memory, and of a text of 64 KiB little is looked at."""
    waiting: list[Any] = [data]
    while waiting:
        one = waiting.pop()
        for name, value in one.items() if isinstance(one, dict) else enumerate(one):
            if isinstance(value, dict | list):
                waiting.append(value)
            elif name == "body" and isinstance(value, str):
                one[name] = body_of(value)
