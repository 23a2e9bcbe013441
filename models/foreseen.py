"""What the other raters lead to expect of each rating: the ground on which a rater's ways are judged.

For a rating by r of p, theta is taken from everybody else's ratings of p (r's left out, facets held), and nothing is known of r's impression of p, so that both
halos are drawn from their distributions. The rater's own severity is allowed for, the own scale of steps is not, where the model has one: keeping to the middle is among
the ways that are judged. The result is the cross-validated predictive distribution of the rating (Marshall & Spiegelhalter
2007, doi:10.1214/07-BA206). Residuals from it are not shrunken, as those about estimates are that the rating itself helped to make: their mean square is 1
under the model, and what one impression does to many marks is in the reference, not mistaken for news.

Whole sets of ratings are drawn from it, the marks of one rater on one person together, and any statistic of the real ones is compared with the same
statistic of the drawn ones: a parametric bootstrap without refitting, whose bands therefore widen where a rater gave few marks or rated few people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.categories import hermite_nodes, probabilities
from models.design import Rows, encode_known
from models.facets import FacetsModel
from models.problem import Facets
from models.responses import Responses

__all__ = ["Foreseen", "foreseen"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_NODES = 15


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Ratings with what others lead to expect of them. Arrays (n,) in the order of the frame unless said otherwise.

    rater: codes into `raters`. pair: code of the rating's rater and person. skill: codes. score, categories: from 0, and how many. expected,
    variance: of the score. Theta and halos behind it: mean (pairs, skills) and factor (pairs, skills, skills) of theta, responses: what the facets make
    of them.
    """

    raters: pd.Index[Any]
    rater: Integers
    pair: Integers
    skill: Integers
    score: Integers
    categories: Integers
    expected: Floats
    variance: Floats
    mean: Floats
    factor: Floats
    responses: Responses
    halo: float
    halo_skill: float

    def __len__(self) -> int:
        return len(self.score)

    @property
    def residual(self) -> Floats:
        """Score less expectation, in categories."""
        return np.asarray(self.score - self.expected)

    def draw(self, rng: np.random.Generator) -> Integers:
        """One set of scores as the model would have these raters give them."""
        theta = self.mean + np.einsum("pst,pt->ps", self.factor, rng.standard_normal(self.mean.shape))
        theta += self.halo * rng.standard_normal((len(self.mean), 1))
        theta += self.halo_skill * rng.standard_normal(self.mean.shape)
        chance = probabilities(self.responses.eta(theta[self.pair, self.skill]), self.responses.cumulative)[0]
        drawn = (np.cumsum(chance, axis=0)[:-1] < rng.random(len(self))).sum(axis=0)
        return np.asarray(np.minimum(drawn, self.categories - 1), dtype=np.int64)


def foreseen(model: FacetsModel, ratings: pd.DataFrame) -> Foreseen:
    """What others lead to expect of `ratings`, rows of the fitted frame or like them (columns as in `models.ratings`).

    Their persons, raters, items and skills must be known to the fit; machines and floors are not judged and must be left out. Raises
    RatingError for unknown names, ValueError where a rater has no rating of a person in the fit.
    """
    fitted = model.fitted_
    words, facets, variances = fitted.design.vocabulary, fitted.solution.facets, fitted.solution.variances
    rows = encode_known(ratings, words)
    others = model.leave_one_out("rater")
    at = {key: n for n, key in enumerate(others.keys[["person", "dropped"]].itertuples(index=False, name=None))}
    rater = words.severity_rater[rows.severity]
    pairs = np.column_stack([rows.person, rater])
    known, pair = np.unique(pairs, axis=0, return_inverse=True)
    names = [(words.persons[person], words.raters[one]) for person, one in known]
    missing = [name for name in names if name not in at]
    if missing:
        raise ValueError(
            f"the fit holds no rating of {missing[0][0]!r} by {missing[0][1]!r}; pass ratings it was made from"
        )
    place = np.array([at[name] for name in names], dtype=np.int64)
    several = len(words.skills) > 1
    halo_skill = variances.halo_skill if several else 0.0
    responses = _without_scales(facets, rows)
    own = np.diagonal(others.covariance[place], axis1=1, axis2=2)[pair, rows.skill]
    expected, variance = _moments(
        responses, others.mean[place][pair, rows.skill], np.sqrt(own + variances.halo**2 + halo_skill**2)
    )
    codes, rater = np.unique(rater, return_inverse=True)
    return Foreseen(
        raters=words.raters[codes],
        rater=rater.astype(np.int64),
        pair=pair.ravel().astype(np.int64),
        skill=rows.skill,
        score=rows.score,
        categories=words.categories[rows.format],
        expected=expected,
        variance=variance,
        mean=others.mean[place],
        factor=_factor(others.covariance[place]),
        responses=responses,
        halo=float(variances.halo),
        halo_skill=float(halo_skill),
    )


def _without_scales(facets: Facets, rows: Rows) -> Responses:
    """Of rows whose raters use the steps as the average rater does, to thetas that are not taken about the population mean."""
    offset = facets.offset(rows.severity, rows.item) - facets.mean
    steps = facets.cumulative(np.full(len(rows), -1), rows.format)
    return Responses(offset, np.broadcast_to(steps, (len(steps), len(rows))), facets.slope(rows.format))


def _moments(responses: Responses, mean: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of scores where the cells' predictors are normal."""
    category = np.arange(len(responses.cumulative), dtype=np.float64)[:, None]
    chance = np.zeros(responses.cumulative.shape)
    for place, mass in zip(*hermite_nodes(_NODES), strict=True):
        chance += mass * probabilities(responses.eta(mean + place * spread), responses.cumulative)[0]
    expected = (category * chance).sum(axis=0)
    return expected, np.maximum((category**2 * chance).sum(axis=0) - expected**2, 1e-9)


def _factor(covariance: Floats) -> Floats:
    """Square roots of covariances, also of those that are singular to the last digits."""
    value, vector = np.linalg.eigh(covariance)
    return np.asarray(vector * np.sqrt(np.maximum(value, 0.0))[:, None, :])
