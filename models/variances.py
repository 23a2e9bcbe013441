"""Standard deviations of the hierarchical normal priors, and one scoring step towards their marginal optimum.

Persons:   theta_p ~ N(mean, D R D), D the skills' SDs, R equicorrelated.
Raters:    severity ~ N(0, s^2); periods of one rater correlate.
Halo:      h_pr ~ N(0, s^2) and h_prs ~ N(0, s^2), for humans and machines apart.

The gradient of the marginal log-likelihood in log s is the posterior expectation of the prior's own gradient (Fisher's identity);
the step divides it by the average information of the working normal model (Gilmour, Thompson & Cullis 1995, doi:10.2307/2533274), which
is EM sped up by the share of information that is missing. Each log SD has a normal prior around its default, so that few data
leave it there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["EffectSums", "Variances", "correlation_matrix", "scale_step", "theta_gradient", "theta_step"]

Floats = NDArray[np.float64]

_LONGEST_STEP = 0.7
_SMALL = 0.3
_MOST = 0.95
"""Share of a variance that one step may take away."""


@dataclass(frozen=True, slots=True)
class Variances:
    """Standard deviations in logits. theta: (skills,). machine: the same effects of machine sources. item: what items of one skill have
    of their own, 0 where items are independent (`models.item_pool`). scale: of the logs of raters' scales, 0 where all are 1.
    structure: correlations of the skills where they are not all `correlation` (`models.skill_structure`), (skills, skills). released: machine_halo_skill of the
    skills where it has no floor (`models.machine_floor`), 0 for others, empty where that is none; spill_released: whether machine_halo has none.
    """

    theta: Floats
    correlation: float
    severity: float
    halo: float
    halo_skill: float
    machine_severity: float
    machine_halo: float
    machine_halo_skill: float
    item: float = 0.0
    scale: float = 0.0
    structure: Floats | None = None
    released: Floats = field(default_factory=lambda: np.zeros(0))
    spill_released: bool = False

    @property
    def covariance(self) -> Floats:
        """Prior covariance of a person's skills."""
        alike = self.structure if self.structure is not None else correlation_matrix(len(self.theta), self.correlation)
        return np.asarray(np.outer(self.theta, self.theta) * alike)

    @property
    def machine_halo_skills(self) -> Floats:
        """machine_halo_skill of every skill, (skills,)."""
        common = np.full(len(self.theta), self.machine_halo_skill)
        return np.where(self.released > 0, self.released, common) if len(self.released) else common

    def vector(self) -> Floats:
        """Log SDs that are not zero, and the logit of the correlation."""
        return np.array([*(np.log(scale) for scale in self.scales() if scale > 0), _logit(self.correlation)])

    def moved(self, vector: Floats) -> Variances:
        """The deviations a vector of this layout stands for."""
        values = iter(np.exp(vector[:-1]).tolist())
        scales = [next(values) if scale > 0 else 0.0 for scale in self.scales()]
        names = ("severity", "halo", "halo_skill", "machine_halo", "machine_halo_skill", "item", "scale")
        first, last = len(self.theta), len(scales) - len(self.released)
        single: dict[str, Any] = dict(zip(names, scales[first:last], strict=True))
        share = float(1.0 / (1.0 + np.exp(-vector[-1])))
        theta, released = np.array(scales[:first]), np.array(scales[last:])
        return replace(self, theta=theta, correlation=share, released=released, **single)

    def floored(self, floor: Variances) -> Variances:
        """Machine halos no smaller than those of `floor`, unless they are released."""
        return replace(
            self,
            machine_halo=max(self.machine_halo, 0.0 if self.spill_released else floor.machine_halo),
            machine_halo_skill=max(self.machine_halo_skill, floor.machine_halo_skill),
        )

    def distance(self, other: Variances) -> float:
        """Largest absolute difference of a log SD or of the correlation."""
        scales = [
            abs(np.log(mine / theirs))
            for mine, theirs in zip(self.scales(), other.scales(), strict=True)
            if mine > 0 and theirs > 0
        ]
        return float(max([*scales, abs(self.correlation - other.correlation)]))

    def apart(self, other: Variances) -> float:
        """The same, but for SDs below _SMALL their difference over that: what is nearly nothing may be a little more or less."""
        here, there = np.array(self.scales()), np.array(other.scales())
        scales = np.abs(here - there) / np.maximum(there, _SMALL)
        return float(max(scales.max(), abs(self.correlation - other.correlation)))

    def scales(self) -> list[float]:
        """All SDs as one list."""
        single = [self.severity, self.halo, self.halo_skill, self.machine_halo, self.machine_halo_skill, self.item]
        return [*map(float, self.theta), *single, self.scale, *map(float, self.released)]


def correlation_matrix(skills: int, correlation: float) -> Floats:
    """Equal correlation between all skills."""
    return (1.0 - correlation) * np.eye(skills) + correlation * np.ones((skills, skills))


@dataclass(frozen=True, slots=True)
class EffectSums:
    """What a scoring step needs of one class of independent effects with a common SD.

    count effects; squares: sum of posterior E[effect^2]; shrinkage: sum of (1 - posterior variance / prior variance)^2.
    """

    count: int
    squares: float
    shrinkage: float

    @classmethod
    def of(cls, mean: Floats, variance: Floats, scale: float) -> EffectSums:
        """From posterior means and variances of the effects, given the current SD."""
        if len(mean) == 0 or scale == 0:
            return cls(0, 0.0, 0.0)
        left = np.clip(1.0 - variance / scale**2, 0.0, 1.0)
        return cls(len(mean), float(mean @ mean + variance.sum()), float(left @ left))

    def gradient(self, scale: float) -> float:
        """Of the log marginal likelihood by the log of the SD."""
        return self.squares / scale**2 - self.count if self.count else 0.0


def scale_step(scale: float, sums: EffectSums, *, default: float, log_sd: float, floor: float = 0.0) -> float:
    """The SD after one step; without effects it stays as it is."""
    if sums.count == 0:
        return scale
    # log(r) rather than r - 1: in log s, moments far from the optimum are no longer a line
    gradient = sums.count * np.log(sums.squares / (sums.count * scale**2)) - np.log(scale / default) / log_sd**2
    information = 2.0 * sums.shrinkage + 1.0 / log_sd**2
    step = float(np.clip(gradient / information, -_LONGEST_STEP, _LONGEST_STEP))
    return float(max(scale * np.exp(step), floor))


def theta_step(
    variances: Variances, theta: Floats, covariance: Floats, *, default: Variances, log_sd: float
) -> Variances:
    """Skill SDs and their correlation after one step.

    theta: (persons, skills) posterior means about the population mean; covariance: (persons, skills, skills).
    """
    prior = variances.covariance
    skills = len(prior)
    inverse = np.linalg.inv(prior)
    tangents, gradient = _tangents(variances), theta_gradient(variances, theta, covariance)
    information = np.zeros((len(tangents), len(tangents)))
    for start in range(0, len(theta), 2000):
        precision = inverse @ (prior - covariance[start : start + 2000]) @ inverse
        turned = np.einsum("pij,ajk->paik", precision, tangents, optimize=True)
        flat = turned.reshape(len(turned), len(tangents), -1)
        back = turned.transpose(0, 1, 3, 2).reshape(flat.shape)
        information += 0.5 * np.einsum("pax,pbx->ab", flat, back, optimize=True)
    # as in `scale_step`
    gradient[:skills] = len(theta) * np.log1p(np.maximum(gradient[:skills] / len(theta), -_MOST))
    gradient[:skills] -= np.log(variances.theta / default.theta) / log_sd**2
    information[np.arange(skills), np.arange(skills)] += 1.0 / log_sd**2
    if skills > 1:
        gradient[skills] -= _logit(variances.correlation) - _logit(default.correlation)
        information[skills, skills] += 1.0
    step = np.clip(np.linalg.solve(information, gradient), -_LONGEST_STEP, _LONGEST_STEP)
    moved = replace(variances, theta=variances.theta * np.exp(step[:skills]))
    if skills > 1:
        moved = replace(moved, correlation=float(1.0 / (1.0 + np.exp(-_logit(variances.correlation) - step[skills]))))
    return moved


def theta_gradient(variances: Variances, theta: Floats, covariance: Floats) -> Floats:
    """Gradient of the log marginal likelihood by each skill's log SD and, with several skills, by the logit of the correlation."""
    prior = variances.covariance
    inverse = np.linalg.inv(prior)
    moment = theta.T @ theta + covariance.sum(axis=0) - len(theta) * prior
    return np.asarray(0.5 * np.einsum("aij,ji->a", _tangents(variances), inverse @ moment @ inverse))


def _logit(share: float) -> float:
    return float(np.log(share) - np.log1p(-share))


def _tangents(variances: Variances) -> Floats:
    """Derivatives of the prior covariance by each log SD and, with several skills, by the logit of the correlation."""
    prior = variances.covariance
    skills = len(prior)
    tangents = np.zeros((skills + (skills > 1), skills, skills))
    for skill in range(skills):
        tangents[skill, skill, :] += prior[skill]
        tangents[skill, :, skill] += prior[:, skill]
    if skills > 1:
        share = variances.correlation
        tangents[skills] = share * (1.0 - share) * np.outer(variances.theta, variances.theta) * (1.0 - np.eye(skills))
    return tangents
