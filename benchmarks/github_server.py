"""A made-up GitHub on this machine: GraphQL and a few REST lists over any number of change requests, with faults where they are asked for.

    python benchmarks/github_server.py --changes 100000 --latency 0.1

needs graphql-core (`pip install -e '.[test]'`), prints its address (give it as base URL) and serves until stopped. It counts requests and
GraphQL points by GitHub's published formula, per operation, and holds nothing but what it was told: the rows are made when they are asked for.

A `Fault` strikes the requests whose numbers it names (from 1, of one kind of request). What strikes: a broken connection, an answer
cut short, statuses of rate limits, gateways' failures, answers of errors, holes in good answers, addresses elsewhere, or any
function that changes the population. `skew` sets the server's clock apart from the client's.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.forge_population import Population
from benchmarks.github_rest import listed
from benchmarks.github_rows import Rows
from benchmarks.graphql_answer import BadCursor, answer, points, read

SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
PRIMARY = "API rate limit exceeded for user ID 1."
TIMEOUT = (
    "Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug."
)


@dataclass
class Reply:
    """What goes back: status, headers, body; cut: only half of the body is sent; drop: nothing is."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    cut: bool = False
    drop: bool = False


@dataclass
class Fault:
    """Strikes requests `at` .. `at + times - 1` among those to `path`; `apply` changes the reply or makes another one."""

    apply: Callable[[GitHub, Reply], Reply | None]
    at: int = 1
    times: int = 1
    path: str = "/graphql"

    def strikes(self, path: str, number: int) -> bool:
        return path.endswith(self.path) and self.at <= number < self.at + self.times


@dataclass
class GitHub:
    """The server's state. remaining: of the hour's quota (limit 0: none); clock: a test gives its own.

    Told after: requests and points per operation, log: operations in order, documents, hosts and tokens as they came, struck: faults.
    """

    rows: Rows
    others: list[Rows] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    latency: float = 0.0
    skew: timedelta = timedelta(0)
    limit: int = 5_000
    remaining: int = 5_000
    scopes: str | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    requests: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)
    tokens: set[str | None] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)
    renamed: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    struck: int = 0
    _numbers: Counter[str] = field(default_factory=Counter)
    _hour: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        return self.clock() + self.skew

    def resets_at(self) -> datetime:
        return self.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)

    def reply(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        path = urlsplit(target).path
        with self._lock:
            self.hosts[headers.get("Host", "")] += 1
            self.tokens.add(headers.get("Authorization"))
            kind = "/graphql" if path.endswith("/graphql") else path
            self._numbers[kind] += 1
            number = self._numbers[kind]
            self._refill()
            struck = [fault for fault in self.faults if fault.strikes(path, number)]
            reply = self._graphql(json.loads(body)) if kind == "/graphql" else self._rest(method, target)
            reply.headers |= self._limits(kind) | {"Date": format_datetime(self.now(), usegmt=True)}
            if self.scopes is not None:
                reply.headers["X-OAuth-Scopes"] = self.scopes
            if self.limit and self.remaining < 0:
                reply = Reply(403, reply.headers | {"X-RateLimit-Remaining": "0"}, {"message": PRIMARY})
            for fault in struck:
                self.struck += 1
                reply = fault.apply(self, reply) or reply
        return reply

    def _refill(self) -> None:
        """A new hour brings a new quota."""
        if self._hour != self.resets_at():
            self.remaining = self.limit if self._hour is not None else self.remaining
            self._hour = self.resets_at()

    def _limits(self, kind: str) -> dict[str, str]:
        if not self.limit:
            return {}
        reset = str(int(self.resets_at().timestamp()))
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(self.remaining, 0)),
            "X-RateLimit-Reset": reset,
            "X-RateLimit-Resource": kind.strip("/") if kind == "/graphql" else "core",
        }

    def _graphql(self, asked: dict[str, Any]) -> Reply:
        document, variables = asked["query"], asked.get("variables") or {}
        operation, fields = read(document)
        cost = points(document, variables)
        self.documents.add(document)
        self.log.append(operation)
        self.requests[operation] += 1
        self.points[operation] += cost
        self.remaining -= cost if self.limit else 0
        root = {"repository": self._repository, "node": self._node, "rateLimit": self._rate(cost)}
        try:
            data = answer(root, fields, variables)
        except BadCursor as error:
            told = {"type": "INVALID_CURSOR_ARGUMENTS", "path": ["repository", "pullRequests"], "message": str(error)}
            return Reply(body={"data": {"repository": None, "rateLimit": None}, "errors": [told]})
        if data.get("repository", self) is None:
            return Reply(body={"data": data, "errors": [_missing("repository", variables)]})
        return Reply(body={"data": data})

    def _repository(self, owner: str, name: str) -> dict[str, Any] | None:
        owner, name = self.renamed.get((owner, name), (owner, name))
        rows = next((rows for rows in self.all if (rows.owner, rows.name) == (owner, name)), None)
        return rows and rows.repository()

    def _node(self, id: str) -> dict[str, Any] | None:  # noqa: A002
        return next((row for rows in self.all if (row := rows.node(id))), None)

    @property
    def all(self) -> list[Rows]:
        """Every repository."""
        return [self.rows, *self.others]

    def _rate(self, cost: int) -> dict[str, Any] | None:
        if not self.limit:
            return None
        at = self.resets_at().strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"cost": cost, "remaining": self.remaining, "limit": self.limit, "resetAt": at}

    def _rest(self, method: str, target: str) -> Reply:
        parts = urlsplit(target)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        found = listed(self.all, parts.path.removeprefix("/api/v3"), asked) if method == "GET" else None
        self.log.append("REST")
        self.requests["REST"] += 1
        if found is None:
            return Reply(404, body={"message": "Not Found", "documentation_url": "https://docs.github.example/rest"})
        rows, more = found
        page = int(asked.get("page", 1))
        link = {"Link": f'<{{base}}{parts.path}?{_query(asked, page + 1)}>; rel="next"'} if more else {}
        return Reply(headers=link, body=rows)


def _query(asked: Mapping[str, str], page: int) -> str:
    return "&".join(f"{name}={value}" for name, value in {**asked, "page": str(page)}.items())


def _missing(path: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    name = f"{variables.get('owner')}/{variables.get('name')}"
    return {
        "type": "NOT_FOUND",
        "path": [path],
        "message": f"Could not resolve to a Repository with the name '{name}'.",
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    github: GitHub

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.github.latency:
            time.sleep(self.github.latency)
        reply = self.github.reply(self.command, self.path, dict(self.headers), body)
        if reply.drop:
            self.close_connection = True
            return
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value.replace("{base}", f"http://{self.headers.get('Host')}"))
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if reply.cut else content)
        self.close_connection = self.close_connection or reply.cut

    def log_message(self, *_: Any) -> None:
        pass

    def send_response(self, code: int, message: str | None = None) -> None:
        self.send_response_only(code, message)


@contextmanager
def serving(github: GitHub, address: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """The base URL of a server that lives as long as the block."""
    handler = type("_Serving", (_Handler,), {"github": github})
    server = ThreadingHTTPServer((address, port), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # of clients that were killed
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://{address}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=1_000)
    parser.add_argument("--issues", type=int, default=0)
    parser.add_argument("--releases", type=int, default=0)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args()
    people = Population(asked.changes, asked.seed, issues=asked.issues, releases=asked.releases)
    github = GitHub(Rows(people), latency=asked.latency, limit=0)
    with serving(github, port=asked.port) as url:
        print(url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(dict(github.requests), dict(github.points))


if __name__ == "__main__":
    main()
