"""Whole runs on real clones, as a user would make them, each claim checked against git itself.

    python benchmarks/real_clones.py CLONE [CLONE ...] [--people 40] [--years 3] [--json]

For each clone, with the real command line in processes of its own: a roster made from its most active authors, `init`, `people import`,
`collect git`, `assess`, `report gap`; then `collect git` again; then from a copy of the clone with four commits on top (a
branch and its merge among them); then from a second clone of the same history with a work tree, its branches as
remote-tracking refs, and two commits of its own. The given clone is only read: the copies borrow its objects.

Claims, and how each is checked: the commits in the evidence export are those of `git rev-list` (the same set, not only the same
number), replace refs not followed on either side; a second collection adds no row; a further one adds the new commits and nothing else;
a history seen in two clones counts once; `audit verify` finds the ledger sound. Ends with 1 if a claim fails.

The people of the roster are numbered, their teams, roles and job levels dealt out in turn: the reports say nothing about anybody.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REFS = ("HEAD", "--branches", "--remotes")
ROLES = ("ml-engineer", "mlops-engineer", "data-scientist", "llm-engineer")
JOB_LEVELS = ("junior", "middle", "senior", "lead")
ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
CLEAN = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
    "GIT_AUTHOR_NAME": "Real Clones",
    "GIT_AUTHOR_EMAIL": "real-clones@example.org",
    "GIT_COMMITTER_NAME": "Real Clones",
    "GIT_COMMITTER_EMAIL": "real-clones@example.org",
}


# -- git -----------------------------------------------------------------------------------------------------


def git(clone: Path, *arguments: str, given: str = "", replace: bool = False) -> str:
    """What git says about a clone, replace refs not followed unless asked."""
    environment = CLEAN if replace else CLEAN | {"GIT_NO_REPLACE_OBJECTS": "1"}
    done = subprocess.run(
        ["git", "-C", str(clone), *arguments], env=environment, input=given.encode(), capture_output=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"git {arguments[0]} in {clone} failed: {done.stderr.decode('utf-8', 'replace').strip()}")
    return done.stdout.decode("utf-8", "surrogateescape")


def commits(clone: Path) -> set[str]:
    return set(git(clone, "rev-list", *REFS).split())


def borrow(clone: Path, folder: Path, *, work_tree: bool) -> Path:
    """A repository with the clone's branches that borrows its objects; with a work tree the branches are remote-tracking refs."""
    own = folder / ".git" if work_tree else folder
    (own / "objects" / "info").mkdir(parents=True)
    (own / "refs").mkdir()
    lent = (clone / git(clone, "rev-parse", "--git-path", "objects").strip()).resolve()
    (own / "objects" / "info" / "alternates").write_text(f"{lent}\n", encoding="utf-8")
    (own / "HEAD").write_text("ref: refs/heads/trunk\n", encoding="ascii")
    (own / "config").write_text(
        f"[core]\n\trepositoryformatversion = 0\n\tbare = {str(not work_tree).lower()}\n", "ascii"
    )
    listed = git(clone, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/remotes").split("\n")
    refs = {name: oid for oid, _, name in (line.partition(" ") for line in listed) if name}
    if work_tree:
        refs = {name.replace("refs/heads/", "refs/remotes/origin/"): oid for name, oid in refs.items()}
    refs["refs/heads/trunk"] = git(clone, "rev-parse", "HEAD").strip()
    (own / "packed-refs").write_text("".join(f"{oid} {name}\n" for name, oid in sorted(refs.items())), encoding="utf-8")
    return folder


def add_commit(clone: Path, *parents: str, name: str) -> str:
    """A commit that adds one file to the first parent's tree. Needs no file contents, so it works in a partial clone."""
    blob = git(clone, "hash-object", "-w", "--stdin", given=f"import {name}\n").strip()
    tree = git(clone, "ls-tree", parents[0]) + f"100644 blob {blob}\treal_clones_{name}.py\n"
    written = git(clone, "mktree", "--missing", given=tree).strip()
    words = [word for parent in parents for word in ("-p", parent)]
    return git(clone, "commit-tree", written, *words, "-m", f"Add {name}").strip()


def grow(clone: Path) -> set[str]:
    """Two commits on the trunk, one on a branch, and a merge of both."""
    first = add_commit(clone, git(clone, "rev-parse", "HEAD").strip(), name="first")
    branch = add_commit(clone, first, name="branch")
    second = add_commit(clone, first, name="second")
    merge = add_commit(clone, second, branch, name="merge")
    git(clone, "update-ref", "refs/heads/trunk", merge)
    return {first, branch, second, merge}


def fork(clone: Path) -> set[str]:
    """Two commits of its own on the trunk."""
    one = add_commit(clone, git(clone, "rev-parse", "HEAD").strip(), name="fork_one")
    two = add_commit(clone, one, name="fork_two")
    git(clone, "update-ref", "refs/heads/trunk", two)
    return {one, two}


# -- the roster ----------------------------------------------------------------------------------------------


def write_roster(clone: Path, file: Path, people: int, years: float) -> datetime:
    """The most active authors of the clone's last years, numbered. Returns the day after its last commit."""
    seconds: dict[str, list[int]] = {}
    for line in git(clone, "log", *REFS, "--no-merges", "--format=%ct %ae").split("\n")[:-1]:
        at, _, address = line.partition(" ")
        if ADDRESS.fullmatch(address):
            seconds.setdefault(address, []).append(int(at))
    now = datetime.now(UTC).timestamp()
    last = max(at for times in seconds.values() for at in times if at <= now)
    since = last - years * 365.25 * 86_400
    active = Counter({address: sum(at >= since for at in times) for address, times in seconds.items()})
    chosen: dict[str, str] = {}
    for address, _ in active.most_common():
        chosen.setdefault(address.lower(), address)
    with file.open("w", encoding="utf-8", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow(["person_id", "name", "emails", "team", "role", "job_level", "hired_on"])
        for number, address in enumerate(list(chosen.values())[:people]):
            began = datetime.fromtimestamp(max(min(seconds[address]), 800_000_000), UTC).date().isoformat()
            role, level = ROLES[number % len(ROLES)], JOB_LEVELS[number % 5 % len(JOB_LEVELS)]
            rows.writerow([f"p{number:03}", f"Author {number}", address, f"team {number % 3}", role, level, began])
    return datetime.fromtimestamp(last, UTC) + timedelta(days=1)


# -- the program ---------------------------------------------------------------------------------------------


@dataclass
class Trial:
    """One clone's run: figures as they come, and claims with what was found."""

    name: str
    folder: Path
    figures: dict[str, float | int] = field(default_factory=dict)
    claims: list[tuple[str, bool, str]] = field(default_factory=list)

    def claim(self, text: str, held: bool, found: str) -> None:
        self.claims.append((text, held, found))

    def run(self, *words: str) -> tuple[str, float]:
        """Standard output of one command and the CPU seconds it and its git took. A command that fails ends the trial."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            self._program(words), cwd=self.folder, env=self._environment(), capture_output=True, check=False
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().split("\n")
            raise RuntimeError(f"calibrant {words[0]} ended with {done.returncode}: {said[-1]}")
        return done.stdout.decode("utf-8"), took

    def collect(self, clone: Path, name: str) -> tuple[dict[str, int], float]:
        out, took = self.run("collect", "git", str(clone), "--name", name, "--json")
        return json.loads(out)[0], took

    def export(self) -> Iterator[dict[str, object]]:
        """The evidence export, line by line."""
        with subprocess.Popen(
            self._program(["export", "evidence"]), cwd=self.folder, env=self._environment(), stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            yield from map(json.loads, process.stdout)
        if process.returncode:
            raise RuntimeError(f"calibrant export ended with {process.returncode}")

    def _program(self, words: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "calibrant", *words]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), "CALIBRANT_LEDGER": f"sqlite:///{self.folder / 'ledger.db'}"}


def trial(clone: Path, folder: Path, people: int, years: float) -> Trial:
    """All claims on one clone."""
    name = clone.name.removesuffix(".git") if clone.name != ".git" else clone.parent.name
    made = Trial(name, folder)
    try:
        _first_run(made, clone, people, years)
        _later_runs(made, clone)
    except RuntimeError as error:
        made.claim("every command ends well", False, str(error))
    return made


def _first_run(made: Trial, clone: Path, people: int, years: float) -> None:
    as_of = write_roster(clone, made.folder / "roster.csv", people, years)
    made.run("init")
    made.run("people", "import", "roster.csv")
    counts, made.figures["collect_cpu_seconds"] = made.collect(clone, "one")
    _, made.figures["assess_cpu_seconds"] = made.run("assess", "--as-of", as_of.isoformat())
    _, made.figures["gap_cpu_seconds"] = made.run("report", "gap")
    made.claim("every command ends well", (made.folder / "reports" / "gap.html").is_file(), "gap.html is there")
    real = commits(clone)
    replaced = len(git(clone, "rev-list", *REFS, replace=True).split())
    made.figures |= {"commits": len(real), "commits_if_replaced": replaced, "rows": counts["rows_added"]}
    found = _look(made, made.figures)
    made.claim(
        "the commits are those of git rev-list", found.keys() == real, f"{len(found):,} exported, {len(real):,} by git"
    )
    made.figures["ledger_megabytes"] = round((made.folder / "ledger.db").stat().st_size / 1e6)


def _look(made: Trial, figures: dict[str, float | int] | None = None) -> dict[str, int]:
    """Commits in the export, each with the number of sources that show it; with figures of what they are."""
    found: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for row in made.export():
        oid, facts = str(row["artefact"]).removeprefix("git:"), row["measures"]
        found[oid] += len(row["sources"])  # type: ignore[arg-type]
        assert isinstance(facts, dict)
        seen["merges"] += facts["parents"] > 1
        seen["reviewed_by_trailer"] += facts["reviewed_by"] > 0
        seen["change_requests"] += facts["change_request"] is not None
        seen["with_submodules"] += bool(facts["submodules"])
        seen["missing_blobs"] += facts["missing_blobs"]
        seen["reverts"] += facts["revert"]
        texts = [
            str(row["excerpt"]),
            *(str(path[0]) for path in row["paths"]),
            *(str(who[-1]) for who in row["participations"]),
        ]  # type: ignore[union-attr,attr-defined]
        seen["not_utf8"] += any("\\x" in text and re.search(r"\\x[89a-f][0-9a-f]", text) is not None for text in texts)
    if figures is not None:
        figures |= seen
    return found


def _later_runs(made: Trial, clone: Path) -> None:
    again, made.figures["again_cpu_seconds"] = made.collect(clone, "one")
    made.claim("a second collection adds nothing", again["rows_added"] == 0, f"{again['rows_added']} rows added")
    before = _look(made)
    more = borrow(clone, made.folder / "more.git", work_tree=False)
    new = grow(more)
    grown, made.figures["more_cpu_seconds"] = made.collect(more, "one")
    after = _look(made)
    made.claim(
        "a further one adds only the new commits",
        grown["read"] == len(new) and after.keys() - before.keys() == new and before.keys() <= after.keys(),
        f"{grown['read']} read, {len(after) - len(before)} added, {len(new)} new",
    )
    other = borrow(clone, made.folder / "fork", work_tree=True)
    own = fork(other)
    made.collect(other, "fork")
    both = _look(made)
    twice = {oid for oid, sources in both.items() if sources == 2}
    made.claim(
        "what two clones hold counts once",
        both.keys() == after.keys() | own and twice == commits(other) - own,
        f"{len(both):,} artefacts, {len(twice):,} of them in both clones",
    )
    verified, made.figures["verify_cpu_seconds"] = made.run("audit", "verify", "--json")
    made.claim("the ledger verifies", True, f"{json.loads(verified)['rows']:,} rows")


# -- printing ------------------------------------------------------------------------------------------------


def show(trials: Sequence[Trial]) -> None:
    for made in trials:
        print(f"\n{made.name}")
        for key, value in made.figures.items():
            print(
                f"  {key.replace('_', ' '):24}{value:>14,.1f}"
                if isinstance(value, float)
                else f"  {key.replace('_', ' '):24}{value:>14,}"
            )
        for text, held, found in made.claims:
            print(f"  {'PASS' if held else 'FAIL'}  {text} ({found})")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clones", nargs="+", type=Path, metavar="CLONE")
    parser.add_argument("--people", type=int, default=40, help="people in the roster")
    parser.add_argument("--years", type=float, default=3, help="years before the last commit in which activity counts")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    trials = []
    for clone in given.clones:
        with tempfile.TemporaryDirectory(prefix="calibrant-real-") as folder:
            trials.append(trial(clone.absolute(), Path(folder), given.people, given.years))
        if not given.json:
            show(trials[-1:])
    if given.json:
        print(json.dumps([{"clone": t.name, "figures": t.figures, "claims": t.claims} for t in trials]))
    return 0 if all(held for made in trials for _, held, _ in made.claims) else 1


if __name__ == "__main__":
    sys.exit(main())
