"""An estimation laid out: settings, the vector of facets, constraints and priors, and arrays that stay the same throughout."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from models.categories import Steps
from models.design import Design, Rows
from models.discrimination import free_sources, slopes_of_formats
from models.elimination import Layout
from models.incidence import Incidence
from models.item_pool import item_covariance
from models.responses import Responses
from models.variances import Variances

__all__ = ["Facets", "Penalty", "Priors", "Problem", "facet_problem", "free_slopes", "penalty", "start_facets"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class Priors:
    """Fixed settings of an estimation. SDs in logits; log_sd: SD of the prior on each log SD, halo_log_sd: on those of human halos.

    fixed: no priors on facets and SDs, severities sum to zero (marginal maximum likelihood). scales: raters have scales of their
    own (`models.centrality`). slopes: sources have discriminations of their own (`models.discrimination`), their logs of SD slope_sd about 0;
    reference: the source that has 1, None for the one with most human ratings.
    """

    item_sd: float = 1.5
    step_sd: float = 2.0
    mean_sd: float = 3.0
    period_correlation: float = 0.9
    log_sd: float = 0.5
    halo_log_sd: float = 0.5
    scales: bool = False
    slopes: bool = False
    slope_sd: float = 0.25
    reference: Hashable | None = None
    estimate_variances: bool = True
    fixed: bool = False
    tolerance: float = 1e-4
    max_iterations: int = 200


@dataclass(frozen=True, slots=True)
class Facets:
    """Point estimates of everything that is not a person. steps: one array per format.

    log_scale: (raters,) log of each rater's scale of the steps, empty where all are 1; rater: (severities,) whose scale a unit has.
    log_slope: (free sources,) logs of the discriminations that are estimated; source: (formats,) which of them a format has, -1 where it is 1.
    """

    severity: Floats
    item: Floats
    steps: tuple[Floats, ...]
    mean: float
    log_scale: Floats = field(default_factory=lambda: np.zeros(0))
    rater: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    log_slope: Floats = field(default_factory=lambda: np.zeros(0))
    source: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def offset(self, severity: Integers, item: Integers) -> Floats:
        """What the facets add to a row's theta, in its units; severity code -1 is an average rater."""
        known = np.where(severity >= 0, self.severity[np.maximum(severity, 0)], 0.0) if len(self.severity) else 0.0
        return np.asarray(self.mean - known - self.item[item], dtype=np.float64)

    def scale(self, severity: Integers) -> Floats:
        """Scale of the steps of each row; severity code -1 is an average rater, of scale 1."""
        if not len(self.log_scale):
            return np.ones(len(severity))
        return np.where(severity >= 0, np.exp(self.log_scale)[self.rater[np.maximum(severity, 0)]], 1.0)

    def cumulative(self, severity: Integers, formats: Integers) -> Floats:
        """Cumulative steps of each row, (categories, n), or (categories, 1) where all rows have the same."""
        steps = Steps.of(self.steps).cumulative
        if len(self.log_scale):
            return np.asarray(steps[:, formats] * self.scale(severity))
        return steps if steps.shape[1] == 1 else steps[:, formats]

    def slope(self, formats: Integers) -> Floats:
        """Discrimination of each row's source."""
        return (
            np.append(np.exp(self.log_slope), 1.0)[self.source[formats]]
            if len(self.log_slope)
            else np.ones(len(formats))
        )

    def eta(self, person: Floats, rows: Rows) -> Floats:
        """Linear predictors of rows whose persons and halos come to `person`, about the population mean."""
        eta = person + self.offset(rows.severity, rows.item)
        return eta * self.slope(rows.format) if len(self.log_slope) else eta

    def responses(self, rows: Rows) -> Responses:
        """How the rows depend on their cells' predictors."""
        slope = self.slope(rows.format) if len(self.log_slope) else None
        offset = self.offset(rows.severity, rows.item)
        return Responses(offset, self.cumulative(rows.severity, rows.format), slope)

    def vector(self) -> Floats:
        """All facets in one vector: severities, items, steps format by format, logs of scales, logs of discriminations, mean."""
        return np.concatenate([self.severity, self.item, *self.steps, self.log_scale, self.log_slope, [self.mean]])

    @property
    def scale_places(self) -> slice:
        """Where the logs of scales stand in the vector."""
        first = len(self.severity) + len(self.item) + sum(len(steps) for steps in self.steps)
        return slice(first, first + len(self.log_scale))

    @property
    def slope_places(self) -> slice:
        """Where the logs of discriminations stand in the vector."""
        first = self.scale_places.stop
        return slice(first, first + len(self.log_slope))

    def moved(self, vector: Floats) -> Facets:
        """The facets a vector of this layout stands for."""
        sizes = [len(self.severity), len(self.item), *map(len, self.steps), len(self.log_scale), len(self.log_slope)]
        severity, item, *steps, scale, slope, mean = np.split(vector, np.cumsum(sizes))
        return Facets(severity, item, tuple(steps), float(mean[0]), scale, self.rater, slope, self.source)


@dataclass(frozen=True, slots=True)
class Problem:
    """Arrays of an estimation that do not change between iterations.

    crossed: no two severity units share an impression, a prior or a constraint, so that given persons they are independent.
    telling: raters whose scales the ratings say something of. free: sources whose discriminations are estimated.
    """

    design: Design
    layout: Layout
    priors: Priors
    incidence: Incidence
    constraints: Floats
    severity_structure: Floats | None
    impression_severity: Integers
    crossed: bool
    item_skill: Integers
    telling: Integers
    free: Integers


def facet_problem(design: Design, priors: Priors) -> Problem:
    """Lay out the arrays of an estimation."""
    rows, words = design.rows, design.vocabulary
    layout = Layout.of(rows, rows.person, groups=len(words.persons), skills=len(words.skills))
    severities, items = len(words.severities), len(words.items)
    structure = _severity_structure(words.severity_rater, priors.period_correlation)
    telling = _telling(design) if priors.scales else np.zeros(0, dtype=np.int64)
    scales = _scale_constraints(design, telling) if priors.scales else np.zeros((0, 0))
    free = free_slopes(design, priors)
    return Problem(
        design=design,
        layout=layout,
        priors=priors,
        incidence=Incidence.of(design, layout),
        constraints=_constraints(
            _severity_groups(design, humans=priors.fixed),
            severities,
            items,
            words.categories - 1,
            scales,
            len(free),
        ),
        severity_structure=structure,
        impression_severity=rows.severity[layout.cell_start[layout.impression_start]],
        crossed=not (words.machine_severity.any() or priors.fixed or structure is not None),
        item_skill=_item_skill(design),
        telling=telling,
        free=free,
    )


def free_slopes(design: Design, priors: Priors) -> Integers:
    """Sources whose discriminations are estimated."""
    return free_sources(design, priors.reference) if priors.slopes else np.zeros(0, dtype=np.int64)


def _item_skill(design: Design) -> Integers:
    """Skill of each item that humans rate, -1 for those of machines; the lowest where an item is asked about several."""
    rows, skill = design.rows, np.full(len(design.vocabulary.items), len(design.vocabulary.skills))
    np.minimum.at(skill, rows.item, np.where(rows.machine, -1, rows.skill))
    return skill


def _severity_groups(design: Design, *, humans: bool) -> list[Integers]:
    """Severity units that sum to zero: of each machine source, whose level its items carry, and where asked for the humans."""
    rows, machine = design.rows, design.vocabulary.machine_severity
    source = np.full(len(machine), -1)
    source[rows.severity[::-1]] = rows.source[::-1]
    groups = [np.flatnonzero(machine & (source == code)) for code in np.unique(source[machine])]
    return groups + [np.flatnonzero(~machine)] * bool(humans and not machine.all())


def _telling(design: Design) -> Integers:
    """Humans who rate on three categories or more."""
    rows, words = design.rows, design.vocabulary
    tell = (words.categories[rows.format] > 2) & ~rows.machine & ~rows.floor
    return np.unique(words.severity_rater[rows.severity[tell]])


def _scale_constraints(design: Design, telling: Integers) -> Floats:
    """Logs of scales, (constraints, raters): 0 for machines; those of `telling` raters sum to zero."""
    words = design.vocabulary
    every = np.eye(len(words.raters))
    machine = np.unique(words.severity_rater[words.machine_severity])
    return np.vstack([every[machine], every[telling].sum(axis=0, keepdims=True)[: len(telling)]])


def _constraints(
    groups: list[Integers], severities: int, items: int, lengths: Integers, scales: Floats, slopes: int
) -> Floats:
    """Severities of each group sum to zero, items do, so do the steps of each format; then what holds for logs of scales. slopes: how many facets follow these."""
    last = severities + items + int(lengths.sum()) + scales.shape[1]
    total = last + slopes + 1
    constraints = np.zeros((len(groups) + 1 + len(lengths) + len(scales), total))
    constraints[len(constraints) - len(scales) :, last - scales.shape[1] : last] = scales
    for row, group in enumerate(groups):
        constraints[row, group] = 1.0
    constraints[len(groups), severities : severities + items] = 1.0
    start = severities + items
    for row, length in enumerate(lengths, start=len(groups) + 1):
        constraints[row, start : start + length] = 1.0
        start += length
    return constraints


def _severity_structure(rater: Integers, correlation: float) -> Floats | None:
    """Inverse correlation of the severity units: periods of one rater correlate. None where every rater has one."""
    if len(np.unique(rater)) == len(rater):
        return None
    same = rater[:, None] == rater[None, :]
    return np.asarray(
        np.linalg.inv(np.where(same, correlation, 0.0) + (1.0 - correlation) * np.eye(len(rater))), dtype=np.float64
    )


def start_facets(design: Design, priors: Priors) -> Facets:
    """All facets zero, steps two thirds of a logit apart."""
    words = design.vocabulary
    steps = tuple((np.arange(width - 1) - (width - 2) / 2) * 2 / 3 for width in words.categories)
    severity, item = np.zeros(len(words.severities)), np.zeros(len(words.items))
    facets = Facets(severity, item, steps, 0.0)
    if priors.scales:
        facets = replace(facets, log_scale=np.zeros(len(words.raters)), rater=words.severity_rater)
    if priors.slopes:
        free = free_slopes(design, priors)
        facets = replace(facets, log_slope=np.zeros(len(free)), source=slopes_of_formats(design, free))
    return facets


@dataclass(frozen=True, slots=True)
class Penalty:
    """Prior precision of the facets: diagonal, and blocks (first facet, matrix) in its place where facets belong together."""

    diagonal: Floats
    blocks: tuple[tuple[int, Floats], ...] = ()

    def times(self, vector: Floats) -> Floats:
        """Product with a facet vector."""
        result = self.diagonal * vector
        for start, block in self.blocks:
            part = slice(start, start + len(block))
            result[part] = block @ vector[part]
        return np.asarray(result)

    def add_to(self, matrix: Floats) -> None:
        """Add to a matrix of all facets, in place."""
        free = np.ones(len(matrix), dtype=bool)
        for start, block in self.blocks:
            part = slice(start, start + len(block))
            free[part] = False
            matrix[part, part] += block
        alone = np.flatnonzero(free)
        matrix[alone, alone] += self.diagonal[alone]


def penalty(problem: Problem, variances: Variances) -> Penalty:
    """Prior precision of the facets."""
    words, priors = problem.design.vocabulary, problem.priors
    severities, items, total = len(words.severities), len(words.items), problem.constraints.shape[1]
    raters = len(words.raters) if priors.scales else 0
    slopes = slice(total - 1 - len(problem.free), total - 1)
    scales = slice(slopes.start - raters, slopes.start)
    if priors.fixed:
        diagonal = np.full(total, _FLAT)
        diagonal[scales] = 1.0 / max(variances.scale, _FLAT) ** 2
        diagonal[slopes] = 1.0 / priors.slope_sd**2
        return Penalty(diagonal)
    scale = np.where(words.machine_severity, variances.machine_severity, variances.severity)
    diagonal = np.full(total, 1.0 / priors.step_sd**2)
    diagonal[:severities] = 1.0 / scale**2
    diagonal[severities : severities + items] = 1.0 / priors.item_sd**2
    diagonal[scales] = 1.0 / max(variances.scale, _FLAT) ** 2
    diagonal[slopes] = 1.0 / priors.slope_sd**2
    diagonal[-1] = 1.0 / priors.mean_sd**2
    blocks = []
    if problem.severity_structure is not None:
        blocks.append((0, problem.severity_structure / np.outer(scale, scale)))
    if variances.item > 0:
        together = item_covariance(problem.item_skill, shared=priors.item_sd, own=variances.item)
        blocks.append((severities, np.asarray(np.linalg.inv(together))))
    return Penalty(diagonal, tuple(blocks))
