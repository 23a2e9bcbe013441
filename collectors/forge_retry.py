"""What to do about a request that failed: the same rules for both forges, written once.

| what came | then |
|---|---|
| 429; 403 with `Retry-After`, with no quota left, or with the words of a secondary limit; GraphQL `RATE_LIMITED` | obey, then the same again |
| connection lost, cut short, JSON that ends early, 500, 502, 503, 504, 520-530, 408 | the same again, after 1, 2, 4 .. seconds |
| the same where a page can be made smaller (502, 503, 504, no answer in time, an answer too large, GraphQL errors without data) | `PageFailed`: ask for less |
| 401, 403 else | `Refusal`, with what to do about the token |
| 404, 410, 451, and 409 for an empty repository | `Gone` |
| any other | `Refusal` |

Tries are counted and waits are fixed numbers: the same faults at the same places give the same run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import Enum
from typing import Final, NoReturn, TypeVar

from collectors.forge_failure import (
    ConnectionLost,
    Gone,
    HttpFailure,
    OutOfTries,
    PageFailed,
    QueryFailure,
    TooLarge,
    Unreachable,
)
from collectors.forge_limits import Bucket, retry_after
from db.errors import Refusal

__all__ = ["TRIES", "Remedy", "attempt", "classify"]

TRIES: Final = 6
"""How often a request is made before it is given up, and how often in a row a forge may ask for a pause."""

_TRANSIENT: Final = frozenset((408, 500, 502, 503, 504, *range(520, 531)))
_GONE: Final = frozenset((404, 410, 451))
_LIMIT_WORDS: Final = (
    "rate limit",
    "abuse detection",
    "retry your request again later",
    "try again later",
    "quota exceeded",
)

T = TypeVar("T")


class Remedy(Enum):
    """What a failure calls for."""

    OBEY = "wait as told"
    AGAIN = "the same again"
    SMALLER = "ask for less"
    GONE = "it is not there"
    STOP = "no use asking again"


def classify(error: Exception) -> Remedy:
    """What `error` calls for. SMALLER where asking for less may help; who cannot takes it for AGAIN.

    >>> classify(HttpFailure(429, {}, "", "", where=""))
    <Remedy.OBEY: 'wait as told'>
    """
    if isinstance(error, HttpFailure):
        return _of_status(error)
    if isinstance(error, QueryFailure):
        return Remedy.OBEY if "RATE_LIMITED" in error.types else Remedy.SMALLER
    if isinstance(error, ConnectionLost | TooLarge):
        return Remedy.SMALLER
    if isinstance(error, json.JSONDecodeError) or isinstance(error.__cause__, json.JSONDecodeError):
        return Remedy.SMALLER
    return Remedy.STOP


def _of_status(error: HttpFailure) -> Remedy:
    if error.status == 429 or (error.status == 403 and _is_limit(error)):
        return Remedy.OBEY
    if error.status in _TRANSIENT:
        return Remedy.SMALLER if error.status in (502, 503, 504) else Remedy.AGAIN
    if error.status in _GONE or (error.status == 409 and "empty" in error.message.lower()):
        return Remedy.GONE
    return Remedy.STOP


def _is_limit(error: HttpFailure) -> bool:
    words = error.message.lower()
    exhausted = error.headers.get("x-ratelimit-remaining") == "0" and error.headers.get("x-ratelimit-limit") != "0"
    return "retry-after" in error.headers or exhausted or any(phrase in words for phrase in _LIMIT_WORDS)


def attempt(
    call: Callable[[], T], bucket: Bucket, *, resource: str = "core", cost: int = 1, divisible: bool = False
) -> T:
    """What `call` gives, made again as the failures call for. `call` makes one request each time.

    divisible: the caller can ask for a smaller page; it is told to with PageFailed at the first failure that a smaller page may cure.
    Raises Gone; Refusal where asking again is no use, or where the first request of all cannot connect; OutOfTries after six tries; Incomplete where the forge asks for a longer wait
    than the bucket allows.
    """
    failures = pauses = 0
    while True:
        bucket.take(resource, cost)
        try:
            answer = call()
        except Exception as error:  # noqa: BLE001
            trouble, remedy = error, classify(error)
        else:
            bucket.succeeded()
            return answer
        pauses += remedy is Remedy.OBEY
        failures += remedy in (Remedy.AGAIN, Remedy.SMALLER)
        if remedy in (Remedy.GONE, Remedy.STOP):
            _stop(trouble, remedy)
        if divisible and remedy is Remedy.SMALLER:
            raise PageFailed(str(trouble))
        if isinstance(trouble, Unreachable) and not bucket.answered and failures == 1:
            raise Refusal(trouble.what, remedy="check base_url")
        if max(failures, pauses) >= TRIES:
            raise OutOfTries(f"tried {TRIES} times: {trouble}", remedy="what came so far is kept; run it again later")
        if remedy is Remedy.OBEY:
            _obey(trouble, bucket, resource)
        else:
            reason = trouble.reason if isinstance(trouble, Unreachable) else "the forge failed"
            bucket.wait(2.0 ** (failures - 1), f"{reason}; trying again")


def _obey(error: Exception, bucket: Bucket, resource: str) -> None:
    """Pause for as long as the forge says; where its quota is used up, `Bucket.take` waits for the next."""
    headers = error.headers if isinstance(error, HttpFailure) else {}
    bucket.saw({"x-ratelimit-resource": resource, **headers})
    told = retry_after(headers)
    if told is not None or not bucket.exhausted(resource):
        bucket.refused(told)


def _stop(error: Exception, remedy: Remedy) -> NoReturn:
    if not isinstance(error, HttpFailure):
        raise error
    if remedy is Remedy.GONE:
        raise Gone(error.what, error.status, where=error.where)
    raise Refusal(error.what, where=error.where, remedy=_advice(error))


def _advice(error: HttpFailure) -> str:
    if error.status == 401:
        return "the token is wrong, expired or revoked: make a new one that may only read"
    if "x-github-sso" in error.headers:
        return "authorise the token for the organisation's single sign-on"
    if error.status == 403:
        return "give the token read access to this repository (docs/collect-forges.md names the permissions)"
    return "this is a mistake of this program or an older forge than it knows; please report it"
