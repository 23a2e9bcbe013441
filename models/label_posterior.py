"""The posterior of cutpoints given decided levels: the numbers behind `models.anchoring`.

Cuts of several groups of labels (skills) hang on common directions z, normal beforehand; the deciders' own error is learnt along with
them. Moments come from importance sampling about the mode on a fixed lattice, twice, the second time about what the first
found: the same labels give the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from models.cuts import LEAST_GAP

__all__ = ["NOISE", "Group", "Labels", "Moments", "panel_noise", "posterior_of"]

Floats = NDArray[np.float64]

NOISE = 0.3
"""SD in logits of what a committee of three sees of theta, at the centre of its prior."""

_JUDGE_SD = 0.5
_LEAST_NOISE = 0.15

_LOG_NOISE_SD = 0.5
_SLIP = 0.02
_POINTS = 4096
_WIDER = 1.3
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)
_STEPS = 100
_BLURS = (2.5, 1.0, 0.4, 0.0)
"""The mode is sought with labels blurred by these SDs in turn: far from the cuts a slip explains any label, and there is no slope."""


def panel_noise(judges: int) -> float:
    """Noise of a panel that agrees on a level: half a logit per judge, independent, at least .15.

    >>> round(panel_noise(3), 2), round(panel_noise(6), 2)
    (0.29, 0.2)
    """
    return float(max(_LEAST_NOISE, _JUDGE_SD / np.sqrt(max(judges, 1))))


@dataclass(frozen=True, slots=True)
class Labels:
    """Decided levels. All arrays (n,). theta, sd: mean and SD (logits) without the decision; level from 1; weight in (0, 1].

    noise: SD in logits of what the deciders see of theta, at the centre of its prior.
    """

    theta: Floats
    sd: Floats
    level: NDArray[np.int64]
    weight: Floats
    noise: float = NOISE

    def __len__(self) -> int:
        return len(self.level)

    def blurred(self, sd: float) -> Labels:
        """The same with thetas known less well."""
        return replace(self, sd=np.hypot(self.sd, sd))


@dataclass(frozen=True, slots=True)
class Group:
    """Labels whose cuts are centre + directions @ z."""

    centre: Floats
    directions: Floats
    labels: Labels


@dataclass(frozen=True, slots=True)
class Moments:
    """Posterior of z: mean (d,), covariance (d, d), and derivative of the mean by the thetas of the first group's labels (d, n)."""

    mean: Floats
    covariance: Floats
    gain: Floats


def posterior_of(groups: Sequence[Group], covariance: Floats) -> Moments:
    """Moments of z ~ N(0, covariance) and log sigma given the labels, by importance sampling about the mode."""
    size = len(covariance)
    groups = [group for group in groups if len(group.labels)]
    if not groups:
        return Moments(np.zeros(size), covariance, np.zeros((size, 0)))
    whole = np.zeros((size + 1, size + 1))
    whole[:size, :size], whole[size, size] = covariance, _LOG_NOISE_SD**2
    precision = np.asarray(np.linalg.inv(whole), dtype=np.float64)
    centre = np.zeros(size + 1)
    for blur in _BLURS:
        blurred = [replace(group, labels=group.labels.blurred(blur)) for group in groups]
        centre, spread = _mode(blurred, precision, centre)
    normal = _lattice(size + 1)
    for _ in range(2):
        factor = np.linalg.cholesky(_WIDER**2 * spread)
        points = centre + normal @ factor.T
        logs = _log_posterior(groups, precision, points) + 0.5 * (normal**2).sum(axis=1)
        weight = np.exp(logs - logs.max())
        weight /= weight.sum()
        centre = weight @ points
        apart = points - centre
        spread = (apart * weight[:, None]).T @ apart + 1e-10 * np.eye(size + 1)
    slope = _theta_slopes(groups[0], points)
    gain = (apart[:, :size] * weight[:, None]).T @ (slope - weight @ slope)
    return Moments(centre[:size], spread[:size, :size], gain)


def _mode(groups: Sequence[Group], precision: Floats, point: Floats) -> tuple[Floats, Floats]:
    """Mode by scoring steps from a point, and the inverse of the expected curvature there."""
    value = float(_log_posterior(groups, precision, point[None])[0])
    curvature = precision
    for _ in range(_STEPS):
        gradient, curvature = -precision @ point, precision.copy()
        for group in groups:
            slope, information = _score(group, point)
            gradient, curvature = gradient + slope, curvature + information
        step = np.linalg.solve(curvature, gradient)
        for pace in (1.0, 0.5, 0.2, 0.05):
            at = float(_log_posterior(groups, precision, (point + pace * step)[None])[0])
            if at > value:
                break
        else:
            break
        point, gained, value = point + pace * step, at - value, at
        if gained < 1e-9:
            break
    return point, np.asarray(np.linalg.inv(curvature), dtype=np.float64)


def _score(group: Group, point: Floats) -> tuple[Floats, Floats]:
    """Gradient of the log-likelihood and expected information at one point."""
    labels, size = group.labels, len(point)
    cut = group.centre + group.directions @ point[:-1]
    sigma = labels.noise * np.exp(point[-1])
    spread = np.sqrt(sigma**2 + labels.sd**2)
    distance = (labels.theta[:, None] - cut) / spread[:, None]
    density = np.exp(-0.5 * distance**2) / np.sqrt(2.0 * np.pi)
    levels = len(cut) + 1
    by_cut = np.zeros((len(labels), levels, len(cut)))
    reach = np.arange(len(cut))
    by_cut[:, reach + 1, reach] = -density / spread[:, None]
    by_cut[:, reach, reach] = density / spread[:, None]
    tail = -density * distance * (sigma**2 / spread**2)[:, None]
    by_noise = np.zeros((len(labels), levels))
    by_noise[:, 1:] += tail
    by_noise[:, :-1] -= tail
    slopes = np.zeros((len(labels), levels, size))
    slopes[:, :, :-1] = by_cut @ group.directions
    slopes[:, :, -1] = by_noise
    slopes *= 1.0 - _SLIP
    above = ndtr(distance)
    edge = np.ones((len(labels), 1))
    chance = -np.diff(np.concatenate([edge, above, 0.0 * edge], axis=1), axis=1)
    chance = (1.0 - _SLIP) * np.maximum(chance, 0.0) + _SLIP / levels
    own = np.arange(len(labels)), labels.level - 1
    gradient = ((labels.weight / chance[own])[:, None] * slopes[own]).sum(axis=0)
    information = np.einsum("n,nl,nli,nlj->ij", labels.weight, 1.0 / chance, slopes, slopes)
    return gradient, information


def _log_posterior(groups: Sequence[Group], precision: Floats, points: Floats) -> Floats:
    """Log posterior density (up to a constant) at points (n, d + 1); -inf where cuts do not rise."""
    logs = -0.5 * np.einsum("ni,ij,nj->n", points, precision, points)
    for group in groups:
        cut = group.centre + points[:, :-1] @ group.directions.T
        rising = (np.diff(cut, axis=1) >= LEAST_GAP).all(axis=1) if cut.shape[1] > 1 else np.ones(len(cut), dtype=bool)
        logs = np.where(rising, logs, -np.inf)
        labels = group.labels
        edges = np.concatenate([np.full((len(cut), 1), -np.inf), cut, np.full((len(cut), 1), np.inf)], axis=1)
        variance = (labels.noise * np.exp(points[:, -1])) ** 2
        for n in range(len(labels)):
            spread = np.sqrt(variance + labels.sd[n] ** 2)
            low, high = edges[:, labels.level[n] - 1], edges[:, labels.level[n]]
            chance = ndtr((labels.theta[n] - low) / spread) - ndtr((labels.theta[n] - high) / spread)
            chance = (1.0 - _SLIP) * np.maximum(chance, 0.0) + _SLIP / (cut.shape[1] + 1)
            logs = logs + labels.weight[n] * np.log(chance)
    return np.asarray(logs)


def _theta_slopes(group: Group, points: Floats) -> Floats:
    """Derivative of each label's log-likelihood by its theta, at every point: (points, labels)."""
    labels = group.labels
    cut = group.centre + points[:, :-1] @ group.directions.T
    variance = (labels.noise * np.exp(points[:, -1])) ** 2
    slopes = np.empty((len(points), len(labels)))
    for n in range(len(labels)):
        spread = np.sqrt(variance + labels.sd[n] ** 2)
        distance = (labels.theta[n] - cut) / spread[:, None]
        edge = np.zeros((len(points), 1))
        density = np.concatenate([edge, np.exp(-0.5 * distance**2) / np.sqrt(2.0 * np.pi), edge], axis=1)
        above = np.concatenate([edge + 1.0, ndtr(distance), edge], axis=1)
        level = labels.level[n]
        chance = np.maximum(above[:, level - 1] - above[:, level], 0.0)
        chance = (1.0 - _SLIP) * chance + _SLIP / (cut.shape[1] + 1)
        slopes[:, n] = labels.weight[n] * (1.0 - _SLIP) * (density[:, level - 1] - density[:, level]) / spread / chance
    return slopes


def _lattice(dimensions: int) -> Floats:
    """Standard normal points on Richtmyer's lattice, mirrored, so that their mean is exactly zero."""
    roots = np.sqrt(np.array(_PRIMES[:dimensions], dtype=np.float64))
    steps = np.arange(1, _POINTS // 2 + 1)[:, None] * roots
    half = ndtri(np.clip(steps - np.floor(steps), 1e-12, 1.0 - 1e-12))
    return np.asarray(np.concatenate([half, -half]))
