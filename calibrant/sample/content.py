"""Writes and edits files that look like the work of a machine-learning department."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from random import Random

from calibrant.sample.areas import AREAS, COLUMNS, Area
from calibrant.sample.chance import maybe

__all__ = ["edit", "fresh", "generated", "licence_text", "lock_file", "reindent", "vendored"]

_VERBS = (
    "load",
    "merge",
    "score",
    "rank",
    "clean",
    "fit",
    "check",
    "split",
    "rescale",
    "collect",
    "publish",
    "rebuild",
)
_NOUNS = (
    "window",
    "batch",
    "segment",
    "baseline",
    "residuals",
    "labels",
    "candidates",
    "sessions",
    "quotas",
    "margins",
)
_SENTENCES = (
    "Start here when the {a} looks wrong; the {b} is next.",
    "We keep {n} days of {b}, because older {a} no longer resembles what customers do.",
    "The {a} is owned by whoever changed the {b} last; ask before deleting it.",
    "Decided: the {a} stays separate from the {b}. Revisit when volume passes {n} thousand a day.",
    "If the {a} alert fires twice within {n} minutes, page the owner and freeze the {b}.",
)
_LONGEST = 7_000
_FIRST_FUNCTION = re.compile(r"\n\n\n(?=(?:@|def |async def ))")


def fresh(path: str, skill: str, rng: Random) -> str:
    """The text of a new file at `path` about `skill`."""
    area = AREAS[skill]
    if path.endswith(".py"):
        imports = sorted(rng.sample(area.imports, min(len(area.imports), rng.randint(1, 3))))
        head = f'"""{PurePosixPath(path).stem.replace("_", " ").capitalize()} of {path.split("/")[0]}."""'
        return "\n".join([head, "", *imports, "", f"LIMIT = {rng.randint(10, 900)}"]) + "\n" + _function(area, rng)
    if path.endswith(".ipynb"):
        return _notebook([_cell(area, rng)])
    head_line = _HEADS.get(PurePosixPath(path).suffix, "")
    return head_line.format(title=PurePosixPath(path).stem.replace("_", " ").capitalize()) + _lines(path, 12, rng)


def edit(text: str, path: str, skill: str, size: int, rng: Random) -> str:
    """`text` with about `size` lines changed. Never returns `text` itself."""
    if path.endswith(".ipynb"):
        cells = json.loads(text)["cells"][-8:]
        return _notebook([*cells, _cell(AREAS[skill], rng)])
    changed = _renumber(text, rng)
    if path.endswith(".py"):
        changed = _edit_python(changed, AREAS[skill], size, rng)
    else:
        if len(changed) > _LONGEST:
            lines = changed.splitlines(keepends=True)
            changed = "".join(lines[:3] + lines[len(lines) // 2 :])
        changed += _lines(path, max(1, size // 2), rng)
    return changed if changed != text else text + _lines(path, 2, rng)


def _edit_python(text: str, area: Area, size: int, rng: Random) -> str:
    parts = _FIRST_FUNCTION.split(text)
    head, functions = parts[0], parts[1:]
    if len(functions) > 1 and (len(text) > _LONGEST or maybe(rng, 0.12)):
        functions.pop(rng.randrange(len(functions) - 1))
    missing = [line for line in area.imports if line not in head]
    if missing and maybe(rng, 0.2):
        head = head.replace("\n\n", f"\n\n{missing[0]}\n", 1)
    text = "\n\n\n".join(part.rstrip("\n") for part in (head, *functions)) + "\n"
    for _ in range(max(1, size // 9)):
        text += _function(area, rng)
    return text


def _function(area: Area, rng: Random) -> str:
    if not area.bodies:
        return ""
    name = f"{rng.choice(_VERBS)}_{rng.choice(_NOUNS)}_{rng.randint(2, 99)}"
    body = rng.choice(area.bodies).format(name=name, n=rng.randint(2, 60), column=rng.choice(COLUMNS))
    return "\n\n" + body


def _renumber(text: str, rng: Random) -> str:
    """One number of the text, chosen at random, becomes another."""
    found = list(re.finditer(r"(?<![\w.])\d+(?![\w.])", text))
    if not found:
        return text
    number = rng.choice(found)
    return text[: number.start()] + str(int(number.group()) % 977 + rng.randint(1, 9)) + text[number.end() :]


_HEADS = {
    ".md": "# {title}\n\n",
    ".yaml": "name: {title}\n",
    ".yml": "name: {title}\non: [push]\njobs:\n",
    ".sql": "-- {title}\n",
    ".sh": "#!/bin/sh\nset -eu\n",
    "": "# {title}\n",
}


def _line_of(path: str) -> Callable[[str, str, int], str]:
    """How one more line of a file of this kind reads."""
    name, suffix = PurePosixPath(path).name, PurePosixPath(path).suffix
    if name == "Dockerfile":
        return lambda a, b, n: f"RUN install-{a} --with {b}=={n}\n"
    if name == "Makefile":
        return lambda a, b, n: f"{a}-{n}: {b}\n\t./run {a} --limit {n}\n"
    if suffix == ".yml":
        return lambda a, b, n: f"  {a}-{b}-{n}:\n    runs-on: self-hosted\n    timeout-minutes: {n}\n"
    return {
        ".md": lambda a, b, n: _SENTENCES[n % len(_SENTENCES)].format(a=a, b=b, n=n) + "\n\n",
        ".sql": lambda a, b, n: f"select {a}_id, sum({b}) from {a} group by 1 having count(*) > {n};\n",  # noqa: S608
        ".sh": lambda a, b, n: f'./tools/{a} --{b} {n} "$@"\n',
    }.get(suffix, lambda a, b, n: f"{a}_{b}:\n  limit: {n}\n  replicas: {n % 5 + 1}\n")


def _lines(path: str, size: int, rng: Random) -> str:
    line = _line_of(path)
    made = ""
    while made.count("\n") < size:
        made += line(rng.choice(_NOUNS), rng.choice(_NOUNS), rng.randint(2, 99))
    return made


def _cell(area: Area, rng: Random) -> dict[str, object]:
    source = _function(area, rng).strip().splitlines(keepends=True) or ["pass"]
    return {"cell_type": "code", "execution_count": rng.randint(1, 80), "metadata": {}, "outputs": [], "source": source}


def _notebook(cells: list[dict[str, object]]) -> str:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def reindent(text: str) -> str:
    """The text with four-space indentation turned into two: a change of white space only."""
    return re.sub(r"^(?: {4})+", lambda spaces: " " * (len(spaces.group()) // 2), text, flags=re.MULTILINE)


def lock_file(path: str, packages: int, rng: Random) -> str:
    """A lock file pinning that many packages."""
    pins = {f"{rng.choice(_NOUNS)}-{index}": f"{rng.getrandbits(128):032x}" for index in range(packages)}
    if path.endswith(".json"):
        entries = {name: {"version": f"1.{len(name)}.0", "integrity": f"sha512-{pin}"} for name, pin in pins.items()}
        return json.dumps({"lockfileVersion": 3, "packages": entries}, indent=2) + "\n"
    return "".join(f'[[package]]\nname = "{name}"\nhash = "sha256:{pin}"\n\n' for name, pin in pins.items())


def generated(name: str, rng: Random) -> str:
    """What a protocol compiler would have written."""
    fields = "".join(f"_{name.upper()}_{index} = {rng.randint(100, 9999)}\n" for index in range(60))
    return f"# Generated by the protocol buffer compiler.  DO NOT EDIT!\n# source: {name}.proto\n\n{fields}"


def vendored(path: str, rng: Random) -> str:
    """Somebody else's code, copied in."""
    body = "".join(f"    step_{index}({rng.randint(1, 999)});\n" for index in range(20))
    return f"/* {path}: imported from upstream, do not change here */\nvoid run(void) {{\n{body}}}\n"


def licence_text() -> str:
    """The licence file of every repository of the sample."""
    return "Internal sample code. All persons, companies and models in this repository are invented.\n"
