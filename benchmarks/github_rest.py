"""REST lists of a made-up GitHub: what our collector asks for (repositories), and what collectors that use REST alone ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.github_rows import Row, Rows

Found = tuple[Any, bool]
"""Body of an answer, and whether there is another page."""


def listed(repositories: list[Rows], path: str, asked: Mapping[str, str]) -> Found | None:
    """What a GET of `path` gives; None: there is no such thing."""
    match path.strip("/").split("/"):
        case ["user"]:
            return {"login": "collector", "id": 1, "type": "User"}, False
        case ["rate_limit"]:
            return {"resources": {"core": {"limit": 5000, "remaining": 5000, "reset": 0, "used": 0}}}, False
        case ["users", login]:
            return {"login": login, "id": 1, "type": "User", "name": login}, False
        case ["users", _, "orgs"]:
            return [], False
        case ["orgs", owner, "repos"] | ["orgs", owner, "teams", _, "repos"]:
            return _page([_repository(rows) for rows in repositories if rows.owner == owner], asked)
        case ["repos", owner, name, *rest]:
            rows = next((rows for rows in repositories if (rows.owner, rows.name) == (owner, name)), None)
            return _of_repository(rows, rest, asked) if rows else None
    return None


def _of_repository(rows: Rows, rest: list[str], asked: Mapping[str, str]) -> Found | None:
    match rest:
        case []:
            return _repository(rows), False
        case ["pulls"]:
            return _pulls(rows, asked) if rows.has_changes else None
        case ["issues"]:
            return _pulls(rows, asked)
        case ["pulls" | "issues", number]:
            return _pull(rows.change(int(number))), False
        case ["pulls", number, "reviews"]:
            return _page([_review(row) for row in rows.change(int(number))["reviews"]], asked)
        case ["pulls", number, "comments"]:
            threads = rows.change(int(number))["reviewThreads"]
            return _page([_comment(row) for thread in threads for row in thread["comments"]], asked)
        case ["issues", number, "comments"]:
            return _page([_comment(row) for row in rows.change(int(number))["comments"]], asked)
        case ["pulls", number, "commits"]:
            return _page([{"sha": rows.change(int(number))["headRefOid"]}], asked)
        case ["pulls", number, "requested_reviewers"]:
            return {"users": [], "teams": []}, False
        case ["issues" | "pulls", _, *_]:
            return [], False
    return None


def _page(rows: list[Row], asked: Mapping[str, str]) -> Found:
    size, page = int(asked.get("per_page", 30)), int(asked.get("page", 1))
    return rows[(page - 1) * size : page * size], page * size < len(rows)


def _pulls(rows: Rows, asked: Mapping[str, str]) -> Found:
    size, page = int(asked.get("per_page", 30)), int(asked.get("page", 1))
    first = (page - 1) * size + 1
    numbers = range(first, min(first + size, rows.people.changes + 1))
    return [_pull(rows.change(number)) for number in numbers], first + size <= rows.people.changes


def _repository(rows: Rows) -> Row:
    owner = {"login": rows.owner, "id": 7, "type": "Organization"}
    return {
        "id": 42,
        "node_id": rows.id,
        "name": rows.name,
        "full_name": f"{rows.owner}/{rows.name}",
        "owner": owner,
        "private": True,
        "archived": rows.archived,
        "disabled": False,
        "fork": False,
        "size": 0 if rows.empty else 1_000,
        "default_branch": "main",
        "has_issues": rows.has_issues,
        "has_pull_requests": rows.has_changes,
        "pushed_at": None if rows.empty else "2026-01-01T00:00:00Z",
        "clone_url": f"https://github.example/{rows.owner}/{rows.name}.git",
    }


def _user(row: Row | None) -> Row | None:
    return row and {"login": row["login"], "id": row["databaseId"], "type": row["__typename"]}


def _pull(row: Row) -> Row:
    said = sum(len(thread["comments"]) for thread in row["reviewThreads"])
    return {
        "id": row["number"],
        "node_id": row["id"],
        "number": row["number"],
        "html_url": row["url"],
        "title": row["title"],
        "body": row["body"],
        "state": "open" if row["state"] == "OPEN" else "closed",
        "created_at": row["createdAt"],
        "updated_at": row["updatedAt"],
        "closed_at": row["closedAt"],
        "merged_at": row["mergedAt"],
        "user": _user(row["author"]),
        "labels": row["labels"],
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "comments": len(row["comments"]),
        "comments_url": "",
        "review_comments": said,
        "pull_request": {"url": ""},
        "merged_by": _user(row["mergedBy"]),
        "commits": 1,
        "additions": row["additions"],
        "deletions": row["deletions"],
        "changed_files": row["changedFiles"],
        "reactions": {"total_count": 0},
        "head": {"sha": row["headRefOid"], "ref": "topic"},
        "base": {"sha": row["baseRefOid"], "ref": row["baseRefName"]},
    }


def _review(row: Row) -> Row:
    return {"node_id": row["id"], "user": _user(row["author"]), "state": row["state"], "body": row["body"]} | {
        "id": 1,
        "submitted_at": row["submittedAt"],
        "html_url": row["url"],
    }


def _comment(row: Row) -> Row:
    return {"node_id": row["id"], "user": _user(row["author"]), "body": row["body"], "id": 1} | {
        "created_at": row["createdAt"],
        "updated_at": row["updatedAt"],
        "url": row["url"],
        "reactions": {"total_count": 0},
    }


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/collect_forge.py`: run that.")
