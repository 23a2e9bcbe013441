"""What can go wrong between here and a forge. No message holds a token: whoever raises has passed it through `scrub`.

These replace the exceptions of requests and of both clients, which carry the request with its headers. They are raised
outside of any `except` block, so that nothing that knows the token hangs on them as context either.
"""

from __future__ import annotations

from collections.abc import Mapping

from db.errors import CalibrantError, Refusal

__all__ = ["ConnectionLost", "ForeignHost", "HttpFailure", "TooLarge"]


class ForeignHost(Refusal):
    """A redirect, link or payload names another scheme, host or port than the configured ones. Nothing was sent there."""


class ConnectionLost(CalibrantError):
    """No answer, or half of one: dropped, timed out, cut short, or not what it said it was. It may be tried again."""


class TooLarge(CalibrantError):
    """The answer is larger than the bound. Fewer items at a time may help."""


class HttpFailure(CalibrantError):
    """The forge answered with a status of 400 or more.

    headers: in lower case. body: its first 64 KiB, scrubbed. message: the forge's own words, one line.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: str, message: str, *, where: str) -> None:
        self.status, self.headers, self.body, self.message = status, headers, body, message
        super().__init__(f"the forge answered {status}" + (f", {message}" if message else ""), where=where)
