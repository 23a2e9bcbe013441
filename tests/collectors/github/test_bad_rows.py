"""Rows and lists that are not as GitHub would send them: each is told, and none of them hides or stops another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from benchmarks.github_server import Fault, GitHub, Reply, serving
from collectors import github
from collectors.forge_limits import Bucket
from db.errors import Incomplete, Refusal
from db.ledger import Ledger
from tests.collectors.github.running import Collector, Watch, made_up


@pytest.fixture
def ledger(ledger_at: Callable[[str], Ledger]) -> Ledger:
    return ledger_at("one")


def shown(stream: str, number: int, **fields: Any) -> Fault:
    """That row is always shown so."""

    def apply(_: GitHub, reply: Reply) -> None:
        data = reply.body["data"]
        page = (data.get("repository") or {}).get(stream) or {}
        alone = [row for name, row in data.items() if name.startswith("n") and row]
        for row in (*(page.get("nodes") or ()), *alone):
            if row.get("number") == number:
                row.update(fields)

    return Fault(apply, times=10**6)


def numbers(collector: Collector, kind: str = "change_request") -> set[int]:
    return {row["measures"]["number"] for row in collector.evidence(kind)}


def test_a_row_dated_in_the_future_hides_nothing_that_comes_later(ledger: Ledger) -> None:
    server = made_up(shown("pullRequests", 14, updatedAt="2099-01-01T00:00:00Z"), changes=14)
    with serving(server) as url:
        collector = Collector(url, ledger, given={"page_size": 5})
        collector.run()
        assert datetime.fromisoformat(collector.cursor()["streams"]["changes"]["watermark"]) <= server.now()
        before = len(collector.evidence("review"))
        server.rows.people.touched[14] = (server.now() + timedelta(minutes=2),)
        server.rows.people.touched[3] = (server.now() + timedelta(minutes=1),)
        collector.run()
    assert any(row["artefact"].startswith("127.0.0.1:PRR_3_") for row in collector.evidence("review"))
    assert len(collector.evidence("review")) > before


def test_a_watermark_in_the_future_that_was_kept_before_is_believed_no_more(ledger: Ledger) -> None:
    with serving(made_up(changes=14)) as url:
        collector = Collector(url, ledger)
        collector.run()
        held = dict(collector.cursor())
        held["streams"]["changes"] |= {"watermark": "2099-01-01T00:00:00+00:00", "etag": None}
        batches = list(collector.batches(held))
    assert sum(one.kind == "change_request" for batch in batches for one in batch.evidence) == 14


@pytest.mark.parametrize(("minutes", "is_found"), [(9, True), (11, False)])
def test_what_was_updated_up_to_ten_minutes_below_the_watermark_is_read_again(
    minutes: int, is_found: bool, ledger: Ledger
) -> None:
    server = made_up(changes=14)
    people = server.rows.people
    with serving(server) as url:
        collector = Collector(url, ledger)
        collector.run()
        people.touched[14] = (people.updated_at(14) + timedelta(seconds=1),)
        people.touched[3] = (people.updated_at(14) - timedelta(minutes=minutes, seconds=1),)
        found = [one.artefact for batch in collector.batches(collector.cursor()) for one in batch.evidence]
    assert ("127.0.0.1:PR_3" in found) == is_found


@pytest.mark.parametrize(
    "fields", [{"updatedAt": None}, {"state": None}, {"title": None}, {"createdAt": "0001-01-01T00:00:00+14:00"}]
)
def test_an_issue_that_cannot_be_read_is_named_and_the_others_come(fields: dict[str, Any], ledger: Ledger) -> None:
    with serving(made_up(shown("issues", 6, **fields), changes=3)) as url:
        collector = Collector(url, ledger)
        batches = list(collector.batches(None))
        key = next(iter(word for word in collector.talk if word.startswith("unreadable ")), "")
    assert collector.talk.get("unreadable") == 1
    assert key.startswith("unreadable 127.0.0.1:")
    assert sum(one.kind == "issue" for batch in batches for one in batch.evidence) == 11


@pytest.mark.parametrize(
    "fields",
    [
        {"title": None},
        {"labels": {"nodes": [{"name": None}]}},
        {"additions": "x"},
        {"mergedAt": "0001-01-01T00:00:00+14:00"},
        {"updatedAt": None},
    ],
)
def test_a_change_request_that_cannot_be_read_keeps_no_other_from_coming(
    fields: dict[str, Any], ledger: Ledger
) -> None:
    with serving(made_up(shown("pullRequests", 3, **fields), changes=12)) as url:
        collector = Collector(url, ledger)
        with pytest.raises(Incomplete, match="1 change requests did not come whole"):
            collector.run()
    assert numbers(collector) == set(range(1, 13)) - {3}
    assert list(collector.cursor()["incomplete"]) == ["127.0.0.1:PR_3"]


def test_threads_that_fail_for_ever_leave_their_change_request_incomplete_and_not_silently_without(
    ledger: Ledger,
) -> None:
    server = made_up(changes=12)
    number = next(n for n in range(1, 13) if server.rows.people.change(n).threads)

    def threadless(_: GitHub, reply: Reply) -> None:
        for alias, node in reply.body["data"].items():
            if alias.startswith("n") and node and node["id"] == f"PR_{number}" and "reviewThreads" in node:
                node["reviewThreads"] = None
                reply.body["errors"] = [{"message": "No.", "path": [alias, "reviewThreads"]}]

    server.faults.append(Fault(threadless, times=10**6))
    with serving(server) as url:
        collector = Collector(url, ledger)
        with pytest.raises(Incomplete, match="did not come whole"):
            collector.run()
    assert list(collector.cursor()["incomplete"]) == [f"127.0.0.1:PR_{number}"]
    assert [row["measures"]["number"] for row in collector.evidence() if row["measures"].get("incomplete")] == [number]


def test_long_texts_are_cut_as_they_come(ledger: Ledger) -> None:
    with serving(made_up(shown("pullRequests", 3, body="x" * 65_000), changes=5)) as url:
        client = github.connect(Collector(url, ledger).settings(), Bucket(Watch()))
        document = "query A($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { pullRequests(first: 5) { nodes { number body } } } }"
        rows = client.query(document, {"owner": "acme", "name": "engine"}).data["repository"]["pullRequests"]["nodes"]
    assert max(len(row["body"]) for row in rows) == 8_000


def listing(server: GitHub, *names: str) -> list[Any]:
    with serving(server) as url:
        client = github.connect(Collector(url, None).settings(), Bucket(Watch()))  # type: ignore[arg-type]
        organisation = None if names else "acme"
        return list(github.repositories(client, "127.0.0.1", organisation, names=names))


@pytest.mark.parametrize(
    "body", [b"<html>It works!</html>", {}, {"message": "No."}, b"null", [{"id": 1}], b"[" * 100_000]
)
@pytest.mark.parametrize("names", [(), ("acme/engine",)], ids=["list", "named"])
def test_what_is_no_repository_is_tried_again_and_never_taken_for_none(body: Any, names: tuple[str, ...]) -> None:
    path = "/repos/acme/engine" if names else "/orgs/acme/repos"
    server = made_up(Fault(lambda _, reply: Reply(200, reply.headers, body), times=10**6, path=path), changes=1)
    with pytest.raises(Incomplete, match="tried 6 times"):
        listing(server, *names)
    once = made_up(Fault(lambda _, reply: Reply(200, reply.headers, body), path=path), changes=1)
    assert [one.name for one in listing(once, *names)] == ["acme/engine"]


def test_a_token_that_may_write_is_refused_where_repositories_are_listed() -> None:
    with pytest.raises(Refusal, match="may do more than read: repo"):
        listing(made_up(changes=1, scopes="repo, read:org"))
