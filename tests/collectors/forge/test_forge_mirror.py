"""A mirror has every head there ever was, and the token is nowhere but on the wire to the forge."""

from __future__ import annotations

import base64
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.forge_failure import ConnectionLost, ForeignHost, Gone
from collectors.forge_limits import Bucket
from collectors.forge_mirror import GITLAB_HEADS, Mirror
from collectors.forge_mirror_folder import alone
from collectors.forge_retry import attempt
from collectors.forge_secret import Secret
from db.errors import Incomplete, Refusal
from tests.collectors.forge.fake_clock import FakeClock
from tests.collectors.forge.git_server import git_serving
from tests.collectors.forge.servers import Answer, Asked, Server, json_answer, serving
from tests.collectors.git_repository import GITLINK, Repository, run_git

TOKEN = "ghp_DoNotShowThisToken0123456789abcd"
BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


@pytest.fixture
def origin(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "forge" / "o" / "r.git")
    repository.commit({"a.py": "one\n"})
    repository.write()
    run_git(repository.path, "config", "http.receivepack", "false")
    return repository


def mirror(tmp_path: Path, server: Server, **more: object) -> Mirror:
    options: dict[str, object] = {"web": server.url, "token": lambda: Secret(TOKEN), **more}
    return Mirror(tmp_path / "mirror", f"{server.url}/o/r.git", **options)  # type: ignore[arg-type]


def refs(folder: Path) -> dict[str, str]:
    listed = run_git(folder, "for-each-ref", "--format=%(refname) %(objectname)")
    return dict(line.split() for line in listed.splitlines())


def push(repository: Repository, number: int, *, parent: int, content: str) -> str:
    """A commit as the head of change request `number`; the head is moved by force."""
    mark = repository.commit({"b.py": content}, parents=[parent], branch=f"change{number}")
    oid = repository.write()[mark]
    run_git(repository.path, "update-ref", f"refs/pull/{number}/head", oid)
    run_git(repository.path, "update-ref", "-d", f"refs/heads/change{number}")
    return oid


def test_branches_and_heads_of_changes_are_there_and_what_is_new_follows(tmp_path: Path, origin: Repository) -> None:
    first = push(origin, 1, parent=1, content="b\n")
    with git_serving(tmp_path / "forge") as server:
        clone = mirror(tmp_path, server)
        assert not clone.exists
        clone.update("main")
        assert clone.exists
        main = run_git(origin.path, "rev-parse", "main")
        assert refs(clone.folder) == {"refs/heads/main": main, "refs/pull/1/head": first}
        second = push(origin, 2, parent=1, content="c\n")
        run_git(origin.path, "update-ref", "refs/heads/other", second)
        clone.update("main")
        assert refs(clone.folder)["refs/pull/2/head"] == second
        run_git(origin.path, "update-ref", "-d", "refs/heads/other")
        run_git(origin.path, "update-ref", "-d", "refs/pull/2/head")
        clone.update("main")
    assert sorted(refs(clone.folder)) == ["refs/heads/main", "refs/pull/1/head", "refs/pull/2/head"]
    assert run_git(clone.folder, "symbolic-ref", "HEAD") == "refs/heads/main"


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


BREAKS: dict[str, Callable[[Path], object]] = {
    "HEAD is empty": lambda folder: (folder / "HEAD").write_bytes(b""),
    "HEAD is zeros": lambda folder: (folder / "HEAD").write_bytes(bytes(40)),
    "HEAD is gone": lambda folder: (folder / "HEAD").unlink(),
    "config is empty": lambda folder: (folder / "config").write_bytes(b""),
    "packed refs are zeros": lambda folder: (folder / "packed-refs").write_bytes(b"\0" * 99),
    "only objects": lambda folder: [
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in folder.iterdir()
        if path.name not in ("objects", "calibrant-repository")
    ],
}


@pytest.mark.parametrize("broken", BREAKS)
def test_a_broken_mirror_is_made_anew_and_the_repository_around_it_is_not_touched(
    tmp_path: Path, origin: Repository, broken: str
) -> None:
    around = tmp_path / "ours"
    run_git(tmp_path, "init", "--quiet", "--initial-branch=precious", str(around))
    run_git(around, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--allow-empty", "--quiet", "-m", "Ours")
    before = _bytes(around / ".git")
    with git_serving(tmp_path / "forge") as server:
        clone = replace(mirror(tmp_path, server), folder=around / "mirrors" / "r.git")
        clone.update("main")
        whole = refs(clone.folder)
        BREAKS[broken](clone.folder)
        assert not clone.exists
        clone.update("main")
    assert clone.exists
    assert refs(clone.folder) == whole
    assert _bytes(around / ".git") == before
    assert (around / "mirrors" / "r.git.broken" / "objects").is_dir()


def test_single_commits_are_not_fetched_into_the_repository_around_a_broken_mirror(
    tmp_path: Path, origin: Repository
) -> None:
    around = tmp_path / "ours"
    run_git(tmp_path, "init", "--quiet", str(around))
    before = _bytes(around / ".git")
    (around / "mirror" / "objects").mkdir(parents=True)
    with git_serving(tmp_path / "forge") as server:
        clone = replace(mirror(tmp_path, server), folder=around / "mirror")
        with pytest.raises(ConnectionLost):
            clone.fetch_commits([run_git(origin.path, "rev-parse", "main")])
    assert _bytes(around / ".git") == before


def test_what_a_killed_git_left_is_in_nobodys_way(tmp_path: Path, origin: Repository) -> None:
    with git_serving(tmp_path / "forge") as server:
        clone = mirror(tmp_path, server)
        clone.update("main")
        left = (
            "HEAD.lock",
            "config.lock",
            "packed-refs.lock",
            "packed-refs.new",
            "shallow.lock",
            "refs/heads/main.lock",
        )
        left += ("refs/pull/2/head.lock", "refs/pull/3/head", "objects/pack/tmp_pack_abc")
        for name in left:
            (clone.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (clone.folder / name).touch()
        second = push(origin, 2, parent=1, content="c\n")
        clone.update("main")
    assert refs(clone.folder)["refs/pull/2/head"] == second
    assert not [name for name in left if (clone.folder / name).exists()]


def test_a_mirror_is_worked_on_by_one_at_a_time(tmp_path: Path, origin: Repository) -> None:
    """The lock is given back with the last git that was started, not with the program that started it."""
    with git_serving(tmp_path / "forge") as server:
        clone = mirror(tmp_path, server, patience=0.0)
        clone.update("main")
        with alone(clone.folder, 0.0) as lock:
            orphan = subprocess.Popen(["sleep", "60"], pass_fds=(lock,))
        try:
            asked = len(server.asked)
            for work in (lambda: clone.update("main"), lambda: clone.fetch_commits(["1" * 40])):
                with pytest.raises(Incomplete, match="another collection is at work"):
                    work()
            assert len(server.asked) == asked
        finally:
            orphan.kill()
            orphan.wait()
        clone.update("main")
        assert len(server.asked) > asked


def test_two_updates_at_one_time_wait_for_each_other(tmp_path: Path, origin: Repository) -> None:
    with git_serving(tmp_path / "forge") as server:
        clone = mirror(tmp_path, server)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(clone.update, ["main"] * 3))
    assert list(refs(clone.folder)) == ["refs/heads/main"]
    assert not (tmp_path / "mirror.broken").exists()


def test_the_old_head_of_a_force_push_is_kept(tmp_path: Path, origin: Repository) -> None:
    heads = [push(origin, 7, parent=1, content="b\n")]
    quiet = push(origin, 8, parent=1, content="quiet\n")
    with git_serving(tmp_path / "forge") as server:
        clone = mirror(tmp_path, server)
        clone.update("main")
        for content in ("c\n", "d\n"):
            heads.append(push(origin, 7, parent=1, content=content))
            clone.update("main")
    found = refs(clone.folder)
    assert (found["refs/pull/7/head"], found["refs/pull/8/head"]) == (heads[-1], quiet)
    kept = {oid for ref, oid in found.items() if ref.startswith("refs/calibrant/heads/7/")}
    assert kept == set(heads[:-1])
    run_git(clone.folder, "gc", "--quiet", "--prune=now")
    assert run_git(clone.folder, "cat-file", "-t", heads[0]) == "commit"


def test_heads_pushed_away_before_the_mirror_are_asked_for_by_their_ids(tmp_path: Path, origin: Repository) -> None:
    old = [push(origin, 7, parent=1, content=content) for content in ("b\n", "c\n")]
    push(origin, 7, parent=1, content="d\n")
    run_git(origin.path, "config", "uploadpack.allowAnySHA1InWant", "true")
    gone = [f"{number:040x}" for number in (1, 2)]
    with git_serving(tmp_path / "forge") as server:
        clone = mirror(tmp_path, server)
        clone.update("main")
        before = refs(clone.folder)
        clone.fetch_commits([*gone, *old])
        asked = len(server.asked)
        clone.fetch_commits([])
        assert len(server.asked) == asked
    run_git(clone.folder, "gc", "--quiet", "--prune=now")
    assert [run_git(clone.folder, "cat-file", "-t", oid) for oid in old] == ["commit"] * 2
    assert set(refs(clone.folder)) - set(before) == {f"refs/calibrant/seen/{oid}" for oid in old}


def test_a_forge_that_gives_no_single_commits_is_not_asked_for_ever(tmp_path: Path, origin: Repository) -> None:
    with git_serving(tmp_path / "forge") as server:
        clone = mirror(tmp_path, server)
        clone.update("main")
        clone.fetch_commits([f"{number:040x}" for number in range(1, 100)])
        assert len(server.asked) < 40
    assert sorted(refs(clone.folder)) == ["refs/heads/main"]


def test_gitlab_calls_its_heads_otherwise(tmp_path: Path, origin: Repository) -> None:
    oid = run_git(origin.path, "rev-parse", "main")
    run_git(origin.path, "update-ref", "refs/merge-requests/3/head", oid)
    with git_serving(tmp_path / "forge") as server:
        clone = mirror(tmp_path, server, heads=GITLAB_HEADS, login="oauth2")
        clone.update("main")
        sent = base64.b64encode(f"oauth2:{TOKEN}".encode()).decode()
        assert all(asked.headers["Authorization"] == f"Basic {sent}" for asked in server.asked)
    assert refs(clone.folder)["refs/merge-requests/3/head"] == oid


def test_an_empty_repository_gives_an_empty_mirror(tmp_path: Path) -> None:
    Repository(tmp_path / "forge" / "o" / "r.git").write()
    with git_serving(tmp_path / "forge") as server:
        clone = mirror(tmp_path, server)
        clone.update(None)
    assert clone.exists
    assert refs(clone.folder) == {}


@pytest.mark.parametrize("name", ["gone", "../../x", "-d", "main~1", "a b"])
def test_a_default_branch_that_is_not_there_leaves_head_alone(tmp_path: Path, origin: Repository, name: str) -> None:
    with git_serving(tmp_path / "forge") as server:
        clone = mirror(tmp_path, server)
        clone.update("main")
        clone.update(name)
    assert run_git(clone.folder, "symbolic-ref", "HEAD") == "refs/heads/main"


def test_the_token_is_in_no_argument_list_and_no_file(tmp_path: Path, origin: Repository) -> None:
    seen: list[str] = []

    def look_around(_: Asked) -> None:
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.append(process.read_bytes().decode("utf-8", "replace"))
            except OSError:
                continue

    with git_serving(tmp_path / "forge", look_around) as server:
        clone = mirror(tmp_path, server, git=str(_recorder(tmp_path)))
        clone.update("main")
        assert server.saw(BASIC)
    called = (tmp_path / "called").read_text()
    assert "fetch" in called
    assert any("fetch" in line and "r.git" in line for line in seen)
    everything = "\n".join((called, *seen, repr(clone)))
    everything += "".join(path.read_bytes().decode("latin-1") for path in clone.folder.rglob("*") if path.is_file())
    assert TOKEN not in everything
    assert BASIC not in everything


def _recorder(tmp_path: Path) -> Path:
    """git, writing down what it is called with."""
    real = run_git(tmp_path, "--exec-path") + "/git"
    program = tmp_path / "git-recorder"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path / "called"}\nexec {real} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_nothing_of_the_machine_takes_part(tmp_path: Path, origin: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login ada password fromnetrc\n")
    (home / ".gitconfig").write_text('[url "http://127.0.0.2:9/"]\n\tinsteadOf = http://127.0.0.1\n')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "http.proxy")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "http://127.0.0.2:9")
    with git_serving(tmp_path / "forge") as server:
        mirror(tmp_path, server, token=None).update("main")
        assert all("Authorization" not in asked.headers for asked in server.asked)


def test_submodules_elsewhere_are_never_asked_for(tmp_path: Path, origin: Repository) -> None:
    with serving(lambda _: json_answer(b""), "127.0.0.2") as other, git_serving(tmp_path / "forge") as server:
        modules = f'[submodule "x"]\n\tpath = x\n\turl = {other.url}/x.git\n\tfetchRecurseSubmodules = true\n'
        origin.commit({".gitmodules": modules, "x": GITLINK})
        origin.write()
        mirror(tmp_path, server).update("main")
        assert not other.asked


def test_a_clone_that_is_sent_elsewhere_takes_no_token_there(tmp_path: Path) -> None:
    with serving(lambda _: json_answer(b""), "127.0.0.2") as other:

        def away(asked: Asked) -> Answer:
            return 301, [("Location", f"{other.url}{asked.path}")], b""

        with serving(away) as forge:
            clone = mirror(tmp_path, forge)
            with pytest.raises(ForeignHost, match="not followed"):
                clone.update("main")
        assert not other.asked


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (json_answer(b"", status=404), Gone),
        (json_answer(b"", status=403), Refusal),
        (json_answer(b"", ("WWW-Authenticate", "Basic realm=x"), status=401), Refusal),
        (json_answer(b"", status=502), ConnectionLost),
        (b"", ConnectionLost),
    ],
)
def test_failures_say_what_happened_and_no_token(tmp_path: Path, answer: Answer | bytes, expected: type) -> None:
    with serving(lambda _: answer) as forge:
        clone = mirror(tmp_path, forge)
        with pytest.raises(expected) as failed:
            clone.update("main")
    assert TOKEN not in str(failed.value)
    assert BASIC not in str(failed.value)


def test_a_dropped_connection_is_tried_again_and_costs_no_quota(tmp_path: Path, origin: Repository) -> None:
    drops = [json_answer(b"", status=502)] * 3
    bucket = Bucket(FakeClock())
    with git_serving(tmp_path / "forge", lambda _: drops.pop() if drops else None) as server:
        clone = mirror(tmp_path, server)
        attempt(lambda: clone.update("main"), bucket, cost=0)
    assert refs(clone.folder)
    assert bucket.requests == 0


def test_a_fetch_that_takes_too_long_is_stopped(tmp_path: Path, origin: Repository) -> None:
    slow = tmp_path / "slow-git"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    with git_serving(tmp_path / "forge") as server:
        clone = mirror(tmp_path, server, git=str(slow), time_limit=0.2)
        with pytest.raises(Incomplete, match="not up to date"):
            clone.update("main")


def test_an_address_elsewhere_or_unencrypted_is_refused(tmp_path: Path) -> None:
    for url, web in (
        ("https://evil.example.org/o/r.git", "https://github.com"),
        ("https://github.com@evil.example.org/o/r.git", "https://github.com"),
        ("http://github.com/o/r.git", "https://github.com"),
        ("http://github.com/o/r.git", "http://github.com"),
        ("file:///etc", "https://github.com"),
        ("ext::sh -c id", "https://github.com"),
        ("--upload-pack=id", "https://github.com"),
    ):
        with pytest.raises(Refusal):
            Mirror(tmp_path, url, web)
    assert not os.listdir(tmp_path)  # noqa: PTH208
