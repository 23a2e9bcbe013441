r"""The second pass: which modules a commit imports that it did not before, and which tools it brings in.

It reads added and removed lines (`git log -p -U0`) of a few kinds of files: Python and notebooks for imports; requirement files,
Dockerfiles and YAML for tools. What a commit removes in one place and adds in another is not added. Facts only:
"pandas" is a name that was added, whether that shows a skill is for the standard to say.

Nothing in a patch is trusted: the lines of a hunk are counted as its head says, so that a line of code that looks like
a head is not one; lines are read up to 1 KiB and the rest of them is skipped; at most 64 names are kept per commit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import IO, NamedTuple

from collectors.git_view import PIPE, View

__all__ = ["Added", "Kept", "added_names", "names_in", "reads"]

MOST = 64
"""Most names of one sort kept per commit."""
_LINE = 1024
_MOST_MET = 10_000
_FILES = (
    "*.py", "*.pyi", "*.ipynb", "*requirements*.txt", "*requirements*.in", "*constraints*.txt", "*pyproject.toml", "*setup.cfg",
    "*Pipfile", "*Dockerfile*", "*Containerfile*", "*.dockerfile", "*.yaml", "*.yml",
)  # fmt: skip
_PATCH = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-notes", "--no-show-signature", "-p", "-U0", "-M")

Kept = tuple[str, str]
"""("imports" | "tools", name)."""


class Added(NamedTuple):
    """Names one commit added, sorted."""

    imports: list[str]
    tools: list[str]


_IMPORT = re.compile(
    r"import\s+([A-Za-z_][\w.]*(?:\s+as\s+\w+)?(?:\s*,\s*[A-Za-z_][\w.]*(?:\s+as\s+\w+)?)*)\s*(?:#.*|;.*)?$"
)
_FROM = re.compile(r"from\s+([A-Za-z_]\w*)[\w.]*\s+import\b")
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?:[=<>!~;@#].*)?$")
_QUOTED = re.compile(r"""["']([A-Za-z0-9][\w.-]*)(?:\[[^\]"']*\])?\s*(?:[=<>!~]=?|@)[^"']*["']""")
_POETRY = re.compile(r"""([A-Za-z0-9][\w.-]*)\s*=\s*(?:["'][\^~*<>=]|\{\s*version)""")
_INSTALL = re.compile(r"\b(?:pip3?|uv pip|conda|mamba)\s+install\s+([^|&;\\#]{1,1000})")
_BASE = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE)
_YAML = re.compile(r"(?:-\s+)?[\"']?(image|uses|apiVersion|repo)[\"']?\s*:\s*[\"']?([\w./:@-]+)")
_CONDA = re.compile(r"-\s+[\"']?([A-Za-z0-9][\w.-]*)\s*[=<>]=?\s*[\d.*]")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._/+-]{0,98}[a-z0-9+])?")
_NO_TOOLS = frozenset(("python", "requires-python", "target-version"))
_SEPARATORS = re.compile(r"[-_.]+")
_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")


def _package(name: str) -> str:
    return _SEPARATORS.sub("-", name).lower()


def _image(reference: str) -> str:
    return reference.split("@")[0].rsplit("/", 1)[-1].split(":")[0].lower()


def _installed(line: str) -> Iterator[Kept]:
    if "install" not in line:
        return
    for command in _INSTALL.finditer(line):
        for word in command.group(1).split():
            match = None if word.startswith("-") or "/" in word else _REQUIREMENT.match(word.strip("\"'"))
            if match and not word.endswith((".txt", ".in", ".whl")):
                yield "tools", _package(match.group(1))


def _python(line: str) -> Iterator[Kept]:
    if line.startswith("from "):
        match = _FROM.match(line)
        if match:
            yield "imports", match.group(1)
    elif line.startswith("import ") and (match := _IMPORT.match(line)):
        for part in match.group(1).split(","):
            yield "imports", part.split()[0].split(".")[0]


def _notebook(line: str) -> Iterator[Kept]:
    code = line.rstrip(",").strip('"').removesuffix("\\n").strip()
    yield from _python(code)
    yield from _installed(code)


def _requirements(line: str) -> Iterator[Kept]:
    match = _REQUIREMENT.match(line)
    if match:
        yield "tools", _package(match.group(1))


def _project(line: str) -> Iterator[Kept]:
    for quoted in _QUOTED.finditer(line):
        yield "tools", _package(quoted.group(1))
    if match := _POETRY.match(line):
        yield "tools", _package(match.group(1))


def _setup(line: str) -> Iterator[Kept]:
    if any(mark in line for mark in ("==", ">=", "~=", "<")):
        yield from _requirements(line)


def _dockerfile(line: str) -> Iterator[Kept]:
    if match := _BASE.match(line):
        yield "tools", _image(match.group(1))
    yield from _installed(line)


def _yaml(line: str) -> Iterator[Kept]:
    if match := _YAML.match(line):
        key, value = match.groups()
        if key == "image":
            yield "tools", _image(value)
        elif key == "uses":
            yield "tools", value.split("@")[0].removeprefix("./").lower()
        elif key == "repo":
            yield "tools", value.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git").lower()
        elif "." in value.split("/")[0]:
            yield "tools", value.split("/")[0].split(".")[-2].lower()
    elif match := _CONDA.match(line):
        yield "tools", _package(match.group(1))
    yield from _installed(line)


Reader = Callable[[str], Iterator[Kept]]


def _reader(path: str) -> Reader | None:
    """What reads the lines of a file, by its name."""
    name = path.rsplit("/", 1)[-1].lower()
    if name.endswith((".py", ".pyi")):
        return _python
    if name.endswith(".ipynb"):
        return _notebook
    if name.endswith((".txt", ".in")) and ("requirements" in name or "constraints" in name):
        return _requirements
    if name.endswith(("pyproject.toml", "pipfile")):
        return _project
    if name.endswith("setup.cfg"):
        return _setup
    if "dockerfile" in name or "containerfile" in name:
        return _dockerfile
    return _yaml if name.endswith((".yaml", ".yml")) else None


def reads(path: str) -> bool:
    """Whether the second pass looks into a file of that name.

    >>> reads("src/train.py"), reads("README.md")
    (True, False)
    """
    return _reader(path) is not None


def names_in(path: str, line: str) -> list[Kept]:
    """What one line of a file names.

    >>> names_in("a/train.py", "import numpy as np, os.path")
    [('imports', 'numpy'), ('imports', 'os')]
    >>> names_in("Dockerfile", "FROM docker.io/pytorch/pytorch:2.5 AS build")
    [('tools', 'pytorch')]
    """
    reader = _reader(path)
    return [] if reader is None else _names(reader, line)


def _names(reader: Reader, line: str) -> list[Kept]:
    return [
        (sort, name)
        for sort, name in reader(line.strip())
        if (name.isascii() if sort == "imports" else _NAME.fullmatch(name) and name not in _NO_TOOLS)
    ]


def added_names(view: View, oids: Iterable[str], marker: str) -> dict[str, Added]:
    """For each of `oids`, the imports and tools its patch adds. Commits from the first one on that git dies of are left out."""
    given = "".join(f"{oid}\n" for oid in oids).encode()
    found: dict[str, Added] = {}
    if given:
        arguments = ("log", "--no-walk=unsorted", "--stdin", *_PATCH, f"--format={marker}%H", "--", *_FILES)
        with view.process(*arguments, given=given) as process:
            assert process.stdout is not None
            last = ""
            for last, plus, minus in _patches(process.stdout, marker.encode()):
                new = sorted(plus - minus)
                found[last] = Added(
                    [name for sort, name in new if sort == "imports"][:MOST],
                    [name for sort, name in new if sort == "tools"][:MOST],
                )
            if process.wait():
                found.pop(last, None)
    return found


def _patches(stream: IO[bytes], marker: bytes) -> Iterator[tuple[str, set[Kept], set[Kept]]]:
    """(oid, names on added lines, names on removed lines) of each commit."""
    oid, plus, minus = "", set[Kept](), set[Kept]()
    reader: Reader | None = None
    lines = _lines(stream)
    for line in lines:
        if line.startswith(marker):
            if oid:
                yield oid, plus, minus
            oid, plus, minus = line[len(marker) :].decode("ascii", "replace").strip(), set(), set()
        elif line.startswith((b"--- ", b"+++ ")):
            path = line[4:].decode("utf-8", "replace").strip().strip('"')
            if path != "/dev/null":
                reader = _reader(path)
        elif hunk := _HUNK.match(line):
            removed, added = (int(count) if count else 1 for count in hunk.groups())
            for changed in islice(lines, removed + added + 2):
                kept = plus if changed.startswith(b"+") else minus
                if changed.startswith(b"\\"):  # no newline at the end of the file
                    continue
                removed, added = removed - (kept is minus), added - (kept is plus)
                worth = reader is not None and (reader is not _python or b"import" in changed)
                if reader is not None and worth and len(kept) < _MOST_MET:
                    kept.update(_names(reader, changed[1:].decode("utf-8", "replace")))
                if not removed and not added:
                    break
    if oid:
        yield oid, plus, minus


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines, each cut to its first 1 KiB."""
    while line := stream.readline(_LINE):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(PIPE)
        yield line
