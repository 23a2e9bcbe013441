"""Which few exhibits tell a criterion's story: spread over months and areas, reviewed work first.

A reader has five minutes. The copy shows as many exhibits per criterion as fit, never fewer than one for and one
against where they exist, and says how many more there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from calibrant.reports.evidence_text import Exhibit, month_text

__all__ = ["Scope", "Selection", "scope_of", "select", "words"]


@dataclass(frozen=True, slots=True)
class Selection:
    """The exhibits shown, oldest first, and how many more exist."""

    exhibits: tuple[Exhibit, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Scope:
    """How far work reaches: months with work in them, first and last month ("2026-03"), repositories, areas.

    works, the number of exhibits, is kept for records and never printed: volume is not evidence of skill.
    """

    works: int = 0
    months: int = 0
    first: str = ""
    last: str = ""
    repositories: int = 0
    areas: int = 0

    @property
    def sentence(self) -> str:
        """ "7 months, Mar 2025 to Feb 2026; 2 repositories, 5 areas", or "" if nothing is cited."""
        if not self.works:
            return ""
        span = month_text(self.first) + (f" to {month_text(self.last)}" if self.last != self.first else "")
        return f"{_plural(self.months, 'month', 'months')}, {span}" + (f"; {self.reach}" if self.reach else "")

    @property
    def reach(self) -> str:
        """ "2 repositories, 5 areas": how wide, without how long."""
        reach = [_plural(self.repositories, "repository", "repositories"), _plural(self.areas, "area", "areas")]
        return ", ".join(part for part in reach if part)


def _plural(count: int, one: str, many: str) -> str:
    return "" if not count else f"{count} {one if count == 1 else many}"


def scope_of(exhibits: Iterable[Exhibit]) -> Scope:
    """The reach of these exhibits, each counted once."""
    unique = {exhibit.evidence: exhibit for exhibit in exhibits}.values()
    months = sorted({exhibit.month for exhibit in unique})
    if not months:
        return Scope()
    return Scope(
        works=len(unique),
        months=len(months),
        first=months[0],
        last=months[-1],
        repositories=len({exhibit.where for exhibit in unique if exhibit.where}),
        areas=len({(exhibit.where, area) for exhibit in unique for area in exhibit.areas}),
    )


def select(candidates: Sequence[Exhibit], cap: int, told: Collection[str] = ()) -> Selection:
    """At most `cap` of the candidates, greedily: not told before, a new month, a new area, reviewed, quoted, recent.

    told: evidence ids already printed under an earlier criterion of the skill.
    """
    pool = list({exhibit.evidence: exhibit for exhibit in candidates}.values())
    chosen: list[Exhibit] = []
    while pool and len(chosen) < cap:
        months = {exhibit.month for exhibit in chosen}
        areas = {area for exhibit in chosen for area in exhibit.areas}

        def telling(exhibit: Exhibit, months: set[str] = months, areas: set[str] = areas) -> tuple[object, ...]:
            return (
                exhibit.evidence not in told,
                exhibit.month not in months,
                exhibit.reviewed,
                bool(set(exhibit.areas) - areas),
                bool(exhibit.quote),
                exhibit.on,
                exhibit.evidence,
            )

        best = max(pool, key=telling)
        chosen.append(best)
        pool.remove(best)
    return Selection(tuple(sorted(chosen, key=lambda exhibit: (exhibit.on, exhibit.evidence))), len(pool))


def words(*texts: str) -> int:
    """Words in these texts, for the reading time."""
    return sum(len(text.split()) for text in texts)
