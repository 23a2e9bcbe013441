"""`rubric list|show|validate|test|diff`."""

from __future__ import annotations

from typing import Annotated

import typer

import rubrics
from calibrant.cli.console import Session, command
from db.errors import BadInput, Refusal

__all__ = ["register"]

Where = Annotated[
    str | None, typer.Argument(help="A shipped standard's name or a folder (default: the one in the settings).")
]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(help="The standard: skills, levels, criteria and role profiles as data.", no_args_is_help=True)
    app.add_typer(group, name="rubric")

    @command(group, "list")
    def list_skills(session: Session, standard: Where = None) -> None:
        """Skills and role profiles of a standard."""
        book = rubrics.load(standard or session.settings.standard)
        rows = [["skill", s.code, s.name, sum(len(level.criteria) for level in s.levels)] for s in book.skills.values()]
        rows += [["role", r.code, r.name, len(r.job_levels)] for r in book.roles.values()]
        session.table(
            f"{book.name} {book.version} ({book.hash[:12]})", ["what", "code", "name", "criteria or job levels"], rows
        )

    @command(group, "show")
    def show(
        session: Session, code: Annotated[str, typer.Argument(help="Code of a skill or role.")], standard: Where = None
    ) -> None:
        """One skill with its levels and criteria, or one role with what it expects."""
        book = rubrics.load(standard or session.settings.standard)
        if code in book.skills:
            session.emit(*rubrics.describe_skill(book.skills[code]))
        elif code in book.roles:
            session.emit(*rubrics.describe_role(book.roles[code]))
        else:
            raise Refusal(
                "no such skill or role", where=code, remedy=f"known: {', '.join([*book.skills, *book.roles])}"
            )

    @command(group, "validate")
    def validate(session: Session, standard: Where = None) -> None:
        """Check a standard's files: every mistake with file, line and remedy."""
        problems = rubrics.validate(standard or session.settings.standard)
        if problems:
            raise BadInput(f"{len(problems)} problems in the standard", problems)
        session.emit({"problems": []}, ["valid"])

    @command(group, "test")
    def test(session: Session, standard: Where = None) -> None:
        """Run every criterion's fixtures through the real evaluator, and say what no collector can observe."""
        results = rubrics.check_fixtures(rubrics.load(standard or session.settings.standard))
        failed = [r for r in results if not r.passed]
        data = {"fixtures": len(results), "failed": [str(r) for r in failed]}
        if failed:
            raise Refusal(f"{len(failed)} of {len(results)} fixtures fail", where="; ".join(str(r) for r in failed[:5]))
        session.emit(data, [f"{len(results)} fixtures pass"])

    @command(group, "diff")
    def diff(session: Session, old: Annotated[str, typer.Argument()], new: Annotated[str, typer.Argument()]) -> None:
        """What changed between two standards, criterion by criterion."""
        changes = rubrics.diff(rubrics.load(old), rubrics.load(new))
        session.emit([str(change) for change in changes], [str(change) for change in changes] or ["no difference"])
