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

__all__ = ["WorkTags", "tag_ratings", "tag_unseen", "tag_work", "unplaced"]

Integers = NDArray[np.int64]

_WORDS = ["imports", "tools", "labels", "source"]


@dataclass(frozen=True, slots=True)
class WorkTags:
    """Triples of change, skill and area, sorted. change: position in `Attribution.changes`; skill: position in `skills`, which
    is sorted; area: position in `areas`, which is sorted. A change that paths tag lies in the areas of those paths, one
    that only words tag in its main area: so the same work opens the same areas in one change or in many.
    """

    skills: tuple[str, ...]
    areas: pd.Index
    change: Integers
    skill: Integers
    area: Integers


def tag_work(standard: Standard, attribution: Attribution) -> WorkTags:
    """Tags work by its written paths, by imports, tools and labels, and by where it came from."""
    changes, touched = attribution.changes, attribution.touched
    skills = tuple(sorted(standard.skills))
    areas, area_of_path = touched.areas()
    matched = rubrics.match_paths(standard, touched.distinct)
    written = touched.written
    by_path = np.zeros((len(changes), len(skills)), dtype=bool)
    change_of_path = np.repeat(np.arange(len(changes)), np.diff(touched.starts))
    triples: list[Integers] = []
    for position, skill in enumerate(skills):
        tagging = (matched[skill].to_numpy(dtype=bool) & written)[touched.codes]
        change = change_of_path[tagging]
        by_path[change, position] = True
        pair = change * len(skills) + position
        triples.append(np.unique(pair * len(areas) + area_of_path[touched.codes[tagging]]))
    words = changes[[name for name in _WORDS if changes[name].notna().any()]].reset_index(drop=True)
    by_word = rubrics.tag(standard, words.assign(evidence=np.arange(len(words))))
    places = pd.Index(skills).get_indexer(pd.Index(by_word["skill"].cat.categories))
    by_words = np.zeros_like(by_path)
    by_words[by_word["evidence"].to_numpy(), places[by_word["skill"].cat.codes.to_numpy()]] = True
    change, skill_of = np.nonzero(by_words & ~by_path)
    main = areas.get_indexer(pd.Index(changes["area"]))
    triples.append((change * len(skills) + skill_of) * len(areas) + main[change])
    triple = np.sort(np.concatenate(triples))
    pair, area = np.divmod(triple, len(areas))
    return WorkTags(skills, areas, *np.divmod(pair, len(skills)), area)


def tag_unseen(standard: Standard, attribution: Attribution, tags: WorkTags) -> WorkTags:
    """What work may bear on beyond its tags, as nobody knows which files it touched: every skill that is told by paths, and those
    it is tagged with, whose tests and documentation are unknown too. Kinds of work that no measure of the skill counts are left out.
    """
    changes, count = attribution.changes, len(tags.skills)
    unseen = ~changes["files_known"].to_numpy(dtype=bool)
    kinds = pd.Index(sorted(set(changes["kind"])))
    measures = [standard.skills[skill].measures.values() for skill in tags.skills]
    counted = [kinds.isin([kind.value for one in held for kind in one.evidence]) for held in measures]
    possible = np.array(counted, dtype=bool).reshape(count, len(kinds)).T[kinds.get_indexer(changes["kind"])]
    tagged = np.zeros((len(changes), count), dtype=bool)
    tagged[tags.change, tags.skill] = True
    by_path = np.array([bool(standard.skills[skill].signals.paths) for skill in tags.skills], dtype=bool)
    change, skill = np.nonzero(unseen[:, None] & possible & (tagged | by_path))
    main = tags.areas.get_indexer(pd.Index(changes["area"]))
    return WorkTags(tags.skills, tags.areas, change, skill, main[change])


def tag_ratings(standard: Standard, evidence: pd.DataFrame) -> pd.DataFrame:
    """evidence, skill: tags of ratings, scorecards and decisions by the competency, item or skill they name."""
    facts = read_measures(evidence["measures"], RATING_FACTS)
    competency = facts["competency"].fillna(facts["skill"])
    named = pd.DataFrame({"evidence": evidence["evidence"], "competency": competency, "item": facts["item"]})
    return rubrics.tag(standard, named).astype({"skill": "str"})


def unplaced(evidence: pd.DataFrame, tags: pd.DataFrame) -> dict[str, int]:
    """Number of ratings per name that no skill takes, by name; overall recommendations are not meant to have a skill.

    evidence: ratings; tags: as `tag_ratings` gives them.
    """
    lost = evidence[~evidence["evidence"].isin(tags["evidence"])]
    facts = read_measures(lost["measures"], RATING_FACTS)
    names = facts["competency"].fillna(facts["skill"]).fillna(facts["item"])[~facts["overall"].fillna(False)].dropna()
    return {str(name): int(count) for name, count in names.value_counts().sort_index().items()}
