"""Clones that want something executed, fetched or read from elsewhere, collected by the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from calibrant.cli import app
from tests.collectors.git_repository import Repository, run_git

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, blank_sqlite: Path) -> Run:
    """A command on a ledger of this test's own; it must end well."""
    shutil.copy(blank_sqlite, tmp_path / "ledger.db")

    def run(*words: object) -> Result:
        given = {"CALIBRANT_LEDGER": f"sqlite:///{tmp_path / 'ledger.db'}", "CALIBRANT_NOW": "2026-06-30"}
        done = CliRunner().invoke(app, [str(word) for word in words], env=given, catch_exceptions=False)
        assert done.exit_code == 0, done.stderr
        return done

    return run


def _armed(clone: Path, marker: Path) -> None:
    """Everything a repository can configure to be executed, each leaving a mark."""
    act = clone.parent / "act"
    act.write_text(f'#!/bin/sh\necho "$0 $*" >> {marker}\ncat 2>/dev/null\n', encoding="utf-8")
    act.chmod(0o755)
    keys = (
        "core.fsmonitor", "core.pager", "core.sshCommand", "core.askPass", "core.editor", "core.gitProxy", "core.alternateRefsCommand",
        "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.smudge", "filter.evil.clean", "filter.evil.process",
        "gpg.program", "pager.log", "sequence.editor", "uploadpack.packObjectsHook", "credential.helper", "trailer.co.command",
        "merge.evil.driver",
    )  # fmt: skip
    for key in keys:
        run_git(clone, "config", key, str(act))
    for key, value in (
        ("core.hooksPath", str(clone / "armed")), ("log.showSignature", "true"), ("alias.log", f"!{act}"), ("alias.rev-list", f"!{act}"),
        ("alias.cat-file", f"!{act}"), ("remote.origin.url", f"ext::{act}"), ("remote.origin.promisor", "true"), ("protocol.ext.allow", "always"),
        ("remote.origin.partialclonefilter", "blob:none"), ("extensions.partialClone", "origin"), ("core.repositoryFormatVersion", "1"),
        ("log.follow", "true"), ("log.mailmap", "true"), ("mailmap.file", "/etc/passwd"), ("include.path", "/etc/hostname-or-nothing"),
        ("core.attributesFile", str(clone / "attributes")), ("trace2.eventTarget", str(marker)), ("core.preferSymlinkRefs", "true"),
    ):  # fmt: skip
        run_git(clone, "config", key, value)
    (clone / "info").mkdir(exist_ok=True)
    for file in (clone / "info" / "attributes", clone / "attributes"):
        file.write_text("* diff=evil filter=evil merge=evil\n", encoding="utf-8")
    for hooks in (clone / "hooks", clone / "armed"):
        hooks.mkdir(exist_ok=True)
        for name in (
            "post-checkout",
            "reference-transaction",
            "pre-auto-gc",
            "post-index-change",
            "fsmonitor-watchman",
            "query-watchman",
        ):
            shutil.copy(act, hooks / name)


def test_nothing_that_a_clone_configures_is_executed_or_fetched(run: Run, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "clone")
    repository.commit({"a.py": "import kfp\n", ".gitattributes": "* diff=evil filter=evil\n"})
    repository.commit({"a.py": "import kfp\nimport os\n", ".mailmap": "Ada <a@example.org> <b@example.org>\n"})
    repository.write()
    repository.explode()
    repository.object_file("HEAD:a.py").unlink()
    _armed(repository.path, tmp_path / "marker")
    before = {file: file.stat().st_mtime_ns for file in repository.path.rglob("*")}
    said = run("collect", "git", repository.path, "--content", "--json")
    assert json.loads(said.stdout)[0]["read"] == 2
    assert not (tmp_path / "marker").exists()
    assert {file: file.stat().st_mtime_ns for file in repository.path.rglob("*")} == before
    armed = ["git", "-C", str(repository.path), "cat-file", "--textconv", "HEAD:.gitattributes"]
    subprocess.run(
        armed, capture_output=True, check=False, stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]}, timeout=20
    )
    assert (tmp_path / "marker").exists()  # the arms were loaded


def test_symlinks_in_and_around_a_clone_lead_nowhere(run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("Secret Name <secret@example.org> <ada@example.org>\nimport secret_module\n", encoding="utf-8")
    repository = Repository(tmp_path / "clone")
    repository.commit({"a.py": "import kfp\n"})
    repository._script.append(
        b"commit refs/heads/main\ncommitter A <ada@example.org> 1700001000 +0000\ndata 1\nx\nfrom :1\n"
        + b"".join(
            b"M 120000 inline %s\ndata %d\n%s\n" % (name, len(os.fsencode(secret)), os.fsencode(secret))
            for name in (b"b.py", b".mailmap")
        )
    )
    repository.write()
    (repository.path / "refs" / "heads" / "evil").symlink_to(secret)
    (repository.path / "objects" / "info" / "alternates").write_text(f"{tmp_path}\n{repository.path}/objects\n/etc\n")
    (tmp_path / "link").symlink_to(repository.path)
    said = run("collect", "git", tmp_path / "link", "--content", "--json")
    assert json.loads(said.stdout)[0]["read"] == 2
    told = run("export", "evidence").stdout + run("identities", "list").stdout
    assert "secret_module" not in told
    assert "secret@example.org" not in told
