r"""What a commit message declares: people in trailers, reverts, cherry picks, its change request.

Trailers are read where git reads them: in the last paragraph, if all its lines are trailers, or a quarter of them and one
written by git itself. Also, as the kernel and squash merges have it, in the paragraphs right before it as long as those
consist of trailers only. A line like "Reviewed-by:" in the middle of a text is text.

Public practice this follows: git-interpret-trailers(1); the kernel's "Submitting patches" (Co-developed-by,
Reviewed-and-tested-by); squash merges of the forges; `git cherry-pick -x`; "[ Upstream commit ... ]" of stable trees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

__all__ = ["PEOPLE", "Message", "Named", "named", "read_message", "trailers"]

PEOPLE = 500
"""Most people read from one message in one role."""
_PICKS = 100


class Named(NamedTuple):
    """Somebody named in a trailer. email is None where there is only a name."""

    name: str
    email: str | None


class Message(NamedTuple):
    """What one message declares. Object ids are whole or abbreviated, as written; change_request is a number as text."""

    lines: int
    trailers: tuple[tuple[str, str], ...] = ()
    co_authors: tuple[Named, ...] = ()
    reviewers: tuple[Named, ...] = ()
    testers: tuple[Named, ...] = ()
    acked: tuple[Named, ...] = ()
    signed: tuple[Named, ...] = ()
    is_revert: bool = False
    revert_of: str | None = None
    picks: tuple[str, ...] = ()
    change_request: str | None = None


_CO_AUTHOR, _REVIEWER, _TESTER, _ACKED, _SIGNED = range(5)
_ROLES = {
    "co-authored-by": (_CO_AUTHOR,),
    "co-developed-by": (_CO_AUTHOR,),
    "also-authored-by": (_CO_AUTHOR,),
    "reviewed-by": (_REVIEWER,),
    "approved-by": (_REVIEWER,),
    "tested-by": (_TESTER,),
    "acked-by": (_ACKED,),
    "signed-off-by": (_SIGNED,),
    "reviewed-and-tested-by": (_REVIEWER, _TESTER),
    "tested-and-reviewed-by": (_REVIEWER, _TESTER),
    "acked-and-tested-by": (_ACKED, _TESTER),
    "tested-and-acked-by": (_ACKED, _TESTER),
    "acked-and-reviewed-by": (_ACKED, _REVIEWER),
    "reviewed-and-acked-by": (_ACKED, _REVIEWER),
}
_TRAILER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)", re.DOTALL)
_BY_GIT = ("Signed-off-by: ", "(cherry picked from commit ")
_NAME = 200
_ADDRESS = re.compile(r"([^<>\s@]+@[^<>\s@]+)")
_REVERTED = re.compile(r"\b[Tt]his (?:partially )?reverts (?:commit )?([0-9a-f]{7,64})\b")
_PICKED = re.compile(
    r"^[ \t]*(?:\(cherry[- ]picked from commit ([0-9a-f]{7,64})\)|\[ ?[Uu]pstream commit ([0-9a-f]{7,64}) ?\]"
    r"|commit ([0-9a-f]{40,64}) upstream\.?[ \t]*$)",
    re.MULTILINE,
)
_SQUASHED = re.compile(r"\([#!]([0-9]{1,10})\)$")
_MERGED = re.compile(r"Merge (?:pull request|PR) #([0-9]{1,10})\b")
_MERGE_REQUEST = re.compile(r"^See merge request \S*!([0-9]{1,10})\s*$", re.MULTILINE)
_IMPORTED = re.compile(r"^COPYBARA_INTEGRATE_REVIEW=\S*/pull/([0-9]{1,10})\b", re.MULTILINE)


def read_message(message: str) -> Message:
    r"""All that `message` declares. Nobody is named twice in one role.

    >>> read_message("Load faster (#7)\n\nWhy.\n\nReviewed-by: Ada <ada@example.org>\n").reviewers
    (Named(name='Ada', email='ada@example.org'),)
    """
    text = message.strip("\n")
    subject = text.partition("\n")[0].rstrip()
    declared = tuple(trailers(text)) if ":" in text else ()
    co_authors, reviewers, testers, acked, signed = _people(declared)
    reverted = _REVERTED.search(text) if "reverts" in text else None
    picks = islice(_PICKED.finditer(text), _PICKS) if "pick" in text or "pstream" in text else ()
    return Message(
        text.count("\n") + 1 if text else 0,
        declared,
        co_authors,
        reviewers,
        testers,
        acked,
        signed,
        is_revert=reverted is not None or subject.startswith(('Revert "', "Revert: ", "revert: ")),
        revert_of=reverted and reverted.group(1),
        picks=tuple(dict.fromkeys(pick.group(pick.lastindex or 0) for pick in picks)),
        change_request=_change_request(subject, text),
    )


def _people(declared: Iterable[tuple[str, str]]) -> list[tuple[Named, ...]]:
    """Those named in each of the five roles, each once."""
    people: tuple[dict[str, Named], ...] = ({}, {}, {}, {}, {})
    for key, value in declared:
        for role in _ROLES.get(key, ()):
            person = named(value)
            if person is not None and len(people[role]) < PEOPLE:
                people[role].setdefault((person.email or person.name).lower(), person)
    return [tuple(group.values()) for group in people]


def _change_request(subject: str, text: str) -> str | None:
    found = None
    if subject.endswith(")"):
        found = _SQUASHED.search(subject)
    elif subject.startswith("Merge "):
        found = _MERGED.match(subject) or _MERGE_REQUEST.search(text)
    elif "COPYBARA_INTEGRATE_REVIEW=" in text:
        found = _IMPORTED.search(text)
    return found.group(1) if found else None


def trailers(text: str) -> Iterator[tuple[str, str]]:
    r"""(key in lower case, value) of each trailer of a message without newlines around it, last paragraph first.

    >>> list(trailers("Fix\n\nFixes: the loader\nby hand"))
    []
    """
    end, last = len(text), True
    while (start := text.rfind("\n\n", 0, end)) > 0:
        paragraph = text[start + 2 : end].strip("\n")
        end = start
        if not paragraph:
            continue
        found = _block(paragraph, strict=not last)
        if not found:
            return
        yield from found
        last = False


def _block(paragraph: str, *, strict: bool) -> list[tuple[str, str]]:
    """The trailers of a paragraph, none if it is not a block of trailers."""
    found: list[tuple[str, str]] = []
    good = bad = 0
    by_git = within = False
    for line in paragraph.split("\n"):
        if line[:1] in " \t":
            if within and found:
                found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
            else:
                bad += 1
            continue
        match = _TRAILER.match(line)
        if match:
            found.append((match.group(1).lower(), match.group(2).strip()))
        within = match is not None
        known = line.startswith(_BY_GIT)
        by_git |= known
        if match or known:
            good += 1
        else:
            bad += 1
    if bad and (strict or not by_git or good * 3 < bad):
        return []
    return found


def named(value: str) -> Named | None:
    """Who a trailer names: "Name <address>", an address, or a name.

    >>> named('"Ada L." <ada@example.org> # on two boards')
    Named(name='Ada L.', email='ada@example.org')
    >>> named("Bob")
    Named(name='Bob', email=None)
    """
    return _named(value[: 4 * _NAME])


@lru_cache(maxsize=1 << 14)
def _named(value: str) -> Named | None:
    name, _, rest = value.partition("<")
    address, closed, _ = rest.partition(">")
    if closed and (address := address.strip()) and " " not in address:
        return Named(name.strip(" \t\"'")[:_NAME], address)
    bare = _ADDRESS.match(value)
    if bare:
        return Named("", bare.group(1))
    name = name.split("#", 1)[0].strip()[:_NAME]
    return Named(name, None) if name else None
