"""What every command shares: `--ledger` and `--json`, one place where errors become exit codes, inert text, progress.

stdout is data, stderr is talk. Exit 0 done, 1 refused with the reason, 2 usage, 3 incomplete: run it again.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.text import Text
from sqlalchemy.engine import make_url

from calibrant.cli.display import progress_display, table_display
from calibrant.settings import Settings, beside, read_settings
from collectors.text import visible
from db.errors import BadInput, CalibrantError, Incomplete, Partial, Refusal
from db.ledger import Ledger

__all__ = ["Advance", "Session", "command", "settings_held"]

_HELD: ContextVar[Mapping[str, Any]] = ContextVar("settings held by an outer command", default=MappingProxyType({}))

PROBLEMS_SHOWN = 20


class Advance(Protocol):
    """Moves a progress display."""

    def __call__(self, done: int, words: str = "", total: int | None = None) -> None:
        """done: so far. words: beside the numbers. total: how many there will be, where that is known by now."""
        ...


_NO_LIMIT = 10_000
"""Columns of output that nobody looks at through a window: nothing is cut or folded in a pipe."""


def _console(*, stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _NO_LIMIT
    return console


@dataclass(slots=True)
class Session:
    """One command's settings, ledger and console. environment: where the variables are that hold tokens.

    given: settings from the command line. beside: what goes beside an error into its JSON document: what was done before it.
    """

    settings: Settings
    as_json: bool
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    given: Mapping[str, Any] = field(default_factory=dict, repr=False)
    out: Console = field(default_factory=_console)
    talk: Console = field(default_factory=lambda: _console(stderr=True))
    beside: dict[str, Any] = field(default_factory=dict)
    _ledger: Ledger | None = None

    @property
    def now(self) -> datetime:
        """The moment this command acts at."""
        return self.settings.now or datetime.now(UTC)

    def configure(self, file: Path) -> None:
        """Takes the settings of this file instead of those of the working folder's; a ledger's file that it names lies beside it.

        Says which ledger that leads to. Raises BadInput as `read_settings` does.
        """
        folder, shown = file.resolve().parent, str(file)
        read = read_settings(self.environment, file.parent, self.given, file=file.name)
        origin = read.origins["ledger"]
        if origin == file.name:
            read, origin = replace(read, ledger=beside(read.ledger, folder)), shown
        self.settings, self._ledger = read, None
        self.say(f"the ledger is {self.where}, by {origin}")

    @property
    def ledger(self) -> Ledger:
        """The ledger, opened on first use."""
        if self._ledger is None:
            self._ledger = Ledger(
                self.settings.ledger, clock=lambda: self.now, entropy=secrets.token_bytes, actor=self.settings.actor
            )
        return self._ledger

    @property
    def where(self) -> str:
        """The ledger's address as it may be shown: without a password."""
        return make_url(self.settings.ledger).render_as_string(hide_password=True)

    def say(self, text: str) -> None:
        """A line to the person, on stderr, after what stdout already got."""
        sys.stdout.flush()
        self.talk.print(Text(visible(text)))

    def emit(self, data: Any, lines: Sequence[str] = ()) -> None:
        """The command's result on stdout: one JSON document if asked for, else the lines."""
        if self.as_json:
            sys.stdout.write(json.dumps(data, ensure_ascii=True, sort_keys=True, default=str) + "\n")
        else:
            for line in lines:
                self.out.print(Text(visible(line)))

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        data: Any = None,
        *,
        empty: str = "none",
    ) -> None:
        """Rows as a table on stdout, or as JSON: `data`, else one object per row. `empty` is said where there are no rows."""
        if self.as_json:
            names = [column.replace(" ", "_") for column in columns]
            self.emit(data if data is not None else [dict(zip(names, row, strict=True)) for row in rows])
        elif rows:
            self.out.print(Text(title, style="bold"))
            with self.out.capture() as captured:
                self.out.print(table_display(columns, rows), soft_wrap=False)
            for line in captured.get().splitlines():
                sys.stdout.write(line.rstrip() + "\n")
        else:
            self.emit(None, [f"{title}: {empty}"])

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Advance]:
        """Progress on a terminal's stderr: counts, rate, remaining time. Call the yielded function with (done so far, words, total)."""
        with progress_display(self.talk) as bar:
            task = bar.add_task(visible(what), total=total, words="")

            def advance(done: int, words: str = "", total: int | None = total) -> None:
                bar.update(task, completed=done, words=visible(words), total=total)

            yield advance


@contextmanager
def settings_held(values: Mapping[str, Any]) -> Iterator[None]:
    """Commands run inside take these settings, as if given on their command lines."""
    token = _HELD.set(values)
    try:
        yield
    finally:
        _HELD.reset(token)


def command(group: typer.Typer, name: str, **extra: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers a function as a command; its first parameter gets the Session, the shared options are added."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())[1:]

        @functools.wraps(function)
        def run(**values: Any) -> None:
            ledger, as_json = values.pop("ledger"), values.pop("as_json")
            code = _run(function, ledger, as_json, values)
            if code:
                raise typer.Exit(code)

        run.__signature__ = signature.replace(parameters=[*own, *_shared()], return_annotation=None)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *_shared()]}
        group.command(name, **extra)(run)
        return function

    return register


def _shared() -> list[inspect.Parameter]:
    ledger = Annotated[
        str | None,
        typer.Option("--ledger", help="Where the ledger is (default: CALIBRANT_LEDGER, else sqlite:///calibrant.db)."),
    ]
    as_json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter("ledger", kind, default=None, annotation=ledger),
        inspect.Parameter("as_json", kind, default=False, annotation=as_json),
    ]


def _run(function: Callable[..., None], ledger: str | None, as_json: bool, values: Mapping[str, Any]) -> int:
    talk = _console(stderr=True)
    beside: dict[str, Any] = {}
    try:
        given = {**_HELD.get(), **({"ledger": ledger} if ledger else {})}
        session = Session(read_settings(os.environ, Path.cwd(), given), as_json, os.environ, given, beside=beside)
        function(session, **values)
    except Incomplete as error:
        return _tell(talk, error, as_json, 3, beside)
    except CalibrantError as error:
        return _tell(talk, error, as_json, 1, beside)
    except BrokenPipeError:
        raise  # the reader of a pipe has had enough: click ends quietly
    except OSError as error:
        refusal = Refusal(error.strerror or type(error).__name__, where=str(error.filename or ""))
        return _tell(talk, refusal, as_json, 1, beside)
    except KeyboardInterrupt:
        talk.print("stopped; everything so far is kept, run the command again to continue")
        return 3
    return 0


def _tell(talk: Console, error: CalibrantError, as_json: bool, code: int, beside: Mapping[str, Any]) -> int:
    problems = [str(problem) for problem in error.problems] if isinstance(error, BadInput) else []
    if as_json:
        body = {"error": error.what, "where": error.where, "remedy": error.remedy, "problems": problems, **beside}
        sys.stdout.write(json.dumps(body, ensure_ascii=True, sort_keys=True, default=str) + "\n")
    sys.stdout.flush()
    lead = "not finished: " if code == 3 else "not whole: " if isinstance(error, Partial) else "refused: "
    talk.print(Text(lead + visible(str(error)), style="yellow" if code == 3 else "red"))
    if len(problems) == 1 and problems[0] in str(error):
        return code  # the lead has said it
    for problem in problems[:PROBLEMS_SHOWN]:
        talk.print(Text("  " + visible(problem)))
    if len(problems) > PROBLEMS_SHOWN:
        talk.print(Text(f"  and {len(problems) - PROBLEMS_SHOWN} more"))
    return code
