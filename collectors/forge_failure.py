"""What can go wrong between here and a forge. No message holds a token: whoever raises has passed it through `scrub`.

These replace the exceptions of requests and of both clients, which carry the request with its headers. They are raised
outside of any `except` block, so that nothing that knows the token hangs on them as context either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from db.errors import CalibrantError, Incomplete, Refusal

__all__ = [
    "ConnectionLost",
    "ForeignHost",
    "Gone",
    "HttpFailure",
    "OutOfTries",
    "PageFailed",
    "QueryFailure",
    "TooLarge",
    "Unreachable",
]


class ForeignHost(Refusal):
    """A redirect, link or payload names another scheme, host or port than the configured ones. Nothing was sent there."""


class ConnectionLost(CalibrantError):
    """No answer, or half of one: dropped, timed out, cut short, or not what it said it was. It may be tried again."""


class Unreachable(ConnectionLost):
    """No connection was made at all. reason: refused, or name unknown."""

    def __init__(self, host: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"cannot reach {host}: {reason}")


class TooLarge(CalibrantError):
    """The answer is larger than the bound. Fewer items at a time may help."""


class HttpFailure(CalibrantError):
    """The forge answered with a status of 400 or more.

    headers: in lower case. body: its first 64 KiB, scrubbed. message: the forge's own words, one line.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: str, message: str, *, where: str) -> None:
        self.status, self.headers, self.body, self.message = status, headers, body, message
        super().__init__(f"the forge answered {status}" + (f", {message}" if message else ""), where=where)


class QueryFailure(CalibrantError):
    """A GraphQL answer of 200 that holds errors and no data to use. types: what kinds of errors, as the forge calls them."""

    def __init__(self, types: Iterable[str], message: str, *, where: str = "") -> None:
        self.types = frozenset(types)
        super().__init__(f"the forge answered with errors: {message}", where=where)


class PageFailed(CalibrantError):
    """The forge could not give this page; a smaller one may go well."""


class Gone(Refusal):
    """It is not there, not any more, or not for this token. status: 404, 409, 410 or 451."""

    def __init__(self, what: str, status: int, *, where: str) -> None:
        self.status = status
        super().__init__(what, where=where, remedy="check the name, and that the token may read it")


class OutOfTries(Incomplete):
    """Asked again and again without an answer. What it was about is incomplete; the rest can go on."""
