"""Every setting, in one table: it validates, it is the documentation, and nothing else reads the environment.

Order: command-line option, then environment, then `calibrant.toml` in the working folder (or the file that `collect all --config` names),
then the default.
Unknown keys are refused. The address of a PostgreSQL ledger may hold a password, so it is no part of any `repr`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from db.errors import BadInput, Problem

__all__ = [
    "SETTINGS",
    "Setting",
    "Settings",
    "beside",
    "did_you_mean",
    "parse_instant",
    "read_settings",
    "settings_table",
]

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
    """The frozen settings of one command. origins: where each comes from: the command line, a variable, a file or the default."""

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
    origins: Mapping[str, str] = field(repr=False, default_factory=dict)


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


def read_settings(
    environment: Mapping[str, str], folder: Path, overrides: Mapping[str, Any] | None = None, *, file: str = FILE
) -> Settings:
    """The settings for one command. file: of the folder. Raises BadInput naming the variable, or the file and key, of every mistake."""
    problems: list[Problem] = []
    from_file = _file_values(folder / file, problems)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for setting in SETTINGS:
        place, raw = _first(setting, environment, from_file, overrides or {}, file)
        origins[setting.name] = place
        try:
            values[setting.name] = setting.default if raw is None else setting.parse(raw)
        except (ValueError, TypeError) as error:
            problems.append(Problem(place, 0, setting.name, str(error), noun="key"))
    if problems:
        raise BadInput(problems[0].__str__(), problems)
    return Settings(**values, origins=MappingProxyType(origins))


def beside(ledger: str, folder: Path) -> str:
    """A ledger's address with the path of an SQLite file, where it is relative, taken from `folder`.

    >>> beside("sqlite:///ours.db", Path("/srv"))
    'sqlite:////srv/ours.db'
    >>> beside("postgresql://db.example.org/ours", Path("/srv"))
    'postgresql://db.example.org/ours'
    """
    path = ledger.removeprefix("sqlite:///")
    if path == ledger or not path or path.startswith((":memory:", "file:")):
        return ledger
    return f"sqlite:///{folder / path}"


def _first(
    setting: Setting,
    environment: Mapping[str, str],
    from_file: Mapping[str, Any],
    overrides: Mapping[str, Any],
    file: str,
) -> tuple[str, Any]:
    if overrides.get(setting.name) is not None:
        return "the command line", overrides[setting.name]
    if environment.get(setting.variable):
        return setting.variable, environment[setting.variable]
    return (file, from_file[setting.name]) if setting.name in from_file else ("the default", None)


def _file_values(path: Path, problems: list[Problem]) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), 0, "", f"not readable as TOML: {error}"))
        return {}
    known = {one.name for one in SETTINGS}
    unknown = sorted(set(table) - known - {SOURCES})
    problems.extend(Problem(str(path), 0, key, "no such setting", _remedy(key, known), noun="key") for key in unknown)
    return {key: value for key, value in table.items() if key in known}


def _remedy(key: str, known: Collection[str]) -> str:
    return did_you_mean(key, known) or f"known: {', '.join(sorted(known))}; and [[source]] tables"


def did_you_mean(key: str, known: Collection[str]) -> str:
    """A question that names what was likely meant; empty where nothing is near.

    >>> did_you_mean("organization", ["organisation", "token"])
    'did you mean organisation?'
    """
    near = get_close_matches(key, sorted(known), n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else ""


def settings_table() -> str:
    """The table as Markdown, for docs/settings.md."""
    rows = [f"| `{s.name}` | `{s.variable}` | `{s.default}` | {s.meaning} |" for s in SETTINGS]
    return "\n".join(["| key in calibrant.toml | environment | default | meaning |", "|---|---|---|---|", *rows]) + "\n"
