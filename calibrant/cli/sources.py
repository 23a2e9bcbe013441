"""`sources list|grant|revoke`: what evidence may be read for."""

from __future__ import annotations

from typing import Annotated

import typer

from calibrant.cli.console import Session, command
from db.errors import Refusal
from db.records import Purpose, Source

__all__ = ["register"]

Name = Annotated[str, typer.Argument(help="The source's name, as `sources list` shows it.")]
Purposes = Annotated[list[Purpose], typer.Argument(help="One or more purposes.")]


def _find(session: Session, name: str) -> Source:
    found = [status.source for status in session.ledger.sources() if name in (status.source.name, status.source.id)]
    if len(found) != 1:
        known = ", ".join(status.source.name for status in session.ledger.sources()) or "none yet"
        raise Refusal(
            "no such source" if not found else "several sources have that name", where=name, remedy=f"known: {known}"
        )
    return found[0]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(help="Sources of evidence and the purposes each may be read for.", no_args_is_help=True)
    app.add_typer(group, name="sources")

    @command(group, "list")
    def list_sources(session: Session) -> None:
        """Every source, what it grants now, and what it holds."""
        rows = [
            [
                s.source.kind,
                s.source.name,
                ", ".join(sorted(p.value for p in s.purposes)) or "nothing",
                s.artefacts,
                s.last_collected,
            ]
            for s in session.ledger.sources()
        ]
        session.table("Sources", ["kind", "name", "may be read for", "artefacts", "last collected"], rows)

    @command(group, "grant")
    def grant(session: Session, name: Name, purposes: Purposes) -> None:
        """Allow reports of these purposes to read the source, from now on."""
        source = _find(session, name)
        session.ledger.grant(source.id, purposes)
        session.emit(
            {"source": source.name, "granted": [p.value for p in purposes]},
            [f"granted on {source.name}: {', '.join(purposes)}"],
        )

    @command(group, "revoke")
    def revoke(session: Session, name: Name, purposes: Purposes) -> None:
        """Forbid it from now on. Earlier runs stay as they are; the next assessment leaves the source out."""
        source = _find(session, name)
        session.ledger.revoke(source.id, purposes)
        session.emit(
            {"source": source.name, "revoked": [p.value for p in purposes]},
            [f"revoked on {source.name}: {', '.join(purposes)}"],
        )
