"""What a thousand change requests of the stated population cost, by the server's own count."""

from __future__ import annotations

import statistics
from collections import Counter

import pytest

from benchmarks.forge_population import Population
from benchmarks.github_rows import Rows
from benchmarks.github_server import GitHub, serving
from collectors import github
from collectors.forge_limits import Bucket
from tests.collectors.github.running import LATE, Collector, Watch

THOUSAND = 1_000


@pytest.fixture(scope="module")
def read() -> tuple[GitHub, Counter[str]]:
    server = GitHub(Rows(Population(THOUSAND)))
    kinds: Counter[str] = Counter()
    with serving(server) as url:
        settings = Collector(url, None, given={"page_size": 25}).settings()  # type: ignore[arg-type]
        client = github.connect(settings, Bucket(Watch()))
        for batch in github.collect(settings, None, now=LATE, client=client):
            kinds.update(one.kind.value for one in batch.evidence)
    return server, kinds


def test_the_population_is_what_it_is_stated_to_be() -> None:
    people = Population(4_000)
    changes = [people.change(number) for number in range(1, 4_001)]
    reviews = [len(change.reviews) for change in changes]
    comments = [len(change.comments) + sum(len(thread.comments) for thread in change.threads) for change in changes]
    assert statistics.median(reviews) == 2
    assert statistics.median(comments) == 3
    assert sum(count > 30 for count in reviews) / 4_000 == pytest.approx(0.05, abs=0.01)
    assert sum(count > 100 for count in comments) / 4_000 == pytest.approx(0.02, abs=0.006)
    assert sum(bool(change.threads) for change in changes) / 4_000 == pytest.approx(0.4, abs=0.025)


def test_change_requests_and_reviews_take_at_most_60_requests_and_60_points(read: tuple[GitHub, Counter[str]]) -> None:
    server, kinds = read
    assert kinds["change_request"] == THOUSAND
    assert kinds["review"] > 7_000
    assert server.requests["Changes"] + server.requests["Reviews"] <= 60
    assert server.points["Changes"] + server.points["Reviews"] <= 60


def test_comments_take_less_than_a_request_per_hundred_and_threads_few(read: tuple[GitHub, Counter[str]]) -> None:
    server, kinds = read
    assert kinds["review_comment"] > 10_000
    assert server.requests["Comments"] + server.requests["Threads"] <= kinds["review_comment"] / 100
    assert server.points["Threads"] <= 40


def test_nothing_else_is_asked(read: tuple[GitHub, Counter[str]]) -> None:
    assert set(read[0].requests) == {"Changes", "Reviews", "Comments", "Threads"}
