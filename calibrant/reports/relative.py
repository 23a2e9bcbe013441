"""What levels are relative to: the average rater here, until judges, vignettes or decisions tie a skill to a standard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from calibrant.reports.explain import RELATIVE
from calibrant.reports.inert import NAME_LIMIT, shown
from db.records import Run

__all__ = ["relative_text"]

_WORDS: Final = {
    "angoff": "judges (Angoff)",
    "bookmark": "judges (Bookmark)",
    "decisions": "decisions of its committees",
    "vignettes": "vignettes",
}


def relative_text(run: Run, skills: Iterable[tuple[str, str]]) -> str:
    """The sentence for these skills, (code, name) each, by what the run's cutpoints rest on."""
    stored: Any = run.details.get("cutpoints", {})
    listed = list(skills)
    anchored = {code: tuple(stored.get(code, {}).get("anchored_by", ())) for code, _ in listed}
    tied = [name for code, name in listed if anchored[code]]
    if not tied:
        return RELATIVE
    kinds = sorted({_WORDS.get(kind, kind) for kinds in anchored.values() for kind in kinds})
    by = kinds[0] if len(kinds) == 1 else f"{', '.join(kinds[:-1])} and {kinds[-1]}"
    if len(tied) == len(listed):
        return f"Levels are tied to this organisation's standard by {by}. Another organisation's may be another."
    names = ", ".join(shown(name, NAME_LIMIT) for name in tied)
    return f"Tied to this organisation's standard by {by}: {names}. For all other skills: {RELATIVE}"
