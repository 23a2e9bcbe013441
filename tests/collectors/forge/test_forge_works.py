"""What the mirror tells of a change request: its commits, people and paths, and the commits by which it landed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from collectors.forge_records import ChangeRequest
from collectors.forge_work import Work
from collectors.forge_works import Works
from db.records import ParticipationRole
from tests.collectors.forge.changes import change
from tests.collectors.git_repository import Repository, run_git

EVE = b"Eve <eve@example.org>"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Main has one commit, number 1."""
    made = Repository(tmp_path / "mirror")
    made.commit({"a.py": "".join(f"line {number}\n" for number in range(1, 31)), "b.py": "b\n"})
    return made


def work(repository: Repository, given: ChangeRequest) -> Work:
    with Works(repository.path) as works:
        return works.of([given])[given.key]


def of(oids: list[str], head: int, *, base: int = 1, merge: int | None = None, **more: object) -> ChangeRequest:
    merge_oid = oids[merge] if merge is not None else None
    state = "merged" if merge_oid else "open"
    return change(head_oid=oids[head], base_oid=oids[base], merge_oid=merge_oid, state=state, **more)


def test_its_commits_people_and_paths_are_its_own_and_not_the_bases(repository: Repository) -> None:
    first = repository.commit(
        {"new.py": "x\ny\n"}, "Add\n\nCo-authored-by: Zoe <zoe@example.org>", branch="topic", parents=[1]
    )
    base = repository.commit({"b.py": "else\n"}, author=EVE)
    merged_in = repository.commit({"b.py": "else\n"}, "Merge main", branch="topic", parents=[first, base])
    head = repository.commit({"a.py": None}, "Drop\n\nReviewed-by: Bob <bob@example.org>", branch="topic", author=EVE)
    oids = repository.write()
    found = work(repository, of(oids, head, base=base))
    assert merged_in
    assert found.commits == 2
    assert found.paths == (("a.py", 0, 30, None), ("new.py", 2, 0, None))
    assert [(one.identity.key, one.role) for one in found.people] == [
        ("ada@example.org", ParticipationRole.CO_AUTHOR),
        ("eve@example.org", ParticipationRole.CO_AUTHOR),
        ("zoe@example.org", ParticipationRole.CO_AUTHOR),
        ("bob@example.org", ParticipationRole.REVIEWER),
    ]
    assert found.landed is None


def test_renames_are_followed_and_assistance_is_told(repository: Repository) -> None:
    content = "".join(f"line {number}\n" for number in range(1, 31))
    head = repository.commit(
        {"a.py": None, "c.py": content}, "Move\n\nAssisted-by: Claude Code", branch="topic", parents=[1]
    )
    found = work(repository, of(repository.write(), head))
    assert found.paths == (("c.py", 0, 0, "a.py"),)
    assert found.assisted


def test_a_merge_lands_with_all_it_brought_in(repository: Repository) -> None:
    first = repository.commit({"x": "1"}, branch="topic", parents=[1])
    second = repository.commit({"x": "2"}, branch="topic")
    main = repository.commit({"b.py": "meanwhile"})
    merge = repository.commit({"x": "2"}, "Merge pull request #7 from o/topic", parents=[main, second])
    oids = repository.write()
    found = work(repository, of(oids, second, base=1, merge=merge))
    assert set(found.landed or ()) == {oids[first], oids[second], oids[merge]}
    assert found.commits == 2


def test_the_base_is_that_of_the_merge_whatever_the_forge_says_now(repository: Repository) -> None:
    head = repository.commit({"x": "1"}, branch="topic", parents=[1])
    merge = repository.commit({"x": "1"}, "Merge pull request #7 from o/topic", parents=[1, head])
    later = repository.commit({"b.py": "later"})
    oids = repository.write()
    for base in (1, merge, later):
        assert work(repository, of(oids, head, base=base, merge=merge)).paths == (("x", 1, 0, None),)


def test_a_squash_lands_as_one_commit(repository: Repository) -> None:
    repository.commit({"x": "1"}, "First", branch="topic", parents=[1])
    head = repository.commit({"x": "2"}, "Second", branch="topic")
    squash = repository.commit({"x": "2"}, "Load faster (#7)\n\n* First\n\n* Second")
    oids = repository.write()
    found = work(repository, of(oids, head, merge=squash))
    assert (found.landed, found.commits) == ((oids[squash],), 2)


@pytest.mark.parametrize("before", [0, 2])
def test_rebased_commits_each_land(repository: Repository, before: int) -> None:
    repository.commit({"x": "1"}, "First", branch="topic", parents=[1], author_at=11)
    head = repository.commit({"x": "2"}, "Second", branch="topic", author_at=12)
    for number in range(before):
        repository.commit({"b.py": f"{number}"}, "Meanwhile")
    first = repository.commit({"x": "1"}, "First", author_at=11, parents=None if before else [1])
    second = repository.commit({"x": "2"}, "Second", author_at=12)
    oids = repository.write()
    assert set(work(repository, of(oids, head, merge=second)).landed or ()) == {oids[first], oids[second]}


def test_a_fast_forward_lands_as_what_it_was(repository: Repository) -> None:
    first = repository.commit({"x": "1"}, parents=[1])
    head = repository.commit({"x": "2"})
    oids = repository.write()
    found = work(repository, of(oids, head, merge=head))
    assert set(found.landed or ()) == {oids[first], oids[head]}
    assert found.paths == (("x", 1, 0, None),)


def test_a_commit_of_a_stack_lands_with_the_change_that_brought_it_first(repository: Repository) -> None:
    inner = repository.commit({"x": "1"}, "Inner work", branch="inner", parents=[1])
    outer = repository.commit({"y": "1"}, "Outer work", branch="outer", parents=[1])
    inner_merge = repository.commit(
        {"x": "1", "y": "1"}, "Merge pull request #6 from o/inner", branch="outer", parents=[outer, inner]
    )
    squashed = repository.commit({"z": "1"}, "Squashed one (#5)", branch="outer")
    merge = repository.commit(
        {"x": "1", "y": "1", "z": "1"}, "Merge pull request #7 from o/outer", parents=[1, squashed]
    )
    oids = repository.write()
    landed = [
        set(work(repository, of(oids, head, merge=at, base=base, number=number)).landed or ())
        for head, base, at, number in ((squashed, 1, merge, 7), (inner, outer, inner_merge, 6))
    ]
    assert landed == [{oids[outer], oids[merge]}, {oids[inner], oids[inner_merge]}]


def test_a_merge_whose_head_is_gone_still_lands(repository: Repository) -> None:
    head = repository.commit({"x": "1"}, branch="topic", parents=[1])
    merge = repository.commit({"x": "1"}, "Merge", parents=[1, head])
    oids = repository.write()
    given = change(head_oid="f" * 40, base_oid=oids[1], merge_oid=oids[merge])
    found = work(repository, given)
    assert set(found.landed or ()) == {oids[head], oids[merge]}
    assert (found.commits, found.paths) == (None, None)


def test_unrelated_histories_and_missing_commits_are_unknown(repository: Repository) -> None:
    alien = repository.commit({"x": "1"}, branch="alien", parents=[])
    oids = repository.write()
    for head, base in ((oids[alien], oids[1]), ("f" * 40, oids[1]), (oids[1], "f" * 40), (oids[1], None), (None, None)):
        found = work(repository, change(head_oid=head, base_oid=base, state="open"))
        assert (found.commits, found.paths, found.landed) == (None, None, None)


@pytest.mark.parametrize("evil", ["--all", "HEAD:a.py", "main\nmain", "^main", "main..main", "A" * 40])
def test_object_ids_of_a_hostile_forge_ask_git_for_nothing_else(repository: Repository, evil: str) -> None:
    head = repository.commit({"x": "1"}, branch="topic", parents=[1])
    oids = repository.write()
    for given in (
        change(head_oid=evil, base_oid=oids[1], merge_oid=oids[1]),
        change(head_oid=oids[head], base_oid=evil, merge_oid=None),
        change(head_oid=oids[head], base_oid=oids[1], merge_oid=evil),
    ):
        found = work(repository, given)
        assert found.landed is None or set(found.landed) <= set(oids)


def test_without_a_mirror_all_is_unknown(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "nowhere"):
        with Works(folder) as works:
            assert works.of([change(head_oid="a" * 40, base_oid="b" * 40)]) == {}


def test_a_shallow_or_partial_mirror_denies_nothing(repository: Repository, tmp_path: Path) -> None:
    head = repository.commit({"x": "1\n"}, branch="topic", parents=[1])
    more = repository.commit({"x": "1\n2\n"}, branch="topic")
    oids = repository.write()
    run_git(repository.path, "config", "uploadpack.allowFilter", "true")
    given = of(oids, more)
    assert head
    for name, options in (("shallow", ["--depth=1"]), ("partial", ["--filter=blob:none"])):
        folder = tmp_path / name
        run_git(
            tmp_path, "clone", "-q", "--bare", "--no-single-branch", *options, f"file://{repository.path}", str(folder)
        )
        found = work(Repository(folder), given)
        expected = (None, None) if name == "shallow" else (2, (("x", None, None, None),))
        assert (found.commits, found.paths) == expected


def test_one_that_cannot_be_read_leaves_the_others_known(repository: Repository) -> None:
    heads = [repository.commit({f"f{number}": f"{number}"}, branch=f"t{number}", parents=[1]) for number in range(4)]
    oids = repository.write()
    repository.explode()
    repository.object_file(f"{oids[heads[1]]}:f1").unlink()
    given = [change(number, head_oid=oids[head], base_oid=oids[1], state="open") for number, head in enumerate(heads)]
    with Works(repository.path) as works:
        found = works.of(given)
    paths = [((f"f{number}", None if number == 1 else 1, None if number == 1 else 0, None),) for number in range(4)]
    assert [found[one.key].paths for one in given] == paths
    assert [found[one.key].commits for one in given] == [1, 1, 1, 1]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_missing_trees_leave_the_paths_unknown_and_nothing_else(repository: Repository, order: tuple[int, ...]) -> None:
    heads = [repository.commit({f"f{number}": f"{number}"}, branch=f"t{number}", parents=[1]) for number in range(3)]
    oids = repository.write()
    repository.explode()
    repository.object_file(f"{oids[heads[order[0]]]}^{{tree}}").unlink()
    given = [change(number, head_oid=oids[heads[number]], base_oid=oids[1], state="open") for number in order]
    with Works(repository.path) as works:
        found = works.of(given)
    assert [found[one.key].paths is None for one in given] == [True, False, False]
    assert all(found[one.key].commits == 1 for one in given)


def test_reading_leaves_the_mirror_as_it_was(repository: Repository, tmp_path: Path) -> None:
    head = repository.commit({"x": "1"}, branch="topic", parents=[1])
    oids = repository.write()
    shutil.copytree(repository.path, tmp_path / "copy")
    before = sorted((path, path.stat().st_mtime_ns) for path in repository.path.rglob("*"))
    work(repository, of(oids, head))
    assert sorted((path, path.stat().st_mtime_ns) for path in repository.path.rglob("*")) == before
