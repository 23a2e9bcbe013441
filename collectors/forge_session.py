"""The only way out: requests to one forge, and to nowhere else.

Both clients can be made to hand their token to another host: python-gitlab follows redirects and `Link` headers with it, and
PyGithub's check of links is an `assert`, which `python -O` removes. So neither is given the token. It rests in the session's
transport adapter, through which every hop goes, redirects and links alike, and which adds it to a request only after it has
found scheme, host and port to be the configured ones. Anything else is `ForeignHost`, and nothing is sent.

How the clients use it:

- GitHub: `github_requester.requester(session)` is a PyGithub `Requester` whose connections are the session.
- GitLab: `gitlab.Gitlab(session.base_url, session=session, retry_transient_errors=False)`, with no token.

Every answer of 400 and more raises `HttpFailure` (with its headers, which PyGithub's and python-gitlab's exceptions do not both keep),
every broken connection `ConnectionLost`; both go through either client as they are, and `forge_retry` knows what to do about
them. So the clients' own retries, which wait silently, are switched off.

Also held here: TLS is verified whatever a client asks for; redirects stay on the host (a renamed repository) and are five at most; no
.netrc, no cookies, no proxy from the environment; an answer is bounded after decompression, and has a time in which to come.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import requests

from collectors.forge_adapter import Bounds, Credential, GuardedAdapter, TokenCredential
from collectors.forge_failure import ConnectionLost, ForeignHost, HttpFailure
from collectors.forge_origin import Origin, check, safe_origin, shown
from collectors.git_text import visible

__all__ = ["Credential", "GuardedSession", "TokenCredential", "guarded_session"]

_MEGABYTE: Final = 1 << 20
_KEPT: Final = 1 << 16
_REDIRECTS: Final = 5
_WORDS: Final = 200
_FAILED: Final = 400
_TIME_LIMITS: Final = (10.0, 60.0)
"""Seconds to connect, and between two pieces of an answer."""


class GuardedSession(requests.Session):
    """A requests session that reaches one host. See the module; made by `guarded_session`.

    base_url: as configured, without a slash at its end. answers: how many have come, redirects and failures counted.
    """

    def __init__(self, base_url: str, origin: Origin, adapter: GuardedAdapter) -> None:
        super().__init__()
        self.base_url = base_url
        self.origin = origin
        self._adapter = adapter
        self.trust_env = False
        self.max_redirects = _REDIRECTS
        self.headers["User-Agent"] = "calibrant"
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.adapters.clear()
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def __repr__(self) -> str:
        return f"GuardedSession({self.origin})"

    @property
    def answers(self) -> int:
        """Answers so far."""
        return self._adapter.answers

    def check(self, url: str) -> None:
        """Raises ForeignHost unless a request for `url` would go to the configured host."""
        check(self.origin, url)

    def scrub(self, text: str) -> str:
        """`text` without this session's token or anything like it."""
        return self._adapter.scrub(text)

    def request(self, method: str, url: str | bytes, *arguments: Any, **options: Any) -> requests.Response:
        """As requests has it, except that every failure is one of `forge_failure`."""
        address = url.decode("utf-8", "replace") if isinstance(url, bytes) else url
        self.check(
            address
        )  # before requests reads it, which makes a header of a login in it; what it then makes of it is checked again
        try:
            answer = super().request(method, address, *arguments, **options)
        except requests.TooManyRedirects:
            trouble: Exception = ConnectionLost(f"more than {_REDIRECTS} redirects", where=shown(address))
        except (requests.RequestException, ValueError) as error:
            trouble = ForeignHost(f"this address cannot be asked: {type(error).__name__}", where=shown(address))
        else:
            if answer.status_code < _FAILED:
                return answer
            trouble = self._failure(answer)
        raise trouble

    def _failure(self, answer: requests.Response) -> HttpFailure:
        body = self.scrub(answer.content[:_KEPT].decode("utf-8", "replace"))
        headers = {name.lower(): self.scrub(value) for name, value in answer.headers.items()}
        return HttpFailure(answer.status_code, headers, body, _message(answer, body), where=shown(answer.url))


def guarded_session(
    base_url: str,
    credential: Credential | None = None,
    *,
    ca_bundle: str | None = None,
    proxies: Mapping[str, str] | None = None,
    max_bytes: int = 50 * _MEGABYTE,
    time_limits: tuple[float, float] = _TIME_LIMITS,
    patience: float = 300.0,
    plain_http: bool = False,
    on_answer: Callable[[Mapping[str, str]], None] | None = None,
) -> GuardedSession:
    """A session that reaches the host of `base_url` alone. One per thread.

    ca_bundle: file of certificates to trust instead of the usual ones. max_bytes: of an answer, decompressed. time_limits: seconds to
    connect, and between two pieces of an answer; patience: seconds for a whole one. plain_http: allow http beyond this machine.
    on_answer: told the headers of every answer, names in lower case (`Bucket.saw`). Raises Refusal for an address that cannot be a forge's.
    """
    origin = safe_origin(base_url, plain_http=plain_http)
    bounds = Bounds(max_bytes, time_limits, patience)
    session = GuardedSession(
        base_url.rstrip("/"), origin, GuardedAdapter(origin, credential, ca_bundle or True, bounds, on_answer)
    )
    session.proxies.update(proxies or {})
    return session


def _message(answer: requests.Response, body: str) -> str:
    """The forge's own words, on one line, from the JSON it usually answers with."""
    try:
        told = json.loads(body)
    except ValueError:
        told = body if answer.headers.get("Content-Type", "").startswith("text/plain") else ""
    if isinstance(told, dict):
        told = told.get("message") or told.get("error_description") or told.get("error") or ""
    return visible(" ".join(str(told).split())[:_WORDS])
