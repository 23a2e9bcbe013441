"""Quotas and pauses are obeyed, whatever the clock here says, and never waited for without end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from email.utils import format_datetime

import pytest

from collectors.forge_limits import Bucket, retry_after
from db.errors import Incomplete
from tests.collectors.forge.fake_clock import FakeClock


def headers(clock: FakeClock, remaining: int, seconds: float, *, limit: int = 5000, **more: str) -> dict[str, str]:
    """As GitHub sends them; the forge's clock is the world's."""
    return {
        "date": format_datetime(clock.world()),
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(int((clock.world() + timedelta(seconds=seconds)).timestamp())),
        **more,
    }


@pytest.mark.parametrize("skew", [timedelta(0), timedelta(days=400), timedelta(hours=-30)])
def test_a_used_up_quota_is_waited_for_whatever_the_clock_here_says(skew: timedelta) -> None:
    clock = FakeClock(skew)
    bucket = Bucket(clock)
    bucket.saw(headers(clock, 1, 600))
    bucket.take()
    assert not clock.slept
    bucket.take()
    assert sum(clock.slept) == pytest.approx(600, abs=1)


def test_quotas_of_rest_and_graphql_are_apart() -> None:
    clock = FakeClock()
    bucket = Bucket(clock)
    bucket.saw(headers(clock, 0, 600, **{"x-ratelimit-resource": "graphql"}))
    bucket.take("core")
    assert not clock.slept
    bucket.take("graphql")
    assert sum(clock.slept) == pytest.approx(600, abs=1)


def test_gitlab_headers_are_known_too() -> None:
    clock = FakeClock()
    bucket = Bucket(clock)
    bucket.saw({name.removeprefix("x-"): value for name, value in headers(clock, 0, 30, limit=2000).items()})
    bucket.take()
    assert sum(clock.slept) == pytest.approx(30, abs=1)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"x-ratelimit-limit": "0", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"},
        {"x-ratelimit-limit": "0", "x-ratelimit-remaining": "0"},
        {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"},
        {"x-ratelimit-limit": "many", "x-ratelimit-remaining": "-", "x-ratelimit-reset": "inf"},
    ],
)
def test_a_forge_that_limits_nothing_makes_nobody_wait(said: dict[str, str]) -> None:
    clock = FakeClock()
    bucket = Bucket(clock)
    bucket.saw(said)
    for _ in range(10):
        bucket.take()
    assert not clock.slept


def test_what_is_under_way_is_counted_before_the_forge_tells() -> None:
    clock = FakeClock()
    bucket = Bucket(clock)
    bucket.saw(headers(clock, 3, 600))
    bucket.take()
    bucket.take()
    bucket.saw(headers(clock, 2, 600))  # the answer to the first, which came late
    assert bucket.quota() is not None
    assert bucket.quota().remaining == 1


def test_a_new_hour_brings_a_new_quota() -> None:
    clock = FakeClock()
    bucket = Bucket(clock)
    bucket.saw(headers(clock, 0, 100))
    bucket.take()
    bucket.saw(headers(clock, 4999, 3600))
    assert bucket.quota() is not None
    assert bucket.quota().remaining == 4999


def test_too_long_a_wait_stops_and_says_when_to_come_back() -> None:
    clock = FakeClock()
    bucket = Bucket(clock, max_wait=900)
    bucket.saw(headers(clock, 0, 1800))
    with pytest.raises(
        Incomplete, match=r"quota \(5,000\) is used up; that takes 1,800 s.*run it again after 12:30 UTC"
    ):
        bucket.take()
    assert not clock.slept


def test_the_countdown_is_told_every_second() -> None:
    clock = FakeClock()
    told: list[tuple[float, str]] = []
    bucket = Bucket(clock, on_wait=lambda seconds, reason: told.append((round(seconds), reason)))
    bucket.refused(3)
    bucket.take()
    assert told == [(left, "the forge asked for a pause") for left in (3, 2, 1)]


def test_refusals_that_say_nothing_pause_longer_each_time() -> None:
    clock = FakeClock()
    bucket = Bucket(clock)
    for expected in (60, 120, 240):
        before = sum(clock.slept)
        bucket.refused(None)
        bucket.refused(None)  # another thread, told the same at the same time
        bucket.take()
        assert sum(clock.slept) - before == pytest.approx(expected)
    bucket.succeeded()
    before = sum(clock.slept)
    bucket.refused(None)
    bucket.take()
    assert sum(clock.slept) - before == pytest.approx(60)


def test_threads_together_never_spend_more_than_the_quota() -> None:
    clock = FakeClock()
    bucket = Bucket(clock, max_wait=10)
    bucket.saw(headers(clock, 20, 600))

    def spend(_: int) -> int:
        spent = 0
        with suppress(Incomplete):
            while True:
                bucket.take()
                spent += 1
        return spent

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(8))) == 20


def test_a_quota_by_the_minute_begins_anew_each_minute() -> None:
    clock = FakeClock()
    bucket = Bucket(clock)
    bucket.saw(headers(clock, 1, 5))
    bucket.saw(headers(clock, 1999, 64))
    assert bucket.quota() is not None
    assert bucket.quota().remaining == 1999


def test_requests_keep_a_pace_of_their_own() -> None:
    clock = FakeClock()
    bucket = Bucket(clock, per_minute={"core": 60.0}, burst=5)
    for _ in range(65):
        bucket.take()
    assert sum(clock.slept) == pytest.approx(59, abs=1)
    assert bucket.requests == 65


@pytest.mark.parametrize("reset", ["1893456000000", "1e300", "-1e300", "99999999999999999999"])
def test_a_reset_that_no_forge_means_is_a_wait_beyond_the_bound_and_no_crash(reset: str) -> None:
    clock = FakeClock()
    bucket = Bucket(clock)
    bucket.saw(headers(clock, 0, 600) | {"x-ratelimit-reset": reset})
    with suppress(Incomplete):
        bucket.take()
    assert sum(clock.slept) == 0


@pytest.mark.parametrize("told", ["999999999999", "1e300", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_pause_without_measure_ends_the_run_and_crashes_nothing(told: str) -> None:
    clock = FakeClock()
    bucket = Bucket(clock)
    bucket.refused(retry_after({"retry-after": told, "date": format_datetime(clock.world())}))
    with pytest.raises(Incomplete, match="86,400 s"):
        bucket.take()
