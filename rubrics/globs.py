"""Path globs: `**` any folders, `*` and `?` within a segment, `{a,b}` either. Case does not matter.

A glob names a whole path from the repository's root. `**` stands alone between slashes and means any number of
folders, none included (`**/dags/*.py` matches `dags/x.py`); at the end it means everything below (`docs/**` matches
`docs/a/b`, not `docs`). Brackets are refused, not read: a class and a literal `[id]` folder look alike.

Translation is to RE2 (as in `pyarrow.compute`), which is linear in the path whatever the pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["MAX_ALTERNATIVES", "expand", "problem", "to_regex"]

MAX_ALTERNATIVES = 64
"""Most patterns one glob's braces may stand for."""

_BRACES = re.compile(r"\{([^{}]*)\}")


def problem(glob: str) -> str | None:
    """Why a glob is refused, or None if it is sound.

    >>> problem("src/a**b")
    '`**` must stand alone between slashes'
    """
    if any(character in glob for character in "[]\\"):
        return "brackets and backslashes are not part of globs here; use {a,b}"
    bare = _BRACES.sub("", glob)
    if "{" in bare or "}" in bare:
        return "braces do not pair up, or are nested"
    alternatives = 1
    for group in _BRACES.findall(glob):
        alternatives *= group.count(",") + 1
    if alternatives > MAX_ALTERNATIVES:
        return f"its braces stand for more than {MAX_ALTERNATIVES} patterns"
    return next((found for found in map(_problem_of_plain, expand(glob)) if found), None)


def _problem_of_plain(glob: str) -> str | None:
    segments = glob.split("/")
    if "" in segments:
        return "a segment is empty (leading, trailing or double slash)"
    if any("**" in segment and segment != "**" for segment in segments):
        return "`**` must stand alone between slashes"
    if not re.search(r"[^*?./]", glob):
        return "it names nothing: every path would match"
    return None


def expand(glob: str) -> list[str]:
    """The brace-free patterns a glob stands for, in order.

    >>> expand("Dockerfile{,.*}")
    ['Dockerfile', 'Dockerfile.*']
    """
    match = _BRACES.search(glob)
    if match is None:
        return [glob]
    head, tail = glob[: match.start()], expand(glob[match.end() :])
    return [head + choice + rest for choice in match.group(1).split(",") for rest in tail]


def to_regex(globs: Iterable[str]) -> str:
    """One RE2 pattern that matches a whole path if any of the globs does. Match it ignoring case.

    >>> to_regex(["**/dags/*.py"])
    '(?s)^(?:(?:.*/)?dags/[^/]*\\\\.py)$'
    """
    plain = sorted({pattern for glob in globs for pattern in expand(glob)})
    return f"(?s)^(?:{'|'.join(map(_plain_to_regex, plain))})$"


def _plain_to_regex(glob: str) -> str:
    segments = glob.split("/")
    parts: list[str] = []
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment == "**":
            parts.append(".+" if last else "(?:.*/)?")
        else:
            parts.append("".join(map(_character, segment)) + ("" if last else "/"))
    return "".join(parts)


def _character(character: str) -> str:
    return {"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character))
