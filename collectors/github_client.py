"""Asking GitHub: GraphQL documents and REST lists through PyGithub's requester, at the pace of one bucket, retried by one set of rules.

PyGithub throws a GraphQL answer away as soon as an error comes with it; here what came is kept, and the errors say which parts of
it are missing (`Answer.failed`). Classic tokens tell their scopes with every answer: one that may write is refused at the
first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import requests.utils

from collectors.forge_failure import Gone, QueryFailure
from collectors.forge_limits import Bucket
from collectors.forge_retry import attempt
from collectors.forge_session import GuardedSession
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
    """Data of a GraphQL answer, the paths of what is missing from it because of errors, and of what there is not at all."""

    data: dict[str, Any]
    failed: tuple[Path, ...] = ()
    gone: tuple[Path, ...] = ()

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

    def get(self, path: str, **parameters: object) -> tuple[dict[str, Any], Any]:
        """Headers and JSON of one REST answer. Raises what `attempt` does."""
        return attempt(lambda: self._get(path, dict(parameters)), self.bucket)

    def rows(self, path: str, **parameters: object) -> Iterator[dict[str, Any]]:
        """All rows of a REST list, page by page; at most 100,000."""
        following, asked = path, {"per_page": 100, **parameters}
        for _ in range(_MOST_PAGES):
            headers, found = self.get(following, **asked)
            yield from found if isinstance(found, list) else found.get("repositories", ())
            links = requests.utils.parse_header_links(headers.get("link", ""))
            nexts = [link["url"] for link in links if link.get("rel") == "next"]
            if not nexts:
                return
            following, asked = nexts[0], {}
        raise Refusal(
            "the list has no end", where=visible(path), remedy="name the repositories instead of listing them all"
        )

    def _get(self, path: str, parameters: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        headers, found = self._requester.requestJsonAndCheck("GET", path, parameters)
        self._check_scopes(headers)
        return headers, found

    def _query(self, document: str, variables: Mapping[str, Any]) -> Answer:
        body = {"query": document, "variables": dict(variables)}
        headers, told = self._requester.requestJsonAndCheck("POST", self._requester.graphql_url, input=body)
        self._check_scopes(headers)
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
        return Answer(data, failed, gone)

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
