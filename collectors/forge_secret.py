"""Tokens that nothing shows, and texts with whatever looks like one crossed out.

A `Secret` gives its value to whoever calls `reveal`, which only the transport does (`forge_session`), and hides it from
everything that writes by itself: repr, str, format, logging, pickling, copies of dataclasses. `scrub` is the second line: errors and
logs pass through it, also those that repeat what a server said.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

from db.errors import Refusal

__all__ = ["HIDDEN", "Secret", "scrub"]

HIDDEN: Final = "[hidden]"

_SHORTEST: Final = 4
_TOKENS: Final = re.compile(
    r"(?:gh[pousr]_[A-Za-z0-9_.]{16,}|github_pat_[A-Za-z0-9_]{16,}|v1\.[0-9a-f]{40}"
    r"|gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_.=-]{16,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_NAMED: Final = re.compile(
    r"((?:private-token|job-token|proxy-authorization|authorization)['\"]?\s*[:=]\s*['\"]?(?:(?:bearer|token|basic)\s+)?"
    r"|[?&;](?:private_token|access_token|job_token|token|client_secret)=|\bbearer\s+(?=[\w.~+/-]{16}))[^\s'\",;&]+",
    re.IGNORECASE,
)
_USERINFO: Final = re.compile(r"(?<=://)[^\s/@'\"]+(?=@)")


class Secret:
    """A value that is used and never shown. Surrounding white space is dropped, as files end with a newline.

    Raises Refusal if it is empty or cannot stand in a header of a request.

    >>> Secret("ghp_0123456789abcdef")
    Secret([hidden])
    >>> f"{Secret('ghp_0123456789abcdef')}"
    '[hidden]'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        value = value.strip()
        if len(value) < _SHORTEST or not all("!" <= character <= "~" for character in value):
            raise Refusal(
                "a token is one word of visible ASCII characters; this one is empty, too short, or something else",
                remedy="check the variable or file that the configuration names for it",
            )
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, specification: str) -> str:
        return format(HIDDEN, specification)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is never written down")


def scrub(text: str, *secrets: Secret) -> str:
    """`text` without `secrets` and without anything that looks like a token, a credential's header or a login in a URL.

    >>> scrub("401 for https://ada:hunter2@git.example.org with Authorization: Bearer abc.def")
    '401 for https://[hidden]@git.example.org with Authorization: Bearer [hidden]'
    >>> scrub("no such key ghp_0123456789abcdef0123")
    'no such key [hidden]'
    """
    for value in sorted({secret.reveal() for secret in secrets}, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    text = _USERINFO.sub(HIDDEN, text)
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    return _TOKENS.sub(HIDDEN, text)
