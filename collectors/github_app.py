"""A GitHub App in place of somebody's token: short-lived tokens that may only read, whatever the App itself may do.

PyGithub's own installation tokens are fetched by a requester it makes for itself, past the guarded session, and live by the local
clock. Here PyGithub signs, the token is asked for through a guarded session with the reading permissions named, and is renewed by
a clock that never jumps, ten minutes before its hour is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn

from github.Auth import AppAuth

from collectors.forge_secret import Secret
from collectors.forge_session import GuardedSession
from collectors.github_requester import requester
from db.errors import Refusal

__all__ = ["App", "AppCredential", "PrivateKey"]

_LIFE: Final = 50 * 60.0
"""Seconds a token is used; GitHub lets it live for an hour."""


class PrivateKey:
    """The App's private key (PEM), used and never shown. Raises Refusal if it is no PEM text."""

    __slots__ = ("_pem",)

    def __init__(self, pem: str) -> None:
        if "PRIVATE KEY-----" not in pem:
            raise Refusal(
                "an App's private key is PEM text (-----BEGIN RSA PRIVATE KEY----- ..)",
                remedy="name the .pem file that GitHub gave",
            )
        self._pem = pem.strip() + "\n"

    def reveal(self) -> str:
        """The key itself."""
        return self._pem

    def __repr__(self) -> str:
        return "PrivateKey([hidden])"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a private key is never written down")


@dataclass(frozen=True, slots=True)
class App:
    """id: the App's number or client id. installation: number of its installation in the organisation whose repositories are read.

    reads: the permissions a token is asked for with, all of them to read; the App must have been given them. Teams need "members" too.
    """

    id: str
    installation: int
    key: PrivateKey
    reads: tuple[str, ...] = ("contents", "issues", "metadata", "pull_requests")


@dataclass
class AppCredential:
    """The installation's token of the hour, for a guarded session. ask: a session to the same API without a credential."""

    app: App
    ask: GuardedSession
    monotonic: Callable[[], float] = time.monotonic
    _token: Secret | None = field(default=None, repr=False)
    _until: float = 0.0

    def headers(self) -> Mapping[str, str]:
        """The one header, with a new token where the old one is about to end."""
        if self._token is None or self.monotonic() >= self._until:
            self._token, self._until = self._fetched(), self.monotonic() + _LIFE
        return {"Authorization": f"token {self._token.reveal()}"}

    def secrets(self) -> tuple[Secret, ...]:
        """The token, if there is one."""
        return (self._token,) if self._token else ()

    def _fetched(self) -> Secret:
        try:
            signed = AppAuth(self.app.id, self.app.key.reveal()).token
        except (ValueError, TypeError):
            signed = ""
        if not signed:
            raise Refusal(
                "the App's private key cannot sign", remedy="name the .pem file that GitHub gave for this App"
            )
        _, told = requester(self.ask).requestJsonAndCheck(
            "POST",
            f"/app/installations/{self.app.installation}/access_tokens",
            headers={"Authorization": f"Bearer {signed}"},
            input={"permissions": dict.fromkeys(self.app.reads, "read")},
        )
        return Secret(str(told["token"]))
