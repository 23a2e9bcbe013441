"""Who spoke to one person's skill, in which relation, through which source and in which quarters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import pandas as pd

from inference.observations import Observed
from inference.sensitivity import Without
from inference.states import Reading

__all__ = ["NOBODY", "Raters", "raters_of"]

_Quarters = dict[tuple[str, str], dict[str, tuple[frozenset[str], frozenset[str]]]]


@dataclass(frozen=True, slots=True)
class Raters:
    """Who spoke to one person's skill: rater -> relation ("machine" for machines), rater -> sources; and by quarter, of whom it
    takes something and of whom something stays.
    """

    relation: Mapping[str, str]
    sources: Mapping[str, frozenset[str]]
    quarters: Mapping[str, tuple[frozenset[str], frozenset[str]]]

    def reading(
        self, variance_reduction: float, levels: tuple[int, int], without: Without | None = None, *, words: str = ""
    ) -> Reading:
        """What the rules look at, perhaps without a rater, a source or a quarter."""
        kept = frozenset(self.sources) if without is None else self._kept(without)
        humans = sum(self.relation[rater] != "machine" for rater in kept)
        return Reading(len(kept), humans, variance_reduction, levels, words)

    def _kept(self, without: Without) -> frozenset[str]:
        if without.kind == "quarter":
            return self.quarters[without.dropped][1]
        return frozenset(
            rater
            for rater, sources in self.sources.items()
            if rater != without.dropped and sources != {without.dropped}
        )

    def by_relation(self, raters: Iterable[str]) -> dict[str, int]:
        """Number of humans among these, per relation."""
        relations = sorted(self.relation[rater] for rater in raters)
        return {name: len(list(each)) for name, each in groupby(relations) if name != "machine"}


NOBODY: Final = Raters({}, {}, {})


def raters_of(observed: Observed, by_quarter: pd.DataFrame) -> dict[tuple[str, str], Raters]:
    """By (person, skill). A human who spoke in several relations keeps the first in the alphabet.

    by_quarter: as `inference.quarters.lessened` gives it.
    """
    relation = {
        (str(r.person), str(r.skill), str(r.rater)): str(r.relation)
        for r in observed.ratings.sort_values("relation", ascending=False).itertuples(index=False)
    }
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    rows = observed.observations[["person", "skill", "rater", "source"]].drop_duplicates()
    for person, skill, rater, source in rows.itertuples(index=False, name=None):
        found.setdefault((str(person), str(skill)), {}).setdefault(str(rater), set()).add(str(source))
    quarters = _quarters(observed, by_quarter)
    return {
        pair: Raters(
            {rater: relation.get((*pair, rater), "machine") for rater in sorted(sources)},
            {rater: frozenset(names) for rater, names in sorted(sources.items())},
            quarters.get(pair, {}),
        )
        for pair, sources in found.items()
    }


def _quarters(observed: Observed, by_quarter: pd.DataFrame) -> _Quarters:
    """By (person, skill) and quarter: raters of whom it takes something, and raters of whom something stays."""
    pair = ["person", "skill"]
    ratings = observed.observations.groupby([*pair, "rater"]).size().rename("ratings").reset_index()
    gone = by_quarter.assign(gone=by_quarter["at_least"] == 0).groupby([*pair, "quarter", "rater"])["gone"].sum()
    lost = gone.reset_index()
    every = lost[[*pair, "quarter"]].drop_duplicates().merge(ratings, on=pair)
    every = every.merge(lost, on=[*pair, "quarter", "rater"], how="left")
    every["touched"] = every["gone"].notna()
    every["staying"] = every["gone"].fillna(0) < every["ratings"]
    sets: dict[tuple[str, str], dict[str, tuple[set[str], set[str]]]] = {}
    columns = every[[*pair, "quarter", "rater", "touched", "staying"]]
    for person, skill, quarter, rater, touched, staying in columns.itertuples(index=False, name=None):
        without, kept = sets.setdefault((str(person), str(skill)), {}).setdefault(str(quarter), (set(), set()))
        without.update([str(rater)] if touched else [])
        kept.update([str(rater)] if staying else [])
    return {
        key: {quarter: (frozenset(one), frozenset(other)) for quarter, (one, other) in sorted(each.items())}
        for key, each in sets.items()
    }
