"""Killed with SIGKILL at any moment: what is stored verifies, the same command again finishes, and nothing is different.

The program is a process of its own. Moments are drawn by a seed and spread over its writing: it is killed when the ledger and its log have
grown by that share of what an undisturbed run adds, plus a few milliseconds, however busy the machine is. Before and between it
only reads.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calibrant.cli import app
from db.ledger import Ledger
from tests.collectors.git_repository import Repository
from tests.conftest import repeatable_entropy

NOW = datetime.fromisoformat("2026-06-30T00:00:00+00:00")
ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 6
SKILLS = ("ml-pipelines", "code-quality")
FOLDERS = ("pipelines", "serving", "training", "docs", "tests")
SMALL_BATCHES = (
    "import sys, collectors.git_batch as batches; batches.COMMITS = 20; from calibrant.cli import main; main()"
)
"""The program, but with a transaction per 20 commits instead of 5,000."""


@dataclass(frozen=True)
class Case:
    """A command on a ledger as it was before, what an undisturbed run made of it, and by how many bytes it grew."""

    ledger: Path
    command: tuple[str, ...]
    program: tuple[str, ...]
    outcome: object
    grown: int


def _opened(path: Path) -> Ledger:
    return Ledger(f"sqlite:///{path}", clock=lambda: NOW, entropy=repeatable_entropy(), actor="test")


def _finish(path: Path, *words: str) -> None:
    """Run a command to its end, in this process."""
    given = {"CALIBRANT_NOW": NOW.isoformat(), "CALIBRANT_LEDGER": f"sqlite:///{path}"}
    done = CliRunner().invoke(app, list(words), env=given, catch_exceptions=False)
    assert done.exit_code == 0, done.stderr


def _start(path: Path, program: Sequence[str], words: Sequence[str]) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALIBRANT_")} | {
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(path.parent),
        "CALIBRANT_NOW": NOW.isoformat(),
        "CALIBRANT_LEDGER": f"sqlite:///{path}",
    }
    return subprocess.Popen([*program, *words], env=environment, cwd=path.parent, stdout=subprocess.DEVNULL)


def _size(path: Path) -> int:
    """Bytes of the ledger and its log."""
    total = 0
    for file in (path, Path(f"{path}-wal")):
        with suppress(FileNotFoundError):  # the log goes whenever the last connection closes
            total += file.stat().st_size
    return total


def _evidence(ledger: Ledger) -> object:
    return list(ledger.export_evidence(as_of=NOW, known_at=NOW))


def _runs(ledger: Ledger) -> dict[str, object]:
    """Each run with all that hangs on it."""
    return {
        run.id: (run, ledger.assessments(run.id), ledger.citations(run.id), ledger.posteriors(run.id))
        for run in ledger.runs()
    }


def _history(path: Path, commits: int) -> Path:
    repository, chance = Repository(path), random.Random(5)
    for number in range(commits):
        author = chance.randrange(PEOPLE)
        reviewer = (author + 1 + chance.randrange(PEOPLE - 1)) % PEOPLE
        file = f"{chance.choice(FOLDERS)}/part{chance.randrange(20)}.py"
        repository.commit(
            {file: f"import kfp\nvalue = {number}\n"},
            f"Change {number}\n\nReviewed-by: P{reviewer} <p{reviewer}@example.org>\n",
            author=f"P{author} <p{author}@example.org>".encode(),
            at=1_735_700_000 + number * 40_000_000 // commits,
        )
    repository.write()
    return path


def _prepared(folder: Path) -> Path:
    """A ledger with a roster."""
    rows = [f"p{n},P{n},p{n}@example.org,team,ml-engineer,middle,2020-01-01" for n in range(PEOPLE)]
    head = "person_id,name,emails,team,role,job_level,hired_on"
    (folder / "roster.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    _finish(folder / "ledger.db", "init")
    _finish(folder / "ledger.db", "people", "import", str(folder / "roster.csv"))
    return folder / "ledger.db"


def _ratings(path: Path) -> Path:
    chance = random.Random(6)
    rows = [
        f"2026,p{subject},p{rater},peer,{skill},,{chance.randint(2, 5)},1-5,,2026-05-01"
        for subject in range(PEOPLE)
        for rater in range(PEOPLE)
        for skill in SKILLS
        if rater != subject
    ]
    head = "cycle,subject_id,rater_id,relationship,competency_code,item_code,rating,scale,comment,submitted_at"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def _undisturbed(
    ledger: Path, program: tuple[str, ...], command: tuple[str, ...], outcome: Callable[[Ledger], object]
) -> Case:
    done = ledger.with_name(f"{command[0]}-undisturbed.db")
    shutil.copy(ledger, done)
    before = most = _size(done)
    process = _start(done, program, command)
    while process.poll() is None:
        with suppress(FileNotFoundError):
            most = max(most, _size(done))
        time.sleep(0.001)
    assert process.returncode == 0
    return Case(ledger, command, program, outcome(_opened(done)), most - before)


def _collecting(folder: Path, commits: int, *program: str) -> Case:
    ledger = _prepared(folder)
    command = ("collect", "git", str(_history(folder / "clone.git", commits)), "--name", "clone")
    return _undisturbed(ledger, program, command, _evidence)


def _assessing(folder: Path, commits: int, *options: str) -> Case:
    ledger = _prepared(folder)
    _finish(ledger, "collect", "git", str(_history(folder / "clone.git", commits)))
    _finish(ledger, "collect", "feedback360", str(_ratings(folder / "ratings.csv")))
    return _undisturbed(ledger, (sys.executable, "-m", "calibrant"), ("assess", *options), _runs)


def _kill(case: Case, folder: Path, moment: float, chance: random.Random) -> Path:
    """The ledger as the command leaves it that is killed when it has done that share of its work."""
    ledger = folder / "ledger.db"
    if not ledger.exists():
        shutil.copy(case.ledger, ledger)
    enough = _size(ledger) + moment * case.grown
    process = _start(ledger, case.program, case.command)
    while process.poll() is None and _size(ledger) < enough:
        time.sleep(0.001)
    time.sleep(chance.random() * 0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return ledger


def _hold_collecting(case: Case, ledger: Path) -> None:
    broken_off = _opened(ledger)
    assert broken_off.verify().problems == ()
    done = _evidence(broken_off)
    assert isinstance(done, list)
    assert isinstance(case.outcome, list)
    assert {row["artefact"] for row in done} <= {row["artefact"] for row in case.outcome}
    _finish(ledger, *case.command)
    assert _evidence(_opened(ledger)) == case.outcome
    assert _opened(ledger).verify().problems == ()


def _hold_assessing(case: Case, ledger: Path) -> None:
    broken_off = _opened(ledger)
    assert broken_off.verify().problems == ()
    assert isinstance(case.outcome, dict)
    assert _runs(broken_off).items() <= case.outcome.items()
    _finish(ledger, *case.command)
    assert _runs(_opened(ledger)) == case.outcome
    assert _opened(ledger).verify().problems == ()


def _moments(chance: random.Random, count: int) -> list[float]:
    """One moment in each of `count` equal parts of the work."""
    return [(part + chance.random()) / count for part in range(count)]


# -- a few, always -------------------------------------------------------------------------------------------


def test_collecting_again_after_a_kill_ends_where_an_undisturbed_run_does(tmp_path: Path) -> None:
    case = _collecting(tmp_path, 240, sys.executable, "-c", SMALL_BATCHES)
    chance = random.Random(1)
    for number, moment in enumerate(_moments(chance, 3)):
        folder = tmp_path / str(number)
        folder.mkdir()
        ledger = _kill(case, folder, moment, chance)
        if number == 1:  # the log that a killed process leaves is part of the ledger, the rest beside it is not
            assert Path(f"{ledger}-wal").stat().st_size > 0
            Path(f"{ledger}-shm").unlink()
        _hold_collecting(case, ledger)


def test_a_run_killed_while_assessing_is_wholly_there_or_not_at_all(tmp_path: Path) -> None:
    case = _assessing(tmp_path, 240, "--purpose", "promotion", "--purpose", "development")
    chance = random.Random(2)
    for number, moment in enumerate(_moments(chance, 2)):
        (tmp_path / str(number)).mkdir()
        _hold_assessing(case, _kill(case, tmp_path / str(number), moment, chance))


# -- twenty of each ------------------------------------------------------------------------------------------


@pytest.mark.long
def test_collecting_survives_twenty_kills(tmp_path: Path) -> None:
    case = _collecting(tmp_path, 24_000, sys.executable, "-m", "calibrant")
    chance = random.Random(3)
    for number, moment in enumerate(_moments(chance, 20)):
        folder = tmp_path / str(number // 2)  # every second one hits what the one before left behind
        folder.mkdir(exist_ok=True)
        ledger = _kill(case, folder, moment if number % 2 == 0 else (1 - moment) / 2, chance)
        if number % 2:
            _hold_collecting(case, ledger)
        else:
            assert _opened(ledger).verify().problems == ()


@pytest.mark.long
def test_assessing_survives_twenty_kills(tmp_path: Path) -> None:
    case = _assessing(tmp_path, 6_000)
    chance = random.Random(4)
    for number, moment in enumerate(_moments(chance, 20)):
        (tmp_path / str(number)).mkdir()
        _hold_assessing(case, _kill(case, tmp_path / str(number), moment, chance))
