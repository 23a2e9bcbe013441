"""Parsing on what GitHub really sent: the payloads of its webhooks, put under GraphQL's names and asked for by our own documents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema

from collectors.forge_records import Account, ChangeRequest
from collectors.github_children import complete
from collectors.github_client import Answer
from collectors.github_parse import MALFORMED, Parser, account, instant
from collectors.github_query import ISSUES, RELEASES, again
from collectors.github_repositories import repository
from tests.collectors.github import from_rest
from tests.collectors.github.schema import answered

PARSER = Parser("github.com")
Payload = Mapping[str, Any]


@pytest.fixture(scope="module")
def payloads(packages: Path) -> dict[str, list[Payload]]:
    """Examples by event, of github.com and of five versions of GitHub Enterprise Server."""
    found: dict[str, list[Payload]] = {}
    for file in sorted((packages / "@octokit" / "webhooks-examples").glob("*/index.json")):
        for event in json.loads(file.read_text()):
            found.setdefault(event["name"], []).extend(event["examples"])
    return found


class Answering:
    """A client that resolves documents over the rows of one change request."""

    def __init__(self, schema: GraphQLSchema, row: Mapping[str, Any]) -> None:
        self.schema = schema
        self.root = {
            "node": lambda **given: next(
                (one for one in (row, *row["reviewThreads"]) if one["id"] == given["id"]), None
            ),
            "rateLimit": None,
        }

    def query(self, document: str, variables: Mapping[str, Any], *, divisible: bool = False) -> Answer:
        told = answered(self.schema, document, variables, self.root)
        assert "errors" not in told
        return Answer(told["data"])


def parsed(schema: GraphQLSchema, row: Mapping[str, Any]) -> ChangeRequest:
    client: Any = Answering(schema, row)
    node = client.query(*again([row["id"]])).data["n0"]
    assert complete(client, [node]) == set()
    return PARSER.change(node)


def who(user: Payload | None) -> Account | None:
    if user is None or user["login"] == "ghost":
        return None
    return Account(str(user["id"]), user["login"].removesuffix("[bot]"), user.get("name"), user["type"] == "Bot")


def test_pull_requests(schema: GraphQLSchema, payloads: dict[str, list[Payload]]) -> None:
    for payload in payloads["pull_request"]:
        sent = payload["pull_request"]
        change = parsed(schema, from_rest.pull(sent))
        assert change.key == f"github.com:{sent['node_id']}"
        assert (change.number, change.title, change.url) == (sent["number"], sent["title"], sent["html_url"])
        assert change.author == who(sent["user"])
        assert change.state == ("merged" if sent["merged"] else sent["state"])
        assert change.merged_at == (instant(sent["merged_at"]) if sent["merged_at"] else None)
        assert (change.additions, change.deletions, change.files) == (
            sent["additions"],
            sent["deletions"],
            sent["changed_files"],
        )
        assert change.merger == who(sent["merged_by"])
        assert change.labels == tuple(sorted(label["name"] for label in sent["labels"]))
        assert (change.base_oid, change.head_oid) == (sent["base"]["sha"], sent["head"]["sha"])
    assert len(payloads["pull_request"]) >= 29


def test_reviews(schema: GraphQLSchema, payloads: dict[str, list[Payload]]) -> None:
    states = set()
    for payload in payloads["pull_request_review"]:
        sent = payload["review"]
        (review,) = parsed(schema, from_rest.pull(payload["pull_request"], [sent])).reviews
        assert review.key == f"github.com:{sent['node_id']}"
        assert (review.state, review.body) == (sent["state"].lower(), sent["body"] or "")
        assert review.author == who(sent["user"])
        assert review.submitted_at == instant(sent["submitted_at"])
        assert review.commit_oid == sent["commit_id"]
        states.add(review.state)
    assert states >= {"commented", "dismissed"}


def test_review_comments(schema: GraphQLSchema, payloads: dict[str, list[Payload]]) -> None:
    for payload in payloads["pull_request_review_comment"]:
        sent = payload["comment"]
        (comment,) = parsed(schema, from_rest.pull(payload["pull_request"], (), [sent])).comments
        assert comment.key == f"github.com:{sent['node_id']}"
        assert (comment.body, comment.path) == (sent["body"], sent["path"])
        assert comment.author == who(sent["user"])
        assert comment.line == sent.get("line")
        assert comment.commit_oid == sent["original_commit_id"]
        assert comment.created_at == instant(sent["created_at"])


def test_threads(schema: GraphQLSchema, payloads: dict[str, list[Payload]]) -> None:
    for payload in payloads["pull_request_review_thread"]:
        sent = payload["thread"]["comments"]
        row = from_rest.pull(payload["pull_request"])
        row["reviewThreads"] = from_rest.threads(sent, {}, resolved=payload["action"] == "resolved")
        change = parsed(schema, row)
        (thread,) = change.threads
        assert thread.comments == tuple(f"github.com:{one['node_id']}" for one in sent)
        assert thread.resolved == (payload["action"] == "resolved")
        assert thread.path == sent[0]["path"]
        assert {comment.thread for comment in change.comments} == {thread.key}
        assert [comment.reply_to for comment in change.comments[1:]] == [thread.comments[0]] * (len(sent) - 1)
    assert payloads["pull_request_review_thread"]


def listed(schema: GraphQLSchema, document: str, name: str, row: Mapping[str, Any]) -> Mapping[str, Any]:
    root = {"repository": lambda **_: {"id": "R", name: lambda **_: [row]}, "rateLimit": None}
    told = answered(schema, document, {"owner": "a", "name": "b", "size": 1}, root)
    assert "errors" not in told
    node: Mapping[str, Any] = told["data"]["repository"][name]["nodes"][0]
    return node


def test_issues(schema: GraphQLSchema, payloads: dict[str, list[Payload]]) -> None:
    for payload in payloads["issues"]:
        sent = payload["issue"]
        issue = PARSER.issue(listed(schema, ISSUES, "issues", from_rest.issue(sent)))
        assert (issue.number, issue.title, issue.state) == (sent["number"], sent["title"], sent.get("state", "open"))
        assert issue.author == who(sent["user"])
        assert issue.comments == sent["comments"]
        assert issue.closed_at == (instant(sent["closed_at"]) if sent["closed_at"] else None)


def test_releases(schema: GraphQLSchema, payloads: dict[str, list[Payload]]) -> None:
    for payload in payloads["release"]:
        sent = payload["release"]
        release = PARSER.release(listed(schema, RELEASES, "releases", from_rest.release(sent)))
        if sent["draft"] or sent["published_at"] is None:
            assert release is None
        else:
            assert release is not None
            assert (release.tag, release.name) == (sent["tag_name"], sent["name"] or sent["tag_name"])
            assert release.author == who(sent["author"])


def test_repositories(payloads: dict[str, list[Payload]]) -> None:
    for payload in payloads["repository"]:
        sent = payload["repository"]
        found = repository(sent, "github.com")
        assert found.key == f"github.com:{sent['node_id']}"
        assert (found.name, found.private, found.archived) == (sent["full_name"], sent["private"], sent["archived"])
        assert found.clone_url == sent["clone_url"]


def people(value: object) -> Iterator[Payload]:
    """Every account in a payload."""
    if isinstance(value, dict):
        if {"login", "id", "type", "node_id"} <= value.keys():
            yield value
        for one in value.values():
            yield from people(one)
    elif isinstance(value, list):
        for one in value:
            yield from people(one)


def test_every_account_is_known_by_its_number(payloads: dict[str, list[Payload]]) -> None:
    seen = {(one["login"], one["id"], one["type"]) for event in payloads.values() for one in people(event)}
    for login, number, kind in seen:
        found = account(from_rest.actor({"login": login, "id": number, "type": kind}))
        assert found is not None
        assert found.id == str(number)
        assert found.bot == (kind == "Bot")
    assert len(seen) > 10


@pytest.mark.parametrize(
    "gone",
    [
        None,
        {"__typename": "User", "login": "ghost", "databaseId": 10137, "name": "Deleted user"},
        {"__typename": "EnterpriseUserAccount", "login": "somebody"},
    ],
)
def test_who_is_gone_is_nobody(gone: Payload | None) -> None:
    assert account(gone) is None


def test_bots_are_told_by_type_and_by_suffix() -> None:
    assert account({"__typename": "Bot", "login": "renovate", "databaseId": 1}) == Account("1", "renovate", None, True)
    assert account({"__typename": "User", "login": "old[bot]", "databaseId": 2}) == Account("2", "old[bot]", None, True)


@pytest.mark.parametrize(
    "spoilt", [{}, {"id": "X"}, {"id": "X", "reviewThreads": None}, {"id": "X", "reviewThreads": {"nodes": 7}}]
)
def test_an_answer_of_another_shape_is_named_as_such(spoilt: dict[str, Any]) -> None:
    with pytest.raises(MALFORMED):
        PARSER.change(spoilt)
