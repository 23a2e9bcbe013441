"""`assess`: infer everybody's levels from what the ledger holds."""

from __future__ import annotations

from typing import Annotated

import typer

from calibrant.assessing import assess_purposes, replay
from calibrant.cli.console import Session, command
from calibrant.settings import parse_instant
from db.records import Purpose

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""

    @command(app, "assess")
    def assess(
        session: Session,
        purpose: Annotated[
            list[Purpose] | None, typer.Option("--purpose", help="Assess for these purposes only (default: all four).")
        ] = None,
        as_of: Annotated[
            str | None, typer.Option("--as-of", help="Judge work done up to this moment (ISO 8601; default: now).")
        ] = None,
        known_at: Annotated[
            str | None, typer.Option("--known-at", help="Use only what the ledger knew at this moment (default: now).")
        ] = None,
        standard: Annotated[
            str | None, typer.Option("--standard", help="Standard to assess by (default: the one in the settings).")
        ] = None,
        replay_run: Annotated[
            str | None, typer.Option("--replay", help="Infer a stored run again and compare instead of storing.")
        ] = None,
    ) -> None:
        """Infer level distributions for everybody in the roster, once for each purpose, from the sources that grant it."""
        if replay_run is not None:
            differences = replay(session.ledger, replay_run)
            session.emit(
                {"run": replay_run, "differences": differences}, differences or ["replayed: the same, byte for byte"]
            )
            return
        moment = parse_instant(as_of) if as_of else session.now
        known = parse_instant(known_at) if known_at else session.now
        with session.progress("assessing") as advance:
            done = assess_purposes(
                session.ledger,
                standard or session.settings.standard,
                purposes=tuple(purpose or Purpose),
                as_of=moment,
                known_at=known,
                on_step=advance,
            )
        rows = [
            [d.purpose.value, d.run, d.people, d.evidence, *(d.states.get(state, 0) for state in d.state_names)]
            for d in done
        ]
        session.table("Assessed", ["purpose", "run", "people", "artefacts", *done[0].state_names], rows)
        for warning in sorted({warning for d in done for warning in d.warnings}):
            session.say(warning)
