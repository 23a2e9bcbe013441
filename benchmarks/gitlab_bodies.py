"""Bodies of GitLab's REST API (v4), of the documented shapes, made from a population (`forge_population`).

Reviews become what GitLab keeps of them: an approval is a system note and a name among those who approve, a dismissed one is taken back by a
second note, requested changes are a note; a review's body is a comment. Pending reviews are nobody's business but their author's.
Deleted people are the Ghost User. Ids of notes are made of the merge request's, so they stay when something is added.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from benchmarks.forge_population import Change, Discussion, Person, Population, Reviewed, Said

GHOST = 999
_BLOCKED = 1_013
_NOTES = 10_000

Json = dict[str, object]


def moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user(person: Person | None, web: str) -> Json:
    if person is None:
        number, login, name = GHOST, "ghost", "Ghost User"
    else:
        number, name = person.id, person.name
        login = f"project_7_bot_{person.id:06x}" if person.bot else person.login
    state = "blocked" if number == _BLOCKED else "active"
    return {
        "id": number,
        "username": login,
        "name": name,
        "state": state,
        "locked": False,
        "avatar_url": None,
        "web_url": f"{web}/{login}",
    }


def project(number: int, path: str, web: str, **said: object) -> Json:
    return {
        "id": number,
        "name": path.rpartition("/")[2],
        "path_with_namespace": path,
        "default_branch": "main",
        "archived": False,
        "empty_repo": False,
        "merge_requests_enabled": True,
        "merge_requests_access_level": "enabled",
        "issues_access_level": "enabled",
        "visibility": "private",
        "http_url_to_repo": f"{web}/{path}.git",
        "web_url": f"{web}/{path}",
        "last_activity_at": "2020-01-01T00:00:00.000Z",
        **said,
    }


def merge_request(project_id: int, path: str, change: Change, web: str) -> Json:
    state = {"MERGED": "merged", "CLOSED": "closed", "OPEN": "opened"}[change.state]
    ended = moment(change.ended_at) if change.ended_at else None
    merged, closed = ended if state == "merged" else None, ended if state == "closed" else None
    merger = user(change.merger, web) if merged else None
    return {
        "id": identifier(project_id, change.number),
        "iid": change.number,
        "project_id": project_id,
        "title": change.title,
        "description": change.body,
        "state": state,
        "created_at": moment(change.opened_at),
        "updated_at": moment(change.updated_at),
        "merge_user": merger,
        "merged_by": merger,
        "merged_at": merged,
        "closed_by": None,
        "closed_at": closed,
        "target_branch": "main",
        "source_branch": f"change-{change.number}",
        "user_notes_count": len(change.comments) + sum(len(thread.comments) for thread in change.threads),
        "author": user(change.author, web),
        "reviewers": [],
        "labels": list(change.labels),
        "draft": change.draft,
        "work_in_progress": change.draft,
        "sha": change.head_oid,
        "merge_commit_sha": change.merge_oid if change.number % 3 else None,
        "squash_commit_sha": None if change.number % 3 else change.merge_oid,
        "squash": not change.number % 3,
        "web_url": f"{web}/{path}/-/merge_requests/{change.number}",
        "references": {"short": f"!{change.number}", "full": f"{path}!{change.number}"},
    }


def single(project_id: int, path: str, change: Change, web: str) -> Json:
    """One merge request asked for by itself says more than in a list."""
    diffs = {"base_sha": change.base_oid, "head_sha": change.head_oid, "start_sha": change.base_oid}
    return {**merge_request(project_id, path, change, web), "diff_refs": diffs, "changes_count": str(change.files)}


def discussions(project_id: int, change: Change, web: str) -> list[Json]:
    """All of them, by their first note, oldest first."""
    made = _Notes(project_id, change, web)
    for said in change.comments:
        made.alone(said.author, said.at, said.body)
    for thread in change.threads:
        made.thread(thread)
    made.alone(change.author, change.opened_at + timedelta(seconds=30), "added 1 commit", system=True)
    made.alone(change.author, change.opened_at + timedelta(seconds=40), "approved this merge request, I hope")
    for review in change.reviews:
        made.review(review)
    return sorted(made.discussions, key=lambda one: (one["notes"][0]["created_at"], one["notes"][0]["id"]))  # type: ignore[index]


def approvals(project_id: int, change: Change, web: str) -> Json:
    standing: dict[int, Json] = {}
    for review in sorted((one for one in change.reviews if one.at), key=lambda one: one.at or change.opened_at):
        who = user(review.author, web)
        if review.state == "APPROVED":
            standing[who["id"]] = {"user": who}  # type: ignore[index]
        elif review.state == "DISMISSED":
            standing.pop(who["id"], None)  # type: ignore[call-overload]
    return {
        "id": identifier(project_id, change.number),
        "iid": change.number,
        "project_id": project_id,
        "approved": bool(standing),
        "approved_by": list(standing.values()),
    }


def issue(project_id: int, path: str, number: int, at: datetime, population: Population, web: str) -> Json:
    return {
        "id": identifier(project_id, number) + 500_000,
        "iid": number,
        "project_id": project_id,
        "title": f"Report {number}",
        "state": "closed" if number % 2 else "opened",
        "created_at": moment(at - timedelta(days=1)),
        "updated_at": moment(at),
        "closed_at": moment(at) if number % 2 else None,
        "labels": ["bug"],
        "author": user(population.person(number), web),
        "user_notes_count": number % 5,
        "confidential": number % 10 == 9,
        "web_url": f"{web}/{path}/-/issues/{number}",
    }


def release(path: str, number: int, at: datetime, population: Population, web: str) -> Json:
    return {
        "tag_name": f"v{number}",
        "name": f"Version {number}",
        "description": "Changes.",
        "created_at": moment(at),
        "released_at": moment(at),
        "upcoming_release": False,
        "author": user(population.person(number), web),
        "_links": {"self": f"{web}/{path}/-/releases/v{number}"},
    }


def identifier(project_id: int, number: int) -> int:
    return project_id * 1_000_000 + number


class _Notes:
    """Discussions of one merge request while they are made; notes are numbered as they come."""

    def __init__(self, project_id: int, change: Change, web: str) -> None:
        self.change, self.web = change, web
        self.first = identifier(project_id, change.number) * _NOTES
        self.count = 0
        self.discussions: list[Json] = []

    def note(self, author: Person | None, at: datetime, body: str, **more: object) -> Json:
        self.count += 1
        return {
            "id": self.first + self.count,
            "type": None,
            "body": body,
            "author": user(author, self.web),
            "created_at": moment(at),
            "updated_at": moment(at),
            "system": False,
            "noteable_type": "MergeRequest",
            "noteable_iid": self.change.number,
            "resolvable": False,
            **more,
        }

    def alone(self, author: Person | None, at: datetime, body: str, *, system: bool = False) -> None:
        self._discussion([self.note(author, at, body, system=system)], individual=True)

    def review(self, review: Reviewed) -> None:
        if review.at is None:
            return
        if review.state in ("APPROVED", "DISMISSED"):
            self.alone(review.author, review.at, "approved this merge request", system=True)
        if review.state == "DISMISSED":
            self.alone(review.author, review.at, "unapproved this merge request", system=True)
        if review.state == "CHANGES_REQUESTED":
            self.alone(review.author, review.at, "requested changes", system=True)
        if review.body:
            self.alone(review.author, review.at, review.body)

    def thread(self, thread: Discussion) -> None:
        notes = [self._on_line(said, thread) for said in thread.comments]
        if thread.outdated:
            last = thread.comments[-1]
            text = "changed this line in [version 2 of the diff](/diffs?diff_id=2)"
            notes.append(self.note(self.change.author, last.at, text, system=True, type="DiffNote"))
        self._discussion(notes, individual=False)

    def _on_line(self, said: Said, thread: Discussion) -> Json:
        head = self.change.base_oid if thread.outdated else self.change.head_oid
        position = {
            "base_sha": self.change.base_oid,
            "start_sha": self.change.base_oid,
            "head_sha": head,
            "old_path": said.path,
            "new_path": said.path,
            "position_type": "text",
            "old_line": None,
            "new_line": said.line,
        }
        resolved = {
            "resolvable": True,
            "resolved": thread.resolved_by is not None,
            "resolved_by": user(thread.resolved_by, self.web) if thread.resolved_by else None,
        }
        return self.note(said.author, said.at, said.body, type="DiffNote", position=position, **resolved)

    def _discussion(self, notes: list[Json], *, individual: bool) -> None:
        name = hashlib.sha1(str(notes[0]["id"]).encode()).hexdigest()
        self.discussions.append({"id": name, "individual_note": individual, "notes": notes})


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/collect_forge.py`: run that.")
