"""Change requests that are updated while they are read: none is lost, whenever it happens, and the server's clock alone decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from benchmarks import github_faults as faults
from benchmarks.github_server import Fault, serving
from collectors.forge_cursor import OVERLAP
from db.ledger import Ledger
from tests.collectors.github.conftest import Expected
from tests.collectors.github.running import Collector, made_up


@pytest.mark.parametrize("number", [2, 14], ids=["from the last page", "from the first page"])
def test_a_change_request_that_moves_while_it_is_read_is_read_as_it_became(
    number: int, faultless: Expected, ledger_at: Callable[[str], Ledger]
) -> None:
    expected, log = faultless(14, (number,), page_size=6)
    last_look = len(log) - log[::-1].index("Changes")
    for at in range(1, len(log) + 1):
        server = made_up(Fault(faults.touch(number), at), changes=14)
        with serving(server) as url:
            collector = Collector(url, ledger_at(f"at-{at}"), given={"page_size": 6})
            collector.run()
            if at < last_look:
                assert collector.exported() == expected, f"moved after request {at}"
            collector.run()
        assert collector.exported() == expected, f"moved after request {at}"


def test_several_that_move_at_every_page_are_all_read(faultless: Expected, ledger_at: Callable[[str], Ledger]) -> None:
    server = made_up(*(Fault(faults.touch(number), at) for at, number in enumerate((1, 13, 1, 5), 1)), changes=14)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"), given={"page_size": 6})
        collector.run()
        collector.run()
    expected = faultless(14, (1, 13, 1, 5), page_size=6)[0]
    assert collector.exported() == expected


@pytest.mark.parametrize("hours", [-30, -1, 1, 30])
def test_a_wrong_clock_on_either_side_changes_nothing(
    hours: int, faultless: Expected, ledger_at: Callable[[str], Ledger]
) -> None:
    server = made_up(Fault(faults.primary, 2), changes=14, skew=timedelta(hours=hours))
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"), given={"page_size": 6})
        collector.run()
        assert collector.watch.slept <= 3_605  # until the server's next hour, by the server's clock
        newest = server.rows.people.updated_at(14)
        assert datetime.fromisoformat(collector.cursor()["streams"]["changes"]["watermark"]) == newest
        server.rows.people.touch(9)
        collector.run()
    assert collector.exported() == faultless(14, (9,), page_size=6)[0]


def test_what_comes_to_light_late_with_an_older_date_is_found_within_the_overlap(
    ledger_at: Callable[[str], Ledger],
) -> None:
    server = made_up(changes=14)
    people = server.rows.people
    people.touch(5, after=OVERLAP)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"))
        collector.run()
        late = people.updated_at(5) - OVERLAP / 2
        people.touched[3] = (late,)  # a replica had not shown it yet
        collector.run()
    (moved,) = [row for row in collector.evidence("change_request") if row["measures"]["number"] == 3]
    assert moved["measures"]["reviews"] == expected_reviews(server.rows.people.change(3))


def expected_reviews(change: object) -> int:
    """Submitted, standing, by others than the author and by no bot."""
    author = change.author  # type: ignore[attr-defined]
    return sum(
        review.at is not None
        and review.state != "DISMISSED"
        and (author is None or review.author != author)
        and not (review.author and review.author.bot)
        for review in change.reviews  # type: ignore[attr-defined]
    )


def test_reviews_and_comments_older_than_the_watermark_come_with_their_change_request(
    ledger_at: Callable[[str], Ledger],
) -> None:
    server = made_up(changes=14)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"))
        collector.run()
        before = {row["artefact"] for row in collector.evidence("review")}
        server.rows.people.touch(4)
        collector.run()
        new = {row["artefact"] for row in collector.evidence("review")} - before
        server.log.clear()
        server.rows.people.touch(4)  # the change request is new, its other reviews are years older
        collector.run()
    assert new == {f"127.0.0.1:PRR_4_{len(server.rows.people.change(4).reviews) - 2}"}
    assert {row["artefact"] for row in collector.evidence("review")} > before | new


def test_when_nothing_is_new_one_request_is_enough_and_nothing_is_stored(ledger_at: Callable[[str], Ledger]) -> None:
    server = made_up(changes=60)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"))
        collector.run()
        before = collector.cursor()
        server.log.clear()
        assert collector.run() == 0
    assert server.log == ["Changes"]
    assert collector.cursor() == before
