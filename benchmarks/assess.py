"""Assessing a department at full size: how long it takes, what in, and how much memory it needs.

    python benchmarks/assess.py [--people 500] [--rows 1000000] [--seed 1] [--ledger FILE] [--json]

A ledger on SQLite is filled with made-up evidence (`assess_department.py`) by a process of its own; its time is printed
apart. This process then does what `calibrant assess --purpose promotion` does: read, infer, save. CPU seconds are this process's, all threads,
children none; peak memory is its largest resident set. A stage's figure leaves out the stages listed under it. With --ledger
the file is kept and, if it exists, used as it is.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from assess_department import AS_OF, SKILLS, Department

from calibrant.assessing import assess_purposes
from db.ledger import Ledger
from db.records import Purpose

NOW = AS_OF + timedelta(days=1)
SECONDS, GIGABYTES = 300.0, 4.0
"""What an assessment of 500 people and a million pieces of evidence may take. CPU seconds are held to it: a busy machine stretches
the wall clock, an idle one needs no more of it than CPU seconds."""

STAGES: dict[str, tuple[str, ...]] = {
    "read": ("calibrant.assessing:read_frames",),
    "attribute": ("inference.observations:attribute",),
    "tag": (
        "inference.observations:tag_work",
        "inference.observations:tag_ratings",
    ),
    "evaluate": ("inference.measures:rubrics.evaluate",),
    "observe (the rest)": ("inference.fitting:observe",),
    "fit": ("inference.fitting:FacetsModel.fit",),
    "validity of git": ("inference.fitting:cross_validity",),
    "cutpoints": ("inference.fitting:skill_cuts",),
    "posteriors, P(level)": ("inference.fitting:Levels",),
    "leave one out": ("inference.engine:variants_of", "inference.engine:leave_one_out"),
    "contradictions": ("inference.engine:contradictions",),
    "cite": ("inference.engine:cite",),
    "judge": ("inference.engine:_judge",),
    "infer (the rest)": ("calibrant.assessing:infer",),
    "save": ("db.ledger:Ledger.save_run",),
}
"""Stage -> the functions that are it, as the calling module knows them."""


class Clock:
    """CPU and wall seconds per stage; a stage's time leaves out the stages it calls."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}
        self.peak: dict[str, float] = {}
        self.inside: list[list[float]] = []

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*given: Any, **named: Any) -> Any:
            self.inside.append([0.0, 0.0])
            cpu, wall = time.process_time(), time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                spent = time.process_time() - cpu, time.perf_counter() - wall
                within = self.inside.pop()
                self.cpu[stage] = self.cpu.get(stage, 0.0) + spent[0] - within[0]
                self.wall[stage] = self.wall.get(stage, 0.0) + spent[1] - within[1]
                self.peak[stage] = peak_gigabytes()
                if self.inside:
                    self.inside[-1][0] += spent[0]
                    self.inside[-1][1] += spent[1]

        return run

    def watch(self) -> None:
        """Put itself around every stage."""
        for stage, places in STAGES.items():
            for place in places:
                module, _, path = place.partition(":")
                *owners, name = path.split(".")
                owner: Any = functools.reduce(getattr, owners, importlib.import_module(module))
                setattr(owner, name, self.timed(stage, getattr(owner, name)))


def peak_gigabytes() -> float:
    """The largest resident set of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def ledger_of(path: Path, seed: int) -> Ledger:
    """The ledger in the file."""
    return Ledger(f"sqlite:///{path}", clock=lambda: NOW, entropy=random.Random(seed).randbytes)


def build(path: Path, people: int, rows: int, seed: int) -> dict[str, Any]:
    """Fills the ledger through `Ledger.collect`; CPU seconds of making the records and storing them."""
    started = time.process_time()
    made = Department(people, rows, seed)
    ledger = ledger_of(path, seed)
    ledger.init()
    ledger.store_roster(made.roster())
    for kind, evidence in (("feedback360", made.feedback), ("scorecards", made.scorecards)):
        source = ledger.source(kind, kind, purposes=tuple(Purpose))
        ledger.collect(source, made.batches(evidence), extractor="forms/1")
    share, rest = divmod(made.commits, len(made.repositories))
    for number, repository in enumerate(made.repositories):
        source = ledger.source("git", repository.name, lineage=repository.name, purposes=tuple(Purpose))
        ledger.collect(source, made.batches(made.history(repository, share + (number < rest))), extractor="git/1")
    return {
        "cpu_seconds": time.process_time() - started,
        "commits": made.commits,
        "ratings_360": len(made.feedback),
        "scorecard_ratings": len(made.scorecards),
        "repositories": len(made.repositories),
    }


def built(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The same in a process of its own, so that its memory is not counted."""
    words = ["--people", str(options.people), "--rows", str(options.rows), "--seed", str(options.seed)]
    done = subprocess.run(
        [sys.executable, __file__, "--build", str(path), *words], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def assess(path: Path, seed: int) -> dict[str, Any]:
    """Assesses everybody for promotion and stores the run."""
    clock = Clock()
    clock.watch()
    before = peak_gigabytes()
    work = clock.timed("load the standard, and the rest", assess_purposes)
    earlier = len(ledger_of(path, seed).runs())
    ledger = ledger_of(path, seed + 1 + earlier)
    known = NOW + timedelta(seconds=earlier)  # a run of its own, also in a ledger that was assessed before
    cpu, wall = time.process_time(), time.perf_counter()
    done = work(ledger, "aiml", purposes=[Purpose.PROMOTION], as_of=AS_OF, known_at=known)[0]
    return {
        "cpu_seconds": time.process_time() - cpu,
        "wall_seconds": time.perf_counter() - wall,
        "peak_gigabytes": peak_gigabytes(),
        "of_which_imports_gigabytes": before,
        "people": done.people,
        "evidence": done.evidence,
        "skills": len(SKILLS),
        "states": dict(done.states),
        "warnings": list(done.warnings),
        "stages": {
            stage: {
                "cpu_seconds": clock.cpu[stage],
                "wall_seconds": clock.wall[stage],
                "peak_gigabytes_by_then": clock.peak[stage],
            }
            for stage in [*STAGES, "load the standard, and the rest"]
            if stage in clock.cpu
        },
    }


def text(found: dict[str, Any]) -> str:
    """The figures as a table."""
    one, made = found["assessed"], found["built"]
    lines = [
        f"{one['people']} people, {one['evidence']:,} artefacts read, {one['skills']} skills, purpose promotion; "
        f"{found['cores']} cores, {found['python']}",
        "built" + (" earlier" if made is None else f" in {made['cpu_seconds']:.0f} CPU s: {made}"),
        "",
        f"{'stage':34}{'CPU s':>9}{'wall s':>9}{'peak GB by then':>18}",
    ]
    lines += [
        f"{stage:34}{of['cpu_seconds']:9.1f}{of['wall_seconds']:9.1f}{of['peak_gigabytes_by_then']:18.2f}"
        for stage, of in one["stages"].items()
    ]
    lines += [
        f"{'all':34}{one['cpu_seconds']:9.1f}{one['wall_seconds']:9.1f}{one['peak_gigabytes']:18.2f}",
        "",
        f"states: {one['states']}",
        *one["warnings"],
        f"promise: under {SECONDS:.0f} s and {GIGABYTES:.0f} GB at 500 people and 1,000,000 pieces: "
        + ("kept" if found["kept"] else "NOT kept"),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--people", type=int, default=500, help="persons in the roster")
    parser.add_argument("--rows", type=int, default=1_000_000, help="pieces of evidence of all kinds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ledger", type=Path, help="keep the ledger in this file; use it if it exists")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build is not None:
        json.dump(build(options.build, options.people, options.rows, options.seed), sys.stdout)
        return
    with tempfile.TemporaryDirectory(prefix="calibrant-assess-") as folder:
        path = options.ledger or Path(folder) / "ledger.db"
        made = None if path.exists() else built(path, options)
        one = assess(path, options.seed)
    kept = one["cpu_seconds"] < SECONDS and one["peak_gigabytes"] < GIGABYTES
    found = {
        "built": made,
        "assessed": one,
        "kept": kept,
        "cores": os.cpu_count(),
        "python": sys.version.partition(" ")[0],
    }
    if options.json:
        json.dump(found, sys.stdout, indent=1)
    else:
        print(text(found))


if __name__ == "__main__":
    main()
