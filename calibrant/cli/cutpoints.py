"""`cutpoints import|booklet|show|effect`: say where levels begin, see where they do, and what their errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calibrant.cli.console import Session, command
from db.errors import Refusal
from db.records import Purpose, Run, StandardSetting

if TYPE_CHECKING:
    from calibrant.standard_files import Read

__all__ = ["register"]

For = Annotated[
    Purpose | None, typer.Option("--purpose", help="Of the latest run for this purpose (default: the latest run).")
]
Skill = Annotated[str | None, typer.Option("--skill", help="Only this skill.")]

_JUDGES_ASKED = 5
_ROUNDS_ASKED = 2


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(
        help="Where levels begin: standard-setting records, the cutpoints of the latest run, what their errors mean.",
        no_args_is_help=True,
    )
    app.add_typer(group, name="cutpoints")
    _register_import(group)
    _register_looking(group)


def _register_import(group: typer.Typer) -> None:
    @command(group, "import", epilog="Example: calibrant cutpoints import vignettes.yaml")
    def import_standard(
        session: Session,
        file: Annotated[
            Path,
            typer.Argument(
                exists=True, dir_okay=False, readable=True, help="YAML, CSV or XLSX; see docs/standard-setting.md."
            ),
        ],
        standard: Annotated[
            str | None,
            typer.Option("--standard", help="Standard whose skills are meant (default: the one in the settings)."),
        ] = None,
    ) -> None:
        """Keep what judges agreed: vignettes, Bookmark or Angoff judgements. The next `calibrant assess` uses it.

        The last record of a skill and method stands. Judges are numbered; a record that holds anybody's HR id is refused.
        """
        import rubrics
        from calibrant.standard_files import read_standard

        skills = rubrics.load(standard or session.settings.standard).skills
        read = read_standard(file, tuple(skills))
        for part in read:
            _save(session, part)
        records = [part.record for part in read]
        data = [
            {"skill": one.skill, "method": one.method, "rule": one.rule, "judges": one.judges, "rounds": one.rounds}
            for one in records
        ]
        session.emit(data, [f"{one.skill}: {one.method} kept{_panel(one)}" for one in records])
        for one in records:
            for warning in _warnings(one):
                session.say(warning)
        session.say("they count from the next `calibrant assess` on")


def _save(session: Session, one: Read) -> None:
    try:
        session.ledger.save_standard_setting(one.record)
    except Refusal as error:
        raise Refusal(error.what, where=one.place(error.where), remedy=error.remedy) from error


def _panel(one: StandardSetting) -> str:
    return f", {one.judges} judges, {one.rounds} rounds" if one.judges else ""


def _warnings(one: StandardSetting) -> list[str]:
    if one.method == "decisions" or one.record.get("withdrawn"):
        return []
    said = []
    if one.judges < _JUDGES_ASKED:
        said.append(f"{one.skill}: {one.judges} judges; {_JUDGES_ASKED} are asked for")
    if one.rounds < _ROUNDS_ASKED:
        said.append(f"{one.skill}: {one.rounds} rounds; {_ROUNDS_ASKED} are asked for, with talk between them")
    return said


def _register_looking(group: typer.Typer) -> None:
    @command(group, "booklet", epilog="Example: calibrant cutpoints booklet --skill containers --json")
    def booklet(
        session: Session, skill: Annotated[str, typer.Option("--skill", help="The skill.")], purpose: For = None
    ) -> None:
        """List the pages for a Bookmark panel: every threshold of a skill's questions and measures, the easiest first."""
        run = _run(session, purpose)
        pages: Any = _of(run, skill)[skill].get("booklet", [])
        columns = ["page", "source", "item", "at_least", "theta"]
        rows = [
            [page["page"], page["source"], page["item"], page["at_least"], f"{page['theta']:+.2f}"] for page in pages
        ]
        heads = ["page", "source", "item", "at least", "passed two times in three at"]
        data = [{name: page[name] for name in columns} for page in pages]
        session.table(f"Booklet of {skill}", heads, rows, {"run": run.id, "skill": skill, "booklet": data})

    @command(group, "show", epilog="Example: calibrant cutpoints show --skill containers")
    def show(session: Session, skill: Skill = None, purpose: For = None) -> None:
        """Show the cutpoints of the latest run, by skill and source, with rule, standard error, judges and rounds."""
        run = _run(session, purpose)
        found = _of(run, skill)
        data = {name: {key: value for key, value in one.items() if key != "booklet"} for name, one in found.items()}
        rows = [row for name, one in sorted(found.items()) for row in _rows(name, one)]
        heads = ["skill", "source", "1|2", "2|3", "3|4", "4|5", "rule", "judges", "rounds", "cases", "note"]
        session.table("Cutpoints in logits, standard errors after ±", heads, rows, {"run": run.id, "cutpoints": data})

    @command(group, "effect", epilog="Example: calibrant cutpoints effect --purpose gap_analysis")
    def effect(session: Session, skill: Skill = None, purpose: For = None) -> None:
        """Count whose result would read differently were a skill's cutpoints one standard error higher or lower.

        Nobody is named, and no figure speaks of fewer than five people. Counted are results whose levels may be read.
        """
        from calibrant.reporting import stored_cutpoints  # here, because the mathematics takes a second to import
        from calibrant.reports.cut_effect import effect as effect_of

        run = _run(session, purpose)
        wanted = set(_of(run, skill))
        cutpoints = {name: one for name, one in stored_cutpoints(run).items() if name in wanted}
        found = effect_of(session.ledger.assessments(run.id), cutpoints)
        listed = [*found.skills, found.overall] if skill is None else list(found.skills)
        rows = [
            [one.skill, *(_cell(value) for value in (one.people, one.modal, one.level_set, one.state))]
            for one in listed
        ]
        heads = ["skill", "results", "another level", "another set", "another state"]
        data: dict[str, Any] = {"run": run.id, "skills": [asdict(one) for one in found.skills]}
        if skill is None:
            data |= {"overall": asdict(found.overall), "persons": found.persons}
        session.table("Results that one standard error of the cutpoints would change", heads, rows, data)
        if skill is None:
            session.say(f"people with any such result: {_cell(found.persons)}")


def _cell(value: int | None) -> object:
    return "withheld" if value is None else value


def _rows(skill: str, one: Mapping[str, Any]) -> list[list[object]]:
    """One row of the cuts in use and one per source, whose rules the first need not repeat."""
    used = "tied by " + ", ".join(one["anchored_by"]) if one.get("anchored_by") else "relative to the average rater"
    rule, _, moved = one["rule"].partition(", moved as ")
    note = used + (f"; moved as {moved}" if moved else "")
    first: list[object] = [skill, "= used", *_places(one), rule.partition(":")[0], None, None, None, note]
    rest = [
        [
            skill,
            name,
            *_places(of),
            of["rule"],
            of.get("judges"),
            of.get("rounds"),
            of.get("labels"),
            of.get("note") or ("" if of["used"] else "for comparison"),
        ]
        for name, of in sorted(one["by_source"].items())
    ]
    return [first, *rest]


def _places(one: Mapping[str, Any]) -> list[object]:
    cuts, errors = one.get("cuts") or [None] * 4, one.get("se") or [None] * 4
    return [None if cut is None else f"{cut:+.2f} ± {error:.2f}" for cut, error in zip(cuts, errors, strict=True)]


def _run(session: Session, purpose: Purpose | None) -> Run:
    runs = [run for run in session.ledger.runs() if purpose is None or run.purpose == purpose]
    if not runs:
        raise Refusal("nothing has been assessed yet", remedy="run `calibrant assess` first")
    return runs[-1]


def _of(run: Run, skill: str | None) -> dict[str, Any]:
    stored: Any = run.details.get("cutpoints", {})
    if skill is None:
        return dict(stored)
    if skill not in stored:
        raise Refusal("the run has no such skill", where=skill, remedy=f"known: {', '.join(sorted(stored))}")
    return {skill: stored[skill]}
