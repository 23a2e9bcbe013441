"""What collecting a clone promises: every commit once, at the place where the last run stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors import git
from collectors.git_batch import COMMITS
from db.errors import Refusal
from db.records import Batch, LinkBasis, LinkState, ParticipationRole, SameAsRelation
from tests.collectors.git_repository import (
    GITLINK,
    NOW,
    START,
    Repository,
    collected,
    evidence,
    facts,
    run_git,
    settings,
)


def keys(batches: list[Batch]) -> list[str]:
    return [one.artefact for batch in batches for one in batch.evidence]


def people(one: object) -> list[tuple[str, str]]:
    return [(seat.role.value, seat.identity.key) for seat in one.participations]  # type: ignore[attr-defined]


@pytest.fixture
def small(tmp_path: Path) -> tuple[Repository, list[str]]:
    repository = Repository(tmp_path / "small.git")
    repository.commit({"a.py": "one\n", "b c.txt": "x\ny\n"}, "Begin")
    repository.commit({"a.py": "one\ntwo\n", "img.bin": b"\0\1\2"}, "Add")
    repository.commit({"side.py": "s\n"}, "Side", branch="topic", parents=[1])
    repository.commit({}, "Merge branch 'topic'", parents=[2, 3])
    repository.commit({"d/renamed.txt": "x\ny\n", "b c.txt": None}, "Move")
    return repository, repository.write()


class TestCounts:
    def test_every_commit_counts_once_as_rev_list_counts(self, small: tuple[Repository, list[str]]) -> None:
        repository, oids = small
        found = keys(collected(repository.path))
        assert len(found) == len(set(found)) == int(run_git(repository.path, "rev-list", "--count", "--all"))
        assert set(found) == {f"git:{oid}" for oid in oids[1:]}

    def test_lines_and_files_are_those_of_git(self, small: tuple[Repository, list[str]]) -> None:
        repository, oids = small
        found = evidence(repository.path)
        assert found[oids[1]].paths == (("a.py", 1, 0, None), ("b c.txt", 2, 0, None))
        assert found[oids[2]].paths == (("a.py", 1, 0, None), ("img.bin", None, None, None))
        assert found[oids[2]].measures["binary"] == 1
        assert found[oids[5]].paths == (("d/renamed.txt", 0, 0, "b c.txt"),)
        assert found[oids[5]].measures["renames"] == 1

    def test_merges_count_and_claim_no_lines(self, small: tuple[Repository, list[str]]) -> None:
        repository, oids = small
        measures = facts(repository.path, oids[4])
        assert (measures["parents"], measures["files"], measures["added"]) == (2, 0, None)
        assert measures["missing_blobs"] is False

    def test_refs_are_chosen_by_setting(self, small: tuple[Repository, list[str]]) -> None:
        repository, oids = small
        run_git(repository.path, "update-ref", "refs/pull/7/head", oids[3])
        run_git(repository.path, "update-ref", "-d", "refs/heads/main")
        run_git(repository.path, "update-ref", "-d", "refs/heads/topic")
        assert keys(collected(repository.path)) == []
        pulls = keys(collected(repository.path, refs=("refs/pull/*/head",)))
        assert set(pulls) == {f"git:{oids[3]}", f"git:{oids[1]}"}

    def test_submodules_are_counted_and_are_no_paths(self, tmp_path: Path) -> None:
        repository = Repository(tmp_path / "r")
        repository.commit({"a.py": "1\n", "lib/vendor": GITLINK})
        repository.commit({"lib/vendor": b"gitlink:" + b"2" * 40})
        repository.commit({"lib/vendor": None, "b.py": "2\n"})
        oids = repository.write()
        found = evidence(repository.path)
        assert [found[oid].measures["submodules"] for oid in oids[1:]] == [1, 1, 1]
        assert [[path for path, *_ in found[oid].paths] for oid in oids[1:]] == [["a.py"], [], ["b.py"]]
        assert [found[oid].measures["added"] for oid in oids[1:]] == [1, 0, 1]

    def test_empty_repositories_give_nothing(self, tmp_path: Path) -> None:
        run_git(tmp_path, "init", "-q", "--bare", "r")
        assert collected(tmp_path / "r") == []
        assert git.lineage(settings(tmp_path / "r")) is None

    def test_what_is_no_repository_is_refused(self, small: tuple[Repository, list[str]], tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        with pytest.raises(Refusal, match="no git repository"):
            collected(tmp_path / "folder")
        with pytest.raises(Refusal, match="no git repository"):
            collected(small[0].path / "objects")
        with pytest.raises(Refusal, match="no program"):
            collected(small[0].path, git="no-such-git")


class TestReplaceRefs:
    """`refs/replace` is local to a clone, so what is collected is what the object ids name."""

    @pytest.fixture
    def grafted(self, small: tuple[Repository, list[str]]) -> Repository:
        repository, oids = small
        run_git(repository.path, "replace", "--graft", oids[5])
        return repository

    def test_replace_refs_are_not_followed(self, grafted: Repository) -> None:
        followed = int(run_git(grafted.path, "rev-list", "--count", "main", replace=True))
        assert len(keys(collected(grafted.path, refs=("refs/heads/main",)))) == 5 > followed

    def test_git_agrees_once_it_is_told_not_to_follow_them(self, grafted: Repository) -> None:
        assert len(keys(collected(grafted.path))) == int(run_git(grafted.path, "rev-list", "--count", "--branches"))


class TestKindsOfClone:
    def test_bare_clones_work_trees_and_linked_ones_give_the_same_evidence(
        self, small: tuple[Repository, list[str]], tmp_path: Path
    ) -> None:
        source = small[0].path
        expected = evidence(source)
        run_git(tmp_path, "clone", "-q", str(source), "tree")
        (tmp_path / "tree" / ".gitattributes").write_text("* -diff\n")
        run_git(tmp_path / "tree", "worktree", "add", "-q", "../linked", "-b", "linked")
        assert evidence(tmp_path / "tree") == expected
        assert evidence(tmp_path / "linked") == expected

    def test_sha256_repositories_are_read(self, tmp_path: Path) -> None:
        run_git(tmp_path, "init", "-q", "--object-format=sha256", "r")
        (tmp_path / "r" / "a.py").write_text("1\n")
        run_git(tmp_path / "r", "add", "a.py")
        run_git(tmp_path / "r", "commit", "-qm", "Begin")
        (key,) = keys(collected(tmp_path / "r"))
        assert len(key) == len("git:") + 64
        assert evidence(tmp_path / "r")[key[4:]].paths == (("a.py", 1, 0, None),)

    def test_shallow_clones_record_where_history_is_cut(
        self, small: tuple[Repository, list[str]], tmp_path: Path
    ) -> None:
        repository, oids = small
        run_git(tmp_path, "clone", "-q", "--bare", "--depth=2", f"file://{repository.path}", "shallow")
        found = evidence(tmp_path / "shallow")
        assert set(found) == {oids[5], oids[4]}
        cut = found[oids[4]].measures
        assert (cut["history_cut"], cut["parents"], cut["added"], cut["files"]) == (True, 2, None, None)
        assert "history_cut" not in found[oids[5]].measures
        assert git.lineage(settings(tmp_path / "shallow")) is None

    def test_a_deepened_clone_is_read_again(self, small: tuple[Repository, list[str]], tmp_path: Path) -> None:
        repository, oids = small
        run_git(tmp_path, "clone", "-q", "--bare", "--depth=2", f"file://{repository.path}", "shallow")
        first = collected(tmp_path / "shallow")
        run_git(tmp_path / "shallow", "fetch", "-q", "--unshallow", str(repository.path), "main")
        second = collected(tmp_path / "shallow", first[-1].cursor)
        assert set(keys(second)) == {f"git:{oid}" for oid in oids[1:]}
        assert collected(tmp_path / "shallow", second[-1].cursor) == []

    def test_clones_of_one_history_share_their_lineage(
        self, small: tuple[Repository, list[str]], tmp_path: Path
    ) -> None:
        repository, oids = small
        run_git(tmp_path, "clone", "-q", "--single-branch", "--branch=topic", str(repository.path), "fork")
        assert git.lineage(settings(repository.path)) == git.lineage(settings(tmp_path / "fork")) == oids[1]

    def test_merging_another_history_in_leaves_the_lineage(self, small: tuple[Repository, list[str]]) -> None:
        repository, oids = small
        for number in range(8):
            repository.commit({f"v/{number}": "v"}, parents=None, branch=f"foreign{number}")
            repository.commit({}, "Merge vendored", parents=[oids[5], 6 + 2 * number], branch=f"m{number}")
        repository.write()
        run_git(repository.path, "symbolic-ref", "HEAD", "refs/heads/m3")
        assert git.lineage(settings(repository.path)) == oids[1]


class TestAgain:
    """The second run adds what is new, and nothing else."""

    def test_an_unchanged_clone_yields_nothing(self, small: tuple[Repository, list[str]]) -> None:
        first = collected(small[0].path)
        assert collected(small[0].path, first[-1].cursor) == []

    def test_only_new_commits_come(self, small: tuple[Repository, list[str]]) -> None:
        repository, _ = small
        first = collected(repository.path)
        repository.commit({"e.py": "e\n"}, branch="main")
        oids = repository.write()
        assert git.count(settings(repository.path), first[-1].cursor) == 1
        second = collected(repository.path, first[-1].cursor)
        assert keys(second) == [f"git:{oids[-1]}"]
        assert second[-1].lost == ()

    def test_a_force_push_loses_what_no_ref_reaches(self, small: tuple[Repository, list[str]]) -> None:
        repository, oids = small
        first = collected(repository.path)
        run_git(repository.path, "update-ref", "refs/heads/main", oids[2])
        (second,) = collected(repository.path, first[-1].cursor)
        assert set(second.lost) == {f"git:{oids[4]}", f"git:{oids[5]}"}
        assert (second.evidence, second.talk["lost"]) == ((), 2)
        run_git(repository.path, "update-ref", "refs/heads/main", oids[5])
        (third,) = collected(repository.path, second.cursor)
        assert set(keys([third])) == set(second.lost)
        assert third.lost == ()

    def test_commits_pruned_after_a_force_push_are_lost_too(
        self, small: tuple[Repository, list[str]], tmp_path: Path
    ) -> None:
        repository, oids = small
        first = collected(repository.path)
        run_git(repository.path, "update-ref", "refs/heads/main", oids[2])
        run_git(tmp_path, "clone", "-q", "--mirror", f"file://{repository.path}", "fresh")
        (second,) = collected(tmp_path / "fresh", first[-1].cursor)
        assert set(second.lost) == {f"git:{oids[4]}", f"git:{oids[5]}"}

    @pytest.mark.parametrize("damage", [b"\xff\xfe\n", b"no object id\n", b"0" * 39 + b"\n"])
    def test_a_damaged_list_of_cuts_costs_nothing(self, small: tuple[Repository, list[str]], damage: bytes) -> None:
        expected = evidence(small[0].path)
        (small[0].path / "shallow").write_bytes(damage)
        assert evidence(small[0].path) == expected

    def test_a_shallow_clone_claims_no_losses(self, small: tuple[Repository, list[str]], tmp_path: Path) -> None:
        repository, oids = small
        run_git(tmp_path, "clone", "-q", "--bare", "--depth=2", f"file://{repository.path}", "shallow")
        first = collected(tmp_path / "shallow")
        run_git(tmp_path / "shallow", "update-ref", "refs/heads/main", oids[4])
        (second,) = collected(tmp_path / "shallow", first[-1].cursor)
        assert (second.lost, second.talk["lost_unknown"]) == ((), 1)

    def test_switching_the_second_pass_on_reads_all_again(self, small: tuple[Repository, list[str]]) -> None:
        first = collected(small[0].path)
        again = collected(small[0].path, first[-1].cursor, content=True)
        assert len(keys(again)) == 5
        assert collected(small[0].path, again[-1].cursor, content=True) == []
        assert collected(small[0].path, again[-1].cursor) == []

    def test_another_extractor_reads_all_again(self, small: tuple[Repository, list[str]]) -> None:
        cursor = {**collected(small[0].path)[-1].cursor, "extractor": "git/0"}
        assert len(keys(collected(small[0].path, cursor))) == 5

    def test_a_foreign_cursor_is_refused(self, small: tuple[Repository, list[str]]) -> None:
        with pytest.raises(Refusal, match="cursor"):
            collected(small[0].path, {"page": 3})


class TestInterrupted:
    """A run killed after any batch goes on where it stopped and ends as if undisturbed."""

    @pytest.fixture
    def long(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Repository, list[str]]:
        monkeypatch.setattr("collectors.git_batch.COMMITS", 4)
        repository = Repository(tmp_path / "long.git")
        for number in range(18):
            repository.commit({f"f{number % 3}": f"{number}\n"}, f"Step {number}", at=START + number // 4)
        return repository, repository.write()

    def test_batches_are_bounded(self, long: tuple[Repository, list[str]]) -> None:
        assert COMMITS == 5_000
        assert [len(batch.evidence) for batch in collected(long[0].path)] == [4, 4, 4, 4, 2]

    def test_it_goes_on_after_the_last_stored_batch(self, long: tuple[Repository, list[str]]) -> None:
        whole = collected(long[0].path)
        for stop in range(1, len(whole)):
            rest = collected(long[0].path, whole[stop - 1].cursor)
            assert keys(whole[:stop]) + keys(rest) == keys(whole)
            assert rest[-1].cursor == whole[-1].cursor
            assert git.count(settings(long[0].path), whole[stop - 1].cursor) == 18 - 4 * stop

    def test_it_first_finishes_the_walk_and_then_takes_what_came_meanwhile(
        self, long: tuple[Repository, list[str]]
    ) -> None:
        repository, _ = long
        before = collected(repository.path)
        repository.commit({"new": "n"})
        oids = repository.write()
        rest = collected(repository.path, before[1].cursor)
        assert sorted(keys(before[:2]) + keys(rest)) == sorted(f"git:{oid}" for oid in oids[1:])
        assert collected(repository.path, rest[-1].cursor) == []

    def test_a_walk_whose_tips_were_pruned_begins_again(
        self, long: tuple[Repository, list[str]], tmp_path: Path
    ) -> None:
        repository, oids = long
        before = collected(repository.path)
        run_git(repository.path, "update-ref", "refs/heads/main", oids[12])
        run_git(tmp_path, "clone", "-q", "--mirror", f"file://{repository.path}", "fresh")
        assert len(keys(collected(tmp_path / "fresh", before[1].cursor))) == 12

    def test_leaving_early_ends_git_and_its_folder(
        self, long: tuple[Repository, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        batches = git.collect(settings(long[0].path), None, now=NOW)
        next(batches)
        assert list(tmp_path.glob("calibrant-git-*"))
        batches.close()  # type: ignore[attr-defined]
        assert not list(tmp_path.glob("calibrant-git-*"))


class TestPeople:
    def test_roles_come_from_the_commit_and_its_trailers(self, tmp_path: Path) -> None:
        repository = Repository(tmp_path / "r")
        repository.commit(
            {"a": "1"},
            "Add\n\nReviewed-by: Bo <bo@x.org>\nCo-authored-by: Cy <cy@x.org>\nCo-authored-by: Ada <ADA@example.org>\n"
            "Tested-by: Di <di@x.org>\nAcked-by: Ed <ed@x.org>\nReviewed-by: Ada <ada@example.org>\nSigned-off-by: Ada <ada@example.org>\n",
            committer=b"Maint <maint@x.org>",
        )
        oids = repository.write()
        one = evidence(repository.path)[oids[1]]
        assert people(one) == [
            ("author", "ada@example.org"),
            ("co_author", "cy@x.org"),
            ("committer", "maint@x.org"),
            ("reviewer", "bo@x.org"),
            ("reviewer", "ada@example.org"),
            ("tester", "di@x.org"),
        ]
        counted = [one.measures[f"{name}_by"] for name in ("reviewed", "tested", "acked", "signed_off")]
        assert counted == [1, 1, 1, 1], "nobody reviews their own commit"

    def test_the_forge_is_no_committer(self, tmp_path: Path) -> None:
        repository = Repository(tmp_path / "r")
        repository.commit({"a": "1"}, "Add (#12)", committer=b"GitHub <noreply@github.com>")
        oids = repository.write()
        one = evidence(repository.path)[oids[1]]
        assert {seat.role for seat in one.participations} == {ParticipationRole.AUTHOR}
        assert (one.measures["github_merge"], one.measures["change_request"]) == (True, "12")

    def test_bytes_that_are_no_utf8_stay_tellable(self, tmp_path: Path) -> None:
        repository = Repository(tmp_path / "r")
        repository.commit({b"caf\xe9.py": "1", "naïve.py": "2"}, b"R\xe9sum\xe9", author=b"Ren\xe9 <ren\xe9@x.org>")
        repository.commit({}, b"Stra\xdfe", author=b"J\xf6rg <j@x.org>", encoding="ISO-8859-1")
        oids = repository.write()
        found = evidence(repository.path)
        raw, declared = found[oids[1]], found[oids[2]]
        assert [path for path, *_ in raw.paths] == ["caf\\xe9.py", "naïve.py"]
        assert raw.participations[0].identity.key == "ren\\xe9@x.org"
        assert raw.participations[0].identity.name == "Ren\\xe9"
        assert raw.excerpt == "R\\xe9sum\\xe9"
        assert (declared.participations[0].identity.name, declared.excerpt) == ("Jörg", "Straße")

    def test_dates_are_the_committers_and_the_authors_is_kept_apart(self, tmp_path: Path) -> None:
        repository = Repository(tmp_path / "r")
        repository.commit({"a": "1"}, at=START, author_at=START - 86_400)
        repository.commit({"a": "2"}, at=2**40)
        oids = repository.write()
        found = evidence(repository.path)
        assert found[oids[1]].occurred_at.timestamp() == START
        assert found[oids[1]].measures["author_at"] == "2023-11-13T22:13:20+00:00"
        assert found[oids[2]].occurred_at.year == 9999, "a date beyond all calendars is kept as the last one"

    def test_cherry_picks_are_joined_to_their_origin(self, small: tuple[Repository, list[str]]) -> None:
        repository, oids = small
        repository.commit({"z": "1"}, f"Fix\n\n(cherry picked from commit {oids[3]})")
        repository.commit({"y": "1"}, f'Revert "Fix"\n\nThis reverts commit {oids[2]}.')
        oids = repository.write()
        batches = collected(repository.path)
        (pair,) = [pair for batch in batches for pair in batch.same_as]
        assert (pair.artefact, pair.other) == (f"git:{oids[6]}", f"git:{oids[3]}")
        assert pair.relation is SameAsRelation.CHERRY_PICK_OF
        assert facts(repository.path, oids[6])["cherry_pick_of"] == oids[3]
        assert facts(repository.path, oids[7])["revert_of"] == oids[2]

    def test_the_mailmap_becomes_links_of_its_own_kind(self, tmp_path: Path) -> None:
        repository = Repository(tmp_path / "r")
        repository.commit(
            {".mailmap": "Ada <ada@new.org> <ada@old.org>\n<x@y.org> <nobody@z.org>\n"}, author=b"A <Ada@Old.org>"
        )
        repository.write()
        (batch,) = collected(repository.path)
        (link,) = batch.links
        assert (link.identity.key, link.proper and link.proper.key) == ("Ada@Old.org", "ada@new.org")
        assert (link.basis, link.state, link.person) == (LinkBasis.MAILMAP, LinkState.LINKED, None)
        repository.commit({".mailmap": "<x@y.org> <nobody@z.org>\n<b@new.org> <b@old.org>\n"})
        repository.write()
        (later,) = collected(repository.path, batch.cursor)
        assert [(link.identity.key, link.state) for link in later.links] == [
            ("ada@old.org", LinkState.UNLINKED),
            ("b@old.org", LinkState.LINKED),
        ]


class TestSecondLooks:
    def test_commits_of_whitespace_only_are_told_apart(self, tmp_path: Path) -> None:
        repository = Repository(tmp_path / "r")
        repository.commit({"a.py": "if x:\n  y\n", "b.py": "1\n"})
        repository.commit({"a.py": "if x:\n    y\n"})
        repository.commit({"a.py": "if x:\n    z\n"})
        repository.commit({"a.py": "if  x:\n    z\n", "b.py": "2\n"})
        repository.commit({"a.py": None})
        repository.commit({"b.py": " 2\n"}, author=b"renovate[bot] <bot@renovateapp.com>")
        oids = repository.write()
        found = evidence(repository.path)
        assert [found[oid].measures["whitespace_only"] for oid in oids[1:]] == [False, True, False, False, False, None]
        assert found[oids[2]].paths == (("a.py", 1, 1, None),)

    def test_added_imports_and_tools_come_with_the_second_pass_only(self, tmp_path: Path) -> None:
        repository = Repository(tmp_path / "r")
        repository.commit({"a.py": "import os\n", "requirements.txt": "kfp>=2\n"})
        repository.commit({"a.py": "import os\nfrom torch import nn\n", "notes.md": "import x\n"})
        repository.commit({"b.py": "import os\n", "a.py": "from torch import nn\n"}, "Move an import")
        oids = repository.write()
        assert "imports" not in facts(repository.path, oids[1])
        found = evidence(repository.path, content=True)
        assert [(found[oid].measures["imports"], found[oid].measures["tools"]) for oid in oids[1:]] == [
            (["os"], ["kfp"]),
            (["torch"], []),
            ([], []),
        ]
