"""What people write in commits: subjects, bodies, trailers, and what bots write."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from calibrant.sample.areas import AREAS
from calibrant.sample.projects import Project
from calibrant.sample.work import Change

__all__ = ["ASSISTED", "BIDI_SUBJECT", "MARKUP_SUBJECT", "body", "bump", "message", "subject"]

_PLAIN = (
    "Fix {component}",
    "Tidy {component}",
    "Small changes to {component}",
    "{component}: follow-up",
    "wip {component}",
)
_KINDS = ("feat", "fix", "refactor", "chore", "perf")
_BODIES = (
    "The old way failed when a partition arrived late; now the run waits for it and says so.",
    "Measured on last month's traffic: the slowest tenth is faster, the rest unchanged.",
    "This keeps the public behaviour and makes the next change smaller.",
    "Found while looking into the incident of last week. A test holds it in place.",
    "Agreed with the users of the table; the column stays for one more release.",
)
_PACKAGES = ("tensorlite", "fastserve", "framework-kit", "yamlette", "gridplot", "tokenforge", "queuelet")

ASSISTED = (
    "Co-authored-by: Copilot <198982749+Copilot@users.noreply.github.com>",
    "Assisted-by: Copilot",
    "Generated-by: code completion, reviewed by the author",
)
"""Trailers that declare a machine's help."""

MARKUP_SUBJECT = "Escape <script>alert('calibrant')</script> and <img src=x onerror=alert(1)> in answers"
"""A subject that no report may let run."""

BIDI_SUBJECT = "Allow \u202egnirts desrever\u202c in transcripts"
"""A subject with a right-to-left override."""


def subject(change: Change, project: Project, rng: Random) -> str:
    """The subject line, without the number of its change request."""
    pool = AREAS[change.skill].subjects if rng.random() < 0.75 else _PLAIN
    text = rng.choice(pool).format(component=change.component.replace("_", " "))
    prefix = project.prefix.format(kind=rng.choice(_KINDS), skill=change.skill, number=rng.randint(100, 2_400))
    return prefix + (text[0].lower() + text[1:] if prefix.endswith("): ") else text)


def body(rng: Random) -> str:
    """A sentence or two on why."""
    return "\n".join(rng.sample(_BODIES, rng.choice((1, 1, 2))))


def message(title: str, paragraphs: Sequence[str], trailers: Sequence[str]) -> str:
    """A whole commit message; empty paragraphs are left out."""
    parts = [title, *(paragraph for paragraph in paragraphs if paragraph)]
    if trailers:
        parts.append("\n".join(trailers))
    return "\n\n".join(parts) + "\n"


def bump(rng: Random) -> str:
    """What a dependency bot proposes."""
    minor, patch = rng.randint(0, 30), rng.randint(0, 9)
    return f"Bump {rng.choice(_PACKAGES)} from 2.{minor}.{patch} to 2.{minor}.{patch + 1}"
