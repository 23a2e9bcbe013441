"""What is asked of GitHub's GraphQL: flat documents, priced by the number of connections they open.

GitHub counts one call per connection and parent, divides by 100 and rounds (at least one point). A page of 25 change requests opens
labels, reviews, comments and threads once each: 101 calls, one point. Nothing hangs under a child there: what a page cuts off, and
the comments of threads, are asked for by node id, many change requests in one request, each with the number of rows it is
known to have. Commits and files are not asked for at all: they come from git, and `files` is what makes pages time out.

Every document is valid against GitHub's published schema (tests/collectors/github/test_queries.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["CHANGES", "ISSUES", "RELEASES", "SKELETON", "Ask", "Connection", "again", "children"]

_ROWS: Final = 100
"""Most rows GitHub gives of one connection; so many reviews, and comments, of a change request come with it."""

_THREAD_COMMENTS: Final = 30
"""Comments of a thread that come with it."""

Connection = Literal["reviews", "comments", "reviewThreads", "threadComments"]

_ACCOUNT: Final = (
    "{ __typename login ... on User { databaseId name } ... on Bot { databaseId } ... on Mannequin { databaseId }"
    " ... on Organization { databaseId name } }"
)
_PAGE: Final = "pageInfo { hasNextPage endCursor }"
_REVIEW: Final = f"id url state submittedAt body commit {{ oid }} author {_ACCOUNT}"
_COMMENT: Final = f"id url createdAt updatedAt body author {_ACCOUNT}"
_LINE_COMMENT: Final = (
    f"{_COMMENT} state path line startLine originalLine originalStartLine originalCommit {{ oid }}"
    " pullRequestReview { id } replyTo { id }"
)
_THREAD: Final = (
    "id isResolved isOutdated path diffSide subjectType resolvedBy { __typename login databaseId name }"
    f" comments(first: {_THREAD_COMMENTS}) {{ {_PAGE} totalCount nodes {{ {_LINE_COMMENT} }} }}"
)
_CHANGE: Final = f"""
  id number url title body createdAt updatedAt mergedAt closedAt state isDraft additions deletions changedFiles
  baseRefName baseRefOid headRefOid mergeCommit {{ oid author {{ email user {{ databaseId }} }} }}
  author {_ACCOUNT}
  mergedBy {_ACCOUNT}
  labels(first: {_ROWS}) {{ nodes {{ name }} }}
  reviews(first: {_ROWS}) {{ {_PAGE} totalCount nodes {{ {_REVIEW} }} }}
  comments(first: {_ROWS}) {{ {_PAGE} totalCount nodes {{ {_COMMENT} }} }}
  reviewThreads {{ totalCount }}
"""
_ISSUE: Final = f"""
  id number url title createdAt updatedAt closedAt state
  author {_ACCOUNT}
  labels(first: {_ROWS}) {{ nodes {{ name }} }}
  comments {{ totalCount }}
"""
_RATE: Final = "rateLimit { cost remaining limit resetAt }"
_NEWEST: Final = "orderBy: {field: UPDATED_AT, direction: DESC}"
_REPOSITORY: Final = "id nameWithOwner isArchived isEmpty hasIssuesEnabled"

CHANGES: Final = f"""query Changes($owner: String!, $name: String!, $size: Int!, $after: String, $start: Boolean!) {{
  repository(owner: $owner, name: $name) {{
    {_REPOSITORY}
    pullRequests(first: $size, after: $after, {_NEWEST}) {{ totalCount {_PAGE} nodes {{ {_CHANGE} }} }}
    issues(first: 1, {_NEWEST}) @include(if: $start) {{ totalCount nodes {{ id updatedAt }} }}
    releases(first: 10, orderBy: {{field: CREATED_AT, direction: DESC}}) @include(if: $start) {{
      totalCount nodes {{ id updatedAt }}
    }}
  }}
  {_RATE}
}}"""
"""A page of change requests by last update, newest first; with $start also what tells whether issues and releases are news."""

SKELETON: Final = f"""query Skeleton($owner: String!, $name: String!, $size: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    id
    pullRequests(first: $size, after: $after, {_NEWEST}) {{ totalCount {_PAGE} nodes {{ id updatedAt }} }}
  }}
  {_RATE}
}}"""
"""The same page with nothing on it that could be too dear: asked where the page itself does not come."""

ISSUES: Final = f"""query Issues($owner: String!, $name: String!, $size: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    id
    issues(first: $size, after: $after, {_NEWEST}) {{ totalCount {_PAGE} nodes {{ {_ISSUE} }} }}
  }}
  {_RATE}
}}"""

RELEASES: Final = f"""query Releases($owner: String!, $name: String!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    id
    releases(first: {_ROWS}, after: $after, orderBy: {{field: CREATED_AT, direction: DESC}}) {{
      totalCount {_PAGE}
      nodes {{ id url tagName name publishedAt isDraft author {{ __typename login databaseId name }} }}
    }}
  }}
  {_RATE}
}}"""


@dataclass(frozen=True, slots=True)
class Ask:
    """More rows of one connection of one node. expected: how many are known to be left, as a guess at the answer's size."""

    node: str
    connection: Connection
    after: str | None
    expected: int

    @property
    def first(self) -> int:
        """How many rows to ask for."""
        return self.expected if 0 < self.expected < _ROWS else _ROWS

    @property
    def calls(self) -> int:
        """Connections this opens, as GitHub counts them."""
        return 1 + (self.first if self.connection == "reviewThreads" else 0)

    def selection(self, number: int) -> str:
        """The field of a document that asks for it, called by its number."""
        after = f", after: $after{number}" if self.after is not None else ""
        rows = f"(first: {self.first}{after}) {{ {_PAGE} totalCount nodes {{ {_SELECTED[self.connection]} }} }}"
        owner, field = _OWNER[self.connection]
        return f"n{number}: node(id: $id{number}) {{ ... on {owner} {{ id {field}{rows} }} }}"


_SELECTED: Final[dict[Connection, str]] = {
    "reviews": _REVIEW,
    "comments": _COMMENT,
    "reviewThreads": _THREAD,
    "threadComments": _LINE_COMMENT,
}
_OWNER: Final[dict[Connection, tuple[str, str]]] = {
    "reviews": ("PullRequest", "reviews"),
    "comments": ("PullRequest", "comments"),
    "reviewThreads": ("PullRequest", "reviewThreads"),
    "threadComments": ("PullRequestReviewThread", "comments"),
}


def children(asks: Sequence[Ask], operation: str) -> tuple[str, dict[str, str]]:
    """One document for many asks, and its variables. The answer to ask i is under "n<i>"."""
    variables = {f"id{i}": ask.node for i, ask in enumerate(asks)}
    variables |= {f"after{i}": ask.after for i, ask in enumerate(asks) if ask.after is not None}
    declared = ", ".join(f"${name}: {'ID!' if name.startswith('id') else 'String!'}" for name in variables)
    fields = "\n  ".join(ask.selection(i) for i, ask in enumerate(asks))
    return f"query {operation}({declared}) {{\n  {fields}\n  {_RATE}\n}}", variables


def again(nodes: Sequence[str]) -> tuple[str, dict[str, str]]:
    """One document that asks for change requests by their ids, as a page would show them. The answer to node i is under "n<i>"."""
    variables = {f"id{i}": node for i, node in enumerate(nodes)}
    declared = ", ".join(f"${name}: ID!" for name in variables)
    fields = "\n  ".join(
        f"n{i}: node(id: $id{i}) {{ __typename ... on PullRequest {{ {_CHANGE} }} }}" for i in range(len(nodes))
    )
    return f"query Again({declared}) {{\n  {fields}\n  {_RATE}\n}}", variables
