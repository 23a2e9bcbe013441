"""A department as the files people have: a roster, a 360 export, scorecards, git repositories; and the ordinary collectors."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from calibrant.collecting import collect_into
from calibrant.sample.fast_import import Commit, FastImport, Signature
from collectors import feedback360, git, roster, scorecards
from db.ledger import Ledger
from db.records import Evidence, Kind, ParticipationRole, Purpose
from tests.contract.department import Department
from tests.contract.gaming import author_of, reviewers_of
from tests.contract.outputs import NOW


@dataclass(frozen=True)
class Files:
    """Where everything lies. repositories: bare clones by source name."""

    roster: Path
    feedback: Path
    scorecards: Path
    repositories: Mapping[str, Path]


def write_files(made: Department, folder: Path) -> Files:
    """The department's files. Change requests are left out: they need a forge."""
    found = Files(
        folder / "roster.csv",
        folder / "feedback.csv",
        folder / "scorecards.csv",
        {name: folder / f"{name.split('/')[1]}.git" for name in made.sources if name.startswith("git/")},
    )
    everything = [one for held in made.sources.values() for one in held]
    _write(found.roster, [_person(one) for one in made.people])
    _write(found.feedback, [_answer(one) for one in everything if one.kind is Kind.RATING])
    _write(found.scorecards, [_mark(one) for one in everything if one.kind is Kind.SCORECARD_RATING])
    for name, path in found.repositories.items():
        _repository(path, [one for one in made.sources[name] if one.kind is Kind.COMMIT])
    return found


def collect_files(ledger: Ledger, files: Files) -> int:
    """Import the roster and collect every file, for every purpose; rows added."""
    added = ledger.store_roster(roster.read(files.roster, now=NOW)).added
    for kind, path in (("feedback360", files.feedback), ("scorecards", files.scorecards)):
        module: ModuleType = {"feedback360": feedback360, "scorecards": scorecards}[kind]
        added += _collect(ledger, kind, module, module.Settings(path=path, source=path.stem), path.stem)
    for name, path in sorted(files.repositories.items()):
        settings = git.Settings(clone=path)
        added += _collect(ledger, "git", git, settings, name, lineage=git.lineage(settings))
    return added


def _collect(ledger: Ledger, kind: str, module: ModuleType, settings: Any, name: str, **more: Any) -> int:
    done = collect_into(
        ledger,
        kind,
        name,
        lambda cursor, now: module.collect(settings, cursor, now=now),
        extractor=module.EXTRACTOR,
        now=NOW,
        purposes=list(Purpose),
        **more,
    )
    return done.rows


def _write(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _person(one: Any) -> Mapping[str, object]:
    return {
        "person_id": one.key,
        "name": one.name,
        "emails": one.git.key,
        "github_id": "",
        "gitlab_id": "",
        "team": one.team,
        "role": one.role,
        "job_level": one.job_level,
        "hired_on": one.hired_on.isoformat(),
        "left_on": "",
        "fte": "1",
    }


def _who(one: Evidence, role: ParticipationRole) -> str:
    return next(part.identity.key for part in one.participations if part.role is role)


def _answer(one: Evidence) -> Mapping[str, object]:
    return {
        "cycle": one.measures["cycle"],
        "subject_id": _who(one, ParticipationRole.SUBJECT),
        "rater_id": _who(one, ParticipationRole.RATER),
        "relationship": one.measures["relationship"],
        "competency_code": one.measures["competency"],
        "item_code": one.measures["item"],
        "rating": one.measures["score"],
        "scale": one.measures["scale"],
        "comment": one.excerpt or "",
        "submitted_at": one.occurred_at.isoformat(),
    }


def _mark(one: Evidence) -> Mapping[str, object]:
    return {
        "interview_id": one.artefact,
        "subject_id": _who(one, ParticipationRole.SUBJECT),
        "interviewer_id": _who(one, ParticipationRole.RATER),
        "submitted_by": "",
        "competency_code": one.measures["competency"],
        "rating": one.measures["score"],
        "scale": one.measures["scale"],
        "note": one.excerpt or "",
        "interviewed_at": one.occurred_at.isoformat(),
        "submitted_at": one.occurred_at.isoformat(),
    }


def _repository(path: Path, commits: list[Evidence]) -> None:
    with FastImport(path) as repository:
        for mark, one in enumerate(sorted(commits, key=lambda one: (one.occurred_at, one.artefact)), start=1):
            who = author_of(one)
            assert who is not None
            signed = Signature(who.name or who.key, who.key, one.occurred_at)
            trailers = [f"Reviewed-by: {by.name} <{by.key}>" for by in reviewers_of(one)]
            message = "\n".join([str(one.excerpt), "", *trailers])
            changes = {touched[0]: f"{one.artefact}\n" for touched in one.paths}
            repository.add(Commit(mark, [mark - 1] if mark > 1 else [], signed, signed, message, changes))
