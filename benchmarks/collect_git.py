"""CPU seconds of reading a clone: this collector beside git itself, PyDriller and Perceval, in one run.

    python benchmarks/collect_git.py CLONE [--json] [--ledger URL] [--peers-python PATH] [--rounds N]

Measured, each in a process of its own, user and system time of the process and everything it started:

git         `git log --numstat` of the same commits, to /dev/null. On a clone with missing blobs git dies of the first one; there it
            is given the commits it can do, and the collector's extra work on the others counts against the collector.
parsing     the collector drained into nothing: records, people, facts, whitespace check
storing     the collector into a fresh ledger (a SQLite file in a temporary folder, or --ledger URL, which must be empty)
again       the second collection into that ledger
PyDriller, Perceval: the first 2,000 commits of HEAD (or a few more: a state of its first-parent line), beside git and the
            collector on those; both are optional and live in an environment of their own, whose Python is given as
            --peers-python (they are not licensed like this project and no part of it). They are asked for what we read: files
            with added and deleted lines.

Memory is the peak of the Python process alone, the largest git process beside it. Rounds alternate; the least of each is shown.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEER_COMMITS = 2_000
TARGETS = {"parsing": 1.35, "storing": 1.7}
MEMORY_MIB = 300
REFS = ["HEAD", "--branches", "--remotes"]
FIRST = f", first {PEER_COMMITS:,}"

PYDRILLER = """
import sys
from pydriller import Repository
rows = 0
for commit in Repository(sys.argv[1]).traverse_commits():
    for file in commit.modified_files:
        rows += file.added_lines + file.deleted_lines >= 0
print(rows)
"""
PERCEVAL = """
import sys
from perceval.backends.core.git import Git
rows = 0
for item in Git(sys.argv[1], sys.argv[1]).fetch(no_update=True):
    rows += len(item["data"]["files"])
print(rows)
"""


def environment() -> dict[str, str]:
    return {**os.environ, "GIT_NO_REPLACE_OBJECTS": "1", "PYTHONPATH": str(ROOT)}


def spent(command: list[str], given: bytes | None = None) -> dict[str, object]:
    """CPU and wall seconds of a command with all it starts, and the last line it said."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, input=given, capture_output=True, env=environment(), check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    said = done.stdout.decode("utf-8", "replace").strip().rpartition("\n")[2]
    figures: dict[str, object] = {
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2),
        "wall_s": round(wall, 2),
    }
    if done.returncode:
        complaint = " ".join(done.stderr.decode("utf-8", "replace").split("\n")[-3:]).strip()
        return {**figures, "failed": complaint[:200] or f"exit {done.returncode}"}
    return {**figures, **(json.loads(said) if said.startswith("{") else {})}


# -- the parts that run in a process of their own --------------------------------------------------------------


def own_memory() -> dict[str, object]:
    mine, git = (resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"python_mib": mine, "git_mib": git}


def drain(clone: str) -> dict[str, object]:
    """Read everything and keep nothing."""
    from collectors import git

    batches = git.collect(git.Settings(Path(clone)), None, now=datetime.now(UTC))
    return {"commits": sum(len(batch.evidence) for batch in batches), **own_memory()}


def store(clone: str, url: str) -> dict[str, object]:
    """Collect into a ledger."""
    from collectors import git
    from db.ledger import Ledger

    settings = git.Settings(Path(clone))
    ledger = Ledger(url, clock=lambda: datetime.now(UTC), entropy=os.urandom)
    ledger.init()
    source = ledger.source("git", "benchmark", lineage=git.lineage(settings), purposes=[])
    batches = git.collect(settings, ledger.cursor(source), now=datetime.now(UTC))
    counts = ledger.collect(source, batches, extractor=git.EXTRACTOR)
    return {"artefacts": counts.artefacts, "versions": counts.versions, **own_memory()}


def unreadable(clone: str) -> dict[str, object]:
    """Commits with missing objects, which bare git could not get past."""
    from collectors import git

    found = [
        one.artefact.removeprefix("git:")
        for batch in git.collect(git.Settings(Path(clone)), None, now=datetime.now(UTC))
        for one in batch.evidence
        if one.measures["missing_blobs"] or "history_cut" in one.measures
    ]
    return {"unreadable": found}


PARTS: Mapping[str, Callable[..., dict[str, object]]] = {"drain": drain, "store": store, "unreadable": unreadable}


def part(name: str, *arguments: str) -> list[str]:
    return [sys.executable, __file__, "--part", name, *arguments]


# -- the comparison --------------------------------------------------------------------------------------------


def commits_of(clone: str, *refs: str) -> list[str]:
    listed = subprocess.run(
        ["git", "-C", clone, "rev-list", *refs], stdout=subprocess.PIPE, env=environment(), check=True
    )
    return listed.stdout.decode().split()


def bare_git(clone: str, refs: list[str]) -> dict[str, object]:
    """git's own time over the commits; those it can do are named one by one where it could not walk by itself."""
    skipped = spent(part("unreadable", clone)).get("unreadable")
    log = ["sh", "-c", 'exec "$@" > /dev/null', "sh", "git", "-C", clone, "log", "--numstat"]
    if not isinstance(skipped, list) or not skipped:
        return {**spent([*log, *refs]), "unreadable": 0}
    given = "".join(f"{oid}\n" for oid in commits_of(clone, *refs) if oid not in set(skipped)).encode()
    return {**spent([*log, "--no-walk=unsorted", "--stdin"], given), "unreadable": len(skipped)}


def ours(clone: str, ledger: str | None) -> Iterator[tuple[str, dict[str, object]]]:
    """One round over the whole clone."""
    yield "git", bare_git(clone, REFS)
    yield "parsing", spent(part("drain", clone))
    with tempfile.TemporaryDirectory(prefix="calibrant-benchmark-") as folder:
        url = ledger or f"sqlite:///{folder}/ledger.db"
        yield "storing", spent(part("store", clone, url))
        yield "again", spent(part("store", clone, url))


def beginning(clone: str, folder: str) -> str:
    """A repository with the first commits of HEAD and nothing else: Perceval walks what it finds, alternates too."""
    line = commits_of(clone, "--first-parent", "--reverse", "HEAD")
    low, high = 0, len(line) - 1
    while low < high:
        middle = (low + high) // 2
        if len(commits_of(clone, line[middle])) < PEER_COMMITS:
            low = middle + 1
        else:
            high = middle
    early = str(Path(folder) / "early.git")
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", early], env=environment(), check=True)
    pack = ["git", "-C", clone, "pack-objects", "-q", "--revs", "--stdout", "--missing=allow-any"]
    packed = subprocess.run(pack, input=line[low].encode(), capture_output=True, env=environment(), check=True)
    index = ["git", "-C", early, "index-pack", "--stdin"]
    subprocess.run(index, input=packed.stdout, capture_output=True, env=environment(), check=True)
    subprocess.run(["git", "-C", early, "update-ref", "refs/heads/main", line[low]], env=environment(), check=True)
    return early


def peers(clone: str, python: str | None) -> Iterator[tuple[str, dict[str, object]]]:
    """The first commits of HEAD by everybody."""
    with tempfile.TemporaryDirectory(prefix="calibrant-benchmark-") as folder:
        early = beginning(clone, folder)
        yield f"git{FIRST}", bare_git(early, REFS)
        yield f"parsing{FIRST}", spent(part("drain", early))
        for name, module, script in (
            (f"PyDriller{FIRST}", "pydriller", PYDRILLER),
            (f"Perceval{FIRST}", "perceval.backends.core.git", PERCEVAL),
        ):
            if python is None or not importable(python, module):
                yield name, {"failed": "not installed (--peers-python)"}
            else:
                yield name, spent([python, "-c", script, early])


def importable(python: str, module: str) -> bool:
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def least(rounds: list[dict[str, dict[str, object]]]) -> dict[str, dict[str, object]]:
    """Of each measurement the round with the least CPU."""
    return {
        name: min((one[name] for one in rounds), key=lambda figures: float(str(figures["cpu_s"]))) for name in rounds[0]
    }


def table(results: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    base = {name: results[name]["cpu_s"] for name in ("git", f"git{FIRST}")}
    yield f"{'':24}{'CPU s':>9}{'x git':>8}{'wall s':>9}{'Python MiB':>12}{'git MiB':>9}"
    for name, figures in results.items():
        if "cpu_s" not in figures or "failed" in figures:
            yield f"{name:24}{figures.get('failed', '')}"
            continue
        cpu = float(str(figures["cpu_s"]))
        git = float(str(base[f"git{FIRST}" if name.endswith(FIRST) else "git"]))
        memory = f"{figures.get('python_mib', ''):>12}{figures.get('git_mib', ''):>9}"
        yield f"{name:24}{cpu:9.2f}{cpu / git:8.2f}{figures['wall_s']:9.2f}{memory}"
    yield ""
    yield f"{results['parsing'].get('commits')} commits, {results['git']['unreadable']} of them not readable for bare git"
    for name, most in TARGETS.items():
        ratio = float(str(results[name]["cpu_s"])) / float(str(base["git"]))
        yield f"{name}: {ratio:.2f} x git, target at most {most}: {'met' if ratio <= most else 'MISSED'}"
    memory = int(str(results["storing"].get("python_mib", 0)))
    yield f"memory beyond git: {memory} MiB, target under {MEMORY_MIB}: {'met' if memory < MEMORY_MIB else 'MISSED'}"


def main() -> int:
    if sys.argv[1:2] == ["--part"]:
        sys.path.insert(0, str(ROOT))
        print(json.dumps(PARTS[sys.argv[2]](*sys.argv[3:])))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("clone")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--ledger", metavar="URL", help="an empty ledger to store into (one round)")
    parser.add_argument("--peers-python", metavar="PATH", help="Python of an environment with pydriller and perceval")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    clone = str(Path(options.clone).resolve())
    rounds = [dict(ours(clone, options.ledger)) for _ in range(1 if options.ledger else options.rounds)]
    results = least(rounds) | dict(peers(clone, options.peers_python))
    print(json.dumps(results, indent=2) if options.json else "\n".join(table(results)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
