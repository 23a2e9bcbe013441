"""A real stateful GitHub on this machine (npm `emulate`), and what it lacks: GraphQL, resolved by its published schema over its state.

The emulator's REST is used as it is; the facade stands before it, as GitHub Enterprise does (`/api/v3`, `/api/graphql`), passes REST on,
and adds an organisation's repositories. It reads the emulator's state by REST once, and again when told that it changed.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from graphql import GraphQLSchema

from benchmarks.graphql_answer import points
from tests.collectors.github import from_rest
from tests.collectors.github.packages import NODE
from tests.collectors.github.schema import answered

OWNER, NAME = "acme", "engine"
PEOPLE = ("maintainer", "ada", "grace", "linus", "tidy[bot]")
APP = 12345
INSTALLATION = 100


def token(login: str) -> str:
    return f"emulated-token-of-{login.removesuffix('[bot]')}"


@contextmanager
def emulating(packages: Path, folder: Path, private_key: str) -> Iterator[str]:
    """Base URL of the emulator's REST, with an organisation, its people, an App and an empty repository."""
    users = [{"login": login, "name": login.title(), "type": "Bot" if "[bot]" in login else "User"} for login in PEOPLE]
    seed = {
        "tokens": {token(login): {"login": login} for login in PEOPLE},
        "github": {
            "users": users,
            "orgs": [{"login": OWNER, "members": [{"login": login, "role": "admin"} for login in PEOPLE]}],
            "repos": [{"owner": OWNER, "name": NAME, "auto_init": True}],
            "apps": [
                {
                    "app_id": APP,
                    "slug": "calibrant",
                    "name": "Calibrant",
                    "private_key": private_key,
                    "permissions": dict.fromkeys(("contents", "issues", "metadata", "pull_requests"), "read"),
                    "installations": [{"installation_id": INSTALLATION, "account": OWNER}],
                }
            ],
        },
    }
    (folder / "seed.yaml").write_text(yaml.safe_dump(seed))
    port = _free_port()
    command = [NODE, packages / "emulate" / "dist" / "index.js", "--service", "github", "--port", str(port)]
    with (folder / "emulate.log").open("wb") as log:
        process = subprocess.Popen([*command, "--seed", folder / "seed.yaml"], stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(f"http://localhost:{port}/repos/{OWNER}/{NAME}", folder / "emulate.log")
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            process.wait(10)


def _free_port() -> int:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return server.server_port


def _wait_for(url: str, log: Path) -> None:
    for _ in range(300):
        try:
            get(url)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the emulator does not answer: {log.read_text()[-500:]}")


def get(url: str) -> Any:
    """JSON of a GET, as the maintainer."""
    request = urllib.request.Request(url, headers={"Authorization": f"token {token('maintainer')}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def all_of(url: str) -> list[Any]:
    """All rows of a list."""
    rows: list[Any] = []
    mark = "&" if "?" in url else "?"
    while len(page := get(f"{url}{mark}per_page=100&page={len(rows) // 100 + 1}")) == 100:
        rows += page
    return rows + page


@dataclass
class Facade:
    """GraphQL over an emulator's state."""

    schema: GraphQLSchema
    rest: str
    requests: list[str] = field(default_factory=list)
    points: int = 0
    _root: dict[str, Any] = field(default_factory=dict)

    def changed(self) -> None:
        """The emulator was written to."""
        self._root.clear()

    def answer(self, document: str, variables: Mapping[str, Any]) -> Any:
        if not self._root:
            self._root.update(self._read())
        self.points += points(document, variables)
        return answered(self.schema, document, variables, self._root)

    def pull(self, number: int) -> dict[str, Any]:
        """A pull request with what lies under it, as a GraphQL row."""
        base = f"{self.rest}/repos/{OWNER}/{NAME}"
        one = get(f"{base}/pulls/{number}")
        reviews, comments = all_of(f"{base}/pulls/{number}/reviews"), all_of(f"{base}/pulls/{number}/comments")
        return from_rest.pull(one, reviews, comments, all_of(f"{base}/issues/{number}/comments"))

    def _read(self) -> dict[str, Any]:
        base = f"{self.rest}/repos/{OWNER}/{NAME}"
        pulls = [self.pull(one["number"]) for one in all_of(f"{base}/pulls?state=all")]
        issues = [from_rest.issue(one) for one in all_of(f"{base}/issues?state=all") if "pull_request" not in one]
        releases = [from_rest.release(one) for one in all_of(f"{base}/releases")]
        repository = from_rest.repository(get(base), pulls, issues, releases)
        nodes = {row["id"]: row for pull in pulls for row in (pull, *pull["reviewThreads"])}
        return {
            "repository": lambda owner, name, **_: repository if (owner, name) == (OWNER, NAME) else None,
            "node": lambda **given: nodes.get(given["id"]),
            "rateLimit": lambda **_: {"cost": 1, "remaining": 1, "limit": 5_000, "resetAt": "2026-01-01T00:00:00Z"},
        }


@contextmanager
def facing(facade: Facade) -> Iterator[str]:
    """Base URL of a GitHub Enterprise server made of the emulator and the facade."""
    handler = type("_Facing", (_Handler,), {"facade": facade})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    facade: Facade

    def do_GET(self) -> None:
        path = urlsplit(self.path).path.removeprefix("/api/v3")
        self.facade.requests.append(f"GET {path}")
        if path == f"/orgs/{OWNER}/repos":
            self._send(200, json.dumps([get(f"{self.facade.rest}/repos/{OWNER}/{NAME}")]).encode(), {})
        else:
            self._pass_on(None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.facade.requests.append(f"POST {self.path}")
        if self.path != "/api/graphql":
            self._pass_on(body)
            return
        asked = json.loads(body)
        self._send(200, json.dumps(self.facade.answer(asked["query"], asked["variables"])).encode(), {})

    def _pass_on(self, body: bytes | None) -> None:
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
        request = urllib.request.Request(f"{self.facade.rest}{self.path.removeprefix('/api/v3')}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                self._send(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                self._send(error.code, error.read(), error.headers)

    def _send(self, status: int, body: bytes, headers: Any) -> None:
        here = f"http://{self.headers['Host']}/api/v3"
        content = body.replace(self.facade.rest.encode(), here.encode())
        self.send_response_only(status)
        for name in ("Link", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"):
            if headers.get(name):
                self.send_header(name, headers[name].replace(self.facade.rest, here))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass
