"""`sources list|grant|revoke`: what evidence may be read for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import typer

from calibrant.cli.console import Session, command
from calibrant.cli.finding import find_source
from db.records import Purpose

__all__ = ["granted", "register"]

Name = Annotated[str, typer.Argument(help="The source's name, as `sources list` shows it.")]
Purposes = Annotated[list[Purpose], typer.Argument(help="One or more purposes.")]


def granted(purposes: Collection[Purpose]) -> str:
    """Purposes in words, in the order of their list."""
    if set(purposes) == set(Purpose):
        return "every purpose"
    return ", ".join(purpose.value for purpose in Purpose if purpose in purposes) or "nothing"


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(help="Sources of evidence and the purposes each may be read for.", no_args_is_help=True)
    app.add_typer(group, name="sources")

    @command(group, "list")
    def list_sources(session: Session) -> None:
        """List every source, what it may be read for now, and what it holds."""
        held = session.ledger.sources()
        rows = [
            [
                one.source.kind,
                one.source.name,
                granted(one.purposes),
                one.artefacts,
                f"{one.last_collected:%Y-%m-%d %H:%M}" if one.last_collected else None,
            ]
            for one in held
        ]
        data = [
            {
                "source": one.source.id,
                "kind": one.source.kind,
                "name": one.source.name,
                "purposes": sorted(purpose.value for purpose in one.purposes),
                "artefacts": one.artefacts,
                "last_collected": one.last_collected.isoformat() if one.last_collected else None,
                "done": one.done,
            }
            for one in held
        ]
        session.table("Sources", ["kind", "name", "may be read for", "artefacts", "last collected"], rows, data)

    @command(group, "grant", epilog="Example: calibrant sources grant feedback360 promotion")
    def grant(session: Session, name: Name, purposes: Purposes) -> None:
        """Allow reports of these purposes to read the source, from now on."""
        source = find_source(session, name)
        session.ledger.grant(source.id, purposes)
        session.emit(
            {"source": source.name, "granted": [p.value for p in purposes]},
            [f"granted on {source.name}: {', '.join(purposes)}"],
        )

    @command(group, "revoke")
    def revoke(session: Session, name: Name, purposes: Purposes) -> None:
        """Forbid it from now on. Earlier runs stay as they are; the next assessment leaves the source out."""
        source = find_source(session, name)
        session.ledger.revoke(source.id, purposes)
        session.emit(
            {"source": source.name, "revoked": [p.value for p in purposes]},
            [f"revoked on {source.name}: {', '.join(purposes)}"],
        )
