"""The raters' report as one long table: a row per figure, inert in any spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from calibrant.reports.rater_results import Raters
from collectors.text import neutral_cell

__all__ = ["RATER_COLUMNS", "rater_rows", "raters_csv"]

RATER_COLUMNS = ("section", "name", "of", "value", "low", "high", "n", "words")
"""n: raters, people or marks behind the value. words: what stands where no number may."""


def rater_rows(report: Raters) -> Iterator[tuple[object, ...]]:
    """Rows in the order of `RATER_COLUMNS`; withheld numbers are None."""
    yield from _of_raters(report)
    yield from _of_groups(report)
    for item in report.items:
        of = f"{item.attribute} {item.group}"
        yield "item", item.item, of, item.estimate, item.low, item.high, item.people, ""
    for one in report.shifts:
        yield "shift", one.item, one.source, one.index, None, one.chance, one.after, f"{one.before} marks before"
    for skill in report.validity:
        words = f"{skill.people} people: {skill.verdict}"
        yield "git and humans", skill.skill, "", skill.correlation, skill.low, skill.high, None, words


def _of_raters(report: Raters) -> Iterator[tuple[object, ...]]:
    for spread in (*report.spreads, *([report.drift] if report.drift else [])):
        for place, group in enumerate(spread.groups, start=1):
            yield "spread", spread.measure, f"group {place}", group.mean, None, None, group.raters, ""
    for relation in report.relations:
        if relation.figures is None:
            yield "relation", relation.name, "", None, None, None, None, "withheld"
        for measure, value in (relation.figures or {}).items():
            yield "relation", relation.name, measure, value, None, None, relation.raters, ""
    for flag in report.flags:
        yield "flag", flag.name, "", None, None, None, None, flag.raters
    if report.flags:
        yield "flag", "drift", "", None, None, None, None, report.drifting


def _of_groups(report: Raters) -> Iterator[tuple[object, ...]]:
    for effect in (*report.effects, *([report.reciprocity] if report.reciprocity else [])):
        figures = (effect.estimate, effect.low, effect.high, effect.marks)
        yield f"effect: {effect.kind}", effect.rated_by, effect.rated, *figures, effect.verdict
    for one in report.boundaries:
        words = f"{one.bridges} raters in both, {one.shared} people from both{', thin' if one.thin else ''}"
        yield "boundary", one.first, one.second, None, None, None, None, words
    for scale in report.agreement:
        words = "withheld" if scale.marks is None else ""
        yield "agreement", scale.scale, "Krippendorff's alpha", scale.alpha, scale.low, scale.high, scale.marks, words


def raters_csv(report: Raters) -> str:
    """RFC 4180 text; cells that a spreadsheet could take for a formula start with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(RATER_COLUMNS)
    writer.writerows([neutral_cell(value) for value in row] for row in rater_rows(report))
    return out.getvalue()
