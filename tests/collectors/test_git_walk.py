"""Whatever the object store lacks, every commit comes, with as much as can still be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors import git_walk
from db.records import Batch
from tests.collectors.git_repository import GITLINK, Repository, collected, evidence, run_git


@pytest.fixture
def source(tmp_path: Path) -> tuple[Repository, list[str]]:
    """Twelve commits on one file each, every third renaming another; all objects loose."""
    repository = Repository(tmp_path / "source.git")
    for number in range(12):
        files: dict[str | bytes, bytes | str | None] = {
            f"f{number % 4}": "".join(f"{number} {line}\n" for line in range(9))
        }
        if number % 3 == 2:
            files[f"moved{number}"], files["sub"] = f"m{number}\n" * 5, GITLINK + b""
        repository.commit(files, f"Step {number}")
    oids = repository.write()
    repository.explode()
    return repository, oids


def talk(batches: list[Batch]) -> dict[str, int]:
    return {name: sum(batch.talk.get(name, 0) for batch in batches) for name in ("commits", "missing_blobs")}


def test_a_missing_blob_costs_its_commits_their_lines_only(source: tuple[Repository, list[str]]) -> None:
    repository, oids = source
    whole = evidence(repository.path)
    repository.object_file(f"{oids[5]}:f0").unlink()
    found = evidence(repository.path)
    assert found.keys() == whole.keys()
    harmed = {oid for oid in found if found[oid] != whole[oid]}
    assert harmed == {oids[5], oids[9]}, "the commit that made the blob and the one that replaced it"
    for oid in harmed:
        measures = found[oid].measures
        assert (measures["missing_blobs"], measures["added"], measures["deleted"]) == (True, None, None)
        assert measures["files"] == whole[oid].measures["files"]
        assert [path for path, *_ in found[oid].paths] == [path for path, *_ in whole[oid].paths]
    assert talk(collected(repository.path)) == {"commits": 12, "missing_blobs": 2}


def test_a_damaged_blob_is_as_good_as_missing(source: tuple[Repository, list[str]]) -> None:
    repository, oids = source
    file = repository.object_file(f"{oids[12]}:f3")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-8] + b"\0" * 8)
    found = evidence(repository.path)
    assert [oid for oid in oids[1:] if found[oid].measures["missing_blobs"]] == [oids[12]]


@pytest.mark.parametrize("unit", [1, 2, 5, 1_000])
def test_the_size_of_steps_changes_nothing(
    source: tuple[Repository, list[str]], unit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, oids = source
    repository.object_file(f"{oids[2]}:f1").unlink()
    repository.object_file(f"{oids[11]}:f2").unlink()
    expected = evidence(repository.path)
    monkeypatch.setattr(git_walk, "_UNIT", unit)
    monkeypatch.setattr(git_walk, "_SEGMENT", 3)
    assert evidence(repository.path) == expected


@pytest.mark.parametrize("kept", ["blob:none", "tree:0"])
def test_partial_clones_are_read_whole_and_never_fetch(
    source: tuple[Repository, list[str]], kept: str, tmp_path: Path
) -> None:
    repository, oids = source
    run_git(repository.path, "config", "uploadpack.allowFilter", "true")
    run_git(tmp_path, "clone", "-q", "--bare", f"--filter={kept}", f"file://{repository.path}", "partial")
    objects = sorted((tmp_path / "partial" / "objects").rglob("*"))
    batches = collected(tmp_path / "partial", content=True)
    assert talk(batches) == {"commits": 12, "missing_blobs": 12}
    assert sorted((tmp_path / "partial" / "objects").rglob("*")) == objects
    run_git(tmp_path / "partial", "log", "--numstat")
    assert sorted((tmp_path / "partial" / "objects").rglob("*")) != objects, "git itself fetches from such a clone"
    found = {one.artefact[4:]: one for batch in batches for one in batch.evidence}
    whole = evidence(repository.path)
    assert all(found[oid].participations == whole[oid].participations for oid in oids[1:])
    same_names = all([row[0] for row in found[oid].paths] == [row[0] for row in whole[oid].paths] for oid in oids[1:])
    assert same_names is (kept == "blob:none")
    assert (found[oids[3]].measures["submodules"] == 1) is (kept == "blob:none")


def test_a_missing_tree_costs_its_commits_their_files(source: tuple[Repository, list[str]]) -> None:
    repository, oids = source
    whole = evidence(repository.path)
    repository.object_file(f"{oids[6]}^{{tree}}").unlink()
    found = evidence(repository.path)
    harmed = {oid for oid in found if found[oid] != whole[oid]}
    assert harmed == {oids[6], oids[7]}
    assert found[oids[6]].measures["files"] is None
    assert found[oids[6]].excerpt == "Step 5"


def test_a_missing_commit_ends_its_branch_and_is_said(source: tuple[Repository, list[str]]) -> None:
    repository, oids = source
    repository.commit({"other": "o"}, "Another root", branch="other")
    oids = repository.write()
    repository.object_file(oids[4]).unlink()
    batches = collected(repository.path)
    found = {one.artefact[4:]: one for batch in batches for one in batch.evidence}
    assert set(found) == {*oids[5:]}
    assert batches[-1].talk["damaged_history"] == 1
    assert found[oids[5]].measures["parents"] == 1
    assert found[oids[5]].measures["missing_blobs"] is True
    assert collected(repository.path, batches[-1].cursor) == []


def test_a_damaged_history_goes_on_from_its_cursor(source: tuple[Repository, list[str]]) -> None:
    repository, oids = source
    repository.commit({"new": "n"})
    later = repository.write()[-1]
    run_git(repository.path, "update-ref", "refs/heads/main", oids[-1])
    file = repository.object_file(oids[2])
    file.chmod(0o644)
    file.write_bytes(b"rubbish")
    first = collected(repository.path)
    assert len(first[-1].evidence) == 10
    run_git(repository.path, "update-ref", "refs/heads/main", later)
    (second,) = collected(repository.path, first[-1].cursor)
    assert [one.artefact[4:] for one in second.evidence] == [later]
    assert second.lost == ()


def test_refs_to_nowhere_are_counted(source: tuple[Repository, list[str]]) -> None:
    repository, _ = source
    (repository.path / "refs" / "heads" / "gone").write_text("12" * 20 + "\n")
    assert collected(repository.path)[-1].talk["broken_refs"] == 1
