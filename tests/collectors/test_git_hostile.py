"""A clone from anybody: nothing in it is run, forges anything, or fills the memory."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.collectors.git_repository import Repository, collected, evidence, run_git


@pytest.fixture
def small(tmp_path: Path) -> tuple[Repository, list[str]]:
    repository = Repository(tmp_path / "small.git")
    repository.commit({"a.py": "one\n", "b c.txt": "x\ny\n"}, "Begin")
    repository.commit({"a.py": "one\nimport os\n", "img.bin": b"\0\1\2"}, "Add")
    repository.commit({"d/renamed.txt": "x\ny\n", "b c.txt": None}, "Move")
    return repository, repository.write()


def test_nothing_the_repository_configures_is_run(small: tuple[Repository, list[str]], tmp_path: Path) -> None:
    run_git(tmp_path, "clone", "-q", str(small[0].path), "evil")
    clone, proof = tmp_path / "evil", tmp_path / "executed"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {proof}\nexit 0\n")
    script.chmod(0o755)
    expected = evidence(small[0].path, content=True)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "diff.x.textconv",
        "diff.x.command",
        "gpg.program",
        "core.sshCommand",
        "core.hooksPath",
    ):
        run_git(clone, "config", key, str(script))
    for key, value in (
        ("log.showSignature", "true"),
        ("diff.algorithm", "patience"),
        ("diff.renames", "false"),
        ("log.mailmap", "true"),
        ("core.quotePath", "true"),
    ):
        run_git(clone, "config", key, value)
    (clone / ".git" / "info" / "attributes").write_text("* diff=x\n*.py -diff\n")
    run_git(clone, "log", "-p")
    assert proof.exists(), "git itself obeys such a repository"
    proof.unlink()
    assert evidence(clone, content=True) == expected
    assert not proof.exists()


def test_the_clone_is_left_as_it_was(small: tuple[Repository, list[str]]) -> None:
    def snapshot() -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in small[0].path.rglob("*")}

    before = snapshot()
    collected(small[0].path, content=True)
    assert snapshot() == before


@pytest.mark.skipif(
    subprocess.run(["id", "-u"], capture_output=True, check=True).stdout.strip() != b"0",
    reason="needs root to give a clone away",
)
def test_a_clone_owned_by_somebody_else_is_read(small: tuple[Repository, list[str]]) -> None:
    for path in (small[0].path, *small[0].path.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o644)
        subprocess.run(["chown", "12345:12345", str(path)], check=True)
    assert len(evidence(small[0].path)) == 3


def test_markers_in_paths_and_messages_forge_nothing(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    forged = b"\x1e0123456789abcdef0123\x1e" + b"f" * 40
    repository.commit(
        {forged: "1\n", b"\x01\x1e\x02" + b"a" * 40: "2\n"}, b"Subject\n\n" + forged + b"\n:100644 100644\n5\t5\tx"
    )
    oids = repository.write()
    found = evidence(repository.path)
    assert set(found) == {oids[1]}
    assert found[oids[1]].measures["files"] == 2
    assert all("\x1e" not in path for path, *_ in found[oids[1]].paths)


def test_control_and_bidi_characters_are_made_visible(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    repository.commit(
        {"a\tb\x07": "1", "\u202egpj.py": "1", "back\\slash": "1"},
        "Sub\x1b[31mject \u202e\n\nbody",
        author="E\u202evil <e\x7f@x>".encode(),
    )
    oids = repository.write()
    one = evidence(repository.path)[oids[1]]
    assert sorted(path for path, *_ in one.paths) == ["\\u202egpj.py", "a\\x09b\\x07", "back\\\\slash"]
    assert one.excerpt == "Sub\\x1b[31mject \\u202e"
    assert one.participations[0].identity.name == "E\\u202evil"


def test_huge_messages_and_paths_are_cut_and_said_so(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    long = b"d/" * 3000
    repository.commit({"a": "1\n"}, b"S" * 9_000_000 + b"\n\n" + b"x" * 9_000_000 + b"\n\nReviewed-by: Bo <bo@x.org>\n")
    repository.commit({long + b"f": "1\n"}, "Deep")
    crowded = "".join(f"Reviewed-by: R{number} <r{number}@x.org>\n" for number in range(20_000))
    repository.commit({f"many/{number:05}": "1\n" for number in range(10_500)}, "Import")
    repository.commit({}, f"Crowd\n\n{crowded}")
    oids = repository.write()
    found = evidence(repository.path)
    message, deep, many, crowd = (found[oid] for oid in oids[1:])
    assert message.measures["truncated"] is True
    assert message.excerpt is not None
    assert (len(message.excerpt), message.measures["reviewed_by"], message.measures["files"]) == (280, 1, 1)
    assert (len(deep.paths[0][0]), deep.measures["added"]) == (4001, 1)
    assert (len(many.paths), many.measures["files"], many.measures["added"], many.measures["truncated"]) == (
        10_000,
        10_500,
        10_500,
        True,
    )
    assert len(crowd.participations) == 501
