"""The five charts: evidence over time, level distributions, supply by level, the heat map of skills by team, and reliability.

One Vega-Lite chart per figure (the renderer costs more to start than to draw). Values are inline, names reach the
chart as data only, and every figure has a table or list beside it that says the same.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from itertools import accumulate

import altair as alt

from calibrant.reports.evidence_text import month_text
from calibrant.reports.gap import Gap, SkillSupply, TeamSupply
from calibrant.reports.model_card import CurvePoint
from calibrant.reports.svg import draw
from calibrant.reports.timeline import Timeline

__all__ = ["distributions_svg", "heat_map_svg", "reliability_svg", "supply_svg", "timeline_svg"]

INK, MUTED, RULE, PALE = "#1d2a35", "#5a6772", "#d9dee2", "#f1f3f4"
DEEP, LIGHT, WARM, UNKNOWN = "#1f6a74", "#a9cdd0", "#b3541e", "#c9ced3"
LEVEL_COLOURS = ("#d7e8e7", "#a9cdd0", "#6fabb1", "#37848d", "#15525b")
_FONT = "Arial, Liberation Sans, Helvetica, sans-serif"
_LABEL_WIDTH = 214
_LABEL_COLUMNS = 36
_TEAM_COLUMNS = 14
_BARS_WIDTH = 330
_LEVELS = ("1", "2", "3", "4", "5")
_LABELLED = 0.045


def _svg(chart: alt.LayerChart | alt.FacetChart | alt.HConcatChart, label: str) -> str:
    styled = (
        chart.configure(font=_FONT, background="transparent", padding=2)
        .configure_view(stroke=None)
        .configure_axis(
            domain=False,
            ticks=False,
            grid=False,
            labelColor=INK,
            labelFontSize=11,
            titleColor=MUTED,
            titleFontSize=10.5,
            titleFontWeight="normal",
        )
        .configure_legend(
            labelColor=INK,
            labelFontSize=10.5,
            titleColor=MUTED,
            titleFontSize=10.5,
            symbolStrokeWidth=0,
            titleFontWeight="normal",
        )
    )
    return draw(json.dumps(styled.to_dict(), sort_keys=True), label)


def _rows(names: Sequence[str]) -> alt.Y:
    axis = alt.Axis(title=None, labelLimit=0, labelPadding=8, minExtent=_LABEL_WIDTH + 8)
    return alt.Y("skill:N", sort=list(names), scale=alt.Scale(domain=list(names), paddingInner=0.16), axis=axis)


def timeline_svg(timeline: Timeline) -> str:
    """One row per skill, one column per month: dark where others accepted the work, a dot where evidence speaks against."""
    names = dict(zip(timeline.skills, _distinct(timeline.skills), strict=True))
    marks = [{"skill": names[mark.skill], "month": mark.month, "shows": mark.shows} for mark in timeline.marks]
    cells = [mark for mark in marks if mark["shows"] != "against"]
    against = [mark for mark in marks if mark["shows"] == "against"]
    grid = [{"skill": name, "month": month} for name in names.values() for month in timeline.months]
    quarters = [month for month in timeline.months if month[-2:] in {"01", "04", "07", "10"}]
    texts = json.dumps({month: month_text(month) for month in quarters})
    axis = alt.Axis(
        title=None, values=quarters, labelAngle=0, labelExpr=f"{texts}[datum.value]", orient="bottom", labelColor=MUTED
    )
    x = alt.X("month:O", scale=alt.Scale(domain=list(timeline.months), paddingInner=0.12), axis=axis)
    y = _rows(list(names.values()))
    colour = alt.Color("shows:N", scale=alt.Scale(domain=["reviewed", "other"], range=[DEEP, LIGHT]), legend=None)
    layers = [
        alt.Chart(alt.InlineData(values=grid)).mark_rect(color=PALE).encode(x=x, y=y),
        alt.Chart(alt.InlineData(values=cells)).mark_rect().encode(x=x, y=y, color=colour),
        alt.Chart(alt.InlineData(values=against))
        .mark_point(filled=True, size=34, color=WARM, opacity=1)
        .encode(x=x, y=y),
    ]
    chart = alt.layer(*layers).properties(width=440, height=alt.Step(19))
    months = f"{month_text(timeline.months[0])} to {month_text(timeline.months[-1])}"
    return _svg(chart, f"Months in which work on each skill was seen, {months}; the counts stand in the table.")


def _label(probability: float) -> str:
    """Whole per cent on a bar, never a false 100; nothing on a bar too low to carry it."""
    if probability > 0.99:
        return ">99"
    return f"{round(probability * 100)}" if probability >= _LABELLED else ""


def distributions_svg(rows: Sequence[tuple[str, Sequence[float], tuple[int, int], int | None]]) -> str:
    """rows: name, five probabilities, 90 % set, expected level or None. Bars in the set are dark ((0, 0): none); a notch marks the level."""
    names = _distinct([name for name, *_ in rows])
    bars = [
        {
            "name": name,
            "level": str(level),
            "p": round(probability, 3),
            "inside": low <= level <= high,
            "text": _label(probability),
            "notch": level == expected,
            "zero": 0,
        }
        for name, (_, probabilities, (low, high), expected) in zip(names, rows, strict=True)
        for level, probability in enumerate(probabilities, start=1)
    ]
    top = max([0.6, *(max(probabilities) for _, probabilities, *_ in rows)])
    header = alt.Header(title=None, labels=False)
    x = alt.X(
        "level:O", scale=alt.Scale(domain=list(_LEVELS), paddingInner=0.14), axis=alt.Axis(title=None, labelAngle=0)
    )
    y = alt.Y("p:Q", scale=alt.Scale(domain=[-0.24 * top, 1.3 * top], nice=False), axis=None)
    baseline = alt.Y("zero:Q", axis=None)
    colour = alt.Color("inside:N", scale=alt.Scale(domain=[True, False], range=[DEEP, LIGHT]), legend=None)
    base = alt.Chart().encode(x=x)
    chart = alt.layer(
        base.mark_rule(color=RULE).encode(x=alt.value(0), x2=alt.value(_BARS_WIDTH), y=baseline),
        base.mark_bar().encode(y=y, y2=alt.Y2("zero"), color=colour),
        base.mark_text(dy=-6, fontSize=9.5, color=MUTED).encode(y=y, text="text:N"),
        base.transform_filter("datum.level == '1'")
        .mark_text(align="right", fontSize=11, color=INK, limit=0, yOffset=-8)
        .encode(x=alt.value(-10), y=baseline, text="name:N"),
        base.transform_filter("datum.notch")
        .mark_point(shape="triangle-up", filled=True, size=44, color=WARM, opacity=1, yOffset=6)
        .encode(y=baseline),
        data=alt.InlineData(values=bars),
    ).properties(width=_BARS_WIDTH, height=46)
    faceted = chart.facet(row=alt.Row("name:N", header=header, sort=names), spacing=2).resolve_axis(x="shared")
    return _svg(
        faceted, "Probability of each level 1 to 5 for each skill, in per cent; the same figures stand in the table."
    )


def _distinct(names: Sequence[str], columns: int = _LABEL_COLUMNS) -> list[str]:
    """The names cut to fit, with a number after any that came before, so that no two rows or columns fall together.

    They are cut here because the renderer cuts between the halves of a surrogate pair, and then fails.
    """
    found: list[str] = []
    for name in (_cut(name, columns) for name in names):
        candidate, number = name, 1
        while candidate in found:
            number += 1
            candidate = f"{name} ({number})"
        found.append(candidate)
    return found


def _cut(name: str, columns: int) -> str:
    """At most so many columns wide; a wide character takes two."""
    widths = [2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in name]
    if sum(widths) <= columns:
        return name
    kept = sum(total <= columns - 1 for total in accumulate(widths))
    return name[:kept].rstrip() + "…"


def supply_svg(skills: Sequence[SkillSupply]) -> str:
    """Expected people at each level, and unknown ones apart, one bar per skill. Withheld skills have an empty row."""
    names = _distinct([skill.name for skill in skills])
    parts = [
        {"skill": name, "part": _LEVELS[level], "order": level, "people": people}
        for name, skill in zip(names, skills, strict=True)
        for level, people in enumerate(skill.levels or ())
    ]
    parts += [
        {"skill": name, "part": "unknown", "order": 5, "people": skill.department.unknown}
        for name, skill in zip(names, skills, strict=True)
        if skill.department.unknown
    ]
    scale = alt.Scale(domain=[*_LEVELS, "unknown"], range=[*LEVEL_COLOURS, UNKNOWN])
    legend = alt.Legend(title="Level", orient="top", direction="horizontal", symbolType="square")
    bars = (
        alt.Chart(alt.InlineData(values=parts))
        .mark_bar(size=13)
        .encode(
            x=alt.X(
                "people:Q", axis=alt.Axis(title="People whose role asks for the skill (expected number)", tickCount=6)
            ),
            y=_rows(names),
            color=alt.Color("part:N", scale=scale, legend=legend),
            order=alt.Order("order:Q"),
        )
    )
    return _svg(
        alt.layer(bars).properties(width=420, height=alt.Step(22)),
        "Expected number of people at each level per skill, unknown people apart; the same figures stand in the table.",
    )


def heat_map_svg(gap: Gap) -> str:
    """Skills by teams: the darker, the larger the expected share at the required level; plain where withheld or unknown."""
    columns, rows = _distinct([*gap.teams, "All teams"], _TEAM_COLUMNS), _distinct([skill.name for skill in gap.skills])
    cells = [
        {"skill": row, "team": column, "share": cell.share, **_cell_text(cell)}
        for row, skill in zip(rows, gap.skills, strict=True)
        for column, cell in zip(columns, (*skill.teams, skill.department), strict=True)
    ]
    axis = alt.Axis(title=None, orient="top", labelAngle=0, labelLimit=0)
    x = alt.X("team:N", sort=columns, axis=axis, scale=alt.Scale(domain=columns, paddingInner=0.05))
    y = _rows(rows)
    shade = alt.Color("share:Q", scale=alt.Scale(domain=[0, 1], range=["#eef4f4", "#8fbfc3", "#15525b"]), legend=None)
    base = alt.Chart(alt.InlineData(values=cells)).encode(x=x, y=y)
    chart = alt.layer(
        base.transform_filter("!isValid(datum.share)").mark_rect(color="#f6f7f8", stroke=RULE, strokeDash=[2, 2]),
        base.transform_filter("isValid(datum.share)").mark_rect(stroke="#ffffff").encode(color=shade),
        base.transform_filter("isValid(datum.share)")
        .mark_text(fontSize=10.5)
        .encode(text="text:N", color=alt.condition("datum.share > 0.6", alt.value("#ffffff"), alt.value(INK))),
        base.transform_filter("!isValid(datum.share)").mark_text(fontSize=9.5, color=MUTED).encode(text="text:N"),
    )
    width = max(70, min(100, 480 // len(columns)))
    return _svg(
        chart.properties(width=alt.Step(width), height=alt.Step(24)),
        "Expected share of people at the required level by skill and team; the same figures stand in the table.",
    )


def _cell_text(cell: TeamSupply) -> dict[str, str]:
    if cell.known is None:
        return {"text": "withheld"}
    if cell.empty:
        return {"text": "–"}
    if not cell.known.people:
        return {"text": "unknown"}
    return {"text": f"{cell.known.expected:g} of {cell.known.people}"}


def reliability_svg(curve: Sequence[CurvePoint]) -> str:
    """One panel per level 2 .. 5: probability stated that somebody is at the level or above, and the share that was decided so."""
    points = [
        {
            "panel": f"level {point.level} or above",
            "stated": point.stated,
            "happened": point.happened,
            "low": point.low,
            "high": point.high,
            "n": point.n,
        }
        for point in curve
    ]
    ends = [{"panel": panel, "at": at} for panel in sorted({str(one["panel"]) for one in points}) for at in (0, 1)]
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axis = alt.Axis(values=ticks, format=".0%", labelColor=MUTED, grid=True, gridColor=PALE)
    scale = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X("stated:Q", scale=scale, axis=axis.copy(), title="stated")
    y = alt.Y("happened:Q", scale=scale, axis=axis.copy(), title="decided")
    panels = []
    for panel in sorted({str(one["panel"]) for one in points}):
        own = alt.InlineData(values=[one for one in points if one["panel"] == panel])
        line = alt.InlineData(values=[one for one in ends if one["panel"] == panel])
        layers = (
            alt.Chart(line).mark_line(color=RULE, strokeWidth=1.5).encode(x=alt.X("at:Q", scale=scale), y="at:Q"),
            alt.Chart(own).mark_rule(color=LIGHT, strokeWidth=1.5).encode(x=x, y="low:Q", y2="high:Q"),
            alt.Chart(own)
            .mark_point(filled=True, color=DEEP, opacity=1)
            .encode(x=x, y=y, size=alt.Size("n:Q", scale=alt.Scale(range=[16, 90]), legend=None)),
        )
        panels.append(alt.layer(*layers).properties(width=132, height=132, title=panel))
    label = "Probability stated of each level or above, and the share that committees decided so; the error stands in the table."
    return _svg(alt.hconcat(*panels, spacing=18), label)
