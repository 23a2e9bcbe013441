"""What GitHub shows in passing: pending and dismissed reviews, people who are gone or renamed, bots, repositories in every state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import github_faults as faults
from benchmarks.forge_population import Population
from benchmarks.github_rows import Rows
from benchmarks.github_server import Fault, GitHub, Reply, serving
from benchmarks.graphql_answer import cursor
from collectors import github
from collectors.forge_failure import Gone
from collectors.forge_limits import Bucket
from collectors.github_query import CHANGES, SKELETON
from db.errors import Incomplete, Refusal
from db.ledger import Ledger
from tests.collectors.github.conftest import Expected
from tests.collectors.github.running import Collector, Watch, made_up


@pytest.fixture
def ledger(ledger_at: Callable[[str], Ledger]) -> Ledger:
    return ledger_at("one")


def rows_of(reply: Reply) -> list[dict[str, Any]]:
    """Change requests on a page."""
    return ((reply.body["data"].get("repository") or {}).get("pullRequests") or {}).get("nodes") or []


def always(change: Callable[[dict[str, Any]], None], number: int) -> Fault:
    """Changes how that change request is shown."""

    def apply(_: GitHub, reply: Reply) -> None:
        for row in rows_of(reply):
            if row.get("number") == number:
                change(row)

    return Fault(apply, times=10**6)


def review(key: str, state: str, at: str | None, login: str = "ada", number: int = 7) -> dict[str, Any]:
    author = {"__typename": "User", "login": login, "databaseId": number, "name": None}
    return {
        "id": key,
        "url": None,
        "state": state,
        "submittedAt": at,
        "body": "Looks odd.",
        "author": author,
        "commit": None,
    }


def shown(*reviews: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    page = {"hasNextPage": False, "endCursor": None}

    def change(row: dict[str, Any]) -> None:
        row["reviews"] = {"nodes": list(reviews), "totalCount": len(reviews), "pageInfo": page}

    return change


def test_a_review_that_was_not_submitted_is_nobodys_business_until_it_is(ledger: Ledger) -> None:
    server = made_up(always(shown(review("R1", "PENDING", None)), 3), changes=5)
    with serving(server) as url:
        collector = Collector(url, ledger)
        collector.run()
        assert "127.0.0.1:R1" not in {row["artefact"] for row in collector.evidence()}
        server.faults[:] = [always(shown(review("R1", "APPROVED", "2020-02-01T00:00:00Z")), 3)]
        server.rows.people.touch(3)
        collector.run()
    (found,) = [row for row in collector.evidence("review") if row["artefact"] == "127.0.0.1:R1"]
    assert found["measures"]["state"] == "approved"


def test_a_dismissed_review_is_withdrawn_and_counts_no_more(ledger: Ledger) -> None:
    server = made_up(always(shown(review("R1", "APPROVED", "2020-02-01T00:00:00Z")), 3), changes=5)
    with serving(server) as url:
        collector = Collector(url, ledger)
        collector.run()
        assert "127.0.0.1:R1" in {row["artefact"] for row in collector.evidence()}
        server.faults[:] = [always(shown(review("R1", "DISMISSED", "2020-02-01T00:00:00Z")), 3)]
        server.rows.people.touch(3)
        collector.run()
    assert "127.0.0.1:R1" not in {row["artefact"] for row in collector.evidence()}
    (change,) = [row for row in collector.evidence("change_request") if row["measures"]["number"] == 3]
    assert change["measures"]["reviews"] == 0
    assert ["reviewer", "127.0.0.1", "7"] not in change["participations"]


def test_people_who_are_gone_take_no_part_and_are_counted(ledger: Ledger) -> None:
    server = made_up(changes=12)
    gone = server.rows.people.change(12).author
    assert gone is not None
    server.rows.people.delete_person(gone.id - 1_000)
    with serving(server) as url:
        collector = Collector(url, ledger)
        collector.run()
    assert collector.talk["ghosts"] > 0
    people = {identity[2] for row in collector.evidence() for identity in row["participations"]}
    assert str(gone.id) not in people
    (change,) = [row for row in collector.evidence("change_request") if row["measures"]["number"] == 12]
    assert not [seat for seat in change["participations"] if seat[0] == "author"]


def test_somebody_renamed_stays_one_identity(ledger: Ledger, ledger_at: Callable[[str], Ledger]) -> None:
    server = made_up(changes=12)
    with serving(server) as url:
        before, after = Collector(url, ledger), Collector(url, ledger_at("two"))
        before.run()
        for index in range(60):
            server.rows.people.rename_person(index)
        after.run()
        names = {
            seat.identity.name for batch in after.batches(None) for one in batch.evidence for seat in one.participations
        }
    assert any(name and "Developer" in name for name in names)
    assert after.exported() == before.exported()


def test_bots_are_flagged(ledger: Ledger) -> None:
    server = made_up(changes=40)
    with serving(server) as url:
        collector = Collector(url, ledger)
        batches = list(collector.batches(None))
    seats = {seat.identity for batch in batches for one in batch.evidence for seat in one.participations}
    made = {person for index in range(60) if (person := server.rows.people.person(index))}
    bots = {str(person.id) for person in made if person.bot}
    assert {seat.key for seat in seats if seat.bot} == bots & {seat.key for seat in seats} != set()


def test_a_squashed_change_request_is_the_commit_it_became(ledger: Ledger) -> None:
    server = made_up(changes=12)
    with serving(server) as url:
        collector = Collector(url, ledger)
        joins = {(one.artefact, one.other) for batch in collector.batches(None) for one in batch.same_as}
    merged = [server.rows.people.change(number) for number in range(1, 13)]
    expected = {(f"git:{one.merge_oid}", f"127.0.0.1:PR_{one.number}") for one in merged if one.merge_oid}
    assert joins == expected


def test_children_of_closed_and_merged_change_requests_come_too(ledger: Ledger) -> None:
    server = made_up(changes=40)
    with serving(server) as url:
        collector = Collector(url, ledger)
        collector.run()
    reviewed = {row["measures"]["reviewed_change"] for row in collector.evidence("review")}
    states = {row["measures"]["state"] for row in collector.evidence("change_request") if row["artefact"] in reviewed}
    assert states == {"open", "closed", "merged"}


def test_commits_and_files_are_never_asked_of_the_api() -> None:
    """Pushes do not touch a change request's date, and files are what pages time out by: both come from git."""
    for document in (CHANGES, SKELETON):
        assert "commits" not in document
        assert "files" not in document


@pytest.mark.parametrize(
    ("about", "word"), [({"archived": True}, "archived"), ({"empty": True}, "empty")], ids=["archived", "empty"]
)
def test_repositories_at_rest_are_read_and_said_to_be(about: dict[str, bool], word: str, ledger: Ledger) -> None:
    people = Population(0 if about.get("empty") else 5)
    with serving(GitHub(Rows(people, **about))) as url:
        collector = Collector(url, ledger)
        collector.run()
        assert collector.talk[word] == 1
        assert len(collector.evidence("change_request")) == people.changes
        assert collector.cursor()["repository"] == "127.0.0.1:R_engine"
        collector.talk.clear()
        collector.run()
        assert not collector.talk


def test_change_requests_switched_off_leave_issues_and_releases(ledger: Ledger) -> None:
    def off(_: GitHub, reply: Reply) -> None:
        repository = reply.body["data"].get("repository")
        if repository and "pullRequests" in repository:
            repository["pullRequests"] = None

    server = made_up(Fault(off, times=10**6), changes=12)
    with serving(server) as url:
        collector = Collector(url, ledger)
        collector.run()
    assert collector.talk["changes_disabled"] == 1
    assert {row["kind"] for row in collector.evidence()} == {"issue", "release"}


def test_a_renamed_repository_goes_on_under_its_key_and_says_so(ledger: Ledger) -> None:
    server = made_up(changes=12)
    with serving(server) as url:
        collector = Collector(url, ledger)
        collector.run()
        server.rows.name, server.rows.owner = "motor", "wheels"
        server.renamed["acme", "engine"] = ("wheels", "motor")
        server.rows.people.touch(3)
        collector.run()
        assert collector.talk["renamed"] == 1
        assert server.log.count("Changes") <= 5


def test_another_repository_under_the_old_name_is_refused(ledger: Ledger) -> None:
    server = made_up(changes=12)
    with serving(server) as url:
        collector = Collector(url, ledger)
        collector.run()
        server.rows.tag = "other"
        with pytest.raises(Refusal, match="stored cursor is another repository's"):
            collector.run()


def test_a_page_cursor_that_github_no_longer_takes_begins_the_walk_again(ledger: Ledger, faultless: Expected) -> None:
    with serving(made_up(changes=130)) as url:
        collector = Collector(url, ledger, given={"page_size": 5, "max_pages": 19})
        with pytest.raises(Incomplete):
            collector.run()
        held = dict(collector.cursor())
        held["streams"]["changes"]["walk"]["after"] = cursor("!")
        again = Collector(url, ledger, given={"page_size": 5})
        ledger.collect(ledger.source("github", "engine"), again.batches(held), extractor=github.EXTRACTOR)
    assert collector.exported() == faultless(130, page_size=5)[0]


def test_a_repository_that_is_not_there_is_gone_and_leaves_no_trace(ledger: Ledger) -> None:
    with serving(made_up(changes=5)) as url:
        collector = Collector(url, ledger, repository="acme/nothing")
        with pytest.raises(Gone, match=r"no such repository.*check the name"):
            collector.run()
        assert collector.cursor() is None


def test_one_that_is_deleted_while_it_waits_to_be_asked_again_is_forgotten(ledger: Ledger) -> None:
    server = made_up(changes=12)
    with serving(server) as url:
        collector = Collector(url, ledger)
        collector.run()
        held = dict(collector.cursor())
        held["incomplete"] = {"127.0.0.1:PR_999": 2}
        (batch,) = collector.batches(held)
    assert batch.cursor["incomplete"] == {}


@pytest.mark.parametrize(
    ("apply", "message"),
    [
        (faults.status(401, "Bad credentials"), "wrong, expired or revoked"),
        (faults.status(403, "Resource not accessible by personal access token"), "read access to this repository"),
        (faults.status(403, "Resource protected by SSO", X_GitHub_SSO="required"), "single sign-on"),
        (faults.status(404, "Not Found"), "check the name"),
        (faults.status(451, "Repository access blocked"), "check the name"),
    ],
)
def test_what_no_asking_again_can_mend_is_refused_at_once(apply: faults.Apply, message: str, ledger: Ledger) -> None:
    server = made_up(Fault(apply, times=10**6), changes=5)
    with serving(server) as url:
        collector = Collector(url, ledger)
        with pytest.raises(Refusal, match=message):
            collector.run()
    assert len(server.log) == 1
    assert collector.watch.slept == 0


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"type": "FORBIDDEN", "message": "Resource not accessible"}, "does not let this token read it"),
        (
            {"message": "Field 'x' doesn't exist", "extensions": {"code": "undefinedField"}},
            "does not know what was asked for",
        ),
    ],
)
def test_errors_of_graphql_that_stay_are_refused_at_once(error: dict[str, Any], message: str, ledger: Ledger) -> None:
    def apply(_: GitHub, reply: Reply) -> Reply:
        return Reply(200, reply.headers, {"data": None, "errors": [error]})

    server = made_up(Fault(apply, times=10**6), changes=5)
    with serving(server) as url, pytest.raises(Refusal, match=message):
        Collector(url, ledger).run()
    assert len(server.log) == 1


def test_an_answer_that_is_no_answer_is_tried_again_and_then_given_up_for_now(ledger: Ledger) -> None:
    def apply(_: GitHub, reply: Reply) -> Reply:
        return Reply(200, reply.headers, b"<html>It works!</html>")

    server = made_up(Fault(apply, times=10**6), changes=5)
    with serving(server) as url:
        collector = Collector(url, ledger)
        with pytest.raises(Incomplete, match="run it again later"):
            collector.run()
    assert 6 <= len(server.log) <= 16


@pytest.mark.parametrize("spoilt", [{"nodes": [{"id": 7}]}, {"nodes": "all"}, {"pageInfo": None}, {"pageInfo": {}}])
def test_an_answer_of_another_shape_is_refused_by_name(spoilt: dict[str, Any], ledger: Ledger) -> None:
    def apply(_: GitHub, reply: Reply) -> None:
        reply.body["data"]["repository"]["pullRequests"] |= spoilt

    with serving(made_up(Fault(apply, times=10**6), changes=5)) as url:
        collector = Collector(url, ledger)
        with pytest.raises(Refusal, match="not shaped as its schema says"):
            collector.run()


def test_a_change_request_without_its_reviews_for_ever_is_left_out_and_the_rest_comes(ledger: Ledger) -> None:
    def childless(_: GitHub, reply: Reply) -> None:
        data = reply.body["data"]
        rows = {("repository", "pullRequests", "nodes", i): row for i, row in enumerate(rows_of(reply))}
        rows |= {(alias,): row for alias, row in data.items() if alias.startswith("n") and row}
        for path, row in rows.items():
            if row.get("number") == 3:
                row["reviews"] = None
                reply.body["errors"] = [{"message": "No.", "path": [*path, "reviews"]}]

    with serving(made_up(Fault(childless, times=10**6), changes=12)) as url:
        collector = Collector(url, ledger)
        with pytest.raises(Incomplete, match="1 change requests did not come whole"):
            collector.run()
    assert len(collector.evidence("change_request")) == 11


def test_a_list_that_does_not_get_on_is_no_endless_loop(ledger: Ledger) -> None:
    ends: list[str] = []

    def stuck(_: GitHub, reply: Reply) -> None:
        page = (reply.body["data"].get("repository") or {}).get("pullRequests") or {}
        if page:
            ends.append(page["pageInfo"]["endCursor"])
            page["pageInfo"] = {"hasNextPage": True, "endCursor": ends[0]}

    server = made_up(Fault(stuck, times=10**6), changes=12)
    with serving(server) as url:
        collector = Collector(url, ledger)
        with pytest.raises(Incomplete, match="does not get on"):
            collector.run()
    assert len(server.log) < 5


@pytest.mark.parametrize("streams", [("changes",), ("issues",), ("releases",), ("issues", "releases")])
def test_only_the_streams_asked_for_are_read(streams: tuple[str, ...], ledger: Ledger) -> None:
    kinds = {"changes": {"change_request", "review", "review_comment"}, "issues": {"issue"}, "releases": {"release"}}
    with serving(made_up(changes=12)) as url:
        collector = Collector(url, ledger, given={"streams": streams})
        collector.run()
    assert {row["kind"] for row in collector.evidence()} == set().union(*(kinds[one] for one in streams))


def test_streams_and_names_that_are_none_are_refused() -> None:
    with pytest.raises(Refusal, match=r"no such streams: wikis.*changes, issues, releases"):
        Collector("https://github.com", None, given={"streams": ("wikis",)}).settings()  # type: ignore[arg-type]
    with pytest.raises(Refusal, match="OWNER/NAME"):
        Collector("https://github.com", None, repository="engine").settings()  # type: ignore[arg-type]


def test_repositories_are_listed_page_by_page_each_once_with_their_state() -> None:
    rows = [Rows(Population(1), name=f"part{number:03}", tag=f"x{number}") for number in range(130)]
    rows[3].archived, rows[4].empty, rows[5].has_changes = True, True, False
    server = GitHub(rows[0], rows[1:])
    with serving(server) as url:
        client = github.connect(Collector(url, None).settings(), Bucket(Watch()))  # type: ignore[arg-type]
        listed = list(github.repositories(client, "127.0.0.1", "acme", names=["acme/part007"]))
        of_team = list(github.repositories(client, "127.0.0.1", "acme", teams=["core"]))
    assert len(listed) == len(of_team) == 130
    assert len(server.log) == 2 + 1 + 2
    assert (listed[3].archived, listed[4].empty, listed[5].has_changes) == (True, True, False)
    assert (listed[4].default_branch, listed[6].default_branch) == (None, "main")
    assert all(one.private for one in listed)
    with pytest.raises(Refusal, match="a team belongs to an organisation"):
        list(github.repositories(client, "127.0.0.1", teams=["core"]))
