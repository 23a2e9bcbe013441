"""`demo`: a sample department as real files, then the ordinary commands on them."""

from __future__ import annotations

import csv
import shlex
import shutil
import sys
import time
from contextlib import nullcontext, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from calibrant.cli import build
from calibrant.cli.console import Session, command, settings_held
from calibrant.sample import SampleDepartment, generate
from db.errors import Incomplete, Refusal

__all__ = ["register"]

AS_OF: Final = datetime(2026, 6, 30, tzinfo=UTC)
NOW: Final = AS_OF + timedelta(days=90)
"""The sample's last decisions are dated after the day it is judged as of, so that they can test it."""

_MARKER: Final = "made-by-calibrant-demo"


def register(app: typer.Typer) -> None:
    """Adds the command to the application."""

    @command(app, "demo")
    def demo(
        session: Session,
        out: Annotated[
            Path, typer.Option("--out", file_okay=False, help="Folder to make; an earlier demo's is replaced.")
        ] = Path("demo-department"),
        seed: Annotated[int, typer.Option("--seed", help="Another seed makes another department.")] = 7,
    ) -> None:
        """Make a sample department of invented people and go the whole way once: collect, assess, report."""
        if out.exists() and any(out.iterdir()):
            if not (out / _MARKER).exists():
                raise Refusal(
                    "the folder holds something that is no earlier demo",
                    where=str(out),
                    remedy="name another with --out",
                )
            shutil.rmtree(out)
        out.mkdir(parents=True, exist_ok=True)
        (out / _MARKER).write_text("", encoding="utf-8")
        started = time.perf_counter()
        session.say(f"making a department of invented people in {out} (seed {seed})")
        made = generate(out / "files", seed=seed, as_of=AS_OF)
        session.say(
            f"{made.people} people, {made.commits} commits, {made.ratings} ratings; their true levels stay apart"
        )
        reports = out / "reports"
        pipeline = time.perf_counter()
        talk = redirect_stdout(sys.stderr) if session.as_json else nullcontext()
        with settings_held({"ledger": f"sqlite:///{out / 'calibrant.db'}", "now": NOW.isoformat()}), talk:
            for words in _commands(made, reports):
                _ordinary(session, words, made)
        took = time.perf_counter() - pipeline
        files = sorted(path for path in reports.iterdir() if path.suffix == ".html")
        data = {
            "reports": [str(path) for path in files],
            "pipeline_seconds": round(took, 1),
            "ledger": str(out / "calibrant.db"),
        }
        session.emit(data, ["", "The reports, to open in a browser:", *(f"  {path}" for path in files)])
        session.say("")
        session.say(f"the commands took {took:.0f} s, {time.perf_counter() - started:.0f} s with making the files")
        session.say(f"look around, for example: calibrant sources list --ledger sqlite:///{out / 'calibrant.db'}")


def _ordinary(session: Session, words: list[str], made: SampleDepartment) -> None:
    session.say("")
    session.say(f"$ calibrant {_typed(words, made)}")
    try:
        result = build(words[0])(words, prog_name="calibrant", standalone_mode=False)
    except typer.Exit as stop:
        result = stop.exit_code
    if result:
        raise Incomplete("the demo stopped", where=shlex.join(words), remedy="see the message above")


def _typed(words: list[str], made: SampleDepartment) -> str:
    """The command as somebody would type it: the repositories by a pattern that the shell makes into their names."""
    clones = [str(one.path) for one in made.repositories]
    rest = [word for word in words if word not in clones]
    pattern = [f"{made.repositories[0].path.parent}/*.git"] if len(rest) < len(words) else []
    return " ".join([shlex.join(rest), *pattern])


def _commands(made: SampleDepartment, reports: Path) -> list[list[str]]:
    """The ordinary commands, as somebody would type them."""
    candidate, level = _candidate(made)
    out = ["--out", str(reports)]
    greenhouse = ["--mapping", "greenhouse", "--subjects", str(made.subjects)]
    packet = reports / f"packet-{candidate}-{level[0]}-{level[1]}.json"
    return [
        ["init"],
        ["people", "import", str(made.roster), "--absences", str(made.absences)],
        ["collect", "git", *sorted(str(repository.path) for repository in made.repositories)],
        ["collect", "feedback360", str(made.feedback360)],
        ["collect", "feedback360", str(made.feedback360_wide), "--mapping", str(made.feedback360_mapping)],
        ["sources", "grant", "feedback360", "gap_analysis", "promotion"],
        ["sources", "grant", "feedback360_wide", "gap_analysis", "promotion"],
        ["collect", "scorecards", str(made.scorecards_json), "--name", "greenhouse", *greenhouse],
        ["collect", "scorecards", str(made.scorecards_csv)],
        ["collect", "table", str(made.decisions), "--mapping", "decisions"],
        ["identities", "suggest"],
        ["assess", "--as-of", AS_OF.date().isoformat()],
        [
            "report",
            "packet",
            candidate,
            "--role",
            level[0],
            "--job-level",
            level[1],
            "--unseal",
            "--reason",
            "demonstration",
            *out,
        ],
        ["report", "self", candidate, *out],
        ["report", "gap", "--department", "Sample department", *out],
        ["audit", "verify"],
        ["audit", "verify", str(packet)],
    ]


def _candidate(made: SampleDepartment) -> tuple[str, tuple[str, str]]:
    """Somebody the sample promoted lately: put before a committee for the next job level."""
    person = made.planted["promoted"][0]
    with made.roster.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["person_id"] == person]
    return person, (rows[-1]["role"], rows[-1]["job_level"])
