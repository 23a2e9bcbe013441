"""Whatever fails on the way, at whatever request: the ledger ends with the same bytes, and nothing was asked of another host."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks import github_faults as faults
from benchmarks.github_server import Fault, GitHub, Reply, serving
from db.errors import Incomplete
from db.ledger import Ledger
from tests.collectors.github.conftest import Expected
from tests.collectors.github.running import Collector, made_up

FAULTS: dict[str, tuple[faults.Apply, int]] = {
    "connection dropped": (faults.drop, 1),
    "connection dropped in mid-answer": (faults.cut, 1),
    "JSON that ends early": (faults.truncated, 1),
    "502 once": (faults.bad_gateway, 1),
    "502 in a burst": (faults.bad_gateway, 4),
    "504 in a burst": (faults.gateway_timeout, 4),
    "403 primary limit": (faults.primary, 1),
    "429 primary limit": (faults.primary_429, 1),
    "403 secondary limit, no Retry-After": (faults.secondary, 2),
    "403 secondary limit with Retry-After": (faults.secondary_after, 2),
    "429 without Retry-After": (faults.too_many, 2),
    "429 with Retry-After": (faults.too_many_after, 2),
    "200 with errors and no data": (faults.errors, 3),
    "200 RATE_LIMITED": (faults.rate_limited, 1),
    "a row missing among good ones": (faults.hole, 1),
    "reviews missing from a row": (faults.childless, 1),
}
SIZES = [pytest.param(14, 6, id="14 by 6"), pytest.param(120, 10, id="120 by 10", marks=pytest.mark.long)]
"""Change requests, and how many of them are on a page."""


def settle(collector: Collector) -> int:
    """Runs until one is not incomplete, as a crontab does; how many were."""
    for incomplete in range(8):
        try:
            collector.run()
        except Incomplete:
            continue
        return incomplete
    raise AssertionError("it never comes to an end")


@pytest.mark.parametrize(("changes", "size"), SIZES)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_at_any_request_changes_nothing(
    name: str, changes: int, size: int, faultless: Expected, ledger_at: Callable[[str], Ledger]
) -> None:
    expected, log = faultless(changes, page_size=size)
    apply, times = FAULTS[name]
    for at in range(1, len(log) + 1):
        server = made_up(Fault(apply, at, times), changes=changes)
        with serving(server) as url:
            collector = Collector(url, ledger_at(f"at-{at}"), given={"page_size": size})
            settle(collector)
        assert server.struck, f"nothing happened at request {at}"
        assert collector.exported() == expected, f"{name} at request {at}"
        assert set(server.hosts) == {url.removeprefix("http://")}


def too_large(limit: int) -> faults.Apply:
    """502 for every page of more than `limit` rows."""

    def apply(_: GitHub, reply: Reply) -> Reply | None:
        page = ((reply.body["data"].get("repository") or {}).get("pullRequests") or {}).get("nodes") or ()
        return Reply(502, reply.headers, {"message": "Server Error"}) if len(page) > limit else None

    return apply


def test_pages_shrink_until_they_come_and_the_size_is_remembered(
    faultless: Expected, ledger_at: Callable[[str], Ledger]
) -> None:
    server = made_up(Fault(too_large(6), times=10**6), changes=25)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"), given={"page_size": 25})
        collector.run()
        assert collector.exported() == faultless(25)[0]
        assert collector.cursor()["page_size"] == 6
        server.log.clear()
        server.rows.people.touch(3)
        collector.run()
        assert server.log.count("Changes") == 1  # no larger page is tried first


def test_a_page_that_never_comes_is_read_row_by_row(faultless: Expected, ledger_at: Callable[[str], Ledger]) -> None:
    server = made_up(Fault(poisoned("PR_7", 3), times=10**6), changes=25)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"))
        assert settle(collector) == 0
        assert collector.exported() == faultless(25)[0]
        assert "Skeleton" in server.log


def poisoned(node: str, smallest: int) -> faults.Apply:
    """502 wherever that change request is asked for among `smallest` rows or more."""

    def apply(_: GitHub, reply: Reply) -> Reply | None:
        data = reply.body["data"]
        page = ((data.get("repository") or {}).get("pullRequests") or {}).get("nodes")
        rows = [row for row in page or [one for key, one in data.items() if key.startswith("n")] if row]
        whole = [row for row in rows if "title" in row]
        bad = len(whole) >= smallest and any(row["id"] == node for row in whole)
        return Reply(502, reply.headers, {"message": "Server Error"}) if bad else None

    return apply


def test_one_that_never_comes_is_named_and_asked_for_first_next_time_and_the_rest_goes_on(
    faultless: Expected, ledger_at: Callable[[str], Ledger]
) -> None:
    server = made_up(Fault(poisoned("PR_7", 1), times=10**6), changes=25)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"))
        with pytest.raises(Incomplete, match=r"1 change requests did not come whole.*run it again"):
            collector.run()
        numbers = {row["measures"]["number"] for row in collector.evidence("change_request")}
        assert numbers == set(range(1, 26)) - {7}
        assert collector.cursor()["incomplete"] == {"127.0.0.1:PR_7": 1}
        server.faults.clear()
        server.log.clear()
        collector.run()
        assert server.log[:2] == ["Changes", "Again"]
        assert collector.cursor()["incomplete"] == {}
        assert collector.exported() == faultless(25)[0]


def test_one_whose_size_github_cannot_tell_is_kept_without_and_said_to_be_incomplete(
    ledger_at: Callable[[str], Ledger],
) -> None:
    def unsized(_: GitHub, reply: Reply) -> None:
        data = reply.body["data"]
        page = ((data.get("repository") or {}).get("pullRequests") or {}).get("nodes") or []
        rows = {("repository", "pullRequests", "nodes", i): row for i, row in enumerate(page)}
        rows |= {(alias,): row for alias, row in data.items() if alias.startswith("n") and row}
        for path, row in rows.items():
            if row.get("number") == 7:
                row["additions"] = None
                reply.body["errors"] = [{"message": "The diff is too large.", "path": [*path, "additions"]}]

    server = made_up(Fault(unsized, times=10**6), changes=25)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"))
        with pytest.raises(Incomplete, match="1 change requests did not come whole"):
            collector.run()
        changes = {row["measures"]["number"]: row["measures"] for row in collector.evidence("change_request")}
        assert set(changes) == set(range(1, 26))
        assert (changes[7]["additions"], changes[7]["incomplete"]) == (None, True)
        assert not any("incomplete" in measures for number, measures in changes.items() if number != 7)
        assert settle(collector) == 3
        assert collector.talk["incomplete"] == 5


def test_children_that_do_not_come_make_no_empty_list(ledger_at: Callable[[str], Ledger]) -> None:
    def no_threads(_: GitHub, reply: Reply) -> Reply | None:
        asked = any(
            "reviewThreads" in one and "nodes" in one["reviewThreads"] for one in reply.body["data"].values() if one
        )
        return Reply(502, reply.headers, {"message": "Server Error"}) if asked else None

    server = made_up(Fault(no_threads, times=10**6), changes=25)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"))
        with pytest.raises(Incomplete, match="did not come whole"):
            collector.run()
    marked = {row["artefact"] for row in collector.evidence("change_request") if row["measures"].get("incomplete")}
    with_threads = {f"127.0.0.1:PR_{number}" for number in range(1, 26) if server.rows.people.change(number).threads}
    assert marked == with_threads == set(collector.cursor()["incomplete"])


def test_what_never_comes_stops_nobody_for_ever(ledger_at: Callable[[str], Ledger]) -> None:
    server = made_up(Fault(poisoned("PR_7", 1), times=10**6), changes=12)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"))
        assert settle(collector) == 4
        assert collector.cursor()["incomplete"]["127.0.0.1:PR_7"] >= 5
