"""Every setting, in one table: it validates, it is the documentation, and nothing else reads the environment.

Order: command-line option, then environment, then `calibrant.toml` in the working folder, then the default.
Unknown keys are refused. The address of a PostgreSQL ledger may hold a password, so it is no part of any `repr`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from db.errors import BadInput, Problem

__all__ = ["SETTINGS", "Setting", "Settings", "parse_instant", "read_settings", "settings_table"]

FILE: Final = "calibrant.toml"
SOURCES: Final = "source"
"""The tables of the file that are no settings but what `collect all` collects; see `source_settings`."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: parse turns text or a TOML value into the setting's value, or raises ValueError."""

    name: str
    default: Any
    parse: Callable[[Any], Any]
    meaning: str

    @property
    def variable(self) -> str:
        """Name of its environment variable."""
        return f"CALIBRANT_{self.name.upper()}"


@dataclass(frozen=True, slots=True)
class Settings:
    """The frozen settings of one command."""

    ledger: str = field(repr=False)
    standard: str
    now: datetime | None
    actor: str
    mirrors: str
    retention_activity_days: int
    retention_feedback_days: int
    retention_interview_days: int
    retention_decision_days: int
    bots: tuple[str, ...]


def parse_instant(value: Any) -> datetime:
    """An ISO 8601 day or instant; a bare day is its midnight, a naive time is UTC. Years before 1900 and after 2200 are slips."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    if not 1900 <= moment.year <= 2200:
        raise ValueError("expected a day or moment from 1900 to 2200")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _days(value: Any) -> int:
    days = int(value)
    if not 1 <= days <= 36_525:
        raise ValueError("expected a number of days from 1 to 36525")
    return days


def _ledger_url(value: Any) -> str:
    text = str(value)
    if re.match(r"^(sqlite|postgresql(\+\w+)?)://", text):
        return text
    raise ValueError("expected sqlite:///FILE or postgresql://USER@HOST/NAME")


def _name(value: Any) -> str:
    text = str(value).strip()
    if not text or len(text) > 120 or not text.isprintable():
        raise ValueError("expected up to 120 printable characters")
    return text


def _folder(value: Any) -> str:
    text = str(value).strip()
    if not text or "\0" in text:
        raise ValueError("expected a folder")
    return text


def _patterns(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list | tuple) else str(value).split(",")
    patterns = tuple(str(one).strip() for one in listed)
    if any(len(one.replace("*", "")) < 3 or len(one) > 200 for one in patterns):
        raise ValueError(
            "expected a list of addresses, logins or account numbers, each of three characters beside any *"
        )
    return patterns


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting("ledger", "sqlite:///calibrant.db", _ledger_url, "where the ledger is: sqlite:///FILE or postgresql://..."),
    Setting("standard", "aiml", _name, "the standard to assess by: a shipped library's name or a folder"),
    Setting("now", None, parse_instant, "the moment to act at instead of the clock, for replays and tests (ISO 8601)"),
    Setting("actor", "local", _name, "who acts, as written into the audit chain"),
    Setting(
        "mirrors", "mirrors", _folder, "the folder of mirror clones that `collect github` and `collect gitlab` keep"
    ),
    Setting("retention_activity_days", 1_825, _days, "days that commits, changes and reviews are kept"),
    Setting("retention_feedback_days", 1_095, _days, "days that 360-degree feedback is kept"),
    Setting("retention_interview_days", 1_095, _days, "days that interview scorecards are kept"),
    Setting("retention_decision_days", 1_460, _days, "days that decisions are kept"),
    Setting(
        "bots", (), _patterns, "further bots, beside those known: addresses, logins or HOST/number, `*` for any letters"
    ),
)


def read_settings(environment: Mapping[str, str], folder: Path, overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings for one command. Raises BadInput naming the variable, or the file and key, of every mistake."""
    problems: list[Problem] = []
    from_file = _file_values(folder / FILE, problems)
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        place, raw = _first(setting, environment, from_file, overrides or {})
        try:
            values[setting.name] = setting.default if raw is None else setting.parse(raw)
        except (ValueError, TypeError) as error:
            problems.append(Problem(place, 0, setting.name, str(error)))
    if problems:
        raise BadInput(problems[0].__str__(), problems)
    return Settings(**values)


def _first(
    setting: Setting, environment: Mapping[str, str], from_file: Mapping[str, Any], overrides: Mapping[str, Any]
) -> tuple[str, Any]:
    if overrides.get(setting.name) is not None:
        return "command line", overrides[setting.name]
    if environment.get(setting.variable):
        return setting.variable, environment[setting.variable]
    return FILE, from_file.get(setting.name)


def _file_values(path: Path, problems: list[Problem]) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), 0, "", f"not readable as TOML: {error}"))
        return {}
    known = {one.name for one in fields(Settings)}
    remedy = f"known: {', '.join(sorted(known))}; and [[source]] tables"
    unknown = sorted(set(table) - known - {SOURCES})
    problems.extend(Problem(str(path), 0, key, "no such setting", remedy) for key in unknown)
    return {key: value for key, value in table.items() if key in known}


def settings_table() -> str:
    """The table as Markdown, for docs/settings.md."""
    rows = [f"| `{s.name}` | `{s.variable}` | `{s.default}` | {s.meaning} |" for s in SETTINGS]
    return "\n".join(["| key in calibrant.toml | environment | default | meaning |", "|---|---|---|---|", *rows]) + "\n"
