"""PyGithub's requester over our own session: no connection of its own, no token, no silent waiting.

PyGithub takes connection classes through `Requester.injectConnectionClasses`, which sets them on the class it is called on. Called
on a subclass made for one session, it changes that subclass alone, so two forges and two threads never meet.
"""

from __future__ import annotations

from typing import Any

from github.Consts import DEFAULT_USER_AGENT
from github.GithubObject import is_undefined
from github.MainClass import Github
from github.Requester import Requester, RequestsResponse

from collectors.forge_session import GuardedSession

__all__ = ["client", "requester"]

_PER_PAGE = 100


class _Connection:
    """What PyGithub takes for a connection: it only ever reaches the session's host, whatever host it was made for."""

    session: GuardedSession

    def __init__(self, host: str, port: int | None = None, **_: Any) -> None:
        self.host, self.port = host, port

    def request(self, verb: str, url: str, input: Any, headers: dict[str, str], stream: bool = False) -> None:  # noqa: A002
        origin = self.session.origin
        host = f"[{self.host}]" if ":" in self.host else self.host
        self._url = f"{origin.scheme}://{host}:{self.port or origin.port}{url}"
        self._verb, self._input, self._headers = verb, input, headers

    def getresponse(self) -> RequestsResponse:
        return RequestsResponse(
            self.session.request(self._verb, self._url, headers=self._headers, data=self._input, allow_redirects=True)
        )

    def close(self) -> None:
        """The session stays open: PyGithub throws connections away after every request."""


class _GuardedRequester(Requester):
    """Looks at every address before PyGithub does, which would `assert`; copies of itself stay guarded."""

    session: GuardedSession

    def requestJsonAndCheck(self, verb: str, url: str, *arguments: Any, **options: Any) -> tuple[dict[str, Any], Any]:  # noqa: N802
        self._check(url)
        return super().requestJsonAndCheck(verb, url, *arguments, **options)

    def requestJson(self, verb: str, url: str, *arguments: Any, **options: Any) -> tuple[int, dict[str, Any], str]:  # noqa: N802
        self._check(url)
        return super().requestJson(verb, url, *arguments, **options)

    def withAuth(self, auth: Any) -> Requester:  # noqa: N802
        raise NotImplementedError("the session holds the credential; PyGithub is never given one")

    def withLazy(self, lazy: Any) -> Requester:  # noqa: N802
        return type(self)(**{**self.kwargs, "lazy": self.is_lazy if is_undefined(lazy) else lazy})

    def withApiVersion(self, api_version: str | None) -> Requester:  # noqa: N802
        return type(self)(**{**self.kwargs, "api_version": api_version})

    def _check(self, url: str) -> None:
        if not url.startswith("/"):
            self.session.check(url)


class _GuardedGithub(Github):
    """PyGithub's entry, which has no way of taking a requester."""

    def __init__(self, guarded: Requester) -> None:
        self._Github__requester = guarded

    def withLazy(self, lazy: bool) -> Github:  # noqa: N802
        return type(self)(self.requester.withLazy(lazy))


def requester(session: GuardedSession, *, per_page: int = _PER_PAGE) -> Requester:
    """A PyGithub requester whose every request goes through `session`, at once: pace and retries are the caller's.

    It waits for nothing (by default PyGithub takes a GraphQL query for a write and sleeps a second before each) and raises the
    failures of `forge_failure`; GraphQL errors in an answer of 200 are found in what `requestJsonAndCheck` gives.
    """
    connection: Any = type("_SessionConnection", (_Connection,), {"session": session})
    guarded: type[Requester] = type("_SessionRequester", (_GuardedRequester,), {"session": session})
    guarded.injectConnectionClasses(connection, connection)
    return guarded(
        auth=None,
        base_url=session.base_url,
        timeout=0,
        user_agent=DEFAULT_USER_AGENT,
        per_page=per_page,
        verify=True,
        retry=None,
        pool_size=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
        lazy=True,
    )


def client(session: GuardedSession, *, per_page: int = _PER_PAGE) -> Github:
    """PyGithub's `Github` over `session`."""
    return _GuardedGithub(requester(session, per_page=per_page))
