"""`report packet|self|gap|raters`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calibrant.cli.console import Session, command
from db.errors import Refusal

if TYPE_CHECKING:
    from calibrant.report_files import Written

__all__ = ["register"]

Person = Annotated[str, typer.Argument(help="The person's HR id.")]
Folder = Annotated[Path, typer.Option("--out", file_okay=False, help="Folder to write to.")]


def _tell(session: Session, written: Written) -> None:
    data = {"files": [str(path) for path in written.files], "run": written.run, "audit_head": written.head}
    session.emit(data, [str(path) for path in written.files])


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(help="Promotion packet, self-check, gap analysis and raters.", no_args_is_help=True)
    app.add_typer(group, name="report")

    @command(
        group,
        "packet",
        epilog="Example: calibrant report packet E1134 --role data-scientist --job-level lead",
    )
    def packet(
        session: Session,
        person: Person,
        role: Annotated[str, typer.Option("--role", help="Role profile to hold the case against.")],
        job_level: Annotated[str, typer.Option("--job-level", help="Job level the person is put forward for.")],
        unseal: Annotated[
            bool, typer.Option("--unseal", help="Also open the sealed result; the opening is recorded.")
        ] = False,
        reason: Annotated[
            str | None, typer.Option("--reason", help="Why the seal is opened; kept with the opening.")
        ] = None,
        out: Folder = Path("reports"),
    ) -> None:
        """Write a promotion case: the reading copy with the evidence and no estimate, and on request the sealed result.

        Read the copy and write down your own level first; then open the seal.
        """
        if reason is not None and not unseal:
            raise Refusal("nothing is opened", where="--reason", remedy="add --unseal, or leave the reason out")
        from calibrant.reporting import (
            write_packet,
        )  # here, because the mathematics takes a second to import and most commands need none

        _tell(
            session,
            write_packet(
                session.ledger,
                person,
                role,
                job_level,
                out,
                now=session.now,
                unseal=(reason or "no reason given") if unseal else None,
            ),
        )

    @command(group, "self")
    def self_check(session: Session, person: Person, out: Folder = Path("reports")) -> None:
        """Write what the ledger holds about one person and what follows from it, for that person."""
        from calibrant.reporting import write_self_check

        _tell(session, write_self_check(session.ledger, person, out, now=session.now))

    @command(group, "gap")
    def gap(
        session: Session,
        department: Annotated[str, typer.Option("--department", help="Title of the report.")] = "Department",
        lead_of: Annotated[
            str | None,
            typer.Option("--lead-of", help="For this team's lead: name people a skill rests on alone."),
        ] = None,
        out: Folder = Path("reports"),
    ) -> None:
        """Write the supply of skills against role profiles, by team; unknown apart from absent, small cells withheld."""
        from calibrant.reporting import write_gap

        _tell(session, write_gap(session.ledger, out, now=session.now, department=department, lead_of=lead_of))

    @command(group, "raters")
    def raters(
        session: Session,
        department: Annotated[str, typer.Option("--department", help="Title of the report.")] = "Department",
        rater: Annotated[
            str | None,
            typer.Option("--rater", help="Write this rater's own page instead, for that rater only (HR id)."),
        ] = None,
        out: Folder = Path("reports"),
    ) -> None:
        """Write how people rate (severity, misfit, centrality, halo, bias, drift, linking), with no rater in it; or one rater's own page."""
        from calibrant.rater_reporting import write_rater_page, write_raters

        with session.progress("looking at the raters"):
            if rater is not None:
                written = write_rater_page(session.ledger, rater, out, now=session.now)
            else:
                written = write_raters(session.ledger, out, now=session.now, department=department)
        _tell(session, written)
