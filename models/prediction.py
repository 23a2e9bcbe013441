"""Predicted ratings: the chance of each score for a person, item and rater, over all that is not known of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.categories import hermite_nodes, probabilities
from models.design import Design, Rows, Vocabulary, encode_known
from models.joint import Joint
from models.ratings import RatingError
from models.whatif import Fitted

__all__ = ["predicted", "predicted_at_estimates"]

Floats = NDArray[np.float64]


def predicted(fitted: Fitted, ratings: pd.DataFrame) -> pd.DataFrame:
    """See `FacetsModel.predict_proba`."""
    words, facets = fitted.design.vocabulary, fitted.solution.facets
    rows = encode_known(ratings.drop(columns="score", errors="ignore"), words)
    mean, variance = _predictors(fitted, rows)
    responses, spread = facets.responses(rows), np.sqrt(variance)
    chance = np.zeros((len(responses.cumulative), len(rows)))
    for point, mass in zip(*hermite_nodes(15), strict=True):
        chance += mass * probabilities(responses.eta(mean + point * spread), responses.cumulative)[0]
    return _table(chance, rows, words, ratings.index)


def predicted_at_estimates(joint: Joint, design: Design, ratings: pd.DataFrame) -> pd.DataFrame:
    """The same after a joint fit: at the point estimates, NaN where an element was left out. Raises RatingError for unknown ones."""
    words = design.vocabulary
    rows = encode_known(ratings.drop(columns="score", errors="ignore"), words)
    for kind, code in (("person", rows.person), ("rater", rows.severity)):
        if (code < 0).any():
            unknown = ratings[kind].iloc[int(np.flatnonzero(code < 0)[0])]
            raise RatingError(
                f"unknown {kind} {unknown!r}: joint estimates say nothing of others; fit with method='marginal'"
            )
    eta = joint.predictor(rows, len(words.skills))
    chance = probabilities(eta, joint.facets.cumulative(rows.severity, rows.format))[0]
    return _table(chance, rows, words, ratings.index)


def _table(chance: Floats, rows: Rows, words: Vocabulary, index: pd.Index[Any]) -> pd.DataFrame:
    """One column per score, NaN where a format does not have it."""
    lowest = words.lowest[rows.format]
    scores = np.arange(lowest.min(), (lowest + words.categories[rows.format]).max())
    table = np.full((len(rows), len(scores)), np.nan)
    for category in range(len(chance)):
        exists = category < words.categories[rows.format]
        table[exists, (lowest + category - scores[0])[exists]] = chance[category, exists]
    return pd.DataFrame(table, index=index, columns=pd.Index(scores, name="score"))


def _predictors(fitted: Fitted, rows: Rows) -> tuple[Floats, Floats]:
    """Mean and variance of theta less halos for each row, known cells from their posterior."""
    solution, known = fitted.solution, fitted.design.rows
    variances, everyone = solution.variances, fitted.all_persons()
    halo = np.where(rows.machine, variances.machine_halo, variances.halo) ** 2
    halo_skill = np.where(rows.machine, variances.machine_halo_skills[rows.skill], variances.halo_skill) ** 2
    familiar, code = rows.person >= 0, np.maximum(rows.person, 0)
    own = everyone.sd[code, rows.skill] ** 2
    mean = np.where(familiar, everyone.mean[code, rows.skill] - solution.facets.mean, 0.0)
    variance = np.where(familiar, own, everyone.prior_sd[rows.skill] ** 2) + halo + halo_skill
    cells: dict[tuple[int, int, int], int] = {}
    for key in zip(known.person.tolist(), known.halo.tolist(), known.skill.tolist(), strict=True):
        cells.setdefault(key, len(cells))
    cell = np.array(
        [cells.get(key, -1) for key in zip(rows.person.tolist(), rows.halo.tolist(), rows.skill.tolist(), strict=True)]
    )
    seen = cell >= 0
    mean[seen] = solution.posterior.predictor[cell[seen]]
    variance[seen] = solution.posterior.predictor_variance[cell[seen]]
    unknown = np.where(rows.machine, variances.machine_severity, variances.severity) ** 2
    return mean, variance + np.where(rows.severity < 0, unknown, 0.0)
