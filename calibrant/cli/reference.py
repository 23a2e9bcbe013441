"""The page of all commands, made from the commands themselves: `python -m calibrant.cli.reference > docs/commands.md`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final, get_args

import typer

__all__ = ["commands_page", "walk"]

_TOP: Final = """\
# Commands

Every command takes `--ledger URL` (default: the environment's `CALIBRANT_LEDGER`, else `sqlite:///calibrant.db`) and
`--json`. They are left out below.

- stdout is data, stderr is talk. With `--json` stdout holds one JSON document, or one object per line for `export`; a
  refusal is an object with `error`, `where`, `remedy` and `problems`. Where `collect github|gitlab|all` could do some of it, that
  object also holds `collected`, as it would stand alone, and `failed`: each `source` with its `error`, `where` and `remedy`.
- Exit status: 0 done, 1 refused with the reason, 2 wrong usage, 3 incomplete: run the same command again.
- Ids may be shortened to their first characters, as tables show them, wherever a command asks for an identity, a run, a
  dispute or a source.
- Moments are ISO 8601: `2026-06-30`, `2026-06-30T12:00:00+02:00`.
- What comes from the environment or from `calibrant.toml` is in [settings.md](settings.md).

This page is written by `python -m calibrant.cli.reference > docs/commands.md`; a test compares the two.
"""

_SHARED: Final = frozenset({"ledger", "as_json", "help"})


def walk(app: typer.Typer) -> Iterator[tuple[str, Any]]:
    """Every command by its full name, groups left out, in the order of the help texts."""
    yield from _under(typer.main.get_command(app), "calibrant")


def _under(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, one in inner.items():
        yield from _under(one, f"{name} {word}")


def commands_page(app: typer.Typer) -> str:
    """The whole page as Markdown."""
    return "\n".join([_TOP, *(line for name, command in walk(app) for line in _section(name, command))])


def _section(name: str, command: Any) -> Iterator[str]:
    parameters = [one for one in command.params if one.name not in _SHARED]
    arguments = [one for one in parameters if one.param_type_name == "argument"]
    options = [one for one in parameters if one.param_type_name == "option"]
    words = [name, *(_placeholder(one) for one in arguments)]
    yield f"## {name}\n"
    yield f"`{' '.join([*words, '[OPTIONS]'] if options else words)}`\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    if parameters:
        yield "| | |\n|---|---|"
        for one in (*arguments, *options):
            yield f"| {_names(one)} | {_cell(one)} |"
        yield ""
    if command.epilog:
        yield f"```\n{command.epilog.removeprefix('Example: ')}\n```\n"


def _placeholder(one: Any) -> str:
    name = (one.metavar or one.name).upper() + ("..." if one.nargs == -1 else "")
    return name if one.required else f"[{name}]"


def _names(one: Any) -> str:
    if one.param_type_name == "argument":
        return f"`{_placeholder(one)}`"
    return ", ".join(f"`{name}`" for name in one.opts)


def _cell(one: Any) -> str:
    said = [one.help or ""]
    if choices := _choices(one):
        said.append(f"One of {', '.join(choices)}.")
    if one.param_type_name == "option" and one.required:
        said.append("Required.")
    if one.param_type_name == "option" and one.multiple and "repeat" not in said[0]:
        said.append("Repeatable.")
    if one.default is not None and not isinstance(one.default, bool):
        said.append(f"Default: {getattr(one.default, 'value', one.default)}.")
    return " ".join(filter(None, said)).replace("|", "\\|")


def _choices(one: Any) -> list[str]:
    annotation = one.type_descriptor.annotation
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Enum):
            return [str(member.value) for member in kind]
    return []


if __name__ == "__main__":
    from calibrant.cli import app

    sys.stdout.write(commands_page(app))
