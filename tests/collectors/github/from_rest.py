"""GitHub's REST objects (of its API, of webhooks, of an emulator) as rows of its GraphQL: the same things under the other names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Row = dict[str, Any]
Rest = Mapping[str, Any]

_GHOST = 10137
"""Number of the account that REST names where GraphQL has null."""


def actor(user: Rest | None) -> Row | None:
    if user is None or user["id"] == _GHOST:
        return None
    row: Row = {"login": user["login"].removesuffix("[bot]"), "databaseId": user["id"], "__typename": user["type"]}
    return row if user["type"] == "Bot" else row | {"name": user.get("name")}


def pull(one: Rest, reviews: Iterable[Rest] = (), comments: Iterable[Rest] = (), said: Iterable[Rest] = ()) -> Row:
    """A pull request with its reviews, review comments and conversation."""
    merged = one.get("merged_at") is not None
    merge_oid = one.get("merge_commit_sha") if merged else None
    return {
        "__typename": "PullRequest",
        "id": one["node_id"],
        "number": one["number"],
        "url": one["html_url"],
        "title": one["title"],
        "body": one["body"] or "",
        "createdAt": one["created_at"],
        "updatedAt": one["updated_at"],
        "mergedAt": one["merged_at"],
        "closedAt": one["closed_at"],
        "state": "MERGED" if merged else one["state"].upper(),
        "isDraft": bool(one.get("draft")),
        "additions": one.get("additions", 0),
        "deletions": one.get("deletions", 0),
        "changedFiles": one.get("changed_files", 0),
        "baseRefName": one["base"]["ref"],
        "baseRefOid": one["base"]["sha"],
        "headRefOid": one["head"]["sha"],
        "mergeCommit": {"oid": merge_oid, "__typename": "Commit", "author": None} if merge_oid else None,
        "author": actor(one["user"]),
        "mergedBy": actor(one.get("merged_by")),
        "labels": [{"name": label["name"]} for label in one.get("labels", ())],
        "reviews": [review(each) for each in reviews],
        "comments": [conversation(each) for each in said],
        "reviewThreads": threads(list(comments), {each["id"]: each["node_id"] for each in reviews}),
    }


def review(one: Rest) -> Row:
    pending = one["state"].upper() == "PENDING"
    return {
        "__typename": "PullRequestReview",
        "id": one["node_id"],
        "url": one["html_url"],
        "state": one["state"].upper(),
        "submittedAt": None if pending else one["submitted_at"],
        "commit": {"oid": one["commit_id"], "__typename": "Commit"} if one["commit_id"] else None,
        "body": one["body"] or "",
        "author": actor(one["user"]),
    }


def conversation(one: Rest) -> Row:
    return {
        "__typename": "IssueComment",
        "id": one["node_id"],
        "url": one["html_url"],
        "createdAt": one["created_at"],
        "updatedAt": one["updated_at"],
        "body": one["body"],
        "author": actor(one["user"]),
    }


def line_comment(one: Rest, roots: Mapping[int, str], reviews: Mapping[int, str]) -> Row:
    by = one.get("pull_request_review_id")
    replied = one.get("in_reply_to_id")
    return conversation(one) | {
        "__typename": "PullRequestReviewComment",
        "state": "SUBMITTED",
        "path": one["path"],
        "line": one.get("line"),
        "startLine": one.get("start_line"),
        "originalLine": one.get("original_line", one.get("line")),
        "originalStartLine": one.get("original_start_line"),
        "originalCommit": {"oid": one["original_commit_id"], "__typename": "Commit"},
        "pullRequestReview": {"id": reviews.get(by, f"PRR_{by}"), "__typename": "PullRequestReview"} if by else None,
        "replyTo": {"id": roots[replied], "__typename": "PullRequestReviewComment"} if replied else None,
    }


def threads(comments: list[Rest], reviews: Mapping[int, str], *, resolved: bool = False) -> list[Row]:
    """Comments gathered by the first of each thread."""
    roots = {one["id"]: one["node_id"] for one in comments if not one.get("in_reply_to_id")}
    made = []
    for root in (one for one in comments if one["id"] in roots):
        mine = [one for one in comments if root["id"] in (one["id"], one.get("in_reply_to_id"))]
        made.append(
            {
                "__typename": "PullRequestReviewThread",
                "id": f"thread:{root['node_id']}",
                "isResolved": resolved,
                "isOutdated": root.get("position") is None,
                "path": root["path"],
                "diffSide": root.get("side") or "RIGHT",
                "subjectType": (root.get("subject_type") or "line").upper(),
                "resolvedBy": None,
                "comments": [line_comment(one, roots, reviews) for one in mine],
            }
        )
    return made


def issue(one: Rest) -> Row:
    return {
        "__typename": "Issue",
        "id": one["node_id"],
        "url": one["html_url"],
        "number": one["number"],
        "title": one["title"],
        "createdAt": one["created_at"],
        "updatedAt": one["updated_at"],
        "closedAt": one["closed_at"],
        "state": one.get("state", "open").upper(),
        "author": actor(one["user"]),
        "labels": [{"name": label["name"]} for label in one.get("labels") or ()],
        "comments": [{}] * one["comments"],
    }


def release(one: Rest) -> Row:
    return {
        "__typename": "Release",
        "id": one["node_id"],
        "url": one["html_url"],
        "tagName": one["tag_name"],
        "name": one["name"],
        "publishedAt": one["published_at"],
        "updatedAt": one.get("updated_at") or one["published_at"],
        "isDraft": one["draft"],
        "author": actor(one["author"]),
    }


def repository(one: Rest, pulls: list[Row], issues: list[Row], releases: list[Row]) -> Row:
    """Lists are put in the order GitHub would give them in."""
    newest = [sorted(rows, key=lambda row: (row["updatedAt"], row["number"]), reverse=True) for rows in (pulls, issues)]
    return {
        "__typename": "Repository",
        "id": one["node_id"],
        "nameWithOwner": one["full_name"],
        "isArchived": one["archived"],
        "isEmpty": False,
        "hasIssuesEnabled": one["has_issues"],
        "pullRequests": lambda **_: newest[0],
        "issues": lambda **_: newest[1],
        "releases": lambda **_: releases[::-1],
    }
