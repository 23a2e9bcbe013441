"""`rubric list|show|validate|test|diff`."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

import rubrics
from calibrant.cli.console import Session, command
from calibrant.describing import COLLECTS, describe_role, describe_skill
from db.errors import BadInput, Refusal

__all__ = ["register"]

Where = Annotated[
    str | None, typer.Argument(help="A shipped standard's name or a folder (default: the one in the settings).")
]


class Collector(StrEnum):
    """Collectors as `--with` takes them."""

    GIT = "git"
    GITHUB = "github"
    GITLAB = "gitlab"
    FEEDBACK360 = "feedback360"
    SCORECARDS = "scorecards"
    TABLE = "table"


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(help="The standard: skills, levels, criteria and role profiles as data.", no_args_is_help=True)
    app.add_typer(group, name="rubric")

    @command(group, "list")
    def list_skills(session: Session, standard: Where = None) -> None:
        """List the skills and role profiles of a standard."""
        book = rubrics.load(standard or session.settings.standard)
        rows = [["skill", s.code, s.name, sum(len(level.criteria) for level in s.levels)] for s in book.skills.values()]
        rows += [["role", r.code, r.name, len(r.job_levels)] for r in book.roles.values()]
        session.table(
            f"{book.name} {book.version} ({book.hash[:12]})", ["what", "code", "name", "criteria or job levels"], rows
        )

    @command(group, "show", epilog="Example: calibrant rubric show ml-pipelines")
    def show(
        session: Session, code: Annotated[str, typer.Argument(help="Code of a skill or role.")], standard: Where = None
    ) -> None:
        """Show one skill with its levels and criteria, or one role with what it expects."""
        book = rubrics.load(standard or session.settings.standard)
        if code in book.skills:
            data, lines = describe_skill(book.skills[code])
            items = sorted(book.skills[code].signals.items)
            said = textwrap.wrap(f"rated on forms as: {', '.join(items)}", 80) if items else []
            session.emit({**data, "items": items}, [*lines, "", *said] if said else lines)
        elif code in book.roles:
            session.emit(*describe_role(book.roles[code], book))
        else:
            raise Refusal(
                "no such skill or role", where=code, remedy=f"known: {', '.join([*book.skills, *book.roles])}"
            )

    _register_checks(group)


def _register_checks(group: typer.Typer) -> None:
    @command(group, "validate")
    def validate(session: Session, standard: Where = None) -> None:
        """Check a standard's files: every mistake with file, line and remedy."""
        problems = rubrics.validate(standard or session.settings.standard)
        if problems:
            raise BadInput(f"{len(problems)} problems in the standard", problems)
        session.emit({"problems": []}, ["valid"])

    @command(group, "test", epilog="Example: calibrant rubric test --with git --with feedback360")
    def test(
        session: Session,
        standard: Where = None,
        collectors: Annotated[
            list[Collector] | None,
            typer.Option("--with", help="Say what these collectors alone cannot show (default: all of them)."),
        ] = None,
    ) -> None:
        """Run every criterion's fixtures through the real evaluator, and say which criteria no collector can observe."""
        book = rubrics.load(standard or session.settings.standard)
        results = rubrics.check_fixtures(book)
        failed = [result for result in results if not result.passed]
        if failed:
            raise Refusal(
                f"{len(failed)} of {len(results)} fixtures fail", where="; ".join(str(one) for one in failed[:5])
            )
        used = [one.value for one in collectors or Collector]
        blind = rubrics.uncovered(book, kinds=set().union(*(COLLECTS[name] for name in used)))
        data = {"fixtures": len(results), "collectors": used, "not_observable": [asdict(one) for one in blind]}
        said = f"{len(blind)} of {len(book.criteria)} criteria cannot be observed with {', '.join(used)}"
        session.emit(data, [f"{len(results)} fixtures pass", said, *(f"  {one}" for one in blind)])

    @command(group, "diff", epilog="Example: calibrant rubric diff aiml our-standard/")
    def diff(
        session: Session,
        old: Annotated[str, typer.Argument(help="A shipped standard's name or a folder.")],
        new: Annotated[str, typer.Argument(help="The same.")],
    ) -> None:
        """Tell what changed between two standards, criterion by criterion."""
        changes = rubrics.diff(rubrics.load(old), rubrics.load(new))
        session.emit([asdict(one) for one in changes], [str(one) for one in changes] or ["no difference"])
