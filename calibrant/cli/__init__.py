"""The command line. Thin commands: parse, call one function, print.

A module of commands is loaded when one of its commands is run: all of them together take a second and a hundred megabytes, most of it
mathematics, which a collection that runs for hours need not hold. `app` is the whole application.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final

import typer

__all__ = ["COMMANDS", "app", "build", "main"]

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "people": ("init", "people"),
        "collect": ("collect",),
        "sources": ("sources",),
        "identities": ("identities",),
        "rubric": ("rubric",),
        "assess": ("assess",),
        "calibrate": ("calibrate", "models"),
        "cutpoints": ("cutpoints",),
        "report": ("report",),
        "govern": ("dispute", "disputes", "reply", "erase", "retention", "export", "audit"),
        "demo": ("demo",),
    }
)
"""The first words of commands that each module here takes, in the order of the help."""

if TYPE_CHECKING:
    app: typer.Typer


def build(word: str | None = None) -> typer.Typer:
    """The application, with the commands of the one module that takes `word`; with all where none does."""
    made = typer.Typer(
        name="calibrant",
        help="Infer how proficient people are at skills from evidence of their work, say how sure that is, and show why.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    wanted = [module for module, words in COMMANDS.items() if word in words] or list(COMMANDS)
    for module in wanted:
        import_module(f"calibrant.cli.{module}").register(made)
    made.callback()(_calibrant)
    return made


def __getattr__(name: str) -> typer.Typer:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()["app"] = build()
    return made


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"calibrant {version('calibrant')}")
        raise typer.Exit


def _calibrant(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Infer how proficient people are at skills from evidence of their work, say how sure that is, and show why."""


def main() -> None:
    """Entry point of the `calibrant` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a letter shows its number
    build(next(iter(sys.argv[1:]), None))(prog_name="calibrant")
