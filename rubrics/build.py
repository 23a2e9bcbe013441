"""From checked files to frozen objects and their canonical text."""

from __future__ import annotations

import datetime
import json

from db.records import Kind
from rubrics import schema
from rubrics.catalogue import Catalogue
from rubrics.standard import (
    Criterion,
    Cutpoints,
    Examples,
    Expectation,
    Fixture,
    LevelMeaning,
    Measure,
    Opportunity,
    RoleProfile,
    Signals,
    Skill,
    SkillLevel,
    Standard,
    Waiver,
)

__all__ = ["build", "canonical_text"]


def canonical_text(bundle: schema.Bundle) -> str:
    """Canonical JSON of a standard: sorted keys, no spaces, defaults left out, coded lists by code."""
    payload = bundle.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    payload["standard"]["levels"].sort(key=lambda meaning: meaning["level"])
    payload["standard"].get("waivers", []).sort(key=lambda waiver: (waiver["criterion"], waiver["from"]))
    for skill in payload["skills"].values():
        for level in skill["levels"].values():
            level["criteria"].sort(key=lambda criterion: criterion["code"])
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def build(bundle: schema.Bundle) -> Standard:
    """Frozen objects of a bundle. Skills and roles in order of their codes."""
    head = bundle.standard
    return Standard(
        code=head.code,
        name=head.name,
        version=head.version,
        licence=head.licence,
        description=head.description,
        levels=tuple(LevelMeaning(m.level, m.name, m.description) for m in sorted(head.levels, key=lambda m: m.level)),
        job_levels=tuple(head.job_levels),
        cutpoints=Cutpoints(head.cutpoints.ratings, head.cutpoints.measures),
        half_life_months=head.half_life_months,
        waivers=tuple(_waiver(w) for w in sorted(head.waivers, key=lambda w: (w.criterion, w.start))),
        skills=Catalogue({code: _skill(bundle.skills[code]) for code in sorted(bundle.skills)}),
        roles=Catalogue({code: _role(bundle.roles[code], head.job_levels) for code in sorted(bundle.roles)}),
        canonical=canonical_text(bundle),
    )


def _waiver(file: schema.WaiverFile) -> Waiver:
    day = datetime.date.fromisoformat
    return Waiver(file.criterion, file.reason, day(file.start), day(file.until))


def _skill(file: schema.SkillFile) -> Skill:
    walk, signals = file.crosswalk, file.signals
    return Skill(
        code=file.code,
        name=file.name,
        description=file.description,
        crosswalk=Catalogue({"esco": tuple(walk.esco), "onet": tuple(walk.onet), "sfia": tuple(walk.sfia)}),
        requires=tuple(file.edges.requires),
        related=tuple(file.edges.related),
        half_life_months=file.half_life_months,
        signals=Signals(
            tuple(signals.paths),
            tuple(signals.imports),
            tuple(signals.tools),
            tuple(signals.labels),
            tuple(signals.repositories),
            tuple(signals.items),
        ),
        measures=Catalogue({code: _measure(code, file.measures[code]) for code in sorted(file.measures)}),
        levels=tuple(_level(file.code, int(key), file.levels[key]) for key in sorted(file.levels)),
    )


def _measure(code: str, file: schema.MeasureFile) -> Measure:
    facts = tuple(sorted(name for name, asked in file.where.model_dump().items() if asked))
    kinds = tuple(Kind(kind) for kind in file.evidence)
    return Measure(code, file.title, kinds, file.role, facts, file.unit, file.window_months)


def _level(skill: str, level: int, file: schema.SkillLevelFile) -> SkillLevel:
    criteria = tuple(_criterion(skill, level, c) for c in sorted(file.criteria, key=lambda c: c.code))
    return SkillLevel(level, file.name, file.summary, criteria)


def _criterion(skill: str, level: int, file: schema.CriterionFile) -> Criterion:
    judge = file.judge if isinstance(file.judge, schema.Threshold) else None
    clause = file.opportunity
    return Criterion(
        code=file.code,
        skill=skill,
        level=level,
        statement=file.statement,
        measure=judge.measure if judge else None,
        at_least=judge.at_least if judge else None,
        opportunity=Opportunity(clause.months_present, clause.access, clause.comments) if clause else None,
        passing=_fixture(file.fixtures.passing) if file.fixtures else None,
        failing=_fixture(file.fixtures.failing) if file.fixtures else None,
        examples=Examples(file.examples.met, file.examples.not_met) if file.examples else None,
    )


def _fixture(file: schema.FixtureFile) -> Fixture:
    return Fixture(file.months, file.changes, file.repositories, file.areas, file.people, file.share, tuple(file.facts))


def _role(file: schema.RoleFile, order: list[str]) -> RoleProfile:
    expected = {
        job_level: Expectation(
            Catalogue(dict(sorted(file.job_levels[job_level].required.items()))),
            Catalogue(dict(sorted(file.job_levels[job_level].optional.items()))),
        )
        for job_level in sorted(file.job_levels, key=lambda j: order.index(j) if j in order else len(order))
    }
    return RoleProfile(file.code, file.name, file.description, Catalogue(expected))
