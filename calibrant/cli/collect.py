"""`collect git|feedback360|scorecards|table`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from calibrant.cli.console import PROBLEMS_SHOWN, Session, command
from calibrant.cli.sources import granted
from calibrant.collecting import Collected, collect_into
from collectors import feedback360, git, scorecards, table
from db.errors import Problem, Refusal
from db.records import Batch, Purpose

__all__ = ["register"]

_NAMED = 5

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, XLSX or JSON.")]
Name = Annotated[str | None, typer.Option("--name", help="Name of the source (default: the file's or folder's name).")]
Purposes = Annotated[
    list[Purpose] | None, typer.Option("--purpose", help="What it may be read for; repeat for several.")
]
Mapped = Annotated[
    str | None, typer.Option("--mapping", help="A shipped mapping's name or a mapping file; see docs/collect-files.md.")
]
SkipBad = Annotated[bool, typer.Option("--skip-bad-rows", help="Import the good rows and list the others.")]
Complete = Annotated[
    bool, typer.Option("--complete", help="The file holds everything: rows gone from it are withdrawn.")
]
Constants = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A field the file does not hold; repeatable.")
]
Sheet = Annotated[str | None, typer.Option("--sheet", help="Sheet of a workbook (default: the first).")]
Encoding = Annotated[str | None, typer.Option("--encoding", help="Encoding of a CSV file (default: UTF-8).")]
Subjects = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="candidate_id, person_id: which candidates became whom."),
]


def _collect(
    session: Session,
    kind: str,
    name: str,
    run: Callable[[Mapping[str, Any] | None, datetime], Iterator[Batch]],
    count: Callable[[Mapping[str, Any] | None], int] | None = None,
    **extra: Any,
) -> Collected:
    total = None
    if count is not None and session.talk.is_terminal:  # what is to come costs time to count: only if somebody watches
        held = [one.source for one in session.ledger.sources() if (one.source.kind, one.source.name) == (kind, name)]
        total = count(session.ledger.cursor(held[0]) if held else None)
    with session.progress(name, total) as advance:
        return collect_into(session.ledger, kind, name, run, now=session.now, on_batch=advance, **extra)


def _tell(session: Session, results: list[Collected]) -> None:
    data = [
        {
            "source": r.source.name,
            "kind": r.source.kind,
            "read": r.artefacts,
            "rows_added": r.rows,
            "purposes": [p.value for p in r.purposes],
            "counts": dict(r.talk),
            "in_no_roster": list(r.strangers),
        }
        for r in results
    ]
    session.emit(data, [f"{r.source.name}: {r.artefacts} artefacts read, {r.rows} rows added" for r in results])
    for r in results:
        counts = sorted(
            (word.replace("_", " "), count) for word, count in r.talk.items() if count and word != "commits"
        )
        if counts:
            session.say(f"{r.source.name}: " + ", ".join(f"{word} {count}" for word, count in counts))
        if r.strangers:
            session.say(f"{r.source.name}: {_unknown(r.strangers)}")
    alike: dict[str, list[str]] = {}
    for r in results:
        alike.setdefault(granted(r.purposes), []).append(r.source.name)
    for purposes, names in alike.items():
        named = (
            ", ".join(names) if len(names) < 4 else f"all {len(names)}" if len(alike) == 1 else f"{len(names)} sources"
        )
        session.say(f"{named} may be read for {purposes}; see `calibrant sources list`")


def _unknown(ids: Sequence[str]) -> str:
    few = ", ".join(ids[:_NAMED]) + (f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else "")
    many = f"{len(ids)} ids are" if len(ids) > 1 else "1 id is"
    return (
        f"{many} in no roster ({few}): what is said of them counts for nobody. Bring them with `calibrant people import`, "
        "or say whose they are with `calibrant identities merge`"
    )


def _constants(pairs: list[str] | None) -> dict[str, str]:
    found = {}
    for pair in pairs or []:
        field, equals, value = pair.partition("=")
        if not equals or not field.strip():
            raise Refusal("--set takes FIELD=VALUE", where=pair, remedy="for example --set cycle=2026")
        found[field.strip()] = value
    return found


def _file(
    session: Session, module: ModuleType, file: Path, name: str | None, purpose: list[Purpose] | None, **given: Any
) -> None:
    """Collects one file through the collector `module`."""

    def report(problems: Sequence[Problem]) -> None:
        session.say(f"{file}: {len(problems)} rows left out")
        for problem in problems[:PROBLEMS_SHOWN]:
            session.say(f"  {problem}")

    settings = module.Settings(path=file, source=name or file.stem, report=report, **given)
    kind = module.__name__.rpartition(".")[2]

    def run(cursor: Mapping[str, Any] | None, now: datetime) -> Iterator[Batch]:
        batches: Iterator[Batch] = module.collect(settings, cursor, now=now)
        return batches

    _tell(session, [_collect(session, kind, settings.source, run, extractor=module.EXTRACTOR, purposes=purpose)])


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(help="Gather evidence. Repeating a collection adds only what is new.", no_args_is_help=True)
    app.add_typer(group, name="collect")
    _register_git(group)
    _register_files(group)


def _register_git(group: typer.Typer) -> None:
    @command(group, "git", epilog="Example: calibrant collect git ~/clones/*.git")
    def collect_git(
        session: Session,
        clones: Annotated[
            list[Path],
            typer.Argument(exists=True, file_okay=False, help="Local clones; bare, shallow and partial ones too."),
        ],
        name: Name = None,
        ref: Annotated[
            list[str] | None,
            typer.Option("--ref", help="Reference patterns to walk (default: all branches and HEAD)."),
        ] = None,
        content: Annotated[bool, typer.Option("--content", help="A second pass for added imports and tools.")] = False,
        purpose: Purposes = None,
    ) -> None:
        """Collect commits of local clones: authorship, review trailers, paths, line counts. Nothing is fetched or executed."""
        if name is not None and len(clones) > 1:
            raise Refusal("--name names one source", where=name, remedy="collect the clones one by one")
        results = []
        for clone in clones:
            settings = git.Settings(clone=clone, content=content, refs=tuple(ref or git.DEFAULT_REFS))

            def run(cursor: Mapping[str, Any] | None, now: datetime, held: git.Settings = settings) -> Iterator[Batch]:
                return git.collect(held, cursor, now=now)

            label = name or _clone_name(clone)
            lineage = git.lineage(settings)
            given = {"extractor": git.EXTRACTOR, "lineage": lineage, "purposes": purpose}
            results.append(_collect(session, "git", label, run, partial(git.count, settings), **given))
        _tell(session, results)


def _clone_name(clone: Path) -> str:
    """The folder's name; of the folder around it where it is only called .git or the like."""
    path = clone.resolve()
    stem = path.name.removesuffix(".git")
    return stem or path.parent.name.removesuffix(".git")


def _register_files(group: typer.Typer) -> None:
    @command(group, "feedback360", epilog="Example: calibrant collect feedback360 spring.csv --purpose development")
    def collect_feedback(
        session: Session,
        file: File,
        name: Name = None,
        mapping: Mapped = None,
        constant: Constants = None,
        sheet: Sheet = None,
        encoding: Encoding = None,
        purpose: Purposes = None,
        skip_bad_rows: SkipBad = False,
        complete: Complete = False,
    ) -> None:
        """Collect 360-degree feedback: one row per rating, or any export through a mapping."""
        given = {"mapping": mapping, "constants": _constants(constant), "sheet": sheet, "encoding": encoding}
        _file(session, feedback360, file, name, purpose, skip_bad_rows=skip_bad_rows, complete=complete, **given)

    @command(
        group,
        "scorecards",
        epilog="Example: calibrant collect scorecards export.json --mapping greenhouse --subjects hired.csv",
    )
    def collect_scorecards(
        session: Session,
        file: File,
        name: Name = None,
        mapping: Mapped = None,
        subjects: Subjects = None,
        constant: Constants = None,
        sheet: Sheet = None,
        encoding: Encoding = None,
        purpose: Purposes = None,
        skip_bad_rows: SkipBad = False,
        complete: Complete = False,
    ) -> None:
        """Collect interview scorecards: the canonical form, or Greenhouse, Lever and Ashby exports through shipped mappings."""
        given: dict[str, Any] = {
            "mapping": mapping,
            "constants": _constants(constant),
            "sheet": sheet,
            "encoding": encoding,
        }
        given |= {"skip_bad_rows": skip_bad_rows, "complete": complete}
        _file(session, scorecards, file, name, purpose, subjects=subjects, **given)

    @command(group, "table", epilog="Example: calibrant collect table decisions.csv --mapping decisions")
    def collect_table(
        session: Session,
        file: File,
        mapping: Annotated[
            str,
            typer.Option("--mapping", help="A shipped mapping's name (decisions, learning, incidents, ...) or a file."),
        ],
        name: Name = None,
        constant: Constants = None,
        sheet: Sheet = None,
        encoding: Encoding = None,
        purpose: Purposes = None,
        skip_bad_rows: SkipBad = False,
        complete: Complete = False,
    ) -> None:
        """Collect any other signal through a mapping: past decisions, learning, incidents."""
        given = {"mapping": mapping, "constants": _constants(constant), "sheet": sheet, "encoding": encoding}
        _file(session, table, file, name, purpose, skip_bad_rows=skip_bad_rows, complete=complete, **given)
