"""`assess`: infer everybody's levels from what the ledger holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from calibrant.cli.console import Session, command
from calibrant.cli.finding import find_run, short_ids
from calibrant.settings import parse_instant
from db.errors import Refusal
from db.records import Purpose

if TYPE_CHECKING:
    from calibrant.assessing import Assessed

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""

    @command(app, "assess", epilog="Example: calibrant assess --as-of 2026-06-30 --purpose promotion")
    def assess(
        session: Session,
        purpose: Annotated[
            list[Purpose] | None, typer.Option("--purpose", help="Assess for these purposes only (default: all four).")
        ] = None,
        as_of: Annotated[
            datetime | None,
            typer.Option(
                "--as-of",
                parser=parse_instant,
                metavar="WHEN",
                help="Judge work done up to then (ISO 8601; default: now).",
            ),
        ] = None,
        known_at: Annotated[
            datetime | None,
            typer.Option(
                "--known-at", parser=parse_instant, metavar="WHEN", help="Use what the ledger knew then (default: now)."
            ),
        ] = None,
        standard: Annotated[
            str | None, typer.Option("--standard", help="Standard to assess by (default: the one in the settings).")
        ] = None,
        replay_run: Annotated[
            str | None,
            typer.Option("--replay", metavar="RUN", help="Infer a stored run again and compare instead of storing."),
        ] = None,
    ) -> None:
        """Infer level distributions for everybody in the roster, once per purpose, from the sources that grant it.

        Reports read the run stored last for their purpose, whatever moments it was made for.
        """
        if replay_run is not None:
            if purpose or as_of or known_at or standard:
                raise Refusal(
                    "a stored run keeps its purpose, moments and standard", where="--replay", remedy="give it alone"
                )
            _replay(session, replay_run)
            return
        for option, moment in (("--as-of", as_of), ("--known-at", known_at)):
            if moment is not None and moment > session.now:
                raise Refusal(
                    "that moment has not come yet", where=option, remedy="give an earlier one, or leave it out"
                )
        from calibrant.assessing import (
            assess_purposes,
        )  # here, because the mathematics takes a second to import and most commands need none

        with session.progress("assessing", total=len(purpose or Purpose)) as advance:
            done = assess_purposes(
                session.ledger,
                standard or session.settings.standard,
                purposes=tuple(purpose or Purpose),
                as_of=as_of or session.now,
                known_at=known_at or session.now,
                on_step=advance,
            )
        _tell(session, done)


def _replay(session: Session, text: str) -> None:
    from calibrant.assessing import replay

    run = find_run(session, text)
    with session.progress("inferring again"):
        differences = replay(session.ledger, run)
    session.emit({"run": run, "differences": differences}, differences or ["replayed: the same, byte for byte"])


def _tell(session: Session, done: Sequence[Assessed]) -> None:
    """One column per purpose, because there are at most four and the rows have long names."""
    data = [
        {
            "purpose": one.purpose.value,
            "run": one.run,
            "model": one.model,
            "people": one.people,
            "artefacts": one.evidence,
            "states": {state: one.states.get(state, 0) for state in one.state_names},
            "warnings": list(one.warnings),
        }
        for one in done
    ]
    short = short_ids([one.run for one in done] + [run.id for run in session.ledger.runs()])
    rows: list[list[object]] = [
        ["run", *(short[one.run] for one in done)],
        ["people", *(one.people for one in done)],
        ["artefacts", *(one.evidence for one in done)],
        ["model", *(one.model.partition(" (")[0] for one in done)],
        *([state, *(one.states.get(state, 0) for one in done)] for state in done[0].state_names),
    ]
    session.table("Assessed: levels by state", ["", *(one.purpose.value for one in done)], rows, data)
    for model in dict.fromkeys(one.model for one in done):
        of = [one.purpose.value for one in done if one.model == model]
        session.say(f"model of {', '.join(of) if len(of) < len(done) else 'every purpose'}: {model}")
    for warning in sorted({warning for one in done for warning in one.warnings}):
        session.say(warning)
    if not any(one.people for one in done):
        session.say("nobody is in the roster: import it with `calibrant people import`")
