"""Cutpoints of every skill: this organisation's use of level-anchored forms, until something ties it to a standard.

*Norms.* Human ratings whose marks are the five levels say where the average rater here begins to give each level (the standard's rule
for ratings, Thurstonian .5). 360 forms and scorecards have norms of their own, pooled by precision, their disagreement added:
they are two answers to the same question. Machine items have theirs (RP67), kept for comparison and used only where no
human form anchors the skill.

*Anchors.* That the average rater says 5 does not make it a 5: raters who shun the ends put the norm's top cut too high, and no number
of ratings mends that. Judges (Bookmark, Angoff), vignettes and committee decisions answer the other question, where a level
begins. So norms are never pooled with them as one more source, however precise: where there are anchors, they decide,
and the norm is only what they are loosely held to. Decisions are shrunk to what judges and vignettes say, or else to the norm, and
count once they are many enough (`inference.anchors`), unless a record says they must not or a registered model has learned
from them already: they enter once. Too few on a skill, they move the norms of all skills together (`inference.common_shift`). Until a skill has an anchor, reports say "relative to
this organisation's average rater".
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.records import LEVELS, StandardSetting
from inference.anchors import Anchor, Decided, decided, from_decisions, from_setting, from_vignettes
from inference.common_shift import CommonShift, common
from inference.observations import Observed
from inference.ratings import heard
from inference.standards_set import ALL_SKILLS, Scales, standing
from models.cutpoints import Cuts, measure_cuts, person_errors, rating_cuts, reconcile
from models.cuts import completed_from
from models.facets import FacetsModel
from models.standard_setting import booklet
from rubrics import Standard

__all__ = ["SkillCuts", "skill_cuts"]

_DEFAULT_SPACING: Final = 1.2
_DEFAULT_ERROR: Final = 1.0
_PANELS: Final = ("angoff", "bookmark")


@dataclass(frozen=True, slots=True)
class SkillCuts:
    """Cuts of one skill. cut: (4,) logits. se: (4,) as it stands alone. seen_from: (persons, 4) standard errors to go with each
    fitted person's posterior. by_source: what each source gives, used or not, JSON-ready. anchored_by: the sources that tie it to a
    standard; empty: relative to the average rater. pages: the booklet for judges, easiest first.
    """

    cut: NDArray[np.float64]
    se: NDArray[np.float64]
    seen_from: NDArray[np.float64] | None
    rule: str
    by_source: Mapping[str, Mapping[str, Any]]
    anchored_by: tuple[str, ...] = ()
    pages: tuple[Mapping[str, Any], ...] = ()

    def as_mapping(self) -> dict[str, Any]:
        """For `Run.details`."""
        seen = self.se if self.seen_from is None else self.seen_from.mean(axis=0)
        return {
            "cuts": _listed(self.cut),
            "se": _listed(self.se),
            "seen_se": _listed(np.asarray(seen)),
            "rule": self.rule,
            "anchored_by": list(self.anchored_by),
            "by_source": {name: dict(one) for name, one in self.by_source.items()},
            "booklet": [dict(page) for page in self.pages],
        }


@dataclass(frozen=True, slots=True)
class _Bases:
    """One skill before decisions. norm: of the sources named in `stated`, complete; None where no form anchors the skill.
    anchored: judges' and vignettes' cuts, reconciled.
    """

    sources: Mapping[str, Cuts] = field(default_factory=dict)
    stated: frozenset[str] = frozenset()
    anchors: Mapping[str, Anchor] = field(default_factory=dict)
    norm: Cuts | None = None
    anchored: Cuts | None = None
    pages: tuple[Mapping[str, Any], ...] = ()

    def whole(self, cuts: Cuts) -> Cuts:
        """Cuts with those missing put where the norm's distances put them."""
        return cuts if self.norm is None else completed_from(cuts, self.norm)


def skill_cuts(
    standard: Standard,
    observed: Observed,
    model: FacetsModel | None,
    settings: Sequence[StandardSetting] = (),
    *,
    heed_decisions: bool = True,
) -> dict[str, SkillCuts]:
    """Cuts of every skill of the standard. settings: standard-setting records, the first saved first. heed_decisions: whether
    committees' decisions may move them; not where a registered recalibration has learned from the same decisions.
    """
    if model is None:
        return {skill: _default(None) for skill in standard.skills}
    stands = standing(settings)
    bases = {skill: _bases(standard, skill, observed, model, stands) for skill in standard.skills}
    decisions = decided(observed, model) if heed_decisions else Decided()
    refused = {skill for skill in standard.skills if _refuses_decisions(skill, stands)}
    heeded = decisions.without(refused)
    moved = common({skill: one.norm for skill, one in bases.items() if one.norm is not None}, heeded)
    return {
        skill: _one(skill, observed, model, bases, heeded, None if skill in refused else moved)
        for skill in standard.skills
    }


def _refuses_decisions(skill: str, stands: Mapping[tuple[str, str], StandardSetting]) -> bool:
    """A record of the skill, else one of all skills, may say that decisions are not to set cutpoints."""
    record = stands.get((skill, "decisions")) or stands.get((ALL_SKILLS, "decisions"))
    return record is not None and record.record.get("use") is False


def _bases(
    standard: Standard,
    skill: str,
    observed: Observed,
    model: FacetsModel,
    stands: Mapping[tuple[str, str], StandardSetting],
) -> _Bases:
    observations = observed.observations[observed.observations["skill"] == skill]
    if observations.empty:
        return _Bases()
    ratings = observed.ratings[observed.ratings["skill"] == skill]
    humans = _human_cuts(standard, ratings, observations, model)
    machines = _machine_cuts(standard, observed.grading.machine, observations, model)
    stated = {source: cuts for source, cuts in humans.items() if source != "decisions"} or humans or machines
    norm = reconcile(stated) if stated else None
    scales = Scales(skill, pd.concat([observed.ratings, observed.vignettes]), observed.grading.machine)
    anchors = {
        method: from_setting(model, stands[skill, method], scales) for method in _PANELS if (skill, method) in stands
    }
    if (skill, "vignettes") in stands:
        held = norm or _blank(model)
        anchors["vignettes"] = from_vignettes(model, skill, stands[skill, "vignettes"], observed.vignettes, held)
    given = {name: one.cuts for name, one in anchors.items() if one.cuts is not None}
    whole = {name: completed_from(cuts, norm) if norm else cuts for name, cuts in given.items()}
    return _Bases(
        sources={**humans, **machines},
        stated=frozenset(stated),
        anchors=anchors,
        norm=norm,
        anchored=reconcile(whole) if whole else None,
        pages=_pages(observations, scales, model),
    )


def _one(
    skill: str,
    observed: Observed,
    model: FacetsModel,
    bases: Mapping[str, _Bases],
    decisions: Decided,
    moved: CommonShift | None,
) -> SkillCuts:
    base = bases[skill]
    alike = {
        name: (one.anchored or one.norm)
        for name, one in bases.items()
        if (one.anchored is None) == (base.anchored is None)
    }
    known = {name: cuts for name, cuts in alike.items() if cuts is not None}
    anchors = dict(base.anchors)
    if skill in known:
        said = from_decisions(model, skill, decisions, known, beside=base.anchored is not None)
        anchors |= {"decisions": said} if said is not None else {}
    used = {name: one.cuts for name, one in anchors.items() if one.cuts is not None and np.isfinite(one.cuts.cut).any()}
    adds = {"decisions"} if base.anchored is not None else set()  # what they say beside others; where nothing, nothing
    norm = base.norm if base.norm is None or moved is None else moved.applied(base.norm)
    final = reconcile({n: c if n in adds else base.whole(c) for n, c in used.items()}) if used else norm
    if final is None:
        return _default(model)
    by_source = {
        source: _norm_mapping(cuts, used=not used and source in base.stated)
        for source, cuts in sorted(base.sources.items())
        if source != "decisions" or "decisions" not in anchors
    }
    by_source |= {name: _anchor_mapping(one, used=name in used) for name, one in sorted(anchors.items())}
    return SkillCuts(
        final.cut,
        final.se,
        person_errors(model, final, skill),
        final.rule,
        by_source,
        tuple(sorted(used)),
        base.pages,
    )


def _human_cuts(
    standard: Standard, ratings: pd.DataFrame, observations: pd.DataFrame, model: FacetsModel
) -> dict[str, Cuts]:
    anchored = ratings[ratings["anchored"] & heard(ratings) & ratings["item"].isin(observations["item"])]
    rule = standard.cutpoints.ratings
    return {
        str(source): rating_cuts(
            model, sorted(set(rows["item"])), source=source, scales=set(rows["format"]), levels=LEVELS, rule=rule
        )
        for source, rows in anchored.groupby("source")
    }


def _machine_cuts(
    standard: Standard, machine: pd.DataFrame, observations: pd.DataFrame, model: FacetsModel
) -> dict[str, Cuts]:
    """Where several ladders of levels are in use (waivers differ by date only), an item's first one stands."""
    items = machine[machine["item"].isin(observations["item"])].drop_duplicates("item")
    ladders: dict[Hashable, Sequence[int]] = dict(zip(items["item"], items["levels"], strict=True))
    rule = standard.cutpoints.measures
    return {"git": measure_cuts(model, ladders, source="git", levels=LEVELS, rule=rule)} if ladders else {}


def _pages(observations: pd.DataFrame, scales: Scales, model: FacetsModel) -> tuple[Mapping[str, Any], ...]:
    """The booklet for judges: every threshold of the skill's items, the easiest first, named as the form names it.

    Decisions are no form, and an item rated on several scales has no score that names a threshold.
    """
    rows = observations[observations["source"] != "decisions"]
    found = []
    for source, item in sorted(set(rows[["source", "item"]].itertuples(index=False, name=None))):
        name = scales.name(source, item)
        if scales.is_ambiguous(source, name):
            continue
        scale = scales.find({"source": source, "item": name})
        for page, place in booklet(model, [item], source=source):
            found.append((place, {"source": source, "item": name, "at_least": scale.score(page.at_least)}))
    found.sort(key=lambda one: (one[0], one[1]["source"], one[1]["item"], one[1]["at_least"]))
    return tuple({"page": n, **page, "theta": round(place, 6)} for n, (place, page) in enumerate(found, start=1))


def _even() -> NDArray[np.float64]:
    return np.asarray(_DEFAULT_SPACING * (np.arange(LEVELS - 1) - (LEVELS - 2) / 2), dtype=np.float64)


def _blank(model: FacetsModel) -> Cuts:
    """Evenly spaced about the population's mean, with an error of a logit."""
    size = len(model.facet_covariance_)
    cut = np.asarray(float(model.theta_mean_) + _even(), dtype=np.float64)
    error, none = np.full(LEVELS - 1, _DEFAULT_ERROR), np.zeros(LEVELS - 1, dtype=np.int64)
    return Cuts(cut, error, error, none, np.zeros((LEVELS - 1, size)), "evenly spaced", none == 0)


def _default(model: FacetsModel | None) -> SkillCuts:
    """Says next to nothing, and says so."""
    centre = float(model.theta_mean_) if model is not None else 0.0
    cut = np.asarray(centre + _even(), dtype=np.float64)
    return SkillCuts(cut, np.full(LEVELS - 1, _DEFAULT_ERROR), None, "default: no evidence anchors this skill", {})


def _norm_mapping(cuts: Cuts, *, used: bool) -> dict[str, Any]:
    return {"cuts": _listed(cuts.cut), "se": _listed(cuts.se), "rule": cuts.rule, "kind": "norm", "used": used}


def _anchor_mapping(anchor: Anchor, *, used: bool) -> dict[str, Any]:
    """JSON-ready. cuts and se are None per cut where the source says nothing of it, and whole where it is not used."""
    found: dict[str, Any] = {"rule": anchor.rule, "kind": "anchor", "used": used, "note": anchor.note}
    if anchor.cuts is not None:
        found |= {"cuts": _listed(anchor.cuts.cut), "se": _listed(anchor.cuts.se)}
    counts = {"judges": anchor.judges, "rounds": anchor.rounds, "labels": anchor.labels}
    found |= {name: count for name, count in counts.items() if count}
    return found | ({"by_round": [dict(one) for one in anchor.by_round]} if anchor.by_round else {})


def _listed(values: NDArray[np.float64]) -> list[float | None]:
    return [round(float(value), 6) if np.isfinite(value) else None for value in values]
