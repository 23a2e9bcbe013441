"""`dispute`, `reply`, `erase`, `retention run`, `export assessments|evidence`, `audit verify`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from calibrant.cli.console import Session, command
from calibrant.exporting import assessment_rows
from db.errors import BadInput, Problem, Refusal
from db.packets import verify_packet
from db.records import Purpose, Retention

__all__ = ["register"]

Person = Annotated[str, typer.Argument(help="The person's HR id.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    _register_people(app)
    _register_retention(app)
    _register_export(app)
    _register_audit(app)


def _register_people(app: typer.Typer) -> None:
    @command(app, "dispute")
    def dispute(
        session: Session,
        person: Person,
        target: Annotated[
            str, typer.Argument(help="Evidence id from a report, identity:ID, or the id of a dispute to resolve.")
        ],
        reason: Reason,
        resolve: Annotated[
            str | None, typer.Option("--resolve", help="upheld (leave it out for good) or dismissed (count it again).")
        ] = None,
    ) -> None:
        """Contest a piece of evidence or an identity. It is left out of inference while the dispute is open."""
        if resolve is None:
            opened = session.ledger.open_dispute(person, target, reason)
            session.emit(
                {"dispute": opened.id, "state": opened.state},
                [f"dispute {opened.id} is open; the next `calibrant assess` leaves {target} out"],
            )
            return
        if resolve not in ("upheld", "dismissed"):
            raise Refusal("a dispute is resolved as upheld or dismissed", where=resolve)
        closed = session.ledger.resolve_dispute(target, resolve, reason)
        session.emit({"dispute": closed.id, "state": closed.state}, [f"dispute {closed.id} is {closed.state}"])

    @command(app, "reply")
    def reply(
        session: Session,
        person: Person,
        text: Annotated[str, typer.Argument(help="What the person wants every reader of a packet to know.")],
    ) -> None:
        """Record the subject's reply. It is printed in packets and never scored."""
        session.ledger.add_reply(person, text)
        session.emit({"person": person, "recorded": True}, ["reply recorded; packets made from now on print it"])

    @command(app, "erase")
    def erase(
        session: Session,
        person: Person,
        reason: Reason,
        yes: Annotated[bool, typer.Option("--yes", help="Really destroy it; there is no way back.")] = False,
    ) -> None:
        """Destroy a person's evidence, identities and name. Tombstones stay so that the chain still verifies."""
        if not yes:
            raise Refusal("erasure cannot be undone", where=person, remedy="add --yes to go ahead")
        report = session.ledger.erase_person(person, reason=reason)
        session.emit(
            report.as_dict(),
            [
                f"erased {report.evidence} evidence rows and {report.identities} identities; {report.assessments} assessments rested on them: run `calibrant assess` again"
            ],
        )


def _register_retention(app: typer.Typer) -> None:
    group = typer.Typer(help="How long evidence is kept.", no_args_is_help=True)
    app.add_typer(group, name="retention")

    @command(group, "run")
    def run(session: Session) -> None:
        """Destroy what is older than its retention class allows (see docs/settings.md)."""
        settings = session.settings
        policy = {
            Retention.ACTIVITY: settings.retention_activity_days,
            Retention.FEEDBACK: settings.retention_feedback_days,
            Retention.INTERVIEW: settings.retention_interview_days,
            Retention.DECISION: settings.retention_decision_days,
        }
        report = session.ledger.run_retention(policy)
        erased = {key.value: count for key, count in report.erased.items()}
        session.emit(erased, [f"{name}: {count} rows destroyed" for name, count in sorted(erased.items())])


def _register_export(app: typer.Typer) -> None:
    group = typer.Typer(help="Canonical exports, one JSON object per line.", no_args_is_help=True)
    app.add_typer(group, name="export")

    @command(group, "evidence")
    def export_evidence(session: Session) -> None:
        """Every current artefact with its facts, sorted; the same bytes from any ledger that holds the same evidence."""
        for row in session.ledger.export_evidence(as_of=session.now, known_at=session.now):
            sys.stdout.write(json.dumps(row, ensure_ascii=True, sort_keys=True, separators=(",", ":")) + "\n")

    @command(group, "assessments")
    def export_assessments(
        session: Session,
        purpose: Annotated[Purpose, typer.Option("--purpose", help="Whose latest run.")] = Purpose.DEVELOPMENT,
    ) -> None:
        """The latest run's level distributions, people by HR id in alphabetical order: never a ranking."""
        for row in assessment_rows(session.ledger, purpose, now=session.now):
            sys.stdout.write(json.dumps(row, ensure_ascii=True, sort_keys=True, separators=(",", ":")) + "\n")


def _register_audit(app: typer.Typer) -> None:
    group = typer.Typer(help="The hash chain over everything the ledger did.", no_args_is_help=True)
    app.add_typer(group, name="audit")

    @command(group, "verify")
    def verify(
        session: Session,
        packet: Annotated[
            Path | None, typer.Argument(exists=True, dir_okay=False, help="A packet's JSON file, checked offline.")
        ] = None,
    ) -> None:
        """Verify the whole ledger, or one packet without it."""
        if packet is None:
            report = session.ledger.verify()
            if report.problems:
                raise BadInput(
                    f"the ledger does not verify: {len(report.problems)} problems",
                    [Problem("ledger", 0, "", text) for text in report.problems],
                )
            session.emit(
                {"events": report.events, "rows": report.rows, "head": report.head},
                [f"verified: {report.events} events, {report.rows} rows, head {report.head}"],
            )
            return
        try:
            body = json.loads(packet.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadInput("not a packet", [Problem(str(packet), 0, "", f"not JSON: {error}")]) from error
        problems = verify_packet(body)
        if problems:
            raise BadInput(
                f"the packet does not verify: {len(problems)} problems",
                [Problem(str(packet), 0, "", text) for text in problems],
            )
        session.emit(
            {"packet": str(packet), "head": body["seal"]["head"]},
            [f"verified against audit head {body['seal']['head']}"],
        )
