"""`dispute`, `reply`, `erase`, `retention run`, `export assessments|evidence`, `audit verify`."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from calibrant.cli.console import Session, command
from calibrant.cli.finding import find_dispute, find_target
from calibrant.exporting import assessment_rows
from db.errors import BadInput, Problem, Refusal
from db.packets import verify_packet
from db.records import Purpose, Retention

__all__ = ["register"]

Person = Annotated[str, typer.Argument(help="The person's HR id.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept.")]

_SHOWN: Final = 20


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    _register_disputes(app)
    _register_erasure(app)
    _register_export(app)
    _register_audit(app)


class Verdict(StrEnum):
    """How a dispute ends."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


def _register_disputes(app: typer.Typer) -> None:
    @command(app, "dispute", epilog='Example: calibrant dispute E1134 440b30db0c39 --reason "a colleague wrote this"')
    def dispute(
        session: Session,
        person: Person,
        target: Annotated[
            str, typer.Argument(help="Evidence id from a report, identity:ID, or the id of a dispute to resolve.")
        ],
        reason: Reason,
        resolve: Annotated[
            Verdict | None,
            typer.Option("--resolve", help="End it: upheld leaves it out for good, dismissed counts it."),
        ] = None,
    ) -> None:
        """Contest a piece of evidence or an identity. It is left out of inference while the dispute is open."""
        if resolve is None:
            opened = session.ledger.open_dispute(person, find_target(session, person, target), reason)
            said = f"dispute {opened.id} is open; the next `calibrant assess` leaves {target} out"
            session.emit({"dispute": opened.id, "state": opened.state}, [said])
            return
        found = find_dispute(session, target)
        held = next(one for one in session.ledger.disputes() if one.id == found)
        if held.person != session.ledger.person_id(person):
            raise Refusal("that dispute is somebody else's", where=target, remedy="`calibrant disputes` shows whose")
        closed = session.ledger.resolve_dispute(found, resolve.value, reason)
        session.emit({"dispute": closed.id, "state": closed.state}, [f"dispute {closed.id} is {closed.state}"])

    @command(app, "disputes")
    def disputes(session: Session) -> None:
        """List the disputes in their present state."""
        people = session.ledger.people(as_of=session.now, known_at=session.now)
        keys = dict(zip(people["person"], people["key"], strict=True))
        found = session.ledger.disputes()
        data = [{**asdict(one), "person": keys.get(one.person), "known_at": one.known_at.isoformat()} for one in found]
        columns = ("id", "person", "state", "target", "reason")
        session.table("Disputes", columns, [[one[name] for name in columns] for one in data], data)

    @command(app, "reply")
    def reply(
        session: Session,
        person: Person,
        text: Annotated[str, typer.Argument(help="What the person wants every reader of a packet to know.")],
    ) -> None:
        """Record the subject's reply. It is printed in packets and never scored."""
        if not text.strip():
            raise Refusal("the reply is empty", where=person, remedy="write what the person wants readers to know")
        session.ledger.add_reply(person, text)
        session.emit({"person": person, "recorded": True}, ["reply recorded; packets made from now on print it"])


def _register_erasure(app: typer.Typer) -> None:
    @command(app, "erase", epilog='Example: calibrant erase E1134 --reason "request of 3 May" --yes')
    def erase(
        session: Session,
        person: Person,
        reason: Annotated[str, typer.Option("--reason", help="Why; kept for good, so name nobody in it.")],
        yes: Annotated[bool, typer.Option("--yes", help="Really destroy it; there is no way back.")] = False,
    ) -> None:
        """Destroy a person's evidence, identities and name, then infer again what rested on them and tell the difference.

        Tombstones stay so that the audit chain still verifies; collecting again does not bring anything back. Refused while
        an identity of theirs is linked to somebody else too or contested: settle that with `identities split` first.
        """
        if not yes:
            raise Refusal("erasure cannot be undone", where=person, remedy="add --yes to go ahead")
        session.ledger.person_id(person)
        report = session.ledger.erase_person(person, reason=reason)
        after, said = _inferred_again(session, report.affected_runs)
        counts = {name: value for name, value in asdict(report).items() if isinstance(value, int)}
        session.emit(
            {**counts, "affected_runs": list(report.affected_runs), **after},
            [
                f"erased {report.evidence} evidence rows, {report.identities} identities and {report.records} other records",
                f"{report.suppressions} suppression entries keep them from coming back",
                *said,
            ],
        )

    group = typer.Typer(help="How long evidence is kept.", no_args_is_help=True)
    app.add_typer(group, name="retention")

    @command(group, "run")
    def run(session: Session) -> None:
        """Destroy what is older than its retention class allows (days per class: docs/settings.md)."""
        settings = session.settings
        policy = {
            Retention.ACTIVITY: settings.retention_activity_days,
            Retention.FEEDBACK: settings.retention_feedback_days,
            Retention.INTERVIEW: settings.retention_interview_days,
            Retention.DECISION: settings.retention_decision_days,
        }
        report = session.ledger.run_retention(policy)
        after, said = _inferred_again(session, report.affected_runs)
        erased = dict(sorted(report.evidence.items()))
        lines = [f"{name}: {count} evidence rows destroyed" for name, count in erased.items()]
        session.emit(
            {
                "evidence": erased,
                "decisions": report.decisions,
                "affected_runs": list(report.affected_runs),
                **after,
            },
            [*lines, f"recorded decisions: {report.decisions} destroyed", *said],
        )


def _inferred_again(session: Session, affected: Collection[str]) -> tuple[dict[str, object], list[str]]:
    """What becomes of the latest runs without what was erased, as data and as lines."""
    if not affected:
        return {"changes": [], "slight_changes": 0}, ["no stored run rested on them"]
    from calibrant.consequences import (
        consequences,
    )  # here, because the mathematics takes a second to import and most commands need none

    with session.progress("inferring again") as advance:
        found = consequences(session.ledger, affected, on_step=advance)
    people = session.ledger.people(as_of=session.now, known_at=session.now)
    keys = dict(zip(people["person"], people["key"], strict=True))
    changes = [{**asdict(one), "person": keys.get(one.person, one.person)} for one in found.changes]
    lines = [f"  {one['purpose']} {one['person']} {one['skill']}: {one['before']} -> {one['after']}" for one in changes]
    more = [f"  and {len(lines) - _SHOWN} more; --json lists all"] if len(lines) > _SHOWN else []
    head = (
        f"inferred again without them: {len(changes)} results read differently, {found.slight} differ in figures only"
    )
    data = {"changes": changes, "slight_changes": found.slight}
    return data, [head, *lines[:_SHOWN], *more, "run `calibrant assess` to store it"]


def _register_export(app: typer.Typer) -> None:
    group = typer.Typer(help="Canonical exports, one JSON object per line.", no_args_is_help=True)
    app.add_typer(group, name="export")

    @command(group, "evidence")
    def export_evidence(session: Session) -> None:
        """Export every current artefact with its facts, sorted; the same bytes from any ledger that holds the same evidence.

        It says who rated whom: keep it as closely as the ledger.
        """
        for row in session.ledger.export_evidence(as_of=session.now, known_at=session.now):
            sys.stdout.write(json.dumps(row, ensure_ascii=True, sort_keys=True, separators=(",", ":")) + "\n")

    @command(group, "assessments")
    def export_assessments(
        session: Session,
        purpose: Annotated[Purpose, typer.Option("--purpose", help="Whose latest run.")] = Purpose.DEVELOPMENT,
    ) -> None:
        """Export the latest run's level distributions, people by HR id in alphabetical order: never a ranking."""
        for row in assessment_rows(session.ledger, purpose, now=session.now):
            sys.stdout.write(json.dumps(row, ensure_ascii=True, sort_keys=True, separators=(",", ":")) + "\n")


def _register_audit(app: typer.Typer) -> None:
    group = typer.Typer(help="The hash chain over everything the ledger did.", no_args_is_help=True)
    app.add_typer(group, name="audit")

    @command(group, "verify", epilog="Example: calibrant audit verify reports/packet-E1134-data-scientist-lead.json")
    def verify(
        session: Session,
        packet: Annotated[
            Path | None, typer.Argument(exists=True, dir_okay=False, help="A packet's JSON file, checked offline.")
        ] = None,
        head: Annotated[
            str | None, typer.Option("--head", help="A head printed on a packet: the ledger's chain must hold it.")
        ] = None,
    ) -> None:
        """Verify the whole ledger, or one packet without it."""
        if packet is None:
            _verify_ledger(session, head)
        elif head is not None:
            raise Refusal("a packet holds its own head", where="--head", remedy="leave one of the two out")
        else:
            _verify_packet(session, packet)


def _verify_ledger(session: Session, head: str | None) -> None:
    report = session.ledger.verify(head)
    if not report.sound:
        raise BadInput(
            f"the ledger does not verify: {len(report.problems)} problems",
            [Problem("ledger", 0, "", text) for text in report.problems],
        )
    session.emit(
        {"events": report.events, "rows": report.rows, "erased": report.erased, "head": report.head},
        [
            f"verified: {report.events} events, {report.rows} rows, {report.erased} of them erased",
            f"head {report.head}",
        ],
    )


def _verify_packet(session: Session, packet: Path) -> None:
    try:
        body = json.loads(packet.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadInput("not a packet", [Problem(str(packet), 0, "", f"not JSON: {error}")]) from error
    problems = verify_packet(body)
    if problems:
        raise BadInput(
            f"the packet does not verify: {len(problems)} problems",
            [Problem(str(packet), 0, "", text) for text in problems],
        )
    seal = body["seal"]
    session.emit(
        {"packet": str(packet), "cited": len(seal["cited"]), "head": seal["head"]},
        [f"packet verified: {len(seal['cited'])} cited artefacts", f"head {seal['head']}"],
    )
