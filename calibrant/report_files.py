"""What every report needs of the ledger and of the disk: the run it reads, the person it is about, the files it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from calibrant.assessing import readable_run
from db.errors import Refusal
from db.ledger import Ledger
from db.records import Purpose, Run
from rubrics import Standard

__all__ = ["Written", "person_named", "reported_run", "safe_name", "write_text"]


@dataclass(frozen=True, slots=True)
class Written:
    """The files a report left, first the one to open."""

    files: tuple[Path, ...]
    run: str
    head: str


def reported_run(ledger: Ledger, purpose: Purpose, now: datetime) -> tuple[Run, Standard]:
    """The run a report of this purpose reads, and its standard. Raises Refusal if there is none, or if it may no longer be read."""
    run = readable_run(ledger, purpose, now=now)
    if ledger.erased_citations(run.id):
        raise Refusal(
            "evidence behind the last assessment has been erased since", remedy="run `calibrant assess`, then report"
        )
    return run, Standard.from_text(ledger.rubric_text(run.rubric_hash))


def person_named(ledger: Ledger, person: str, moment: datetime) -> tuple[str, str, str]:
    """(opaque id, HR id, name)."""
    found = ledger.person_id(person)
    rows = ledger.people(as_of=moment, known_at=moment)
    row = rows[rows["person"] == found].iloc[0]
    return found, str(row["key"]), str(row["name"])


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 with line ends as they are; the path."""
    path.write_text(text, encoding="utf-8", newline="")
    return path


def safe_name(text: str) -> str:
    """A file-name part: letters, digits, dot and dash; anything else becomes a dash.

    >>> safe_name("../E 7")
    'E-7'
    """
    return "".join(c if c.isascii() and (c.isalnum() or c in ".-_") else "-" for c in text).strip(".-")[:60] or "x"
