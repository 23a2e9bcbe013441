"""Which skills evidence bears on: work by what was written and where, ratings by what they name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import rubrics
from inference.attribution import Attribution
from inference.facts import RATING_FACTS, read_measures
from rubrics import Standard

__all__ = ["WorkTags", "tag_ratings", "tag_work"]

Integers = NDArray[np.int64]

_WORDS = ["imports", "tools", "labels", "source"]


@dataclass(frozen=True, slots=True)
class WorkTags:
    """Pairs of change and skill, sorted. change: position in `Attribution.changes`; skill: position in `skills`, which is sorted."""

    skills: tuple[str, ...]
    change: Integers
    skill: Integers


def tag_work(standard: Standard, attribution: Attribution) -> WorkTags:
    """Tags work by its written paths, by imports, tools and labels, and by where it came from."""
    changes, touched = attribution.changes, attribution.touched
    skills = tuple(sorted(standard.skills))
    tagged = np.zeros((len(changes), len(skills)), dtype=bool)
    matched = rubrics.match_paths(standard, touched.distinct)
    written = touched.written
    for position, skill in enumerate(skills):
        tagged[:, position] = touched.any(matched[skill].to_numpy(dtype=bool) & written)
    words = changes[[name for name in _WORDS if changes[name].notna().any()]].reset_index(drop=True)
    by_word = rubrics.tag(standard, words.assign(evidence=np.arange(len(words))))
    places = pd.Index(skills).get_indexer(pd.Index(by_word["skill"].cat.categories))
    tagged[by_word["evidence"].to_numpy(), places[by_word["skill"].cat.codes.to_numpy()]] = True
    change, skill_of = np.nonzero(tagged)
    return WorkTags(skills, change, skill_of)


def tag_ratings(standard: Standard, evidence: pd.DataFrame) -> pd.DataFrame:
    """evidence, skill: tags of ratings, scorecards and decisions by the competency, item or skill they name."""
    facts = read_measures(evidence["measures"], RATING_FACTS)
    competency = facts["competency"].fillna(facts["skill"])
    named = pd.DataFrame({"evidence": evidence["evidence"], "competency": competency, "item": facts["item"]})
    return rubrics.tag(standard, named).astype({"skill": "str"})
