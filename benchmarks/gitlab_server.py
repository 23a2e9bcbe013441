"""A GitLab on loopback: the endpoints collectors use, answered as documented, from a made-up population of any size.

    python benchmarks/gitlab_server.py --changes 1000 --latency 0.1

Faithful where it matters for collecting: `updated_after` and `updated_before` are inclusive, lists page by offset with `X-Next-Page` and
`Link`, offsets end at 50,000 and totals at 10,000, projects page by keyset, discussions hold system notes, a list may lag behind
(`stale`), a renamed project redirects, `RateLimit-*` headers count down. Every request is counted by kind. `plan` says what goes wrong at which
request; `happen` what people do then. Its clock stands a little after the last thing that happened, and is `skew` off.
"""

from __future__ import annotations

import argparse
import json
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from benchmarks import gitlab_bodies as bodies
from benchmarks.forge_population import START, STEP, Change, Population

TOKEN = "glpat-of-the-made-up-forge-0001"
MAX_OFFSET = 50_000
MAX_TOTAL = 10_000
FAULTS = (
    "drop",
    "403 limit",
    "429",
    "429 without",
    "500",
    "502",
    "503",
    "504",
    "truncated",
    "foreign redirect",
    "foreign link",
)


@dataclass
class Project:
    """said: fields of the project that differ from an ordinary one's. formerly: a path that redirects here."""

    id: int
    path: str
    population: Population
    said: dict[str, object] = field(default_factory=dict)
    formerly: str | None = None


@dataclass
class GitLab:
    """The state of the forge, and what it does to those who ask."""

    projects: list[Project]
    group: str = "acme"
    latency: float = 0.0
    scopes: tuple[str, ...] = ("read_api", "read_repository")
    plan: dict[int, str] = field(default_factory=dict)
    happen: dict[int, Callable[[], None]] = field(default_factory=dict)
    skew: timedelta = timedelta()
    foreign: str = "http://127.0.0.2:1"
    rate_limit: int | None = 2_000
    most: int = 100
    """Rows on a page at most."""
    too_many: int = 101
    """Rows asked for on a page at which it gives up with 502."""
    said: dict[int, dict[str, object]] = field(default_factory=dict)
    """Fields of the rows of merge requests, and of issues below zero, that differ from what they should be."""
    stale: Callable[[int], bool] | None = None
    """Whether the list still shows the row of that number as it was before it was touched."""
    broken: set[int] = field(default_factory=set)
    """Merge requests whose discussions always end in an error of the server's."""
    requests: Counter[str] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    url: str = ""

    def now(self) -> datetime:
        """Five minutes after everything of the populations, five seconds after what was touched since."""
        quiet = max(START + (project.population.changes + 1) * STEP for project in self.projects)
        touched = [times[-1] for project in self.projects for times in project.population.touched.values()]
        return max([quiet + timedelta(minutes=5), *(at + timedelta(seconds=5) for at in touched)]) + self.skew

    @property
    def total(self) -> int:
        return sum(self.requests.values())

    def forget(self) -> None:
        """Start counting anew, with nothing planned."""
        self.requests.clear()
        self.asked.clear()
        self.plan, self.happen, self.stale, self.skew = {}, {}, None, timedelta()

    def find(self, name: str) -> Project | None:
        return next((one for one in self.projects if name in (str(one.id), one.path)), None)


@contextmanager
def serving(forge: GitLab) -> Iterator[GitLab]:
    """The forge at `forge.url`, while the block runs."""
    handler = type("Bound", (_Handler,), {"forge": forge})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # of clients that were killed
    forge.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Stop(Exception):
    """The answer is a failure."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        self.status, self.message, self.headers = status, message, headers


@dataclass
class _Page:
    rows: list[Any]
    total: int | None = None
    following: dict[str, object] | None = None


_LOCK = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    forge: GitLab
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_: object) -> None:
        pass

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.forge.now(), usegmt=True)

    def do_GET(self) -> None:
        forge = self.forge
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        per_page = int(query.get("per_page", 20))
        query["per_page"] = str(min(per_page, forge.most))
        steps = [unquote(step) for step in parts.path.removeprefix("/api/v4/").split("/")]
        with _LOCK:
            forge.requests[_kind(steps)] += 1
            number = forge.total
            forge.asked.append(self.path)
            forge.hosts.add(self.headers.get("Host", ""))
            if number in forge.happen:
                forge.happen[number]()
        if forge.latency:
            time.sleep(forge.latency)
        if f"Bearer {TOKEN}" != self.headers.get("Authorization"):
            return self._fail(_Stop(401, "401 Unauthorized"))
        fault = forge.plan.get(number)
        if fault and self._faulty(fault):
            return None
        if per_page >= forge.too_many:
            return self._fail(_Stop(502, "Bad Gateway"))
        try:
            answer = _answer(forge, steps, query)
        except _Stop as stop:
            return self._fail(stop)
        return self._send(answer, query, fault)

    def _faulty(self, fault: str) -> bool:
        if fault == "drop":
            self.close_connection = True
            self.connection.shutdown(2)
        elif fault == "429":
            self._fail(_Stop(429, "Too Many Requests", **{"Retry-After": "30"}))
        elif fault == "429 without":
            self._fail(_Stop(429, "Too Many Requests"))
        elif fault == "403 limit":
            self._fail(_Stop(403, "You have exceeded a rate limit. Retry again later", **{"Retry-After": "30"}))
        elif fault in ("500", "502", "503", "504"):
            self._fail(_Stop(int(fault), "Bad Gateway"))
        elif fault == "foreign redirect":
            self._fail(_Stop(302, "", Location=f"{self.forge.foreign}{self.path}"))
        else:
            return False
        return True

    def _fail(self, stop: _Stop) -> None:
        content = json.dumps({"message": stop.message}).encode()
        self._write(stop.status, content, stop.headers)

    def _send(self, answer: object, query: dict[str, str], fault: str | None) -> None:
        headers: dict[str, str] = {}
        body = answer
        if isinstance(answer, _Page):
            body = answer.rows
            headers = self._paging(answer, query, "foreign" if fault == "foreign link" else "own")
        content = json.dumps(body).encode()
        self._write(200, content[: len(content) // 2] if fault == "truncated" else content, headers)

    def _write(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self.forge.rate_limit:
            left = self.forge.rate_limit - self.forge.total % self.forge.rate_limit
            reset = int(self.forge.now().timestamp()) + 60
            for name, value in (("Limit", self.forge.rate_limit), ("Remaining", left), ("Reset", reset)):
                self.send_header(f"RateLimit-{name}", str(value))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _paging(self, page: _Page, query: dict[str, str], whose: str) -> dict[str, str]:
        keyset = query.get("pagination") == "keyset"
        headers = {}
        if not keyset:
            headers = {"X-Page": query.get("page", "1"), "X-Per-Page": query.get("per_page", "20"), "X-Next-Page": ""}
            if page.total is not None and page.total <= MAX_TOTAL:
                headers["X-Total"] = str(page.total)
        if page.following is not None:
            host = self.forge.foreign if whose == "foreign" else self.forge.url
            path = urlsplit(self.path).path
            headers["Link"] = f'<{host}{path}?{urlencode({**query, **page.following})}>; rel="next"'
            if not keyset:
                headers["X-Next-Page"] = str(page.following["page"])
        return headers


def _kind(steps: list[str]) -> str:
    """What a request is counted as."""
    match steps:
        case ["projects" | "groups" as what, _, *rest]:
            return f"{what}/{'/'.join(step for step in rest if not step.isdigit())}".rstrip("/")
        case _:
            return "/".join(steps)


def _answer(forge: GitLab, steps: list[str], query: dict[str, str]) -> object:
    match steps:
        case ["personal_access_tokens", "self"]:
            return {"id": 1, "name": "calibrant", "scopes": list(forge.scopes), "active": True, "revoked": False}
        case ["projects"]:
            return _projects(forge, query)
        case ["groups", name, *rest] if name == forge.group:
            return _of_group(forge, rest, query)
        case ["projects", name, *rest]:
            return _of_project(forge, name, rest, query)
    raise _Stop(404, "404 Not Found")


def _project_body(forge: GitLab, project: Project) -> object:
    return bodies.project(project.id, project.path, forge.url, **project.said)


def _projects(forge: GitLab, query: dict[str, str]) -> _Page:
    after = int(query.get("id_after", 0))
    ordered = [one for one in sorted(forge.projects, key=lambda one: one.id) if one.id > after]
    size = int(query.get("per_page", 20))
    following: dict[str, object] | None = {"id_after": ordered[size - 1].id} if len(ordered) > size else None
    return _Page([_project_body(forge, one) for one in ordered[:size]], following=following)


def _of_group(forge: GitLab, rest: list[str], query: dict[str, str]) -> object:
    match rest:
        case ["projects"]:
            return _projects(forge, {**query, "pagination": "keyset"})
        case ["merge_requests"]:
            rows = [row for one in forge.projects for row in _Rows(forge, one, "merge_requests").all(query)]
            return _offset(_sorted(rows, query), query, len(rows))
        case ["issues"]:
            rows = [row for one in forge.projects for row in _Rows(forge, one, "issues").all(query)]
            return _offset(_sorted(rows, query), query, len(rows))
    raise _Stop(404, "404 Not Found")


def _of_project(forge: GitLab, name: str, rest: list[str], query: dict[str, str]) -> object:
    project = forge.find(name)
    if project is None:
        moved = next((one for one in forge.projects if one.formerly == name), None)
        if moved is None:
            raise _Stop(404, "404 Project Not Found")
        raise _Stop(301, "", Location=f"{forge.url}/api/v4/projects/{'/'.join([str(moved.id), *rest])}")
    population = project.population
    off = project.said.get("merge_requests_access_level") == "disabled"
    match rest:
        case []:
            return _project_body(forge, project)
        case ["merge_requests", *_] if off:
            raise _Stop(403, "403 Forbidden")
        case ["merge_requests" | "issues" as what]:
            return _Rows(forge, project, what).page(query)
        case ["releases"]:
            rows = [
                bodies.release(project.path, number, START + number * STEP, population, forge.url)
                for number in range(population.releases, 0, -1)
            ]
            return _offset(rows, query, len(rows))
        case ["merge_requests", number, *more] if number.isdigit() and 1 <= int(number) <= population.changes:
            change = _change(population, int(number))
            match more:
                case []:
                    return {
                        **bodies.single(project.id, project.path, change, forge.url),
                        **forge.said.get(int(number), {}),
                    }  # type: ignore[dict-item]
                case ["discussions"] if int(number) in forge.broken:
                    raise _Stop(500, "500 Internal Server Error")
                case ["discussions"]:
                    found = bodies.discussions(project.id, change, forge.url)
                    return _offset(found, query, len(found))
                case ["approvals"]:
                    return bodies.approvals(project.id, change, forge.url)
    raise _Stop(404, "404 Not Found")


def _change(population: Population, number: int) -> Change:
    """As it stands now; one that was touched has another label too, so that its row tells."""
    change = population.change(number)
    return replace(change, labels=(*change.labels, "touched")) if number in population.touched else change


def _offset(rows: list[Any], query: dict[str, str], total: int | None) -> _Page:
    size, number = int(query.get("per_page", 20)), int(query.get("page", 1))
    first = (number - 1) * size
    if first + size > MAX_OFFSET:
        raise _Stop(405, "Offset pagination has a maximum allowed offset of 50000")
    following: dict[str, object] | None = {"page": number + 1} if len(rows) > first + size else None
    return _Page(rows[first : first + size], total, following)


def _sorted(rows: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    field_name = query.get("order_by", "created_at")
    return sorted(rows, key=lambda row: (row[field_name], row["id"]), reverse=query.get("sort", "desc") == "desc")


@dataclass
class _Rows:
    """Merge requests or issues of one project. Ordered by update they are made a page at a time, whatever their number."""

    forge: GitLab
    project: Project
    what: str

    def page(self, query: dict[str, str]) -> _Page:
        if query.get("order_by") != "updated_at" or query.get("sort") != "asc":
            rows = self.all(query)
            return _offset(_sorted(rows, query), query, len(rows))
        size, number = int(query.get("per_page", 20)), int(query.get("page", 1))
        numbers = self._numbers(query)
        first = (number - 1) * size
        if first + size > MAX_OFFSET:
            raise _Stop(405, "Offset pagination has a maximum allowed offset of 50000")
        following: dict[str, object] | None = {"page": number + 1} if len(numbers) > first + size else None
        shown = [self._row(number) for number in numbers[first : first + size]]
        return _Page([row for row in shown if self._wanted(row, query)], len(numbers), following)

    def all(self, query: dict[str, str]) -> list[dict[str, Any]]:
        rows = [self._row(number) for number in self._numbers(query)]
        return [row for row in rows if self._wanted(row, query) and self._created(row, query)]

    def _numbers(self, query: dict[str, str]) -> list[int] | _Span:
        """Numbers by update, oldest first, within the updates asked for."""
        population = self.project.population
        count = population.changes if self.what == "merge_requests" else population.issues
        since, until = _moment(query.get("updated_after")), _moment(query.get("updated_before"))
        first = 1 if since is None else max(1, math.ceil((since - START) / STEP))
        last = count if until is None else min(count, math.floor((until - START) / STEP))
        moved = self._moved(count)
        if not moved:
            return _Span(first, last)
        fresh = [number for at, number in moved if (since is None or at >= since) and (until is None or at <= until)]
        return [number for number in range(first, last + 1) if number not in {one for _, one in moved}] + fresh

    def _moved(self, count: int) -> list[tuple[datetime, int]]:
        if self.what != "merge_requests":
            return []
        stale = self.forge.stale
        touched = self.project.population.touched
        later = {one: times[-1] for one, times in touched.items() if not (stale and stale(one))}
        told = {
            one: _moment(str(said["updated_at"]))
            for one, said in self.forge.said.items()
            if _is_moment(said.get("updated_at"))
        }
        return sorted((at, one) for one, at in {**later, **told}.items() if at is not None and 0 < one <= count)

    def _row(self, number: int) -> dict[str, Any]:
        forge, project, population = self.forge, self.project, self.project.population
        if self.what == "issues":
            at = START + number * STEP
            row = bodies.issue(project.id, project.path, number, at, population, forge.url)
            return {**row, **forge.said.get(-number, {})}  # type: ignore[dict-item]
        stale = forge.stale is not None and forge.stale(number)
        change = population.opened(number) if stale else _change(population, number)
        row = bodies.merge_request(project.id, project.path, change, forge.url)
        return {**row, **forge.said.get(number, {})}  # type: ignore[dict-item]

    def _wanted(self, row: dict[str, Any], query: dict[str, str]) -> bool:
        return not (query.get("confidential") == "false" and row.get("confidential"))

    def _created(self, row: dict[str, Any], query: dict[str, str]) -> bool:
        after = query.get("created_after")
        return after is None or row["created_at"] >= after


@dataclass(frozen=True)
class _Span:
    """Numbers first .. last, not made before they are looked at."""

    first: int
    last: int

    def __len__(self) -> int:
        return max(0, self.last - self.first + 1)

    def __getitem__(self, part: slice) -> range:
        return range(self.first, self.last + 1)[part]

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _is_moment(told: object) -> bool:
    return isinstance(told, str) and told.startswith("20")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=1_000)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    given = parser.parse_args()
    project = Project(42, "acme/engine", Population(given.changes, issues=100, releases=5))
    with serving(GitLab([project], latency=given.latency)) as forge:
        print(forge.url, "token", TOKEN)
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main()
