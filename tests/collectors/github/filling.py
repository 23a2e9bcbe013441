"""250 pull requests with 500 reviews, made on an emulated GitHub through PyGithub, as people would make them."""

from __future__ import annotations

from typing import Any

from github import Auth, Github

from tests.collectors.github.emulated import NAME, OWNER, PEOPLE, token

PULLS = 250
REVIEWS = 500
ISSUES = 30
RELEASES = 4
_EVENTS = ("APPROVE", "COMMENT", "REQUEST_CHANGES", "COMMENT")


def fill(rest: str) -> None:
    """Pull requests by several people: merged, closed, open; reviewed once or thrice, in threads, dismissed, pending; issues, releases."""
    hubs = {login: _as(login, rest) for login in PEOPLE}
    repositories = {login: hub.get_repo(f"{OWNER}/{NAME}") for login, hub in hubs.items()}
    tip = repositories["maintainer"].get_branch("main").commit.sha
    for number in range(1, PULLS + 1):
        _pull(repositories, number, tip)
    for number in range(ISSUES):
        repositories["ada"].create_issue(title=f"Issue {number}", body="It breaks.", labels=["bug"])
    for number in range(1, RELEASES + 1):
        repositories["maintainer"].create_git_release(f"v{number}", f"Release {number}", "Notes.")


def _as(login: str, rest: str) -> Github:
    return Github(
        base_url=rest,
        auth=Auth.Token(token(login)),
        seconds_between_requests=0,
        seconds_between_writes=0,
        retry=None,
        lazy=True,
    )


def _pull(repositories: dict[str, Any], number: int, tip: str) -> None:
    author = PEOPLE[number % len(PEOPLE)]
    others = [login for login in PEOPLE if login != author]
    branch = f"topic-{number}"
    repositories["maintainer"].create_git_ref(f"refs/heads/{branch}", tip)
    body = "Generated with Claude Code" if number % 10 == 3 else f"Part {number}."
    pull = repositories[author].create_pull(base="main", head=branch, title=f"Add part {number}", body=body)
    if number % 4 == 0:
        repositories["maintainer"].get_pull(number).add_to_labels("bug", "needs-test")
    for turn in range(3 if number % 2 else 1):
        _review(repositories[others[(number + turn) % len(others)]].get_pull(number), number, turn)
    if number % 3 == 0:
        repositories[others[0]].get_issue(number).create_comment("Why not use the existing parser here?")
    if number % 7 == 0:
        repositories["maintainer"].get_pull(number).get_reviews()[0].dismiss("It is mended.")
    if number % 5 < 3:
        repositories["maintainer"].get_pull(number).merge(merge_method="squash")
    elif number % 5 == 3:
        pull.edit(state="closed")


def _review(pull: Any, number: int, turn: int) -> None:
    comments = [{"path": f"src/part{number}.py", "position": 1, "body": "This leaks when it fails."}]
    given = {"comments": comments} if number % 5 == turn else {}
    pull.create_review(body=f"Look {turn}.", event=_EVENTS[(number + turn) % 4], **given)
