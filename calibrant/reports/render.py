"""A frozen result as one self-contained HTML file, or as canonical JSON.

The HTML needs nothing from outside and runs nothing: its content policy allows the one style sheet by its hash and
nothing else. Everything that came from a source is escaped by Jinja; only our own style sheet and charts are not.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import lru_cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from calibrant.reports import charts
from calibrant.reports.evidence_text import month_text
from calibrant.reports.explain import NOT_ABLE, NOT_ABLE_SENTENCE, level_set_text, percent, signed
from calibrant.reports.gap import Gap
from calibrant.reports.model_card import USES_TEXT, ModelCard
from calibrant.reports.packet_sealed import SealedResult
from calibrant.reports.rater_page import RaterPage
from calibrant.reports.rater_results import Raters
from calibrant.reports.reading_copy import ReadingCopy
from calibrant.reports.self_check import SelfCheck
from collectors.text import is_plain
from db.records import State

__all__ = [
    "as_mapping",
    "card_html",
    "gap_html",
    "json_text",
    "rater_page_html",
    "raters_html",
    "reading_html",
    "sealed_html",
    "self_check_html",
]


def reading_html(copy: ReadingCopy) -> str:
    """The reading copy."""
    figure = charts.timeline_svg(copy.timeline) if copy.timeline.skills else ""
    return _page("reading.html", copy=copy, heading=copy.heading, timeline=_own(figure))


def _readable(state: str, level_set: tuple[int, int]) -> tuple[int, int]:
    """The set to draw dark: none where the evidence is too thin or contradicts itself."""
    return level_set if state in (State.INFERRED.value, State.UNDETERMINED.value) else (0, 0)


def sealed_html(sealed: SealedResult) -> str:
    """The sealed result."""
    rows = [
        (skill.name, skill.probabilities, _readable(skill.state, skill.level_set), skill.expected)
        for skill in sealed.skills
        if skill.probabilities and skill.level_set
    ]
    figure = charts.distributions_svg(rows) if rows else ""
    return _page("sealed.html", sealed=sealed, heading=sealed.heading, distributions=_own(figure))


def self_check_html(check: SelfCheck) -> str:
    """The self-check."""
    rows = [(skill.name, skill.probabilities, _readable(skill.state, skill.level_set), None) for skill in check.skills]
    return _page(
        "self_check.html",
        check=check,
        heading=check.heading,
        distributions=_own(charts.distributions_svg(rows) if rows else ""),
        timeline=_own(charts.timeline_svg(check.timeline) if check.timeline.skills else ""),
    )


def gap_html(gap: Gap) -> str:
    """The gap analysis."""
    drawn = bool(gap.skills and gap.teams)
    return _page(
        "gap.html",
        gap=gap,
        heading=gap.heading,
        heat_map=_own(charts.heat_map_svg(gap) if drawn else ""),
        supply=_own(charts.supply_svg(gap.skills) if drawn else ""),
    )


def card_html(card: ModelCard, version: str) -> str:
    """The model card of the version with that hash."""
    figure = charts.reliability_svg(card.curve) if card.curve else ""
    return _page("model_card.html", card=card, version=version, uses=USES_TEXT, diagram=_own(figure))


def raters_html(report: Raters) -> str:
    """The raters' report."""
    columns = max((len(spread.groups) for spread in report.spreads), default=0)
    return _page("raters.html", report=report, heading=report.heading, columns=columns)


def rater_page_html(page: RaterPage) -> str:
    """A rater's own page."""
    return _page("rater.html", page=page, heading=page.heading)


def json_text(result: object) -> str:
    """A frozen result as canonical JSON: sorted keys, no spaces, UTF-8, one line.

    <, > and & are written as escapes, so that the text stays inert inside a page as well; so is every character that
    cannot be seen or changes direction. It is the same JSON to whoever parses it.
    """
    text = json.dumps(_plain(result), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    if not is_plain(text):
        text = "".join(character if is_plain(character) else _escaped(character) for character in text)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e") + "\n"


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}" if character.isascii() else json.dumps(character)[1:-1]


def as_mapping(result: object) -> dict[str, object]:
    """A frozen result as a mapping: tuples as lists, days as ISO text, JSON scalars as they are. TypeError if it is none."""
    if not is_dataclass(result) or isinstance(result, type):
        raise TypeError(f"expected a report's result, found {type(result).__name__}")
    return {entry.name: _plain(getattr(result, entry.name)) for entry in fields(result)}


def _plain(value: object) -> object:
    if is_dataclass(value):
        return as_mapping(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("calibrant", "templates/reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style = resources.files("calibrant").joinpath("templates/reports/report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals.update(
        style=_own(style),
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        percent=percent,
        signed=signed,
        level_set_text=level_set_text,
        month_text=month_text,
        not_able=NOT_ABLE,
        not_able_sentence=NOT_ABLE_SENTENCE,
    )
    return environment


def _own(text: str) -> Markup:
    """Text of our own making that Jinja must not escape: the style sheet, and charts written by `svg.clean_svg`."""
    return Markup(text)  # noqa: S704


def _page(template: str, **context: object) -> str:
    return _environment().get_template(template).render(**context)
