"""`calibrate` and `models list|show`: learn from decisions, register a model version, look at those there are."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calibrant.cli.console import Session, command
from calibrant.settings import parse_instant
from db.errors import Refusal
from db.records import ModelVersion, Purpose

if TYPE_CHECKING:
    from calibrant.calibrating import Calibrated

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""

    @command(app, "calibrate", epilog="Example: calibrant calibrate --as-of 2026-09-01 --out reports")
    def calibrate(
        session: Session,
        purpose: Annotated[
            Purpose, typer.Option("--purpose", help="Learn from the sources that this purpose may read.")
        ] = Purpose.PROMOTION,
        as_of: Annotated[
            datetime | None,
            typer.Option(
                "--as-of", parser=parse_instant, metavar="WHEN", help="Learn from decisions up to then (default: now)."
            ),
        ] = None,
        standard: Annotated[
            str | None, typer.Option("--standard", help="Standard to calibrate (default: the one in the settings).")
        ] = None,
        out: Annotated[Path, typer.Option("--out", file_okay=False, help="Folder to write the model card to.")] = Path(
            "reports"
        ),
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Write the card and register nothing: assessments stay as they are.")
        ] = False,
    ) -> None:
        """Learn from committees' decisions how far levels may be trusted, and register it with a model card.

        Each decision is predicted from evidence that ends before its quarter and holds no decision. From 50 people decided on,
        level probabilities are recalibrated; with fewer the card says what is known and nothing is changed. The next
        `calibrant assess` uses the version, and reports withdraw the claims that it did not pass.
        """
        if as_of is not None and as_of > session.now:
            raise Refusal(
                "that moment has not come yet", where="--as-of", remedy="give an earlier one, or leave it out"
            )
        from calibrant.calibrating import (
            calibrate as learn,
        )  # here, because the mathematics takes a second to import and most commands need none
        from calibrant.calibrating import write_card

        with session.progress("calibrating") as advance:
            found = learn(
                session.ledger,
                standard or session.settings.standard,
                purpose=purpose,
                as_of=as_of or session.now,
                known_at=session.now,
                dry_run=dry_run,
                on_step=advance,
            )
        _tell(session, found, write_card(found, out))

    _register_models(app)


def _tell(session: Session, found: Calibrated, files: tuple[Path, ...]) -> None:
    data = {
        "model": found.version.hash,
        "name": found.version.name,
        "registered": found.registered,
        "new": found.new,
        "people": found.card.data.labelled,
        "labels": found.card.data.labels,
        "claims": {name: dict(claim) for name, claim in sorted(found.version.claims.items())},
        "recalibration": found.card.recalibration,
        "files": [str(path) for path in files],
        "warnings": list(found.warnings),
    }
    session.emit(data, [str(path) for path in files])
    if not found.registered:
        session.say(f"dry run: {found.version.hash[:12]} was not registered")
    elif found.new:
        session.say(f"registered model version {found.version.hash[:12]}; the next `calibrant assess` uses it")
    else:
        session.say(f"model version {found.version.hash[:12]} was registered before; nothing is new")
    session.say(f"decided levels: {_told(found.card.data.labels)}; labelled people: {_few(found.card.data.labelled)}")
    session.say(f"recalibration: {found.card.recalibration}")
    for warning in found.warnings:
        session.say(warning)


def _register_models(app: typer.Typer) -> None:
    group = typer.Typer(help="Registered model versions: what was learned from decisions.", no_args_is_help=True)
    app.add_typer(group, name="models")

    @command(group, "list")
    def list_models(session: Session) -> None:
        """List the registered model versions, the first registered first."""
        held = session.ledger.models()
        rows = [
            [
                one.hash[:12],
                one.name,
                one.as_of.date().isoformat(),
                str(one.coefficients.get("purpose", "")),
                _people(one),
                sum(claim.get("holds") is True for claim in one.claims.values()),
            ]
            for one in held
        ]
        columns = ["version", "name", "as of", "purpose", "labelled people", "claims held"]
        session.table("Model versions", columns, rows, empty="none yet: see `calibrant calibrate`")

    @command(group, "show", epilog="Example: calibrant models show 3f9a2c")
    def show(
        session: Session,
        version: Annotated[str, typer.Argument(help="The version's hash or the beginning of it.")],
    ) -> None:
        """Show a model version: its date, what it learned from, and which claims it holds."""
        held = session.ledger.models()
        found = [one for one in held if one.hash.startswith(version)]
        if len(found) != 1:
            known = ", ".join(one.hash[:12] for one in held) or "none yet"
            problem = "several versions begin like that" if found else "no such model version"
            raise Refusal(problem, where=version, remedy=f"registered: {known}")
        one = found[0]
        lines = [
            f"{one.name} {one.hash}",
            f"as of {one.as_of.date().isoformat()}, registered {one.known_at.date().isoformat() if one.known_at else ''}",
            f"standard {one.rubric_hash[:12]}, sources of {one.coefficients.get('purpose')}",
            f"labelled people: {_people(one)}",
        ]
        words = {True: "held", False: "failed", None: "never checked"}
        for name, claim in sorted(one.claims.items()):
            holds: Any = claim.get("holds")
            lines.append(f"  {name}: {words[holds]}: {claim.get('why', '')}")
        data = {
            "hash": one.hash,
            "name": one.name,
            "as_of": one.as_of.isoformat(),
            "standard": one.rubric_hash,
            "purpose": one.coefficients.get("purpose"),
            "claims": {name: dict(claim) for name, claim in sorted(one.claims.items())},
            "card": dict(one.card),
        }
        session.emit(data, lines)


def _people(one: ModelVersion) -> str:
    data: Any = one.card.get("data") or {}
    return _few(data.get("labelled", 0))


def _few(people: int | None) -> str:
    return "fewer than 5" if people is None else str(people)


def _told(labels: int | None) -> str:
    return "not told of so few people" if labels is None else str(labels)
