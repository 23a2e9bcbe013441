"""`collect git|feedback360|scorecards|table`; the forges are in `collect_forges`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from calibrant.cli import collect_forges
from calibrant.cli.console import Session, command
from calibrant.cli.gathering import from_clone, from_file, tell
from collectors import feedback360, git, scorecards, table
from db.errors import Refusal
from db.records import Purpose

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
Constants = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A field the file does not hold; repeatable.")
]
Sheet = Annotated[str | None, typer.Option("--sheet", help="Sheet of a workbook (default: the first).")]
Encoding = Annotated[str | None, typer.Option("--encoding", help="Encoding of a CSV file (default: UTF-8).")]
Subjects = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="candidate_id, person_id: which candidates became whom."),
]


def _form(
    mapping: str | None, constant: list[str] | None, sheet: str | None, encoding: str | None, **flags: bool
) -> dict[str, Any]:
    return {"mapping": mapping, "constants": _constants(constant), "sheet": sheet, "encoding": encoding, **flags}


def _constants(pairs: list[str] | None) -> dict[str, str]:
    found = {}
    for pair in pairs or []:
        field, equals, value = pair.partition("=")
        if not equals or not field.strip():
            raise Refusal("--set takes FIELD=VALUE", where=pair, remedy="for example --set cycle=2026")
        found[field.strip()] = value
    return found


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(help="Gather evidence. Repeating a collection adds only what is new.", no_args_is_help=True)
    app.add_typer(group, name="collect")
    _register_git(group)
    _register_files(group)
    collect_forges.register(group)


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
        wanted = tuple(ref or git.DEFAULT_REFS)
        settings = [git.Settings(clone=clone, content=content, refs=wanted) for clone in clones]
        tell(session, [from_clone(session, one, name, purpose) for one in settings])


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
        given = _form(mapping, constant, sheet, encoding, skip_bad_rows=skip_bad_rows, complete=complete)
        tell(session, [from_file(session, feedback360, file, name, purpose, **given)])

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
        given = _form(mapping, constant, sheet, encoding, skip_bad_rows=skip_bad_rows, complete=complete)
        tell(session, [from_file(session, scorecards, file, name, purpose, subjects=subjects, **given)])

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
        given = _form(mapping, constant, sheet, encoding, skip_bad_rows=skip_bad_rows, complete=complete)
        tell(session, [from_file(session, table, file, name, purpose, **given)])
