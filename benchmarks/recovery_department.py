"""One sample department, collected and assessed by the ordinary code, beside its truth: what `recovery.py` scores.

The files of `calibrant.sample` go through the collectors into a SQLite ledger, are read back and inferred from, with the
purposes and dates of `calibrant demo`. The truth is opened afterwards.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import rubrics
from calibrant.assessing import read_frames
from calibrant.collecting import collect_into
from calibrant.sample import SampleDepartment, generate
from collectors import feedback360, git, roster, scorecards, table
from db.ledger import Ledger
from db.records import Purpose
from inference.cutting import SkillCuts
from inference.engine import infer
from inference.fitting import fit
from inference.frames import Frames
from inference.observations import Observed
from inference.tagging import tag_work
from models.cutpoints import normal_level_probabilities
from rubrics import Standard

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
NOW = AS_OF + timedelta(days=90)
LEVELS = np.arange(1, 6)
BOUNDS = LEVELS[:-1] + 0.5
"""Where the truth's levels end, on its own scale."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Run:
    """pairs: one row per person and skill, columns below. seconds: CPU of collecting (without git's own) and of inferring (twice).

    seed, person, skill, ability, level (the truth); p1 .. p5, low, high, mass, state, high_confidence, theta, sd (the assessment);
    true_theta, cut_error; q1 .. q5 (what the run holds of somebody without evidence); ratings, raters, raw_mean,
    mean_360, ratings_360; commits; git, human (whether such a source spoke to the pair).
    """

    seed: int
    pairs: pd.DataFrame
    people: int
    seconds: Mapping[str, float]


def recover(folder: Path, seed: int, people: int) -> Run:
    """Makes, collects and infers one department; joins the truth to the result."""
    made = generate(folder / "files", seed=seed, people=people, as_of=AS_OF)
    clock = [time.process_time()]
    ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}", clock=lambda: NOW, entropy=random.Random(seed).randbytes)
    collect(ledger, made)
    clock.append(time.process_time())
    frames = read_frames(ledger, Purpose.PROMOTION, as_of=AS_OF, known_at=NOW)
    pairs = _assessed(frames)
    clock.append(time.process_time())
    keys = dict(zip(frames.people["person"], frames.people["key"], strict=True))
    pairs["person"] = pairs["person"].map(keys)
    truth = pd.read_csv(made.truth).rename(columns={"person_id": "person"})
    joined = truth.merge(pairs, on=["person", "skill"], validate="one_to_one")
    joined["true_theta"] = [to_theta(a, c) for a, c in zip(joined["ability"], joined["cuts"], strict=True)]
    joined["cut_error"] = [
        error_at(t, c, e) for t, c, e in zip(joined["true_theta"], joined["cuts"], joined["errors"], strict=True)
    ]
    spent = {"collect": clock[1] - clock[0], "infer": clock[2] - clock[1]}
    return Run(seed, joined.drop(columns=["cuts", "errors"]).assign(seed=seed), people, spent)


def collect(ledger: Ledger, made: SampleDepartment) -> None:
    """What `calibrant demo` collects, every source granted for every purpose."""
    ledger.init()
    ledger.store_roster(roster.with_absences(roster.read(made.roster, now=NOW), made.absences, now=NOW))
    for repository in made.repositories:
        clone = git.Settings(clone=repository.path)
        _into(ledger, git, repository.path.stem, clone, git.lineage(clone))
    for module, settings in _forms(made):
        _into(ledger, module, settings.source, settings, None)


def _forms(made: SampleDepartment) -> Iterator[tuple[ModuleType, Any]]:
    yield feedback360, feedback360.Settings(path=made.feedback360, source="feedback360")
    wide, mapping = made.feedback360_wide, str(made.feedback360_mapping)
    yield feedback360, feedback360.Settings(path=wide, source="pulse", mapping=mapping)
    export = {"path": made.scorecards_json, "source": "greenhouse", "mapping": "greenhouse"}
    yield scorecards, scorecards.Settings(**export, subjects=made.subjects)
    yield scorecards, scorecards.Settings(path=made.scorecards_csv, source="scorecards")
    yield table, table.Settings(path=made.decisions, source="decisions", mapping="decisions")


def _into(ledger: Ledger, module: ModuleType, name: str, settings: Any, lineage: str | None) -> None:
    kind = module.__name__.rpartition(".")[2]
    collect_into(
        ledger,
        kind,
        name,
        lambda cursor, now: module.collect(settings, cursor, now=now),
        extractor=module.EXTRACTOR,
        now=NOW,
        lineage=lineage,
        purposes=tuple(Purpose),
    )


def _assessed(frames: Frames) -> pd.DataFrame:
    """The assessments as a frame, with the fit's cuts and what the baselines need."""
    standard = rubrics.load("aiml")
    inference = infer(standard, frames, as_of=AS_OF)
    measured = fit(standard, frames, as_of=AS_OF)
    observed, model, cuts = measured.observed, measured.model, measured.cuts
    assert model is not None
    row = {str(person): n for n, person in enumerate(model.posteriors().keys["person"])}
    found = []
    for one in inference.assessments:
        own = cuts[one.skill]
        prior = normal_level_probabilities(model.theta_mean_, one.prior_sd, own.cut, own.se)
        record: dict[str, Any] = {
            "person": one.person,
            "skill": one.skill,
            "state": one.state.value,
            "high_confidence": one.high_confidence,
            "low": one.level_set[0],
            "high": one.level_set[1],
            "mass": one.set_mass,
            "theta": one.theta,
            "sd": one.theta_sd,
            "git": "git" in one.sources,
            "cuts": own.cut,
            "errors": _errors(own, row.get(one.person)),
        }
        record |= {f"p{level}": value for level, value in zip(LEVELS, one.probabilities, strict=True)}
        record |= {f"q{level}": float(value) for level, value in zip(LEVELS, prior, strict=True)}
        found.append(record)
    pairs = pd.DataFrame(found).merge(_said(standard, observed), on=["person", "skill"], how="left")
    counts = ["ratings", "raters", "ratings_360", "commits"]
    return pairs.fillna(dict.fromkeys(counts, 0)).astype(dict.fromkeys(counts, "int64"))


def _errors(cuts: SkillCuts, row: int | None) -> Floats:
    """Standard errors of the cuts as they go with this person's posterior SD."""
    return cuts.se if cuts.seen_from is None or row is None else cuts.seen_from[row]


def _said(standard: Standard, observed: Observed) -> pd.DataFrame:
    """Per pair: what a naive reader would average or count."""
    heard = observed.ratings[~observed.ratings["is_self"]]
    grouped = heard.groupby(["person", "skill"])
    all_of = (
        grouped["stated_level"].agg(raw_mean="mean", ratings="size").join(grouped["rater"].nunique().rename("raters"))
    )
    of_360 = heard[heard["source"] == "feedback360"].groupby(["person", "skill"])["stated_level"]
    joined = all_of.join(of_360.agg(mean_360="mean", ratings_360="size"))
    squares = partial(pd.Series.var, ddof=0)
    joined["spread"] = grouped["stated_level"].agg(squares)
    return joined.join(_commits(standard, observed), how="outer").reset_index()


def _commits(standard: Standard, observed: Observed) -> pd.Series:
    """Number of commits by person and skill: whatever the person is an author of and the skill's signals match."""
    shares, changes = observed.attribution.shares, observed.attribution.changes
    tags = tag_work(standard, observed.attribution)
    skills = pd.DataFrame({"change": tags.change, "skill": pd.Index(tags.skills).take(tags.skill)})
    written = shares[(shares["role"] == "author") & shares["person"].notna()]
    written = written[(changes["kind"].to_numpy() == "commit")[written["change"]]]
    return (
        written[["person", "change"]].merge(skills, on="change").groupby(["person", "skill"]).size().rename("commits")
    )


def to_theta(ability: float, cuts: Floats) -> float:
    """The truth on the run's own theta scale: level k ends (k + .5) where cut k lies, straight lines between and beyond."""
    first, last = (cuts[1] - cuts[0]), (cuts[-1] - cuts[-2])
    if ability < BOUNDS[0]:
        return float(cuts[0] - first * (BOUNDS[0] - ability))
    if ability > BOUNDS[-1]:
        return float(cuts[-1] + last * (ability - BOUNDS[-1]))
    return float(np.interp(ability, BOUNDS, cuts))


def error_at(theta: float, cuts: Floats, errors: Floats) -> float:
    """Standard error of the cuts around a theta: between two cuts in proportion, beyond them the outer one's."""
    return float(np.interp(theta, cuts, errors))


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/recovery.py`: run that.")
