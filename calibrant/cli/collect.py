"""`collect git|feedback360|scorecards|table`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from calibrant.cli.console import Session, command
from calibrant.collecting import Collected, collect_into
from collectors import feedback360, git, scorecards, table
from db.records import Batch, Purpose

__all__ = ["register"]

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


def _collect(
    session: Session,
    kind: str,
    name: str,
    run: Callable[[Mapping[str, Any] | None, datetime], Iterator[Batch]],
    **extra: Any,
) -> Collected:
    with session.progress(f"collecting {name}") as advance:
        return collect_into(session.ledger, kind, name, run, now=session.now, on_batch=advance, **extra)


def _tell(session: Session, results: list[Collected]) -> None:
    data = [
        {
            "source": r.source.name,
            "kind": r.source.kind,
            "read": r.artefacts,
            "rows_added": r.rows,
            "purposes": [p.value for p in r.purposes],
            **r.talk,
        }
        for r in results
    ]
    lines = [f"{r.source.name}: {r.artefacts} artefacts read, {r.rows} rows added" for r in results]
    for r in results:
        said = [f"{count} {word.replace('_', ' ')}" for word, count in sorted(r.talk.items()) if count]
        if said:
            session.say(f"{r.source.name}: " + ", ".join(said))
        session.say(
            f"{r.source.name} may be read for: {', '.join(p.value for p in r.purposes) or 'nothing'} (change with `calibrant sources grant|revoke`)"
        )
    session.emit(data, lines)


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(help="Gather evidence. Repeating a collection adds only what is new.", no_args_is_help=True)
    app.add_typer(group, name="collect")

    @command(group, "git")
    def collect_git(
        session: Session,
        clones: Annotated[
            list[Path],
            typer.Argument(exists=True, file_okay=False, help="Local clones; bare, shallow and partial ones too."),
        ],
        name: Name = None,
        ref: Annotated[
            list[str] | None, typer.Option("--ref", help="Reference patterns to walk (default: all branches and HEAD).")
        ] = None,
        content: Annotated[bool, typer.Option("--content", help="A second pass for added imports and tools.")] = False,
        purpose: Purposes = None,
    ) -> None:
        """Commits of local clones: authorship, review trailers, paths and line counts. Nothing is fetched or executed."""
        results = []
        for clone in clones:
            settings = git.Settings(clone=clone, refs=tuple(ref or ()) or git.DEFAULT_REFS, content=content)
            label = name if name and len(clones) == 1 else clone.resolve().name.removesuffix(".git")
            results.append(
                _collect(
                    session,
                    "git",
                    label,
                    lambda cursor, now, s=settings: git.collect(s, cursor, now=now),
                    extractor=git.EXTRACTOR,
                    lineage=git.lineage(settings),
                    purposes=purpose,
                )
            )
        _tell(session, results)

    @command(group, "feedback360")
    def collect_feedback(
        session: Session,
        file: File,
        name: Name = None,
        mapping: Mapped = None,
        purpose: Purposes = None,
        skip_bad_rows: SkipBad = False,
        complete: Complete = False,
    ) -> None:
        """360-degree feedback: one row per rating, or any export through a mapping."""
        settings = feedback360.Settings(
            path=file, source=name or file.stem, mapping=mapping, skip_bad_rows=skip_bad_rows, complete=complete
        )
        _tell(
            session,
            [
                _collect(
                    session,
                    "feedback360",
                    settings.source,
                    lambda cursor, now: feedback360.collect(settings, cursor, now=now),
                    extractor=feedback360.EXTRACTOR,
                    purposes=purpose,
                )
            ],
        )

    @command(group, "scorecards")
    def collect_scorecards(
        session: Session,
        file: File,
        name: Name = None,
        mapping: Mapped = None,
        subjects: Annotated[
            Path | None,
            typer.Option(exists=True, dir_okay=False, help="candidate_id, person_id: which candidates became whom."),
        ] = None,
        purpose: Purposes = None,
        skip_bad_rows: SkipBad = False,
        complete: Complete = False,
    ) -> None:
        """Interview scorecards: the canonical form, or Greenhouse, Lever and Ashby exports through shipped mappings."""
        settings = scorecards.Settings(
            path=file,
            source=name or file.stem,
            mapping=mapping,
            subjects=subjects,
            skip_bad_rows=skip_bad_rows,
            complete=complete,
        )
        _tell(
            session,
            [
                _collect(
                    session,
                    "scorecards",
                    settings.source,
                    lambda cursor, now: scorecards.collect(settings, cursor, now=now),
                    extractor=scorecards.EXTRACTOR,
                    purposes=purpose,
                )
            ],
        )

    @command(group, "table")
    def collect_table(
        session: Session,
        file: File,
        mapping: Annotated[
            str,
            typer.Option(
                "--mapping", help="A shipped mapping's name (decisions, learning, incidents, ...) or a mapping file."
            ),
        ],
        name: Name = None,
        purpose: Purposes = None,
        skip_bad_rows: SkipBad = False,
        complete: Complete = False,
    ) -> None:
        """Any other signal through a mapping: past decisions, learning, incidents."""
        settings = table.Settings(
            path=file, source=name or file.stem, mapping=mapping, skip_bad_rows=skip_bad_rows, complete=complete
        )
        _tell(
            session,
            [
                _collect(
                    session,
                    "table",
                    settings.source,
                    lambda cursor, now: table.collect(settings, cursor, now=now),
                    extractor=table.EXTRACTOR,
                    purposes=purpose,
                )
            ],
        )
