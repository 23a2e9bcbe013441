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

import ipaddress
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import DecodeError, HTTPError

from collectors.forge_failure import ConnectionLost, ForeignHost, HttpFailure, TooLarge
from collectors.forge_secret import Secret, scrub
from collectors.git_text import visible
from db.errors import Refusal

__all__ = ["Credential", "GuardedSession", "Origin", "TokenCredential", "guarded_session", "safe_origin"]

_MEGABYTE: Final = 1 << 20
_CHUNK: Final = 1 << 16
_REDIRECTS: Final = 5
_PORTS: Final = {"https": 443, "http": 80}
_WORDS: Final = 200
_FAILED: Final = 400
_TIME_LIMITS: Final = (10.0, 60.0)
"""Seconds to connect, and between two pieces of an answer."""


class Credential(Protocol):
    """What proves who asks. headers: to add to a request to the configured host; secrets: what must never be shown."""

    def headers(self) -> Mapping[str, str]:
        """Headers to add; may be fetched anew when they expire."""
        ...

    def secrets(self) -> tuple[Secret, ...]:
        """Everything in those headers that is secret."""
        ...


@dataclass(frozen=True, slots=True)
class TokenCredential:
    """A token that does not change, as both forges take it: `Authorization: Bearer …`."""

    token: Secret
    scheme: str = "Bearer"

    def headers(self) -> Mapping[str, str]:
        """The one header."""
        return {"Authorization": f"{self.scheme} {self.token.reveal()}"}

    def secrets(self) -> tuple[Secret, ...]:
        """The one token."""
        return (self.token,)


class Origin(NamedTuple):
    """What must be equal on every hop."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """Where a request for `url` would go. Raises ForeignHost for what is no absolute http(s) address."""
        try:
            parts = urlsplit(url)
            scheme, host, port, login = parts.scheme.lower(), parts.hostname, parts.port, "@" in parts.netloc
        except ValueError:
            scheme, host, port, login = "", None, None, False
        if not host or scheme not in _PORTS or login:
            raise ForeignHost(
                "this is no address of a forge", where=shown(url), remedy="give https://HOST, without a login"
            )
        return cls(scheme, host.lower(), port if port is not None else _PORTS[scheme])

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")


def shown(url: str) -> str:
    """A URL for messages: without login and query, which may hold a token; visible, and short."""
    bare = url.partition("?")[0].partition("#")[0]
    return visible(scrub(bare[:_WORDS]))


class GuardedSession(requests.Session):
    """A requests session that reaches one host. See the module; made by `guarded_session`.

    base_url: as configured, without a slash at its end. answers: how many have come, redirects and failures counted.
    """

    def __init__(self, base_url: str, origin: Origin, adapter: _GuardedAdapter) -> None:
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
        body = self.scrub(answer.content[:_CHUNK].decode("utf-8", "replace"))
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
    bounds = _Bounds(max_bytes, time_limits, patience)
    session = GuardedSession(
        base_url.rstrip("/"), origin, _GuardedAdapter(origin, credential, ca_bundle or True, bounds, on_answer)
    )
    session.proxies.update(proxies or {})
    return session


def check(origin: Origin, url: str) -> None:
    """Raises ForeignHost unless `url` is at `origin`."""
    found = Origin.of(url)
    if found != origin:
        raise ForeignHost(
            f"the forge points to {found}, and this collection asks {origin} only",
            where=shown(url),
            remedy="if the forge has moved, configure its new address; if not, its external URL is set wrongly",
        )


def safe_origin(url: str, *, plain_http: bool = False) -> Origin:
    """Where `url` leads, if a token may go there. Raises Refusal for plain http beyond this machine and addresses no forge can have."""
    origin = Origin.of(url)
    try:
        address = ipaddress.ip_address(origin.host)
    except ValueError:
        address = None
    loopback = origin.host == "localhost" or (address is not None and address.is_loopback)
    if origin.scheme == "http" and not (loopback or plain_http):
        raise Refusal("a token must not travel unencrypted", where=str(origin), remedy="give the https:// address")
    if address is not None and (address.is_link_local or address.is_multicast or address.is_unspecified):
        raise Refusal("no forge has this address", where=str(origin), remedy="give the forge's name")
    return origin


class _Bounds(NamedTuple):
    max_bytes: int
    time_limits: tuple[float, float]
    patience: float


class _GuardedAdapter(HTTPAdapter):
    """Checks, then adds the token, then sends, then reads all of a bounded answer."""

    def __init__(
        self,
        origin: Origin,
        credential: Credential | None,
        trusted: bool | str,
        bounds: _Bounds,
        on_answer: Callable[[Mapping[str, str]], None] | None,
    ) -> None:
        super().__init__(max_retries=0)
        self._origin, self._credential, self._trusted, self._bounds = origin, credential, trusted, bounds
        self._on_answer = on_answer
        self.answers = 0

    def scrub(self, text: str) -> str:
        return scrub(text, *(self._credential.secrets() if self._credential else ()))

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        """Whatever a client asked about TLS, time and streaming gives way to what was configured."""
        check(self._origin, request.url or "")
        dressed = request.copy()
        dressed.headers.update(self._credential.headers() if self._credential else {})
        try:
            answer = super().send(
                dressed,
                stream=True,
                timeout=self._bounds.time_limits,
                verify=self._trusted,
                proxies=options.get("proxies"),
            )
            answer.request = request
            content = self._read(answer)
        except (requests.RequestException, HTTPError, OSError) as error:
            trouble = self._trouble(error, request)
        else:
            if content is not None:
                return self._whole(answer, content)
            trouble = TooLarge(
                f"the answer is larger than {self._bounds.max_bytes:,} bytes", where=shown(request.url or "")
            )
        raise trouble

    def _read(self, answer: requests.Response) -> bytes | None:
        """All of the answer, None if that is more than allowed. Reads what has arrived, so that a trickle cannot hold us."""
        pieces, size = [], 0
        until = time.monotonic() + self._bounds.patience
        while piece := answer.raw.read1(_CHUNK, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > self._bounds.max_bytes:
                answer.close()
                return None
            if time.monotonic() > until:
                answer.close()
                raise requests.Timeout(f"not whole after {self._bounds.patience:g} s")
        return b"".join(pieces)

    def _whole(self, answer: requests.Response, content: bytes) -> requests.Response:
        answer._content, answer._content_consumed = content, True
        self.answers += 1
        if self._on_answer is not None:
            self._on_answer({name.lower(): value for name, value in answer.headers.items()})
        return answer

    def _trouble(self, error: Exception, request: requests.PreparedRequest) -> Exception:
        said = " ".join(visible(self.scrub(str(error))).split())[:_WORDS]
        where = shown(request.url or "")
        if isinstance(error, requests.exceptions.SSLError):
            return Refusal(
                f"the forge's certificate is not trusted: {said}",
                where=where,
                remedy="give the file of your authority's certificates as ca_bundle; TLS cannot be switched off",
            )
        what = "the answer cannot be decompressed" if isinstance(error, DecodeError) else type(error).__name__
        return ConnectionLost(f"no whole answer came: {what}: {said}", where=where)


def _message(answer: requests.Response, body: str) -> str:
    """The forge's own words, on one line, from the JSON it usually answers with."""
    try:
        told = json.loads(body)
    except ValueError:
        told = body if answer.headers.get("Content-Type", "").startswith("text/plain") else ""
    if isinstance(told, dict):
        told = told.get("message") or told.get("error_description") or told.get("error") or ""
    return visible(" ".join(str(told).split())[:_WORDS])
