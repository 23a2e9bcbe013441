"""An estimation laid out: settings, the vector of facets, constraints and priors, and arrays that stay the same throughout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.design import Design
from models.elimination import Layout
from models.variances import Variances

__all__ = ["Facets", "Priors", "Problem", "facet_problem", "penalty", "start_facets"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class Priors:
    """Fixed settings of an estimation. SDs in logits; log_sd: SD of the prior on each log SD.

    fixed: no priors on facets and SDs, severities sum to zero (marginal maximum likelihood).
    """

    item_sd: float = 1.5
    step_sd: float = 2.0
    mean_sd: float = 3.0
    period_correlation: float = 0.9
    log_sd: float = 0.5
    estimate_variances: bool = True
    fixed: bool = False
    tolerance: float = 1e-4
    max_iterations: int = 200


@dataclass(frozen=True, slots=True)
class Facets:
    """Point estimates of everything that is not a person. steps: one array per format."""

    severity: Floats
    item: Floats
    steps: tuple[Floats, ...]
    mean: float

    def offset(self, severity: Integers, item: Integers) -> Floats:
        """What the facets add to a row's linear predictor; severity code -1 is an average rater."""
        known = np.where(severity >= 0, self.severity[np.maximum(severity, 0)], 0.0) if len(self.severity) else 0.0
        return np.asarray(self.mean - known - self.item[item], dtype=np.float64)

    def vector(self) -> Floats:
        """All facets in one vector: severities, items, steps format by format, mean."""
        return np.concatenate([self.severity, self.item, *self.steps, [self.mean]])

    def moved(self, vector: Floats) -> Facets:
        """The facets a vector of this layout stands for."""
        sizes = [len(self.severity), len(self.item), *(len(steps) for steps in self.steps)]
        parts = np.split(vector, np.cumsum(sizes))
        return Facets(parts[0], parts[1], tuple(parts[2:-1]), float(parts[-1][0]))


@dataclass(frozen=True, slots=True)
class Problem:
    """Arrays of an estimation that do not change between iterations."""

    design: Design
    layout: Layout
    priors: Priors
    linear: sparse.csr_array
    step_row: Integers
    step_column: Integers
    step_valid: NDArray[np.bool_]
    formats: tuple[Integers, ...]
    passed: Floats
    constraints: Floats
    severity_structure: Floats | None
    impression_severity: Integers


def facet_problem(design: Design, priors: Priors) -> Problem:
    """Lay out the arrays of an estimation."""
    rows, words = design.rows, design.vocabulary
    layout = Layout.of(rows, rows.person, groups=len(words.persons), skills=len(words.skills))
    severities, items, count = len(words.severities), len(words.items), len(rows)
    index = np.arange(count)
    columns = np.concatenate([rows.severity, severities + rows.item, np.full(count, severities + items)])
    signs = np.repeat([-1.0, -1.0, 1.0], count)
    linear = sparse.csr_array((signs, (np.tile(index, 3), columns)), shape=(count, severities + items + 1))
    lengths = words.categories - 1
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    step = np.arange(lengths.max())[:, None]
    valid = step < lengths[rows.format]
    return Problem(
        design=design,
        layout=layout,
        priors=priors,
        linear=linear,
        step_row=np.broadcast_to(index, valid.shape)[valid],
        step_column=(offsets[rows.format] + step)[valid],
        step_valid=valid,
        formats=tuple(np.flatnonzero(rows.format == code) for code in range(len(words.formats))),
        passed=(rows.score > step).astype(np.float64),
        constraints=_constraints(_severity_groups(design, humans=priors.fixed), severities, items, lengths),
        severity_structure=_severity_structure(words.severity_rater, priors.period_correlation),
        impression_severity=rows.severity[layout.cell_start[layout.impression_start]],
    )


def _severity_groups(design: Design, *, humans: bool) -> list[Integers]:
    """Severity units that sum to zero: of each machine source, whose level its items carry, and where asked for the humans."""
    rows, machine = design.rows, design.vocabulary.machine_severity
    source = np.full(len(machine), -1)
    source[rows.severity[::-1]] = rows.source[::-1]
    groups = [np.flatnonzero(machine & (source == code)) for code in np.unique(source[machine])]
    return groups + [np.flatnonzero(~machine)] * bool(humans and not machine.all())


def _constraints(groups: list[Integers], severities: int, items: int, lengths: Integers) -> Floats:
    """Severities of each group sum to zero, items do, and so do the steps of each format."""
    total = severities + items + int(lengths.sum()) + 1
    constraints = np.zeros((len(groups) + 1 + len(lengths), total))
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
    same = rater[:, None] == rater[None, :]
    if len(np.unique(rater)) == len(rater):
        return None
    return np.asarray(
        np.linalg.inv(np.where(same, correlation, 0.0) + (1.0 - correlation) * np.eye(len(rater))), dtype=np.float64
    )


def start_facets(design: Design) -> Facets:
    """All facets zero, steps two thirds of a logit apart."""
    words = design.vocabulary
    steps = tuple((np.arange(width - 1) - (width - 2) / 2) * 2 / 3 for width in words.categories)
    return Facets(np.zeros(len(words.severities)), np.zeros(len(words.items)), steps, 0.0)


def penalty(problem: Problem, variances: Variances) -> Floats:
    """Prior precision of the facets."""
    words, priors = problem.design.vocabulary, problem.priors
    severities, items = len(words.severities), len(words.items)
    if priors.fixed:
        return _FLAT * np.eye(problem.constraints.shape[1])
    precision = np.zeros((problem.constraints.shape[1],) * 2)
    scale = np.where(words.machine_severity, variances.machine_severity, variances.severity)
    if problem.severity_structure is not None:
        precision[:severities, :severities] = problem.severity_structure / np.outer(scale, scale)
    else:
        precision[np.arange(severities), np.arange(severities)] = 1.0 / scale**2
    rest = np.arange(severities, len(precision))
    precision[rest, rest] = 1.0 / priors.step_sd**2
    precision[rest[:items], rest[:items]] = 1.0 / priors.item_sd**2
    precision[-1, -1] = 1.0 / priors.mean_sd**2
    return precision
