"""The many-facet rating model: persons' thetas from ratings by raters who differ in severity and carry impressions over.

See `FacetsModel`; the parts are `models.design` (from frame to arrays), `models.newton` (estimation), `models.elimination`
(persons and halos), `models.posterior` (what is known of a person) and `models.connectivity` (who can be compared).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.connectivity import components, nullity
from models.design import Design, encode
from models.fit_statistics import mean_squares, standardised
from models.newton import solve
from models.posterior import Posterior, Posteriors
from models.prediction import predicted
from models.problem import Facets, Priors, facet_problem, start_facets
from models.ratings import RatingError
from models.uncertainty import facet_share
from models.variances import Variances
from models.whatif import Fitted

__all__ = ["FacetsModel", "RatingError"]

Floats = NDArray[np.float64]

_AVAILABLE: Mapping[str, tuple[object, ...]] = {
    "thresholds": ("rating_scale", "partial_credit"),
    "severity": ("random", "fixed"),
    "halo": (True, False),
    "centrality": (False,),
    "method": ("marginal",),
}


class FacetsModel(BaseEstimator):  # type: ignore[misc]
    """Many-facet adjacent-category model with random severities and two halos, for many skills at once.

    For person p, skill s, rater r, item i and category k of a response format m::

        log P(k) / P(k - 1) = theta_ps - item_i - severity_r - halo_pr - halo_prs - tau_mk

        theta_p ~ N(mean, D R D), all skills share the mean, R equicorrelated
        severity ~ N(0, sd^2)    halo_pr ~ N(0, sd^2)    halo_prs ~ N(0, sd^2)
        item ~ N(0, item_sd^2), tau_m ~ N(0, threshold_sd^2), items and each format's taus summing to zero

    Positive severity is harsher. With one skill halo_prs is left out for human raters, being the same as halo_pr. Machines have halos per
    source instead of per rater, with standard deviations that never fall below their defaults.

    Algorithm:

    1. ratings are encoded and sorted, so that their order cannot matter;
    2. Newton steps for the facets with halos and persons eliminated (Schur complement), first by Laplace's method, then with
       sites matched by expectation propagation;
    3. standard deviations are scored on the way, with normal priors on their logarithms (SD `log_sd_prior`) about the values given;
    4. posteriors: jointly normal over a person's skills, corrected on a grid per skill (`models.posterior`).

    Parameters
    ----------
    thresholds : "rating_scale" (steps per source and format) or "partial_credit" (steps per item).
    severity, method, centrality : "random", "marginal", False; no other value is available.
    halo : whether raters carry impressions over between items and skills. Leave on unless every rating is independent.
    theta_sd, skill_correlation, severity_sd, halo_sd, halo_skill_sd : start and prior centre of the estimated values.
    machine_severity_sd, machine_halo_sd, machine_halo_skill_sd : for machines; the first is kept, the others are floors.
    item_sd, threshold_sd, mean_sd : fixed prior SDs in logits.
    period_correlation : of one rater's severities between periods.
    estimate_variances : False keeps all standard deviations as given.
    log_sd_prior : SD of the prior on each log standard deviation.
    tolerance : of logits and log SDs. max_iterations : of each phase.
    warm_start : start from the previous fit's facets.

    Attributes
    ----------
    persons_ : index person, or (person, skill) where the frame has skills; estimate (EAP), sd, infit, outfit, n, extreme.
    raters_, items_ : estimate, se, infit, outfit, n; raters_ by rater, or (rater, period).
    thresholds_ : estimate, se by step (from 1), preceded by item, or by source and scale, where there are several formats.
    standard_deviations_ : theta (a Series over skills where there are several), severity, halo, halo_skill, machine_halo,
        machine_halo_skill, skill_correlation.
    theta_mean_ : population mean. deviance_ : -2 log marginal likelihood, persons and halos integrated out.
    components_ : component per person and rater, see `models.connectivity`. nullity_ : of the design.
    reliability_, separation_ : of the EAPs over all persons and skills with ratings.
    facet_covariance_ : of severities, items, taus and mean. n_iter_, converged_.

    References: Linacre 1989, Many-facet Rasch measurement; Minka 2001, arXiv:1301.2294; Cseke & Heskes 2011, JMLR 12:417.

    >>> ratings = pd.DataFrame({"person": list("aabb"), "item": list("xyxy"), "rater": "r", "score": [3, 4, 1, 2]})
    >>> model = FacetsModel().fit(ratings)
    >>> bool(model.persons_.loc["a", "estimate"] > model.persons_.loc["b", "estimate"])
    True
    """

    def __init__(
        self,
        thresholds: str = "rating_scale",
        severity: str = "random",
        halo: bool = True,
        centrality: bool = False,
        method: str = "marginal",
        *,
        theta_sd: float = 1.2,
        skill_correlation: float = 0.5,
        severity_sd: float = 0.6,
        halo_sd: float = 0.5,
        halo_skill_sd: float = 0.5,
        machine_severity_sd: float = 0.6,
        machine_halo_sd: float = 0.5,
        machine_halo_skill_sd: float = 1.0,
        item_sd: float = 1.5,
        threshold_sd: float = 2.0,
        mean_sd: float = 3.0,
        period_correlation: float = 0.9,
        estimate_variances: bool = True,
        log_sd_prior: float = 0.5,
        tolerance: float = 1e-4,
        max_iterations: int = 200,
        warm_start: bool = False,
    ) -> None:
        self.thresholds = thresholds
        self.severity = severity
        self.halo = halo
        self.centrality = centrality
        self.method = method
        self.theta_sd = theta_sd
        self.skill_correlation = skill_correlation
        self.severity_sd = severity_sd
        self.halo_sd = halo_sd
        self.halo_skill_sd = halo_skill_sd
        self.machine_severity_sd = machine_severity_sd
        self.machine_halo_sd = machine_halo_sd
        self.machine_halo_skill_sd = machine_halo_skill_sd
        self.item_sd = item_sd
        self.threshold_sd = threshold_sd
        self.mean_sd = mean_sd
        self.period_correlation = period_correlation
        self.estimate_variances = estimate_variances
        self.log_sd_prior = log_sd_prior
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.warm_start = warm_start

    def fit(self, ratings: pd.DataFrame, y: None = None) -> Self:
        """Estimate from a long frame of ratings; columns as in `models.design`. Raises RatingError for unusable frames."""
        self._check_parameters()
        impressions = self.halo or self.severity == "random"
        design = encode(ratings, partial_credit=self.thresholds == "partial_credit", impressions=impressions)
        start = self._previous(design) if self.warm_start and hasattr(self, "fitted_") else None
        with threadpool_limits(limits=1, user_api="blas"):
            solution = solve(
                facet_problem(design, self._priors()), self._variances(len(design.vocabulary.skills)), start
            )
            share = facet_share(solution) if self.severity == "random" else np.zeros_like(solution.posterior.covariance)
            self.fitted_ = Fitted(design, solution, share)
            self._describe()
        return self

    def posterior(
        self,
        person: Hashable,
        *,
        without: Mapping[str, Hashable] | ArrayLike | None = None,
        replace: pd.DataFrame | None = None,
    ) -> Posterior:
        """What is known of one person, jointly over skills and on a grid per skill.

        without: {"rater": r}, {"source": s}, {"item": i}, {"skill": s} or several of them, whose ratings are left out (all that
        match every given value), or a mask over the rows of the fitted frame, True for those left out. replace: a rating frame for
        this person; ratings with the same rater, source, item and skill are replaced, others added; items must be known to
        the fit. Facets stay as fitted. Less evidence is never reported as surer, see `models.whatif`.
        """
        check_is_fitted(self, "fitted_")
        return self.fitted_.posterior(person, without=without, replace=replace)

    def posteriors(self) -> Posteriors:
        """All persons, in the order of their ids."""
        check_is_fitted(self, "fitted_")
        return self.fitted_.all_persons()

    def leave_one_out(self, by: str | ArrayLike = "rater") -> Posteriors:
        """For every person and every one of their raters (or sources): the posterior without it. `keys`: person, dropped.

        by: "rater", "source", or one label per row of the fitted frame, for example its quarter (None: never left out).
        """
        check_is_fitted(self, "fitted_")
        return self.fitted_.leave_one_out(by)

    def replaced(self, ratings: pd.DataFrame) -> Posteriors:
        """Posteriors of the persons in `ratings` if they were rated so: like `posterior(replace=)`, for many at once."""
        check_is_fitted(self, "fitted_")
        return self.fitted_.replaced(ratings)

    def predict_proba(self, ratings: pd.DataFrame) -> pd.DataFrame:
        """Probability of each score (columns, on the format's own origin) for rows person, item, rater [..].

        Integrated over what is not known of person and halo. Persons and raters unknown to the fit get the population's distribution.
        Rows of formats with different origins or widths have NaN where a score does not exist.
        """
        check_is_fitted(self, "fitted_")
        return predicted(self.fitted_, ratings)

    @property
    def nullity_(self) -> int:
        """Columns less rank of the design, see `models.connectivity.nullity`."""
        check_is_fitted(self, "fitted_")
        return nullity(self.fitted_.design)

    def _check_parameters(self) -> None:
        for name, available in _AVAILABLE.items():
            if getattr(self, name) not in available:
                choices = ", ".join(repr(choice) for choice in available)
                raise ValueError(f"{name}={getattr(self, name)!r} is not available; choose from {choices}")
        positive = ("theta_sd", "severity_sd", "item_sd", "threshold_sd", "mean_sd", "log_sd_prior", "tolerance")
        for name in positive:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}={getattr(self, name)!r} must be positive")
        if not 0 < self.skill_correlation < 1:
            raise ValueError(f"skill_correlation={self.skill_correlation!r} must lie between 0 and 1")

    def _priors(self) -> Priors:
        fixed = self.severity == "fixed"
        return Priors(
            item_sd=self.item_sd,
            step_sd=self.threshold_sd,
            mean_sd=self.mean_sd,
            period_correlation=self.period_correlation,
            log_sd=np.inf if fixed else self.log_sd_prior,
            estimate_variances=self.estimate_variances,
            fixed=fixed,
            tolerance=self.tolerance * (1e-3 if fixed else 1.0),
            max_iterations=self.max_iterations,
        )

    def _variances(self, skills: int) -> Variances:
        on = 1.0 if self.halo else 0.0
        return Variances(
            theta=np.full(skills, float(self.theta_sd)),
            correlation=float(self.skill_correlation),
            severity=float(self.severity_sd),
            halo=on * self.halo_sd,
            halo_skill=on * self.halo_skill_sd if skills > 1 else 0.0,
            machine_severity=float(self.machine_severity_sd),
            machine_halo=on * self.machine_halo_sd,
            machine_halo_skill=on * self.machine_halo_skill_sd,
        )

    def _previous(self, design: Design) -> Facets:
        """The previous fit's facets where the new design has the same."""
        before, old = self.fitted_.solution.facets, self.fitted_.design.vocabulary
        blank, words = start_facets(design), design.vocabulary
        severity = dict(zip(old.severities, before.severity, strict=True))
        item = dict(zip(old.items, before.item, strict=True))
        steps = dict(zip(old.formats, before.steps, strict=True))
        items = np.array([item.get(key, 0.0) for key in words.items])
        kept = [steps.get(key, start) for key, start in zip(words.formats, blank.steps, strict=True)]
        return Facets(
            np.array([severity.get(key, 0.0) for key in words.severities]),
            items - items.mean(),
            tuple(one if len(one) == len(start) else start for one, start in zip(kept, blank.steps, strict=True)),
            before.mean,
        )

    def _describe(self) -> None:
        """Set the fitted attributes."""
        fitted = self.fitted_
        solution = fitted.solution
        self.n_iter_, self.converged_ = solution.iterations, solution.converged
        self.theta_mean_, self.deviance_ = solution.facets.mean, solution.deviance
        self.facet_covariance_ = solution.covariance
        self.components_ = components(fitted.design)
        self._describe_deviations()
        self._describe_facets()
        self._describe_persons()

    def _describe_deviations(self) -> None:
        variances, words = self.fitted_.solution.variances, self.fitted_.design.vocabulary
        several = len(words.skills) > 1
        self.standard_deviations_: dict[str, Any] = {
            "theta": pd.Series(variances.theta, index=words.skills) if several else float(variances.theta[0]),
            "severity": variances.severity if self.severity == "random" else float("nan"),
            "halo": variances.halo,
            "halo_skill": variances.halo_skill,
            "machine_halo": variances.machine_halo,
            "machine_halo_skill": variances.machine_halo_skill,
            "skill_correlation": variances.correlation,
        }

    def _describe_facets(self) -> None:
        fitted = self.fitted_
        solution, rows, words = fitted.solution, fitted.design.rows, fitted.design.vocabulary
        error = np.sqrt(np.maximum(np.diag(solution.covariance), 0.0))
        severities, items = len(words.severities), len(words.items)
        squared, variance = standardised(rows, fitted.linear_predictor(), solution.facets)
        raters = mean_squares(rows.severity, severities, rows.facet_weight, squared, variance)
        raters.insert(0, "estimate", solution.facets.severity)
        raters.insert(1, "se", error[:severities])
        raters["rater_class"] = np.where(words.machine_severity, "machine", "human")
        raters.index = (
            pd.MultiIndex.from_tuples(words.severities, names=["rater", "period"])
            if words.has_period
            else pd.Index([key[0] for key in words.severities], name="rater")
        )
        item_table = mean_squares(rows.item, items, rows.facet_weight, squared, variance)
        item_table.insert(0, "estimate", solution.facets.item)
        item_table.insert(1, "se", error[severities : severities + items])
        item_table.index = words.items
        self.raters_, self.items_ = raters, item_table
        self.thresholds_ = _threshold_table(fitted, error[severities + items : -1])
        self._squares = squared, variance

    def _describe_persons(self) -> None:
        fitted = self.fitted_
        rows, words = fitted.design.rows, fitted.design.vocabulary
        skills = len(words.skills)
        ability, count = rows.person * skills + rows.skill, len(words.persons) * skills
        table = mean_squares(ability, count, rows.facet_weight, *self._squares)
        del self._squares
        found = fitted.all_persons()
        table.insert(0, "estimate", found.mean.ravel())
        table.insert(1, "sd", found.sd.ravel())
        top = words.categories[rows.format] - 1
        not_top = np.bincount(ability, weights=rows.score < top, minlength=count)
        not_bottom = np.bincount(ability, weights=rows.score > 0, minlength=count)
        table["extreme"] = (table["n"] > 0) & ((not_top == 0) | (not_bottom == 0))
        table.index = (
            pd.MultiIndex.from_product([words.persons, words.skills], names=["person", "skill"])
            if words.has_skill
            else words.persons
        )
        self.persons_ = table[table["n"] > 0]
        spread, error = float(self.persons_["estimate"].var(ddof=0)), float((self.persons_["sd"] ** 2).mean())
        self.reliability_ = spread / (spread + error)
        self.separation_ = float(np.sqrt(spread / error))


def _threshold_table(fitted: Fitted, error: Floats) -> pd.DataFrame:
    words, steps = fitted.design.vocabulary, fitted.solution.facets.steps
    keys = [(*key, step) for key, taus in zip(words.formats, steps, strict=True) for step in range(1, len(taus) + 1)]
    table = pd.DataFrame({"estimate": np.concatenate(steps), "se": error})
    if words.partial_credit:
        table.index = pd.MultiIndex.from_tuples([key[1:] for key in keys], names=["item", "step"])
    elif len(words.formats) == 1:
        table.index = pd.Index([key[2] for key in keys], name="step")
    else:
        table.index = pd.MultiIndex.from_tuples(keys, names=["source", "scale", "step"])
    return table
