"""`collect github` with a mirror: a made-up API and a real repository behind one address, as a forge has it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.forge_population import Population
from benchmarks.github_rows import WEB, Rows
from benchmarks.github_server import GitHub
from calibrant.cli import app
from tests.collectors.forge.git_server import git_serving
from tests.collectors.forge.servers import Answer, Asked, Server
from tests.collectors.git_repository import Repository, run_git

TOKEN = "github_pat_11AAAAAAA0123456789abcdef"


@dataclass
class RealHeads(Rows):
    """Rows whose change requests have the commits of a real repository. oids: (base, head, squash) by number."""

    oids: dict[int, tuple[str, str, str]] = field(default_factory=dict)

    def change(self, number: int) -> dict[str, Any]:
        base, head, squash = self.oids[number]
        row = super().change(number)
        merged = {"state": "MERGED", "mergedAt": row["updatedAt"], "closedAt": row["updatedAt"]}
        return row | merged | {"baseRefOid": base, "headRefOid": head, "mergeCommit": {"oid": squash, "author": None}}


@contextmanager
def forge(folder: Path, rows: Rows, meanwhile: Callable[[], object] = lambda: None) -> Iterator[Server]:
    """API and git at one address, which clone addresses name too. meanwhile: happens before each GraphQL answer."""
    made = GitHub(rows)

    def api(asked: Asked) -> Answer | None:
        if not asked.path.startswith("/api/"):
            return None
        if asked.path.endswith("/graphql"):
            meanwhile()
        reply = made.reply(asked.method, asked.path, asked.headers, asked.body)
        body = json.dumps(reply.body).replace(WEB, f"http://{asked.headers['Host']}").encode()
        return reply.status, [("Content-Type", "application/json"), *reply.headers.items()], body

    with git_serving(folder, api) as server:
        yield server


@pytest.fixture
def repository(tmp_path: Path) -> dict[int, tuple[str, str, str]]:
    """acme/engine.git with two change requests, squashed onto main."""
    made = Repository(tmp_path / "forge" / "acme" / "engine.git")
    first = made.commit({"engine.py": "import torch\n"}, "Begin")
    marks = {}
    for number in (1, 2):
        head = made.commit({f"serving/part{number}.py": "x = 1\n"}, "Try", branch=f"topic{number}", parents=[first])
        squash = made.commit({f"serving/part{number}.py": "x = 1\n"}, f"Serve part {number} (#{number})")
        marks[number] = (first, head, squash)
    oids = made.write()
    for number, (_, head, _) in marks.items():
        run_git(made.path, "update-ref", f"refs/pull/{number}/head", oids[head])
        run_git(made.path, "update-ref", "-d", f"refs/heads/topic{number}")
    return {number: (oids[base], oids[head], oids[squash]) for number, (base, head, squash) in marks.items()}


def test_commits_and_change_requests_are_collected_as_one_repository(
    tmp_path: Path, repository: dict[int, tuple[str, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    held = {"CALIBRANT_LEDGER": f"sqlite:///{tmp_path / 'ours.db'}", "GITHUB_TOKEN": TOKEN}

    def calibrant(*words: str) -> str:
        done = CliRunner().invoke(app, words, env=held)
        assert done.exit_code == 0, done.stdout + done.stderr
        return str(done.stdout)

    calibrant("init")
    with forge(tmp_path / "forge", RealHeads(Population(2), oids=repository)) as server:
        told = calibrant("collect", "github", "acme/engine", "--base-url", server.url)
        again = calibrant("collect", "github", "acme/engine", "--base-url", server.url)
    assert len(told.splitlines()) == 2
    assert all("0 artefacts read" in line for line in again.splitlines())
    rows = [json.loads(line) for line in calibrant("export", "evidence").splitlines()]
    changes = {row["measures"]["number"]: row for row in rows if row["kind"] == "change_request"}
    assert {number: [path[0] for path in row["paths"]] for number, row in changes.items()} == {
        1: ["serving/part1.py"],
        2: ["serving/part2.py"],
    }
    commits = {row["artefact"]: row for row in rows if row["kind"] == "commit"}
    assert len(commits) == 3  # heads of change requests are no commits of the repository
    for number, (_, _, squash) in repository.items():
        assert commits[f"git:{squash}"]["same_as"] == [["squash_of", changes[number]["artefact"]]]
    listed = json.loads(calibrant("sources", "list", "--json"))
    assert {one["kind"] for one in listed} == {"git", "github"}
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and "forge" not in path.parts]
    assert [path for path in kept if TOKEN.encode() in path.read_bytes()] == []
    assert (tmp_path / "mirrors").is_dir()


def test_a_repository_that_cannot_be_cloned_has_its_reviews_collected_and_is_told_of(
    tmp_path: Path, repository: dict[int, tuple[str, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    held = {"CALIBRANT_LEDGER": f"sqlite:///{tmp_path / 'ours.db'}", "GITHUB_TOKEN": TOKEN}
    CliRunner().invoke(app, ["init"], env=held)
    with forge(tmp_path / "nothing", RealHeads(Population(2), oids=repository)) as server:
        done = CliRunner().invoke(app, ["collect", "github", "acme/engine", "--base-url", server.url], env=held)
    assert done.exit_code == 1
    assert "cannot be cloned" in " ".join(done.stderr.split())
    assert "collected without the mirror" in " ".join(done.stderr.split())
    rows = [json.loads(line) for line in CliRunner().invoke(app, ["export", "evidence"], env=held).stdout.splitlines()]
    changes = [row for row in rows if row["kind"] == "change_request"]
    assert [(row["measures"]["commits"], row["paths"]) for row in changes] == [(None, [])] * 2
    assert any(row["kind"] == "review" for row in rows)
    (tmp_path / "nothing").symlink_to(tmp_path / "forge")
    with forge(tmp_path / "nothing", RealHeads(Population(2), oids=repository)) as server:
        again = CliRunner().invoke(app, ["collect", "github", "acme/engine", "--base-url", server.url], env=held)
    assert again.exit_code == 0, again.stderr


def test_what_is_pushed_while_the_forge_is_read_is_known_too(
    tmp_path: Path, repository: dict[int, tuple[str, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    held = {"CALIBRANT_LEDGER": f"sqlite:///{tmp_path / 'ours.db'}", "GITHUB_TOKEN": TOKEN}
    origin = tmp_path / "forge" / "acme" / "engine.git"
    run_git(origin, "update-ref", "-d", "refs/pull/2/head")

    def push() -> None:
        run_git(origin, "update-ref", "refs/pull/2/head", repository[2][1])

    CliRunner().invoke(app, ["init"], env=held)
    with forge(tmp_path / "forge", RealHeads(Population(2), oids=repository), push) as server:
        done = CliRunner().invoke(app, ["collect", "github", "acme/engine", "--base-url", server.url], env=held)
    assert done.exit_code == 0, done.stderr
    rows = [json.loads(line) for line in CliRunner().invoke(app, ["export", "evidence"], env=held).stdout.splitlines()]
    paths = {row["measures"]["number"]: row["paths"] for row in rows if row["kind"] == "change_request"}
    assert [path[0] for path in paths[2]] == ["serving/part2.py"]
