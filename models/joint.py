"""Unpenalised joint maximum likelihood: persons, severities, items and steps all estimated as fixed unknowns.

The method of FACETS and mfrmr (Linacre 1989, Many-facet Rasch measurement; Wright & Masters 1982, Rating scale analysis). It is here for
comparison with them: its logits are stretched, since the number of unknowns grows with the number of persons (Neyman & Scott 1948,
doi:10.2307/1914288), it has no halo, and it says nothing about elements with extreme scores.

1. Persons, raters and items whose ratings are all lowest or all highest have no finite estimate; they are left out, as is whatever
   becomes extreme without them (`Joint.kept`).
2. The joint log-likelihood is concave. Newton steps eliminate persons, whose information is diagonal, and are halved until it rises.
3. Human severities sum to zero, so do those of each machine source, the items of each skill (of skills together that share items), and the
   steps of each format. What these leave undetermined (groups without a common rater; raters confounded with items) is warned of, and
   set to the shortest of the equally good answers.
4. Standard errors come from the inverse of the joint information under these constraints, persons' uncertainty included.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from models.design import Design, Rows, Vocabulary
from models.joint_unknowns import Evaluated, Unknowns, evaluated
from models.problem import Facets, Priors, start_facets
from models.ratings import ALL, RatingError

__all__ = ["Joint", "UnlinkedWarning", "joint_maximum"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

_LONGEST_MOVE = 2.0
_FURTHEST = 25.0
_TOLERANCE = 1e-9
_HALVINGS = 30


class UnlinkedWarning(UserWarning):
    """Some contrasts are not determined by the ratings; estimates on either side of them must not be compared."""


@dataclass(frozen=True, slots=True)
class Joint:
    """A joint maximum. NaN stands for elements left out.

    kept: (rows,) of the design, which took part. theta, theta_error: (persons x skills,) in the order of the vocabulary. facets.mean is 0.
    covariance: of severities, items and steps format by format, NaN for those left out. unlinked: undetermined contrasts.
    """

    kept: Booleans
    theta: Floats
    theta_error: Floats
    facets: Facets
    covariance: Floats
    log_likelihood: float
    iterations: int
    unlinked: int

    def predictor(self, rows: Rows, skills: int) -> Floats:
        """Linear predictor of rows known to the fit; NaN where person, rater or item were left out."""
        return np.asarray(self.theta[rows.person * skills + rows.skill] + self.facets.offset(rows.severity, rows.item))


def joint_maximum(design: Design, *, max_iterations: int = 200) -> Joint:
    """Maximise the joint likelihood. Raises RatingError where there is no finite maximum, warns of unlinked designs."""
    _check(design)
    kept = _estimable(design.rows, design.vocabulary)
    rows = design.rows.take(kept)
    used = Unknowns.of(rows, design.vocabulary)
    constraints, unlinked = used.constraints(rows, design.vocabulary)
    if unlinked:
        _warn(unlinked)
    theta, vector, iterations = _start(rows, used, design), used.gather(start_facets(design, Priors())), 0
    here = evaluated(rows, used, theta, vector)
    while True:
        try:
            move_theta, move, covariance = _newton(here, used, constraints)
        except linalg.LinAlgError as error:
            raise RatingError(_endless(used, theta, vector, design.vocabulary)) from error
        largest = max(float(np.abs(move_theta).max()), float(np.abs(move).max()))
        if largest < _TOLERANCE:
            break
        iterations += 1
        share = min(1.0, _LONGEST_MOVE / largest)
        for _ in range(_HALVINGS):
            there = evaluated(rows, used, theta + share * move_theta, vector + share * move)
            if there.value >= here.value - 1e-12 * abs(here.value):
                break
            share *= 0.5
        theta, vector, here = theta + share * move_theta, vector + share * move, there
        if iterations >= max_iterations or max(np.abs(theta).max(), np.abs(vector).max()) > _FURTHEST:
            raise RatingError(_endless(used, theta, vector, design.vocabulary))
    return _solution(design, kept, used, theta, vector, here, covariance, iterations, unlinked)


def _check(design: Design) -> None:
    if (design.rows.discount != 1.0).any():
        raise RatingError(
            "method='joint' judges persons and raters by one likelihood, so it has no discounts; use weights, or 'marginal'"
        )
    if design.rows.floor.any():
        raise RatingError(
            "method='joint' takes scores only, not floors; leave out the rows with at_least, or use 'marginal'"
        )


def _estimable(rows: Rows, words: Vocabulary) -> Booleans:
    """Rows whose person (and skill), rater and item all have scores between the extremes, among the rows kept."""
    above, below = rows.score > 0, rows.score < words.categories[rows.format] - 1
    kept = np.ones(len(rows), dtype=bool)
    while True:
        drop = np.zeros(len(rows), dtype=bool)
        for code in (rows.person * len(words.skills) + rows.skill, rows.severity, rows.item):
            size = int(code.max()) + 1
            inner = (np.bincount(code[kept], above[kept], size) > 0) & (np.bincount(code[kept], below[kept], size) > 0)
            drop |= kept & ~inner[code]
        if not drop.any():
            break
        kept &= ~drop
    if not kept.any():
        raise RatingError("every person, rater or item has only lowest or only highest scores; use method='marginal'")
    for code in np.unique(rows.format[kept]):
        count = np.bincount(rows.score[kept & (rows.format == code)], minlength=int(words.categories[code]))
        if (count == 0).any():
            score = int(np.flatnonzero(count == 0)[0] + words.lowest[code])
            name = " ".join(str(part) for part in words.formats[code] if part != ALL)
            raise RatingError(
                f"format {name}: score {score} is never given by persons with estimates, so its steps are infinite; "
                "merge it with its neighbour, or use method='marginal'"
            )
    return kept


def _warn(undetermined: int) -> None:
    warnings.warn(
        f"{undetermined} contrast(s) of raters, items and persons are not determined by the ratings (see components_ and nullity_): "
        "estimates across them follow from a convention; let raters of each group rate persons of another, or use method='marginal'",
        UnlinkedWarning,
        stacklevel=5,
    )


def _newton(here: Evaluated, used: Unknowns, constraints: Floats) -> tuple[Floats, Floats, Floats]:
    """Moves of persons and facets, and the facets' covariance."""
    least = np.maximum(here.information_theta, 1e-12)
    over = sparse.diags_array(1.0 / least) @ here.coupling
    left = here.information - (here.coupling.T @ over).toarray()
    left += float(np.diag(here.information).mean()) * constraints.T @ constraints
    gradient = here.gradient - over.T @ here.gradient_theta
    inverse = linalg.cho_solve(linalg.cho_factor(0.5 * (left + left.T), lower=True), np.eye(len(left)))
    bound = inverse @ constraints.T
    covariance = inverse - bound @ np.linalg.solve(constraints @ bound, bound.T)
    covariance = 0.5 * (covariance + covariance.T)
    move = covariance @ gradient
    return (here.gradient_theta - here.coupling @ move) / least, move, covariance


def _start(rows: Rows, used: Unknowns, design: Design) -> Floats:
    """Log odds of each person's share of the highest possible score."""
    top = rows.weight * (design.vocabulary.categories[rows.format] - 1)
    share = (used.to_ability @ (rows.weight * rows.score)) / (used.to_ability @ top)
    return np.asarray(np.log(share / (1.0 - share)))


def _solution(
    design: Design,
    kept: Booleans,
    used: Unknowns,
    theta: Floats,
    vector: Floats,
    here: Evaluated,
    covariance: Floats,
    iterations: int,
    unlinked: int,
) -> Joint:
    """Estimates spread over all elements, NaN where they took no part."""
    blank, words = start_facets(design, Priors()), design.vocabulary
    position, size = used.position(blank), len(blank.vector()) - 1
    everything, spread = np.full(size + 1, np.nan), np.full((size, size), np.nan)
    everything[position], everything[-1] = vector, 0.0
    spread[np.ix_(position, position)] = covariance
    abilities, errors = (np.full(len(words.persons) * len(words.skills), np.nan) for _ in range(2))
    abilities[used.ability] = theta
    information = here.information_theta
    through = here.coupling @ covariance
    added = np.asarray((here.coupling.multiply(through)).sum(axis=1)).ravel()
    errors[used.ability] = np.sqrt(1.0 / information + added / information**2)
    return Joint(kept, abilities, errors, blank.moved(everything), spread, here.value, iterations, unlinked)


def _endless(used: Unknowns, theta: Floats, vector: Floats, words: Vocabulary) -> str:
    """Says which element has no finite estimate."""
    severities, items = len(used.severity), len(used.item)
    furthest = int(np.abs(vector).argmax())
    name: Hashable
    if np.abs(theta).max() >= np.abs(vector).max():
        kind, name = "person", words.persons[used.ability[int(np.abs(theta).argmax())] // len(words.skills)]
    elif furthest < severities:
        kind, name = "rater", words.severities[used.severity[furthest]][0]
    elif furthest < severities + items:
        kind, name = "item", words.items[used.item[furthest - severities]]
    else:
        kind, name = "step", furthest - severities - items + 1
    return (
        f"the joint likelihood has no finite maximum: {kind} {name} runs off; "
        "ratings separate into groups too cleanly, use method='marginal'"
    )
