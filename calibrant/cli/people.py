"""`init`, `people import`, `people list`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calibrant.cli.console import Session, command
from collectors import roster

__all__ = ["register"]

File = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, XLSX or JSON; see docs/collect-files.md."),
]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    people = typer.Typer(help="The roster: who works here, since when, in which team and role.", no_args_is_help=True)
    app.add_typer(people, name="people")

    @command(app, "init")
    def init(session: Session) -> None:
        """Create the ledger, or bring it to the newest version. Safe to repeat."""
        session.ledger.init()
        session.emit({"ledger": session.where}, [f"ledger ready: {session.where}"])

    @command(people, "import", epilog="Example: calibrant people import roster.csv --absences absences.csv")
    def import_people(
        session: Session,
        file: File,
        absences: Annotated[
            Path | None, typer.Option(exists=True, dir_okay=False, help="Absences: person_id, absent_from, absent_to.")
        ] = None,
    ) -> None:
        """Import the roster (and absences). Importing an unchanged file changes nothing."""
        book = roster.read(file, now=session.now)
        if absences is not None:
            book = roster.with_absences(book, absences, now=session.now)
        counts = session.ledger.store_roster(book)
        session.emit(
            {"people": len(book.persons), "rows_added": counts.added, "counts": counts.as_mapping()},
            [f"{len(book.persons)} people read, {counts.added} rows added"],
        )

    @command(people, "list")
    def list_people(session: Session) -> None:
        """List the people in the roster, as known now."""
        frame = session.ledger.people(as_of=session.now, known_at=session.now)
        columns = ["key", "name", "team", "role", "job_level", "joined_on", "left_on"]
        heads = ["person", "name", "team", "role", "job level", "joined on", "left on"]
        rows = frame.sort_values("key")[columns].astype(object).where(frame.notna(), None).to_numpy().tolist()
        session.table("People", heads, rows)
