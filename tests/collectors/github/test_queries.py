"""Every document that is sent is valid GraphQL of GitHub's, and priced as its documentation says."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from graphql import GraphQLSchema

from benchmarks.forge_population import Population
from benchmarks.github_rows import Rows
from benchmarks.graphql_answer import answer, points, read
from collectors.github_query import CHANGES, ISSUES, RELEASES, SKELETON, Ask, Connection, again, children
from tests.collectors.github.schema import answered, mistakes

ASKS = [Ask("X", name, after, 60) for name in get_args(Connection) for after in (None, "Y")]
DOCUMENTS = {
    "changes": CHANGES,
    "skeleton": SKELETON,
    "issues": ISSUES,
    "releases": RELEASES,
    "children": children(ASKS, "Children")[0],
    "again": again(["X", "Y"])[0],
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_github_would_take_every_document(schema: GraphQLSchema, name: str) -> None:
    assert mistakes(schema, DOCUMENTS[name]) == []


def test_the_check_sees_a_field_that_is_not_there(schema: GraphQLSchema) -> None:
    wrong = CHANGES.replace("isDraft", "isDraught")
    assert mistakes(schema, wrong) == ["Cannot query field 'isDraught' on type 'PullRequest'. Did you mean 'isDraft'?"]


def test_a_page_of_25_change_requests_costs_one_point() -> None:
    assert points(CHANGES, {"size": 25, "start": True}) == 1


def test_a_hundred_issues_cost_two_points() -> None:
    assert points(ISSUES, {"size": 100}) == 2


def test_threads_cost_what_there_is_of_them() -> None:
    document, variables = children([Ask("X", "reviewThreads", None, 3) for _ in range(50)], "Threads")
    assert points(document, variables) == 2  # (50 + 50 * 3) / 100


def test_the_made_up_server_answers_as_graphql_core_does_on_the_published_schema(schema: GraphQLSchema) -> None:
    rows = Rows(Population(30, issues=7, releases=3))
    known = {"owner": "acme", "name": "engine", "after": None, "size": 12, "start": True}
    threads = [f"PR_{number}" for number in range(1, 31) if rows.change(number)["reviewThreads"]]
    wide = [Ask(f"PR_{number}", name, None, 9) for number in (1, 2, 3) for name in ("reviews", "comments")]
    narrow = [Ask(threads[0], "reviewThreads", None, 1), Ask(f"PRRT_{threads[1][3:]}_0", "threadComments", None, 2)]
    cases = [(document, known) for document in (CHANGES, SKELETON, ISSUES, RELEASES)]
    cases += [children(wide, "Reviews"), children(narrow, "Threads"), again(["PR_4", "PR_999"])]  # type: ignore[list-item]
    rate = {"cost": 1, "remaining": 4_999, "limit": 5_000, "resetAt": "2026-01-01T00:00:00Z"}
    root: dict[str, Any] = {"repository": lambda **_: rows.repository(), "node": lambda **given: rows.node(given["id"])}
    for document, variables in cases:
        ours = answer(root | {"rateLimit": rate}, read(document)[1], variables)
        theirs = answered(schema, document, variables, root | {"rateLimit": lambda **_: rate})
        assert theirs == {"data": ours}
