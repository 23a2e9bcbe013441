"""Is the model right about itself? Ratings drawn anew from the fitted model, on the same design, fitted again.

Abilities, severities, impressions and raters' scales are drawn from the fitted standard deviations; items and steps stay where they were
fitted; every rating there was is drawn again. The share of 90 % intervals that then hold the ability drawn says whether the
estimation keeps its word *if the model is true*: model calibration, and no validation, because nobody decided anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from models.facets import FacetsModel

__all__ = ["MOST_ERROR", "SelfSimulation", "redrawn", "simulate_itself"]

Floats = NDArray[np.float64]

_MASS: Final = 0.9
_MOST_RATINGS: Final = 30_000
_LEAST_DRAWINGS: Final = 2
_SEVERAL: Final = 8
_MOST_DRAWINGS: Final = 32

MOST_ERROR: Final = 0.02
"""Standard error of the coverage up to which it says something; drawing stops halfway below."""


@dataclass(frozen=True, slots=True)
class SelfSimulation:
    """Coverage of the 90 % intervals of theta in data drawn from the model. ratings: per drawing.

    se: between persons or between drawings, whichever is larger: what shifts or stretches the whole scale is common to a drawing.
    """

    drawings: int
    people: int
    pairs: int
    ratings: int
    coverage: float
    se: float


def simulate_itself(
    model: FacetsModel, observations: pd.DataFrame, rng: np.random.Generator, *, drawings: int | None = None
) -> SelfSimulation:
    """Redrawing and refitting, each at about the price of the fit: twice at least, and then until the coverage is known within half of
    `MOST_ERROR`, 30,000 ratings or 32 drawings are through. drawings: exactly so many.

    Abilities are compared after taking out their common shift, because the scale's origin is a convention and the cutpoints
    move with it. Age counts for nothing: every rating drawn is a whole one. observations: what the model was fitted to.
    """
    most = drawings or int(np.clip(_MOST_RATINGS // max(len(observations), 1), _LEAST_DRAWINGS, _MOST_DRAWINGS))
    inside: list[Floats] = []
    spoken: list[Floats] = []
    while len(inside) < most:
        held, said = _drawn_again(model, observations, rng)
        inside.append(held)
        spoken.append(said)
        if drawings is None and len(inside) >= _SEVERAL and _error(inside, spoken) <= MOST_ERROR / 2:
            break
    coverage = float(np.concatenate(inside).sum() / np.concatenate(spoken).sum())
    pairs = int(spoken[0].sum())
    return SelfSimulation(len(inside), len(spoken[0]), pairs, len(observations), coverage, _error(inside, spoken))


def _drawn_again(model: FacetsModel, observations: pd.DataFrame, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Per person of one drawing: skills whose interval held the ability drawn, and skills with evidence."""
    drawn, theta = redrawn(model, observations, rng)
    found = model.__class__(**model.get_params()).fit(drawn).posteriors()
    persons = found.keys["person"].astype(str)
    truth = theta.reindex(index=persons, columns=[str(skill) for skill in found.skills])
    error = found.mean - truth.to_numpy(dtype=np.float64)
    said = found.n > 0
    error = error - error[said].mean()
    held = (np.abs(error) <= ndtri(0.5 + _MASS / 2) * found.sd) & said
    return held.sum(axis=1).astype(np.float64), said.sum(axis=1).astype(np.float64)


def _error(inside: list[Floats], spoken: list[Floats]) -> float:
    """Standard error of the coverage, between persons or between drawings, whichever is larger."""
    held, of = np.concatenate(inside), np.concatenate(spoken)
    between_persons = float(np.sqrt(((held - held.sum() / of.sum() * of) ** 2).sum()) / of.sum())
    each = [float(part.sum() / whole.sum()) for part, whole in zip(inside, spoken, strict=True)]
    between_drawings = float(np.std(each, ddof=1) / np.sqrt(len(each))) if len(each) > 1 else 0.0
    return max(between_persons, between_drawings)


def redrawn(
    model: FacetsModel, observations: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The frame with scores drawn from the model, and the abilities behind them (index person, one column per skill)."""
    rows = observations.reset_index(drop=True)
    deviations = model.standard_deviations_
    machine = (rows["rater_class"] == "machine").to_numpy(dtype=bool)
    theta = _abilities(model, rows, rng)
    eta = np.array([theta.at[str(p), str(s)] for p, s in zip(rows["person"], rows["skill"], strict=True)])
    eta = eta - model.items_["estimate"].reindex(rows["item"]).to_numpy(dtype=np.float64)
    spread = np.where(machine, model.machine_severity_sd, np.nan_to_num(deviations["severity"]))
    eta = eta - _effect(rows[["rater"]], spread, rng)
    who = rows["source"].where(machine, rows["rater"]).astype(str)
    halo = np.where(machine, deviations["machine_halo"], deviations["halo"])
    eta = eta - _effect(rows[["person"]].assign(who=who), halo, rng)
    of_machines = pd.Series(model.fitted_.solution.variances.machine_halo_skills, index=model.posteriors().skills)
    halo_skill = np.where(machine, of_machines.reindex(rows["skill"]), deviations["halo_skill"])
    eta = eta - _effect(rows[["person", "skill"]].assign(who=who), halo_skill, rng)
    if model.discrimination:
        eta = eta * model.discriminations_["estimate"].reindex(rows["source"]).to_numpy(dtype=np.float64)
    scale = np.exp(_effect(rows[["rater"]], np.where(machine, 0.0, deviations.get("centrality", 0.0)), rng))
    score = _scores(eta, rows, _steps(model, rows, scale), rng)
    return rows.assign(score=score + rows["lowest"], weight=1.0, discount=1.0, at_least=False), theta


def _abilities(model: FacetsModel, rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    people = sorted(set(rows["person"].astype(str)))
    skills = [str(skill) for skill in model.posteriors().skills]
    root = np.linalg.cholesky(model.fitted_.solution.variances.covariance + 1e-10 * np.eye(len(skills)))
    drawn = rng.standard_normal((len(people), len(skills))) @ root.T
    return pd.DataFrame(float(model.theta_mean_) + drawn, index=people, columns=skills)


def _effect(keys: pd.DataFrame, spread: Floats, rng: np.random.Generator) -> Floats:
    """One normal draw per distinct key, in the order of the keys, times each row's spread."""
    code = keys.groupby(list(keys.columns), sort=True, observed=True).ngroup().to_numpy()
    return np.asarray(rng.standard_normal(int(code.max()) + 1)[code] * spread)


def _steps(model: FacetsModel, rows: pd.DataFrame, scale: Floats) -> list[Floats]:
    """The taus of each row's response format, in the scale of its rater."""
    table = model.thresholds_["estimate"]
    if table.index.nlevels == 1:
        return [one * table.to_numpy(dtype=np.float64) for one in scale]
    names = [name for name in table.index.names if name != "step"]
    held: dict[Any, Floats] = {
        key: part.to_numpy(dtype=np.float64) for key, part in table.groupby(level=names, sort=False)
    }
    keys = zip(*(rows[name] for name in names), strict=True)
    return [one * held[key if len(names) > 1 else key[0]] for one, key in zip(scale, keys, strict=True)]


def _scores(eta: Floats, rows: pd.DataFrame, steps: list[Floats], rng: np.random.Generator) -> NDArray[np.int64]:
    drawn = np.zeros(len(rows), dtype=np.int64)
    uniform = rng.random(len(rows))
    for row, tau in enumerate(steps):
        logs = np.concatenate([[0.0], np.cumsum(eta[row] - tau)])
        chance = np.exp(logs - logs.max())
        drawn[row] = min(int(np.searchsorted(np.cumsum(chance / chance.sum()), uniform[row])), len(tau))
    return drawn
