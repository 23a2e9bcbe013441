"""Limits are obeyed with a countdown and a bound; beyond it a run stops, with everything so far, and goes on another time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks import github_faults as faults
from benchmarks.github_server import Fault, serving
from collectors import github
from collectors.forge_limits import Bucket
from collectors.forge_records import Progress
from db.errors import Incomplete
from db.ledger import Ledger
from tests.collectors.github.conftest import Expected
from tests.collectors.github.running import LATE, Collector, Watch, made_up


def test_beyond_the_longest_wait_it_stops_with_what_it_has_and_goes_on_from_there(
    faultless: Expected, ledger_at: Callable[[str], Ledger]
) -> None:
    expected, log = faultless(130, page_size=5)
    server = made_up(changes=130, remaining=21)
    watch = Watch()
    server.clock = watch.now
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"), watch, max_wait=60.0, given={"page_size": 5})
        with pytest.raises(Incomplete, match=r"quota.*used up.*run it again after 01:00"):
            collector.run()
        kept = len(collector.evidence("change_request"))
        assert 0 < kept < 130
        watch.slept += 3_600
        collector.run()
    assert collector.exported() == expected
    assert len(server.log) <= len(log) + 16


def test_within_the_longest_wait_it_waits_for_the_quota_and_tells(ledger_at: Callable[[str], Ledger]) -> None:
    server = made_up(changes=30, remaining=3)
    watch = Watch()
    server.clock = watch.now
    told: list[tuple[float, str]] = []
    with serving(server) as url:
        settings = Collector(url, ledger_at("one")).settings()
        bucket = Bucket(watch, on_wait=lambda seconds, reason: told.append((seconds, reason)))
        client = github.connect(settings, bucket)
        assert sum(len(batch.evidence) for batch in github.collect(settings, None, now=LATE, client=client)) > 300
    assert 3_590 < watch.slept < 3_610
    assert told[0][0] > 3_590
    assert told[-1][0] <= 1
    assert "quota" in told[0][1]


def test_a_server_without_limits_makes_nobody_wait(ledger_at: Callable[[str], Ledger]) -> None:
    server = made_up(changes=30, limit=0)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"))
        collector.run()
    assert collector.watch.slept == 0


def test_headers_of_zero_of_zero_make_nobody_wait(ledger_at: Callable[[str], Ledger]) -> None:
    def zero(_: object, reply: faults.Reply) -> None:
        reply.headers |= {"X-RateLimit-Limit": "0", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}

    server = made_up(Fault(zero, times=10**6), changes=30, limit=0)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"))
        collector.run()
    assert collector.watch.slept == 0


def test_queries_are_not_slowed_down_as_writes_are() -> None:
    """PyGithub would sleep a second before each."""
    server = made_up(changes=60)
    with serving(server) as url:
        settings = github.Settings("acme/engine", Collector(url, None).settings().token, url)  # type: ignore[arg-type]
        watch = Watch()
        client = github.connect(settings, Bucket(watch))
        list(github.collect(settings, None, now=LATE, client=client))
        assert client._requester.kwargs["seconds_between_requests"] is None
        assert client._requester.kwargs["seconds_between_writes"] is None
    assert watch.slept == 0


def test_progress_tells_counts_quota_and_how_many_there_are() -> None:
    seen: list[Progress] = []
    server = made_up(changes=60, issues=7, releases=2)
    with serving(server) as url:
        settings = Collector(url, None).settings()  # type: ignore[arg-type]
        client = github.connect(settings, Bucket(Watch()))
        list(github.collect(settings, None, now=LATE, client=client, watch=seen.append))
    assert [one.done for one in seen[:6]] == [10, 20, 30, 40, 50, 60]
    assert {one.total for one in seen} == {60 + 7 + 2} == {seen[-1].done}
    assert seen[-1].requests >= 7
    assert seen[-1].points == sum(server.points.values())
    assert seen[-1].remaining == server.remaining


def test_a_bound_on_pages_ends_a_run_and_the_next_one_goes_on(
    faultless: Expected, ledger_at: Callable[[str], Ledger]
) -> None:
    server = made_up(changes=130)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"), given={"page_size": 5, "max_pages": 7})
        with pytest.raises(Incomplete, match=r"7 pages were read.*run it again to continue"):
            collector.run()
        runs = 1
        while True:
            runs += 1
            try:
                collector.run()
                break
            except Incomplete:
                assert runs < 6
    assert collector.exported() == faultless(130, page_size=5)[0]
