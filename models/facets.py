"""The many-facet rating model: persons' thetas from ratings by raters who differ in severity and carry impressions over.

See `FacetsModel`; the parts are `models.parameters` (what may be asked for), `models.design` (from frame to arrays), `models.newton` (estimation),
`models.elimination` (persons and halos), `models.posterior` (what is known of a person) and `models.attributes` (what a fit leaves to read).
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.attributes import joint_attributes, marginal_attributes
from models.connectivity import nullity
from models.design import Design, encode
from models.deviation_share import deviation_share
from models.information import observed_covariance
from models.joint import joint_maximum
from models.newton import solve
from models.parameters import check, priors, starting_deviations
from models.posterior import Posterior, Posteriors
from models.prediction import predicted, predicted_at_estimates
from models.problem import facet_problem
from models.ratings import RatingError
from models.skill_structure import freed
from models.uncertainty import facet_share
from models.warm_start import carried_over
from models.weighted_likelihood import weighted_likelihood
from models.whatif import Fitted

__all__ = ["FacetsModel", "RatingError"]

Floats = NDArray[np.float64]


class FacetsModel(BaseEstimator):  # type: ignore[misc]
    """Many-facet adjacent-category model with random severities and two halos, for many skills at once.

    For person p, skill s, rater r, item i and category k of a response format m::

        log P(k) / P(k - 1) = theta_ps - item_i - severity_r - halo_pr - halo_prs - tau_mk

        theta_p ~ N(mean, D R D), all skills share the mean, R equicorrelated
        severity ~ N(0, sd^2)    halo_pr ~ N(0, sd^2)    halo_prs ~ N(0, sd^2)
        item ~ N(0, item_sd^2), tau_m ~ N(0, threshold_sd^2), items and each format's taus summing to zero

    Positive severity is harsher. With one skill halo_prs is left out for human raters, being the same as halo_pr. Machines have halos per
    source instead of per rater, with standard deviations that do not fall below
    their defaults, except on skills where at least 50 people have two of their ratings and two human raters (`models.machine_floor`).

    Algorithm:

    1. ratings are encoded and sorted, so that their order cannot matter;
    2. Newton steps for the facets with halos and persons eliminated (Schur complement), first by Laplace's method, then with
       sites matched by expectation propagation;
    3. standard deviations are scored on the way, with normal priors on their logarithms (SD `log_sd_prior`) about the values given;
    4. posteriors: jointly normal over a person's skills, corrected on a grid per skill (`models.posterior`).

    Parameters
    ----------
    thresholds : "rating_scale" (steps per source and format) or "partial_credit" (steps per item).
    severity : "random" (hierarchical priors) or "fixed" (flat priors on all facets and SDs, severities sum to zero: marginal maximum
        likelihood, by adaptive quadrature where there is no halo).
    halo : whether raters carry impressions over between items and skills. Leave on unless every rating is independent.
        Where its SD is to be estimated and no human rates a person more than once, it is left out: nothing tells it from chance.
    centrality : whether raters differ in the scale w of the steps: - w_r tau_mk in place of - tau_mk, log w_r ~ N(0, centrality_sd^2), the
        geometric mean over human raters 1, machines 1 (`models.centrality`). This prior is kept with severity="fixed":
        thin raters say nothing of their w.
    discrimination : whether sources differ in how closely their marks follow theta: a_m (theta - item - severity - halo) in place of that
        without a_m, log a_m ~ N(0, discrimination_sd^2), 1 for the reference source and for those with 200 ratings or fewer, floors not counted
        (`models.discrimination`). Needs a column source. This prior, too, is kept with severity="fixed".
    reference_source : whose a is 1. None: the source with most human ratings, the first by name among equals.
    method : "marginal", or "joint" for unpenalised joint maximum likelihood as in FACETS (`models.joint`), which knows neither halo nor
        priors: of the other parameters only thresholds and max_iterations then matter. It gives point estimates without posteriors,
        leaves out persons, raters and items with extreme scores (estimates NaN), and warns with `models.joint.UnlinkedWarning` where the
        ratings do not link everybody.
    skill_covariance : "equal" (one correlation between all skills) or "free" (shrunk to that, `models.skill_structure`).
    theta_sd, skill_correlation, severity_sd, halo_sd, halo_skill_sd : start and prior centre of the estimated values.
    machine_severity_sd, machine_halo_sd, machine_halo_skill_sd : for machines; the first is kept, the others are
        floors, and start and prior centre where there is none.
    item_sd, threshold_sd, mean_sd : fixed prior SDs in logits.
    item_own_sd : None: items are independent. Otherwise human-rated items of one skill share a difficulty (SD item_sd), and this is
        start and prior centre of the estimated SD of what each has of its own (`models.item_pool`); for level-anchored forms.
    period_correlation : of one rater's severities between periods. centrality_sd : start and prior centre of
        the estimated SD of log w. discrimination_sd : fixed prior SD of log a.
    estimate_variances : False keeps all standard deviations as given.
    log_sd_prior : SD of the prior on each log standard deviation. halo_log_sd_prior : on those of human halos (None: the same).
    sd_uncertainty : whether posteriors count that standard deviations are estimates; with up to 300 persons (`models.deviation_share`).
    tolerance : of logits and log SDs. max_iterations : of each phase; a fit that has not settled by then gives a ConvergenceWarning.
    warm_start : start from the previous fit's facets.

    Attributes
    ----------
    persons_ : index person, or (person, skill) where the frame has skills; estimate (EAP), sd, infit, outfit, n, extreme (all ratings
        lowest, or all highest; in a joint fit: left out). Joint fits: estimate and its standard error.
    raters_, items_ : estimate, se, infit, outfit, n; raters_ by rater, or (rater, period). Mean squares as in `models.fit_statistics`.
        raters_ also rater_class and, with centrality, centrality (w; above 1: keeps to the middle) and centrality_se (w times that of log w).
    discriminations_ : estimate (a), se, n (ratings without floors) by source, with discrimination only; se 0 where a is held at 1.
    thresholds_ : estimate, se by step (from 1), preceded by item, or by source and scale, where there are several formats.
    standard_deviations_ : theta (a Series over skills where there are several), severity, halo, halo_skill, machine_halo,
        machine_halo_skill (a Series over skills where it has no floor on some), skill_correlation; item and centrality (of log w) where they are estimated.
        Joint fits: theta, the SD of estimates with their error taken out.
    standard_deviations_se_ : standard error of theta's SD, with fixed severities, one skill and no halo.
    machine_floors_ : people, released by skill that machines rate, see `models.machine_floor`; marginal fits only.
    theta_mean_ : population mean; joint fits: of the estimates. deviance_ : -2 log marginal likelihood, persons and halos integrated out;
        joint fits: -2 log likelihood at the estimates.
    components_ : component per person and rater, see `models.connectivity`. nullity_ : of the design.
    reliability_, separation_ : over persons and skills. Marginal: var(EAP) / (var(EAP) + mean posterior variance), and G with
        reliability = G^2 / (1 + G^2). Joint: G = sqrt(var - MSE) / RMSE of the estimates that are not extreme, sample variance (FACETS).
    facet_covariance_ : of severities, items, taus, logs of w (with centrality), logs of a (with
        discrimination) and mean (joint fits: without mean). n_iter_, converged_.

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
        skill_covariance: str = "equal",
        skill_correlation: float = 0.5,
        severity_sd: float = 0.6,
        halo_sd: float = 0.5,
        halo_skill_sd: float = 0.5,
        machine_severity_sd: float = 0.6,
        machine_halo_sd: float = 0.5,
        machine_halo_skill_sd: float = 1.0,
        item_sd: float = 1.5,
        item_own_sd: float | None = None,
        threshold_sd: float = 2.0,
        mean_sd: float = 3.0,
        period_correlation: float = 0.9,
        centrality_sd: float = 0.25,
        discrimination: bool = False,
        reference_source: Hashable | None = None,
        discrimination_sd: float = 0.25,
        estimate_variances: bool = True,
        log_sd_prior: float = 0.5,
        halo_log_sd_prior: float | None = None,
        sd_uncertainty: bool = False,
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
        self.skill_covariance = skill_covariance
        self.skill_correlation = skill_correlation
        self.severity_sd = severity_sd
        self.halo_sd = halo_sd
        self.halo_skill_sd = halo_skill_sd
        self.machine_severity_sd = machine_severity_sd
        self.machine_halo_sd = machine_halo_sd
        self.machine_halo_skill_sd = machine_halo_skill_sd
        self.item_sd = item_sd
        self.item_own_sd = item_own_sd
        self.threshold_sd = threshold_sd
        self.mean_sd = mean_sd
        self.period_correlation = period_correlation
        self.centrality_sd = centrality_sd
        self.discrimination = discrimination
        self.reference_source = reference_source
        self.discrimination_sd = discrimination_sd
        self.estimate_variances = estimate_variances
        self.log_sd_prior = log_sd_prior
        self.halo_log_sd_prior = halo_log_sd_prior
        self.sd_uncertainty = sd_uncertainty
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.warm_start = warm_start

    def fit(self, ratings: pd.DataFrame, y: None = None) -> Self:
        """Estimate from a long frame of ratings; columns as in `models.ratings`. Raises RatingError for unusable frames."""
        check(self.get_params())
        return self._fit_joint(ratings) if self.method == "joint" else self._fit_marginal(ratings)

    def _fit_marginal(self, ratings: pd.DataFrame) -> Self:
        impressions = self.halo or self.severity == "random"
        design = encode(ratings, partial_credit=self.thresholds == "partial_credit", impressions=impressions)
        settings, default = priors(self.get_params()), starting_deviations(self.get_params(), design)
        before: Fitted | None = getattr(self, "fitted_", None) if self.warm_start else None
        start = None if before is None else carried_over(before, design, settings)
        with threadpool_limits(limits=1, user_api="blas"):
            problem = facet_problem(design, settings)
            try:
                solution = solve(problem, default, start)
            except np.linalg.LinAlgError as error:
                raise RatingError(
                    f"the ratings do not determine what is estimated with severity={self.severity!r} (do they all agree?); use severity='random'"
                ) from error
            share = np.zeros_like(solution.posterior.covariance)
            if self.sd_uncertainty and self.estimate_variances:
                share += deviation_share(problem, solution, default)
            if self.skill_covariance == "free" and len(design.vocabulary.skills) > 1:
                solution = freed(problem.layout, solution)
            if self.severity == "random":
                share += facet_share(solution)
            fitted, size, deviations = Fitted(design, solution, share), len(solution.covariance), {}
            if self._has_exact_errors(design):
                persons = fitted.all_persons()
                covariance = observed_covariance(problem, solution.facets, solution.variances, persons)
                if self.estimate_variances:
                    deviations["theta"] = float(solution.variances.theta[0] * np.sqrt(covariance[-1, -1]))
                fitted = Fitted(design, replace(solution, covariance=covariance[:size, :size]), share)
            self._forget()
            self.design_, self.fitted_, self.standard_deviations_se_ = design, fitted, deviations
            self._leave(marginal_attributes(fitted, settings))
        if not self.converged_:
            warnings.warn(
                f"the fit did not settle within {self.max_iterations} iterations; its estimates are not to be used: raise "
                "max_iterations, or see `components_` and `nullity_` for what the ratings cannot tell",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    def _fit_joint(self, ratings: pd.DataFrame) -> Self:
        design = encode(ratings, partial_credit=self.thresholds == "partial_credit", impressions=False)
        with threadpool_limits(limits=1, user_api="blas"):
            joint = joint_maximum(design, max_iterations=self.max_iterations)
            self._forget()
            self.design_, self.joint_, self.standard_deviations_se_ = design, joint, {}
            self._leave(joint_attributes(design, joint))
        return self

    def _leave(self, attributes: Mapping[str, Any]) -> None:
        for name, value in attributes.items():
            setattr(self, name, value)

    def _has_exact_errors(self, design: Design) -> bool:
        """Whether errors come from `models.information`: no priors, and one theta per person learned from all there is."""
        plain = (
            self.severity == "fixed"
            and not (self.halo or self.centrality or self.discrimination)
            and len(design.vocabulary.skills) == 1
        )
        return plain and not design.rows.floor.any() and bool((design.rows.discount == 1.0).all())

    def _forget(self) -> None:
        """Drop what the other method's fit had left."""
        for name in ("fitted_", "joint_", "discriminations_", "machine_floors_"):
            if hasattr(self, name):
                delattr(self, name)

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
        return self._with_posteriors().posterior(person, without=without, replace=replace)

    def posteriors(self) -> Posteriors:
        """All persons, in the order of their ids."""
        return self._with_posteriors().all_persons()

    def leave_one_out(self, by: str | ArrayLike = "rater") -> Posteriors:
        """For every person and every one of their raters (or sources): the posterior without it. `keys`: person, dropped.

        by: "rater", "source", or one label per row of the fitted frame, for example its quarter (None: never left out).
        """
        return self._with_posteriors().leave_one_out(by)

    def replaced(self, ratings: pd.DataFrame) -> Posteriors:
        """Posteriors of the persons in `ratings` if they were rated so: like `posterior(replace=)`, for many at once."""
        return self._with_posteriors().replaced(ratings)

    def predict_proba(self, ratings: pd.DataFrame) -> pd.DataFrame:
        """Probability of each score (columns, on the format's own origin) for rows person, item, rater [..].

        Integrated over what is not known of person and halo. Persons and raters unknown to the fit get the population's distribution.
        Rows of formats with different origins or widths have NaN where a score does not exist.
        """
        check_is_fitted(self, "design_")
        if hasattr(self, "joint_"):
            return predicted_at_estimates(self.joint_, self.design_, ratings)
        return predicted(self.fitted_, ratings)

    def weighted_likelihood(self) -> pd.DataFrame:
        """Warm's estimate and se of each person (and skill) with the facets held: no prior, and finite for extreme scores.

        Index as `persons_`. Takes ratings for independent, hence only for method="joint", or fits with halo=False and without floors.
        """
        check_is_fitted(self, "design_")
        rows, words = self.design_.rows, self.design_.vocabulary
        if not hasattr(self, "joint_") and (self.halo or rows.floor.any()):
            raise ValueError("weighted likelihood needs independent exact ratings; fit with halo=False, without floors")
        facets = self.joint_.facets if hasattr(self, "joint_") else self.fitted_.solution.facets
        known = rows.take(np.isfinite(facets.offset(rows.severity, rows.item)))
        ability, count = known.person * len(words.skills) + known.skill, len(words.persons) * len(words.skills)
        estimate, error = weighted_likelihood(known, ability, count, facets)
        has = np.bincount(rows.person * len(words.skills) + rows.skill, minlength=count) > 0
        return pd.DataFrame({"estimate": estimate[has], "se": error[has]}, index=self.persons_.index)

    @property
    def nullity_(self) -> int:
        """Columns less rank of the design, see `models.connectivity.nullity`."""
        check_is_fitted(self, "design_")
        return nullity(self.design_)

    def _with_posteriors(self) -> Fitted:
        check_is_fitted(self, "design_")
        if hasattr(self, "joint_"):
            raise ValueError(
                "method='joint' estimates persons as points and has no posteriors; fit with method='marginal'"
            )
        return self.fitted_
