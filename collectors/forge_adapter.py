"""The one place from which a request leaves: looked at, given the token, sent, and its bounded answer read.

A name may lead anywhere, and somewhere else each time it is resolved. So the address that counts is the one a connection has been made to,
looked at before anything is sent over it. Behind a proxy it is the proxy that resolves and connects, and has to refuse.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError, NameResolutionError, NewConnectionError

from collectors.forge_address import is_no_forge
from collectors.forge_failure import ConnectionLost, TooLarge, Unreachable
from collectors.forge_origin import Origin, check, shown
from collectors.forge_secret import Secret, scrub
from collectors.git_text import visible
from db.errors import Refusal

__all__ = ["Bounds", "Credential", "GuardedAdapter", "TokenCredential"]

_CHUNK: Final = 1 << 16
_SAID: Final = 200


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


class Bounds(NamedTuple):
    """max_bytes: of an answer, decompressed. time_limits: seconds to connect, and between two pieces; patience: for a whole answer."""

    max_bytes: int
    time_limits: tuple[float, float]
    patience: float


def _looked_at(connected: socket.socket, host: str) -> socket.socket:
    """The same, if a forge can be at its other end. Raises Refusal."""
    address = str(connected.getpeername()[0])
    if is_no_forge(address):
        connected.close()
        raise Refusal(
            f"this name leads to {address}, where no forge can be",
            where=visible(host),
            remedy="find out who changed what it resolves to; nothing was sent there",
        )
    return connected


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _looked_at(super()._new_conn(), self.host)


class _SecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _looked_at(super()._new_conn(), self.host)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class GuardedAdapter(HTTPAdapter):
    """Checks, then adds the token, then sends, then reads all of a bounded answer."""

    def __init__(
        self,
        origin: Origin,
        credential: Credential | None,
        trusted: bool | str,
        bounds: Bounds,
        on_answer: Callable[[Mapping[str, str]], None] | None,
    ) -> None:
        super().__init__(max_retries=0)
        self._origin, self._credential, self._trusted, self._bounds = origin, credential, trusted, bounds
        self._on_answer = on_answer
        self.answers = 0

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """As requests has it, with connections that look where they lead."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def scrub(self, text: str) -> str:
        """`text` without the token."""
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
        said = " ".join(visible(self.scrub(str(error))).split())[:_SAID]
        where = shown(request.url or "")
        if isinstance(error, requests.exceptions.SSLError):
            return Refusal(
                f"the forge's certificate is not trusted: {said}",
                where=where,
                remedy="give the file of your authority's certificates as ca_bundle; TLS cannot be switched off",
            )
        reason = _not_connected(error)
        if reason:
            return Unreachable(urlsplit(where).netloc or where, reason)
        what = "the answer cannot be decompressed" if isinstance(error, DecodeError) else type(error).__name__
        return ConnectionLost(f"no whole answer came: {what}: {said}", where=where)


def _not_connected(error: Exception) -> str:
    """Why no connection was made; empty where one was, or where a proxy stands between."""
    tried = getattr(error.args[0], "reason", None) if error.args else None
    if not isinstance(tried, NewConnectionError):
        return ""
    cause = tried.__cause__ or tried.__context__
    if isinstance(tried, NameResolutionError) or isinstance(cause, socket.gaierror):
        return "name unknown"
    return (cause.strerror or "").lower() if isinstance(cause, OSError) else "no connection"
