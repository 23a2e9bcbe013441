"""What ties levels to a standard instead of to this organisation's average rater: judges, vignettes, committee decisions.

Each gives cuts of its own; `inference.cutting` says how they are weighed. A record that cannot be used (its items are not rated,
its vignettes by too few) never stops an assessment: it is left out, and the reason is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.records import LEVELS, StandardSetting
from inference.observations import Observed
from inference.standards_set import Scales
from inference.vignettes import PREFIX
from models.anchoring import (
    DECISIONS,
    FREE_FROM,
    VIGNETTES,
    Labels,
    Shift,
    alone,
    carried,
    common_shift,
    labelled_cuts,
    panel_noise,
    theta_loading,
    without_prior,
)
from models.cutpoints import Cuts
from models.facets import FacetsModel
from models.standard_setting import JUDGES_ASKED, Judged, Page, angoff_cuts, bookmark_cuts

__all__ = ["Anchor", "Decided", "decided", "from_decisions", "from_setting", "from_vignettes"]

LEAST_VIGNETTES: Final = 3
LEAST_VIGNETTE_RATERS: Final = 2
LEAST_DECIDED: Final = 5
"""People decided upon, on a skill, before its decisions may move its cuts."""

MOST_DECISION_ERROR: Final = 0.35
"""Mean standard error (logits) of cuts from decisions up to which they count: half the variance of their prior is gone by then."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Cuts of one kind for one skill. cuts: None where they cannot be used, and `note` says why.

    labels: vignettes or decisions behind them; judges and rounds: of a panel. by_round: cuts and standard errors per round.
    """

    cuts: Cuts | None
    rule: str
    note: str = ""
    judges: int = 0
    rounds: int = 0
    labels: int = 0
    by_round: tuple[Mapping[str, Any], ...] = ()


def from_setting(model: FacetsModel, setting: StandardSetting, scales: Scales) -> Anchor:
    """A panel's cuts (bookmark or angoff) on the present scale: its items' places are those of this fit."""
    blank = Anchor(None, setting.rule, judges=setting.judges, rounds=setting.rounds)
    try:
        judged = _bookmark(model, setting, scales) if setting.method == "bookmark" else _angoff(model, setting, scales)
    except (ValueError, KeyError) as error:
        return replace(blank, note=f"not used: {error}")
    few = f"{setting.judges} judges; {JUDGES_ASKED} are asked for" if setting.judges < JUDGES_ASKED else ""
    once = "one round; two are asked for" if setting.rounds < 2 else ""
    return replace(
        blank,
        cuts=judged.cuts,
        note="; ".join(word for word in (few, once) if word),
        by_round=tuple(
            {"cuts": _listed(one.cut), "se": _listed(one.se), "judges": one.judges.tolist()} for one in judged.rounds
        ),
    )


def _bookmark(model: FacetsModel, setting: StandardSetting, scales: Scales) -> Judged:
    record: Any = setting.record
    pages = []
    for page in record["booklet"]:
        scale = scales.find(page)
        pages.append(Page(scale.item, round(scale.category(float(page["at_least"]))), str(page["source"])))
    rounds = [
        {int(level): [page for page in pages if page is not None] for level, pages in one.items()}
        for one in record["rounds"]
    ]
    return bookmark_cuts(
        model, pages, rounds, rule=setting.rule, statistic=record.get("statistic", "median"), levels=LEVELS
    )


def _angoff(model: FacetsModel, setting: StandardSetting, scales: Scales) -> Judged:
    record: Any = setting.record
    found = [(str(one["source"]), scales.find(one)) for one in record["items"]]
    rounds = [
        {
            int(level): [
                [scale.category(float(score)) for score, (_, scale) in zip(row, found, strict=True)]
                for row in table
                if row is not None
            ]
            for level, table in one.items()
        }
        for one in record["rounds"]
    ]
    items = [(scale.item, source) for source, scale in found]
    return angoff_cuts(model, items, rounds, statistic=record.get("statistic", "mean"), levels=LEVELS)


def from_vignettes(
    model: FacetsModel, skill: str, setting: StandardSetting, vignettes: pd.DataFrame, norm: Cuts
) -> Anchor:
    """Cuts from the agreed levels of described persons and where their ratings put them. norm: to which they are loosely held."""
    record: Any = setting.record
    blank = Anchor(None, setting.rule, judges=setting.judges, rounds=setting.rounds)
    agreed = {f"{PREFIX}{one['vignette']}": int(one["level"]) for one in record.get("vignettes", ())}
    rows = vignettes[(vignettes["skill"] == skill) & ~vignettes["is_self"]]
    raters = rows.groupby("person")["rater"].nunique()
    used = sorted(person for person in agreed if raters.get(person, 0) >= LEAST_VIGNETTE_RATERS)
    levels = np.array([agreed[person] for person in used], dtype=np.int64)
    if len(used) < LEAST_VIGNETTES or len(set(levels.tolist())) < 2:
        why = f"{len(used)} of {len(agreed)} vignettes have been rated by {LEAST_VIGNETTE_RATERS} people or more"
        return replace(blank, note=f"not used: {why}; {LEAST_VIGNETTES} of different levels are needed")
    everyone = model.posteriors()
    at = everyone.keys["person"].astype(str)
    row = pd.Index(at).get_indexer(pd.Index(used))
    column = list(everyone.skills).index(skill)
    theta, sd, telling = alone(
        everyone.mean[row, column],
        everyone.held_sd[row, column],
        float(everyone.prior_mean),
        float(everyone.prior_sd[column]),
    )
    labels = Labels(
        theta[telling], sd[telling], levels[telling], np.ones(int(telling.sum())), panel_noise(setting.judges)
    )
    cuts, gain = labelled_cuts(norm, labels, freedom=VIGNETTES, rule=setting.rule)
    persons = [person for person, tells in zip(used, telling, strict=True) if tells]
    cuts = carried(model, cuts, theta_loading(model, skill, persons, gain))
    left = len(agreed) - len(persons)
    note = f"{left} of {len(agreed)} vignettes have too few ratings and are left out" if left else ""
    return replace(blank, cuts=cuts, labels=len(persons), note=note)


@dataclass(frozen=True, slots=True)
class Decided:
    """Committee decisions taken without seeing an estimate, by skill: persons, and labels with thetas that exclude all decisions.

    seen: number of decisions left out because an estimate had been seen.
    """

    persons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, Labels] = field(default_factory=dict)
    seen: Mapping[str, int] = field(default_factory=dict)

    def by_shares(self, skills: Iterable[str]) -> list[Labels]:
        """The labels of these skills, in their order. What is said of one person, however often, is one impression: each label weighs its
        share of what these skills say of the person.
        """
        listed = list(skills)
        count = Counter(person for skill in listed for person in self.persons[skill])
        share = [np.array([1.0 / count[person] for person in self.persons[skill]]) for skill in listed]
        labels = [self.labels[skill] for skill in listed]
        return [replace(one, weight=one.weight * part) for one, part in zip(labels, share, strict=True)]

    def without(self, skills: Collection[str]) -> Decided:
        """The same less these skills."""
        kept = set(self.labels) - set(skills)
        return Decided(
            {skill: self.persons[skill] for skill in sorted(kept)},
            {skill: self.labels[skill] for skill in sorted(kept)},
            {skill: count for skill, count in self.seen.items() if skill not in skills},
        )


def decided(observed: Observed, model: FacetsModel) -> Decided:
    """What committees decided about levels, beside what all else says of the same people."""
    rows = observed.ratings[(observed.ratings["source"] == "decisions") & observed.ratings["anchored"]]
    rows = rows[~rows["is_self"]]
    seen = rows[rows["saw_estimate"]].groupby("skill")["evidence"].nunique()
    counted = {str(skill): int(count) for skill, count in seen.items()}
    if rows["saw_estimate"].all():
        return Decided(seen=counted)
    observations = observed.observations
    is_decision = (observations["source"] == "decisions").to_numpy(dtype=bool)
    named: list[str | None] = ["decisions" if one else None for one in is_decision]
    excluded = model.leave_one_out(np.array(named, dtype=object))
    at = {str(person): number for number, person in enumerate(excluded.keys["person"])}
    keys = ["person", "skill", "item", "rater", "score"]
    weights = observations.loc[is_decision, [*keys, "discount"]].drop_duplicates(keys)
    unseen = rows[~rows["saw_estimate"]].drop_duplicates("evidence").merge(weights, on=keys)
    column = {str(skill): number for number, skill in enumerate(excluded.skills)}
    persons, labels = {}, {}
    for skill, own in unseen.sort_values([*keys, "evidence"]).groupby("skill"):
        row = np.array([at[str(person)] for person in own["person"]])
        place = column[str(skill)]
        persons[str(skill)] = tuple(own["person"].astype(str))
        labels[str(skill)] = Labels(
            excluded.mean[row, place],
            excluded.held_sd[row, place],
            own["score"].to_numpy(dtype=np.int64) + 1,
            own["discount"].to_numpy(dtype=np.float64),
        )
    return Decided(persons, labels, counted)


def from_decisions(
    model: FacetsModel, skill: str, decisions: Decided, bases: Mapping[str, Cuts], *, beside: bool
) -> Anchor | None:
    """Cuts from decisions on one skill, shrunk to `bases` (of skills whose cuts rest on the same kind of thing) and with what the
    others' decisions say of the common shift. beside: judges or vignettes have spoken, so that only what decisions add is returned.
    None where nobody decided anything.
    """
    labels = decisions.by_shares([skill])[0] if skill in decisions.labels else None
    seen = decisions.seen.get(skill, 0)
    if labels is None and not seen:
        return None
    note = f"{seen} decisions taken after seeing an estimate are left out" if seen else ""
    people = len(set(decisions.persons.get(skill, ())))
    blank = Anchor(None, "committee decisions", note=note, labels=0 if labels is None else len(labels))
    if labels is None or people < LEAST_DECIDED:
        return _unused(blank, f"{people} people decided upon; {LEAST_DECIDED} are needed")
    others = [other for other in sorted(bases) if other != skill and other in decisions.labels]
    freedom = DECISIONS if people >= FREE_FROM else replace(DECISIONS, free=0.0)
    shift: Shift | None = None
    if others:
        shift = common_shift([bases[other] for other in others], decisions.by_shares(others), freedom=freedom)
    cuts, gain = labelled_cuts(bases[skill], labels, freedom=freedom, shift=shift, rule="committee decisions")
    if cuts.own.mean() > MOST_DECISION_ERROR:
        return _unused(blank, f"too few to move the cuts (standard error {cuts.own.mean():.2f} logit)")
    cuts = carried(model, cuts, theta_loading(model, skill, decisions.persons[skill], gain))
    if beside:
        cuts = without_prior(cuts, bases[skill], freedom, shift)
    return replace(blank, cuts=cuts)


def _unused(anchor: Anchor, why: str) -> Anchor:
    return replace(anchor, note="; ".join(word for word in (f"not used: {why}", anchor.note) if word))


def _listed(values: NDArray[np.float64]) -> list[float | None]:
    return [round(float(value), 6) if np.isfinite(value) else None for value in values]
