"""The sample's repositories are sound, and git itself finds every planted feature in them."""

from __future__ import annotations

import csv
import subprocess
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from calibrant.sample import SampleDepartment, generate
from calibrant.sample.fast_import import git_environment

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleDepartment:
    return generate(tmp_path_factory.mktemp("sample") / "department", seed=11, as_of=AS_OF)


def git(sample: SampleDepartment, name: str, *arguments: str) -> str:
    folder = sample.folder / "repositories" / f"{name}.git"
    command = ["git", "-c", "core.quotePath=false", "-C", str(folder), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, env=git_environment())
    return done.stdout.decode("utf-8")


def names(sample: SampleDepartment) -> list[str]:
    return [repository.name for repository in sample.repositories]


def everywhere(sample: SampleDepartment, *arguments: str) -> str:
    return "".join(git(sample, name, *arguments) for name in names(sample))


def known_addresses(sample: SampleDepartment) -> dict[str, str]:
    with sample.truth_identities.open(encoding="utf-8", newline="") as file:
        return {row["email"]: row["person_id"] for row in csv.DictReader(file)}


def test_git_finds_nothing_wrong(sample: SampleDepartment) -> None:
    for name in names(sample):
        assert git(sample, name, "fsck", "--strict", "--no-dangling") == ""


def test_the_counts_are_those_of_git(sample: SampleDepartment) -> None:
    counted = {name: int(git(sample, name, "rev-list", "--count", "--all")) for name in names(sample)}
    assert counted == {repository.name: repository.commits for repository in sample.repositories}
    oids = set(everywhere(sample, "rev-list", "--all").split())
    assert len(oids) == sample.commits


def test_the_fork_shares_its_first_commits_and_goes_on(sample: SampleDepartment) -> None:
    origin = set(git(sample, "assistant", "rev-list", "main").split())
    fork = set(git(sample, "assistant-experiments", "rev-list", "main").split())
    assert len(origin & fork) > 200
    assert fork - origin
    assert origin - fork
    assert next(r for r in sample.repositories if r.fork_of).own_commits == len(fork - origin)
    picked = git(sample, "assistant-experiments", "log", "--format=%B", "--grep=cherry picked from commit")
    named = {line.split()[-1].rstrip(")") for line in picked.splitlines() if "cherry picked" in line}
    assert named
    assert named <= origin - fork


def test_all_work_lies_in_the_span_of_the_sample(sample: SampleDepartment) -> None:
    days = everywhere(sample, "log", "--format=%cs").split()
    assert min(days) >= "2023-12-01"
    assert max(days) < "2026-06-30"
    assert len({day[:7] for day in days}) >= 30


def test_people_commit_under_several_addresses(sample: SampleDepartment) -> None:
    people = known_addresses(sample)
    used: dict[str, set[str]] = {}
    for address in set(everywhere(sample, "log", "--format=%ae").split()):
        used.setdefault(people.get(address, "other"), set()).add(address)
    used.pop("other")
    assert len(used) == sample.people
    assert sum(len(addresses) > 1 for addresses in used.values()) > sample.people / 2
    noreply = [a for addresses in used.values() for a in addresses if a.endswith("@users.noreply.github.com")]
    assert {"+" in address for address in noreply} == {True, False}


def test_one_repository_maps_addresses(sample: SampleDepartment) -> None:
    assert [name for name in names(sample) if ".mailmap\n" in git(sample, name, "ls-tree", "--name-only", "HEAD")] == [
        "ml-platform"
    ]
    people = known_addresses(sample)
    pairs = [line.split() for line in git(sample, "ml-platform", "log", "--format=%ae %aE").splitlines()]
    mapped = {(raw, proper) for raw, proper in pairs if raw != proper}
    assert mapped
    assert all(people[raw] == people[proper] for raw, proper in mapped)


def test_one_person_commits_only_under_an_address_no_roster_knows(sample: SampleDepartment) -> None:
    people = known_addresses(sample)
    (key,) = sample.planted["no_git_identity"]
    used = {a for a in everywhere(sample, "log", "--format=%ae").split() if people.get(a) == key}
    assert len(used) == 1
    assert used.isdisjoint(sample.roster.read_text(encoding="utf-8").replace(";", ",").split(","))


def test_two_people_commit_under_one_name(sample: SampleDepartment) -> None:
    people = known_addresses(sample)
    authors = {tuple(line.split("\t")) for line in everywhere(sample, "log", "--format=%an%x09%ae").splitlines()}
    by_name: dict[str, set[str]] = {}
    for name, address in authors:
        if address in people:
            by_name.setdefault(name, set()).add(people[address])
    shared = [keys for keys in by_name.values() if len(keys) > 1]
    assert shared == [set(sample.planted["name_clash"])]


def test_names_are_not_all_ascii(sample: SampleDepartment) -> None:
    assert sum(not name.isascii() for name in set(everywhere(sample, "log", "--format=%an").splitlines())) >= 5


def test_reviews_show_where_there_is_a_custom_of_trailers(sample: SampleDepartment) -> None:
    def share(name: str) -> float:
        messages = git(sample, name, "log", "--no-merges", "--format=%(trailers:key=Reviewed-by,separator=%x2C)")
        lines = messages.splitlines()
        return sum(bool(line) for line in lines) / len(lines)

    assert share("ml-platform") > 0.5
    assert share("assistant") == 0
    assert share("demand-forecast") < 0.2
    tested = git(sample, "ml-platform", "log", "--format=%(trailers:key=Tested-by,valueonly)")
    assert tested.strip()


def test_squash_merges_carry_their_number_and_the_forge_as_committer(sample: SampleDepartment) -> None:
    lines = git(sample, "demand-forecast", "log", "--format=%ce%x09%s").splitlines()
    squashed = [line for line in lines if line.startswith("noreply@github.com") and line.endswith(")")]
    assert len(squashed) > len(lines) * 0.9
    assert git(sample, "demand-forecast", "rev-list", "--merges", "--count", "HEAD").strip() == "0"


def test_two_kinds_of_merges_are_there(sample: SampleDepartment) -> None:
    assert "Merge pull request #" in git(sample, "assistant", "log", "--merges", "--format=%s")
    assert "See merge request language/text-services!" in git(sample, "text-services", "log", "--merges", "--format=%B")


def test_merges_bring_nothing_that_their_branch_did_not(sample: SampleDepartment) -> None:
    assert git(sample, "assistant", "log", "--merges", "--cc", "--format=", "--name-only").strip() == ""


def test_reverts_name_commits_that_exist_and_undo_them(sample: SampleDepartment) -> None:
    oids = set(everywhere(sample, "rev-list", "--all").split())
    text = everywhere(sample, "log", "--format=%B", "--grep=This reverts commit")
    named = [line.split()[3].rstrip(".,") for line in text.splitlines() if line.startswith("This reverts commit")]
    assert len(named) > 30
    assert set(named) <= oids
    line = git(sample, "ml-platform", "log", "-1", "--format=%H %b", "--grep=This reverts commit").split()
    revert, reverted = line[0], line[4].rstrip(".")
    trees = [git(sample, "ml-platform", "show", "--format=", "--numstat", oid) for oid in (revert, reverted)]
    swapped = [tuple(entry.split("\t")) for entry in trees[1].splitlines()]
    assert sorted(tuple(entry.split("\t")) for entry in trees[0].splitlines()) == sorted(
        (b, a, p) for a, b, p in swapped
    )


def test_co_authors_and_declared_assistance_are_in_trailers(sample: SampleDepartment) -> None:
    co_authors = everywhere(sample, "log", "--format=%(trailers:key=Co-authored-by,valueonly)")
    assert co_authors.count("@example.org>") > 50
    assert "Copilot" in co_authors
    assert "Copilot" in everywhere(sample, "log", "--format=%(trailers:key=Assisted-by,valueonly)")


def test_bots_commit_as_bots(sample: SampleDepartment) -> None:
    authors = Counter(everywhere(sample, "log", "--format=%an").splitlines())
    assert all(authors[name] > 10 for name in ("dependabot[bot]", "github-actions[bot]", "mlops-ci"))


def test_vendored_generated_and_locked_files_are_there(sample: SampleDepartment) -> None:
    paths = everywhere(sample, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    for part in ("third_party/", "node_modules/", "_pb2.py", "package-lock.json", "poetry.lock", "notebooks/"):
        assert any(part in path for path in paths), part


def test_a_reformat_changes_white_space_only(sample: SampleDepartment) -> None:
    oid = git(sample, "ml-platform", "log", "--format=%H", "--grep=^Reformat with two-space").strip()
    assert git(sample, "ml-platform", "show", "--format=", "--numstat", oid).count("\n") > 15
    assert git(sample, "ml-platform", "show", "--format=", "-w", "--patch", oid).count("\n@@") == 0


def test_a_bulk_import_and_a_move_touch_many_files(sample: SampleDepartment) -> None:
    bulk = git(sample, "text-services", "log", "--format=", "--name-only", "--grep=^Import the rule-based")
    assert len(bulk.split()) == 220
    moved = git(sample, "ml-platform", "log", "-M", "--format=", "--name-status", "--grep=^Move model monitoring")
    assert {line.split("\t")[0] for line in moved.splitlines()} == {"R100"}


def test_one_commit_is_not_in_utf8(sample: SampleDepartment) -> None:
    assert "iso-8859-1" in git(sample, "feature-store", "log", "--format=%e").split()
    assert "Prüfe die Größenangaben" in git(sample, "feature-store", "log", "--format=%s")


def test_hostile_text_is_planted(sample: SampleDepartment) -> None:
    subjects = everywhere(sample, "log", "--format=%s")
    assert "<script>alert(" in subjects
    assert "\u202e" in subjects


def test_trees_look_like_machine_learning(sample: SampleDepartment) -> None:
    tops = {path.split("/")[0] for path in everywhere(sample, "ls-tree", "-r", "--name-only", "HEAD").splitlines()}
    wanted = {"pipelines", "dags", "training", "serving", "monitoring", "features", "data", ".github", "docker", "k8s"}
    assert wanted | {"helm", "prompts", "rag", "experiments", "tests", "docs"} <= tops
    assert "import mlflow" in git(sample, "demand-forecast", "grep", "-h", "mlflow", "HEAD", "--", "experiments")


def test_absent_people_commit_nothing(sample: SampleDepartment) -> None:
    people = known_addresses(sample)
    away: dict[str, list[tuple[date, date]]] = {}
    with sample.absences.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            span = date.fromisoformat(row["absent_from"]), date.fromisoformat(row["absent_to"])
            away.setdefault(row["person_id"], []).append(span)
    lines = everywhere(sample, "log", "--no-merges", "--format=%ce %ct").splitlines()
    for address, seconds in map(str.split, lines):
        day = datetime.fromtimestamp(int(seconds), UTC).date()
        spans = away.get(people.get(address, ""), [])
        assert not any(start < day < end - timedelta(days=1) for start, end in spans), (address, day)


def test_names_of_files_are_safe_on_any_system(sample: SampleDepartment) -> None:
    paths = everywhere(sample, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert all(path.isascii() and not set(path) & set('<>:"|?*\\') for path in paths)
    assert all(len(Path(path).name) < 60 for path in paths)
