"""Each failure is met in its own way, the same for both forges."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from email.utils import format_datetime

import gitlab
import pytest

from collectors.forge_failure import ConnectionLost, Gone, HttpFailure, OutOfTries, PageFailed, QueryFailure, TooLarge
from collectors.forge_limits import Bucket
from collectors.forge_retry import TRIES, attempt
from collectors.forge_secret import Secret
from collectors.forge_session import TokenCredential, guarded_session
from collectors.github_requester import requester
from db.errors import CalibrantError, Incomplete, Refusal
from tests.collectors.forge.fake_clock import START, FakeClock
from tests.collectors.forge.servers import Answer, Asked, json_answer, serving


def http(status: int, message: str = "", **headers: str) -> HttpFailure:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpFailure(status, named, "", message, where="https://forge")


def failing(*failures: Exception) -> Callable[[], str]:
    """A call that fails so many times, then answers."""
    left = list(failures)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return call


RESET = {"date": format_datetime(START), "x_ratelimit_limit": "5000", "x_ratelimit_remaining": "0"}
RESET_AT = str(int((START + timedelta(seconds=900)).timestamp()))


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (http(429, retry_after="7"), 7),
        (http(429), 60),
        (http(403, retry_after="30"), 30),
        (http(403, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."), 60),
        (http(403, "You have triggered an abuse detection mechanism."), 60),
        (http(403, "API rate limit exceeded", **RESET, x_ratelimit_reset=RESET_AT), 900),
        (http(429, **RESET, x_ratelimit_reset=RESET_AT), 900),
        (http(403, "API rate limit exceeded", **RESET), 60),
        (QueryFailure(["RATE_LIMITED"], "API rate limit exceeded"), 60),
        (http(502), 1),
        (http(503), 1),
        (http(500), 1),
        (ConnectionLost("dropped"), 1),
        (json.JSONDecodeError("ends early", "{", 1), 1),
    ],
)
def test_what_passes_is_waited_for_and_asked_again(failure: Exception, seconds: float) -> None:
    clock = FakeClock()
    bucket = Bucket(clock)
    assert attempt(failing(failure), bucket, resource="graphql") == "answer"
    assert sum(clock.slept) == pytest.approx(seconds, abs=0.1)
    assert bucket.requests == 2


def test_the_same_failures_make_the_same_waits() -> None:
    waits = []
    for _ in range(2):
        clock = FakeClock()
        attempt(failing(*[http(502)] * (TRIES - 1)), Bucket(clock))
        waits.append(clock.slept)
    assert waits[0] == waits[1]
    assert sum(waits[0]) == pytest.approx(1 + 2 + 4 + 8 + 16)


@pytest.mark.parametrize(
    "failure", [http(502), http(504), http(503), ConnectionLost("late"), TooLarge("big"), QueryFailure([], "timeout")]
)
def test_a_page_that_can_be_smaller_is_asked_for_smaller_at_once(failure: CalibrantError) -> None:
    clock = FakeClock()
    bucket = Bucket(clock)
    with pytest.raises(PageFailed):
        attempt(failing(failure), bucket, divisible=True)
    assert not clock.slept


@pytest.mark.parametrize("failure", [http(502), ConnectionLost("dropped"), http(429, retry_after="1")])
def test_in_the_end_it_is_given_up_and_can_be_told_from_a_long_wait(failure: CalibrantError) -> None:
    bucket = Bucket(FakeClock())
    call = failing(*[failure] * TRIES)
    with pytest.raises(OutOfTries, match=f"tried {TRIES} times"):
        attempt(call, bucket)
    assert bucket.requests == TRIES


def test_a_pause_that_is_too_long_is_no_failure_of_the_item() -> None:
    bucket = Bucket(FakeClock(), max_wait=60)
    with pytest.raises(Incomplete) as stopped:
        attempt(failing(http(403, retry_after="3600")), bucket)
    assert not isinstance(stopped.value, OutOfTries)


@pytest.mark.parametrize(
    ("status", "message"), [(404, "Not Found"), (410, ""), (451, ""), (409, "Git Repository is empty.")]
)
def test_what_is_not_there_is_not_asked_for_again(status: int, message: str) -> None:
    bucket = Bucket(FakeClock())
    with pytest.raises(Gone) as gone:
        attempt(failing(http(status, message)), bucket)
    assert gone.value.status == status
    assert bucket.requests == 1


@pytest.mark.parametrize(
    ("failure", "advice"),
    [
        (http(401, "Bad credentials"), "expired or revoked"),
        (http(403, "Resource not accessible by personal access token"), "read access"),
        (http(403, "", x_github_sso="required; url=https://x"), "single sign-on"),
        (http(422), "please report"),
    ],
)
def test_what_asking_again_cannot_mend_is_refused_with_advice(failure: HttpFailure, advice: str) -> None:
    bucket = Bucket(FakeClock())
    with pytest.raises(Refusal, match=advice):
        attempt(failing(failure), bucket)
    assert bucket.requests == 1


def test_mistakes_of_our_own_are_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        attempt(lambda: 1 // 0, Bucket(FakeClock()))


def answers(sequence: Iterable[Answer | bytes]) -> Callable[[Asked], Answer | bytes]:
    left = list(sequence)
    return lambda _: left.pop(0)


@pytest.mark.parametrize("client", ["github", "gitlab"])
@pytest.mark.parametrize(
    "failure",
    [
        json_answer(b"{}", status=502),
        json_answer(b"{}", ("Retry-After", "1"), status=429),
        json_answer(b"{}", status=429),
        json_answer(b'{"message": "You have exceeded a secondary rate limit"}', status=403),
        json_answer(b'[{"id": 1'),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[",
        b"",
    ],
)
def test_both_clients_come_through_every_fault_over_the_wire(client: str, failure: Answer | bytes) -> None:
    clock = FakeClock()
    bucket = Bucket(clock)
    with serving(answers([failure, json_answer(b'[{"id": 1}]')])) as forge:
        session = guarded_session(forge.url, TokenCredential(Secret("token")), on_answer=bucket.saw)
        if client == "github":
            asking = requester(session)
            found = attempt(lambda: asking.requestJsonAndCheck("GET", "/x")[1], bucket)
        else:
            lab = gitlab.Gitlab(forge.url, session=session, retry_transient_errors=False)
            found = attempt(lambda: lab.http_get("/x"), bucket)
        assert found == [{"id": 1}]
        assert len(forge.asked) == 2  # neither client asks again by itself
