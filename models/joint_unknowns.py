"""The equations of a joint fit: which elements take part, what their sums are held to, and gradient and information at a point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse.csgraph import connected_components

from models.categories import Steps, probabilities
from models.design import Rows, Vocabulary
from models.problem import Facets

__all__ = ["Evaluated", "Unknowns", "evaluated"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Unknowns:
    """Elements that take part, and rows in terms of them. Facets in the order severities, items, steps format by format."""

    ability: Integers
    severity: Integers
    item: Integers
    format: Integers
    ability_of_row: Integers
    format_of_row: Integers
    linear: sparse.csr_array
    to_ability: sparse.csr_array
    step_row: Integers
    step_column: Integers
    step_valid: Booleans
    passed: Floats
    widths: Integers

    @classmethod
    def of(cls, rows: Rows, words: Vocabulary) -> Unknowns:
        """The elements of the rows that take part."""
        ability, ability_of_row = np.unique(rows.person * len(words.skills) + rows.skill, return_inverse=True)
        severity, severity_of_row = np.unique(rows.severity, return_inverse=True)
        item, item_of_row = np.unique(rows.item, return_inverse=True)
        formats, format_of_row = np.unique(rows.format, return_inverse=True)
        count, index = len(rows), np.arange(len(rows))
        columns = np.concatenate([severity_of_row, len(severity) + item_of_row])
        widths = words.categories[formats] - 1
        step = np.arange(widths.max())[:, None]
        valid = step < widths[format_of_row]
        first = np.concatenate([[0], np.cumsum(widths)])
        return cls(
            ability=ability,
            severity=severity,
            item=item,
            format=formats,
            ability_of_row=ability_of_row,
            format_of_row=format_of_row,
            linear=sparse.csr_array(
                (np.full(2 * count, -1.0), (np.tile(index, 2), columns)), shape=(count, len(severity) + len(item))
            ),
            to_ability=sparse.csr_array((np.ones(count), (ability_of_row, index)), shape=(len(ability), count)),
            step_row=np.broadcast_to(index, valid.shape)[valid],
            step_column=(first[format_of_row] + step)[valid],
            step_valid=valid,
            passed=(rows.score > step).astype(np.float64),
            widths=widths,
        )

    @property
    def steps(self) -> int:
        """Number of steps of all formats."""
        return int(self.widths.sum())

    def stepwise(self, values: Floats) -> sparse.csr_array:
        """(rows, steps) with values (categories - 1, rows) at the steps each row's format has."""
        place = self.step_row, self.step_column
        return sparse.csr_array((values[self.step_valid], place), shape=(values.shape[1], self.steps))

    def step_information(self, upper: Floats, weight: Floats) -> Floats:
        """Summed covariance of the indicators 1{X >= j}, one block per format. upper: (categories - 1, rows) P(X >= j)."""
        blocks = []
        for code, width in enumerate(self.widths):
            mine = self.format_of_row == code
            tails = upper[:width, mine]
            weighted = tails * weight[mine]
            later = np.maximum.outer(np.arange(width), np.arange(width))
            blocks.append(weighted.sum(axis=1)[later] - weighted @ tails.T)
        return np.asarray(linalg.block_diag(*blocks))

    def gather(self, facets: Facets) -> Floats:
        """The facets that take part, in one vector."""
        return np.concatenate(
            [facets.severity[self.severity], facets.item[self.item], *(facets.steps[code] for code in self.format)]
        )

    def position(self, facets: Facets) -> Integers:
        """Where each facet that takes part stands among all."""
        before = len(facets.severity) + len(facets.item)
        first = before + np.concatenate([[0], np.cumsum([len(steps) for steps in facets.steps])])
        steps = [first[code] + np.arange(width) for code, width in zip(self.format, self.widths, strict=True)]
        return np.concatenate([self.severity, len(facets.severity) + self.item, *steps]).astype(np.int64)

    def constraints(self, rows: Rows, words: Vocabulary) -> tuple[Floats, int]:
        """Rows of sums that stay zero, and how many of them stand for contrasts that the ratings do not determine."""
        items = len(self.item)
        source = np.full(len(words.machine_severity), -1)
        source[rows.severity] = rows.source
        sums = _members(np.where(words.machine_severity, source, -1)[self.severity])
        skills, item = len(words.skills), np.searchsorted(self.item, rows.item)
        speaks = sparse.coo_array((np.ones(len(rows)), (item, items + rows.skill)), shape=(items + skills,) * 2)
        origins = _members(connected_components(speaks, directed=False)[1][:items].astype(np.int64))
        found = linalg.block_diag(sums, origins)
        free = self._undetermined(found)
        linear = np.vstack([found, free])
        steps = linalg.block_diag(*(np.ones((1, width)) for width in self.widths))
        return linalg.block_diag(linear, steps), len(free)

    def _undetermined(self, constraints: Floats) -> Floats:
        """Directions of severities and items that move no predictor once persons follow."""
        shared = self.to_ability @ self.linear
        counts = self.to_ability.sum(axis=1)
        left = (self.linear.T @ self.linear - shared.T @ (sparse.diags_array(1.0 / counts) @ shared)).toarray()
        scale = np.sqrt(np.diag((self.linear.T @ self.linear).toarray()))
        left = left / np.outer(scale, scale) + constraints.T @ constraints
        if int(linalg.lapack.dpstrf(left, lower=True, tol=1e-9)[2]) == len(left):
            return np.zeros((0, len(left)))
        values, vectors = linalg.eigh(left)
        return np.asarray((vectors[:, values < 1e-8 * values[-1]] / scale[:, None]).T)


def _members(group: Integers) -> Floats:
    """One row of ones per group."""
    return np.asarray(np.unique(group)[:, None] == group, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Log-likelihood, gradients and information at one point."""

    value: float
    gradient_theta: Floats
    gradient: Floats
    information_theta: Floats
    coupling: sparse.csr_array
    information: Floats


def evaluated(rows: Rows, used: Unknowns, theta: Floats, vector: Floats) -> Evaluated:
    """Value, gradients and information at persons' thetas and the other unknowns in `vector`."""
    linear = used.linear.shape[1]
    eta = theta[used.ability_of_row] + used.linear @ vector[:linear]
    taus = np.split(vector[linear:], np.cumsum(used.widths)[:-1])
    cumulative = Steps.of(taus).cumulative[:, used.format_of_row]
    chance, normaliser = probabilities(eta, cumulative)
    value = rows.score * eta - cumulative[rows.score, np.arange(len(rows))] - normaliser
    upper = np.cumsum(chance[:0:-1], axis=0)[::-1]
    category = np.arange(1, len(chance))[:, None]
    expected = upper.sum(axis=0)
    cross = np.cumsum((category * chance[1:])[::-1], axis=0)[::-1] - expected * upper
    weight, variance = rows.weight, rows.weight * cross.sum(axis=0)
    residual = weight * (rows.score - expected)
    tails = used.stepwise(-weight * cross)
    gradient = np.concatenate(
        [
            used.linear.T @ residual,
            np.bincount(used.step_column, (weight * (upper - used.passed))[used.step_valid], used.steps),
        ]
    )
    scaled = sparse.diags_array(variance) @ used.linear
    mixed = (used.linear.T @ tails).toarray()
    return Evaluated(
        value=float(weight @ value),
        gradient_theta=used.to_ability @ residual,
        gradient=gradient,
        information_theta=used.to_ability @ variance,
        coupling=sparse.csr_array(sparse.hstack([used.to_ability @ scaled, used.to_ability @ tails])),
        information=np.block(
            [
                [(used.linear.T @ scaled).toarray(), mixed],
                [mixed.T, used.step_information(upper, weight)],
            ]
        ),
    )
