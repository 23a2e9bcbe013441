"""Whatever goes wrong on the way, at whatever request: the ledger ends with the same bytes, and nothing is asked of another host."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.gitlab_server import GitLab, serving
from collectors.forge_failure import ForeignHost
from tests.collectors.gitlab.running import Collector, Killed, Watch, ledger_at, made_up

FAULTS = {
    "connection dropped": "drop",
    "429 with Retry-After": "429",
    "429 without Retry-After": "429 without",
    "500": "500",
    "502": "502",
    "503": "503",
    "504": "504",
    "403 for a limit": "403 limit",
    "JSON that ends early": "truncated",
}
BURST = 4
"""Times in a row that the same request fails in a burst; the client tries six times."""


@dataclass
class Place:
    """A GitLab that serves all tests of this file, what a faultless run over it exports, and a maker of fresh ledgers."""

    forge: GitLab
    fresh: Callable[[], Collector]
    expected: bytes = b""
    requests: int = 0
    kinds: tuple[str, ...] = ()

    def first_of_each_kind(self) -> list[int]:
        """The first request of every kind, further pages apart: the project, lists, discussions, approvals."""
        return [at for at, kind in enumerate(self.kinds, 1) if kind not in self.kinds[: at - 1]]

    def reset(self) -> None:
        self.forge.forget()
        self.forge.projects[0].population.touched.clear()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, blank_sqlite: Path) -> Iterator[Place]:
    """Pages are small, so that lists and discussions have several."""
    folder, made = tmp_path_factory.mktemp("gitlab"), iter(range(1_000_000))
    with serving(made_up(changes=7, issues=4, releases=2, seed=255, most=4)) as forge:
        found = Place(forge, lambda: Collector(forge.url, ledger_at(folder, blank_sqlite, f"ledger-{next(made)}")))
        collector = found.fresh()
        collector.run()
        found.expected, found.requests = collector.exported(), forge.total
        found.kinds = tuple(map(kind_of, forge.asked))
        yield found


def kind_of(asked: str) -> str:
    path, _, query = asked.partition("?")
    further = re.search(r"\bpage=(?!1\b)|updated_after", query) is not None
    return re.sub(r"/\d+", "", path) + " further" * further


def fails(place: Place, fault: str, at: int, times: int) -> None:
    place.reset()
    place.forge.plan = dict.fromkeys(range(at, at + times), fault)
    collector = place.fresh()
    collector.settle()
    assert collector.exported() == place.expected, f"{fault} {times} times from request {at} on"
    assert place.forge.hosts == {place.forge.url.removeprefix("http://")}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_at_each_kind_of_request_changes_nothing_nor_at_every_seventh(place: Place, name: str) -> None:
    """The faults take turns, so that every request meets one; the long tests try all of them at all requests."""
    turn = range(1 + list(FAULTS).index(name), place.requests + 1, len(FAULTS))
    for at in sorted({*place.first_of_each_kind(), *turn}):
        fails(place, FAULTS[name], at, 1)


@pytest.mark.long
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("times", [1, BURST, 8], ids=["once", "in a burst", "past all patience"])
def test_a_fault_at_any_request_changes_nothing(place: Place, name: str, times: int) -> None:
    for at in range(1, place.requests + 1):
        fails(place, FAULTS[name], at, times)


def test_a_burst_of_502_changes_nothing_nor_does_one_that_outlasts_all_patience(place: Place) -> None:
    for at in place.first_of_each_kind()[1::2]:
        fails(place, "502", at, BURST)
        fails(place, "502", at, 8)


def test_a_run_killed_at_every_third_request_goes_on_where_its_last_batch_ended(place: Place) -> None:
    for at in range(1, place.requests + 1, 3):
        place.reset()
        collector = place.fresh()
        with pytest.raises(Killed):
            collector.run(killed_at=at)
        collector.run()
        assert collector.exported() == place.expected, f"killed at request {at}"


@pytest.mark.parametrize("start", [datetime(1999, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)])
def test_a_clock_here_that_is_decades_off_changes_nothing(place: Place, start: datetime) -> None:
    place.reset()
    collector = place.fresh()
    collector.watch = Watch(start)
    collector.run()
    collector.run()
    assert collector.exported() == place.expected
    assert collector.watch.slept == 0


@pytest.mark.parametrize("skew", [timedelta(days=-400), timedelta(minutes=-3), timedelta(days=400)])
def test_a_server_whose_clock_disagrees_with_its_rows_changes_nothing(place: Place, skew: timedelta) -> None:
    place.reset()
    place.forge.skew = skew
    collector = place.fresh()
    collector.run()
    collector.run()
    assert collector.exported() == place.expected


def moved(place: Place, at: int, numbers: tuple[int, ...]) -> None:
    """Merge requests are commented on while request `at` is under way; then it is as if they had always been so."""
    place.reset()
    population = place.forge.projects[0].population
    place.forge.happen = {at: lambda: [population.touch(number) for number in numbers] and None}
    collector = place.fresh()
    collector.run()
    collector.run()
    again = place.fresh()
    again.run()
    assert set(population.touched) == set(numbers)
    assert collector.exported() == again.exported(), f"moved at request {at}"


@pytest.mark.parametrize("numbers", [(1,), (7,), (2, 5, 6)])
def test_rows_that_move_between_pages_are_neither_lost_nor_old(place: Place, numbers: tuple[int, ...]) -> None:
    for at in range(2, place.requests, 12):
        moved(place, at, numbers)


@pytest.mark.long
@pytest.mark.parametrize("numbers", [(1,), (4,), (7,), (2, 5, 6), tuple(range(1, 8))])
def test_rows_that_move_at_any_request_are_neither_lost_nor_old(place: Place, numbers: tuple[int, ...]) -> None:
    for at in range(1, place.requests + 1):
        moved(place, at, numbers)


def test_a_list_that_lags_behind_is_not_believed(place: Place) -> None:
    place.reset()
    population = place.forge.projects[0].population
    population.touch(3)
    population.touch(6)
    fresh = place.fresh()
    fresh.run()
    place.forge.stale = lambda number: number in (3, 6)
    misled = place.fresh()
    misled.run()
    assert misled.exported() == fresh.exported()
    place.forge.stale = None
    misled.run()
    assert misled.exported() == fresh.exported()


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Another host, which should never hear of us."""

    heard: list[str]

    def do_GET(self) -> None:
        self.heard.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    heard: list[str] = []
    server = http.server.ThreadingHTTPServer(("127.0.0.2", 0), type("Bound", (Elsewhere,), {"heard": heard}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.2:{server.server_port}", heard
    server.shutdown()
    server.server_close()
    thread.join()


def test_no_redirect_leads_to_another_host_whatever_is_asked_for(
    place: Place, elsewhere: tuple[str, list[str]]
) -> None:
    for at in place.first_of_each_kind():
        place.reset()
        place.forge.foreign, heard = elsewhere
        place.forge.plan = {at: "foreign redirect"}
        collector = place.fresh()
        with pytest.raises(ForeignHost, match=r"127\.0\.0\.2"):
            collector.run()
        collector.run()
        assert collector.exported() == place.expected, f"redirected at request {at}"
        assert heard == []


def test_links_to_another_host_are_read_for_their_page_and_not_followed(
    place: Place, elsewhere: tuple[str, list[str]]
) -> None:
    place.reset()
    place.forge.foreign, heard = elsewhere
    place.forge.plan = dict.fromkeys(range(1, place.requests + 1), "foreign link")
    collector = place.fresh()
    collector.run()
    assert collector.exported() == place.expected
    assert heard == []
