"""The facets' information, factored once and asked many times, under the constraints that some facets sum to zero.

Two ways to the same answers. `Factor` holds the Schur complement of all facets, persons eliminated: its cost grows with the cube of the
number of raters. `CrossedFactor` eliminates the raters, whose own information is diagonal, and keeps persons: for many raters of fewer
persons, such as students who rate their lecturers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from models.elimination import Cross

__all__ = ["CrossedFactor", "FacetFactor", "Factor"]

Floats = NDArray[np.float64]
Made = TypeVar("Made")


class FacetFactor(Protocol):
    """Covariance of the facets under the constraints, without its having to be written out."""

    @property
    def size(self) -> int:
        """Number of facets."""
        ...

    def solve(self, right: Floats) -> Floats:
        """Covariance times right: (facets,) or (facets, k)."""
        ...

    def diagonal(self) -> Floats:
        """Variances of the facets."""
        ...

    def matrix(self) -> Floats:
        """The covariance."""
        ...


@dataclass(frozen=True, slots=True)
class _Bound:
    """What constraints C take from an inverse: B (C B)^-1 B', B the inverse times C'."""

    columns: Floats
    turned: Floats

    @classmethod
    def of(cls, columns: Floats, constraints: Floats) -> _Bound:
        return cls(columns, np.asarray(np.linalg.solve(constraints @ columns, columns.T), dtype=np.float64))

    def times(self, right: Floats) -> Floats:
        return np.asarray(self.columns @ (self.turned @ right))

    def diagonal(self) -> Floats:
        return np.asarray((self.columns * self.turned.T).sum(axis=1))

    def matrix(self) -> Floats:
        return self.columns @ self.turned


@dataclass(frozen=True, slots=True)
class Factor:
    """By the Cholesky factor of the facets' information, persons eliminated."""

    lower: Floats
    bound: _Bound
    _cache: dict[str, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, information: Floats, constraints: Floats) -> Factor:
        """information: symmetric (facets, facets), the constraints' outer products added, so that it is positive definite."""

        def factored(lift: float) -> Floats:
            return _cholesky(information + lift * np.eye(len(information)) if lift else information)

        lower = _lifted(factored, float(np.abs(np.diag(information)).mean()))
        return cls(lower, _Bound.of(_solved(lower, constraints.T), constraints))

    @property
    def size(self) -> int:
        """Number of facets."""
        return len(self.lower)

    def solve(self, right: Floats) -> Floats:
        """Constrained covariance times right: (facets,) or (facets, k)."""
        return _solved(self.lower, right) - self.bound.times(right)

    def diagonal(self) -> Floats:
        """Diagonal of the constrained covariance: half the work of the whole."""
        if "diagonal" not in self._cache:
            inverse = linalg.lapack.dtrtri(self.lower, lower=1)[0]
            squares = np.einsum("ij,ij->j", inverse, inverse) - self.bound.diagonal()
            self._cache["diagonal"] = np.maximum(squares, 0.0)
        return self._cache["diagonal"]

    def matrix(self) -> Floats:
        """The constrained covariance."""
        if "matrix" not in self._cache:
            inverse = _inverse(self.lower)
            inverse -= self.bound.matrix()
            self._cache["matrix"] = _symmetric(inverse)
        return self._cache["matrix"]


@dataclass(frozen=True, slots=True)
class CrossedFactor:
    """By the Cholesky factor of persons, items, steps and mean, severities eliminated.

    own: (severities,) their information. person, rest: couplings of persons (sparse) and of the other facets with severities, over `own`.
    """

    own: Floats
    person: sparse.csr_array
    rest: Floats
    lower: Floats
    bound: _Bound
    _cache: dict[str, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, information: Floats, coupling: Cross, covariance: Floats, constraints: Floats) -> CrossedFactor:
        """information: as in `Factor`, but before persons are eliminated, its severities' part diagonal.

        coupling: of (groups x skills) with the facets. covariance: (groups, skills, skills).
        """
        severities = coupling.severity.shape[1]
        own, mixed = np.diag(information)[:severities].copy(), information[:severities, severities:]
        others, persons = information[severities:, severities:], coupling.severity.shape[0]
        precision = _blocks(np.asarray(np.linalg.inv(covariance), dtype=np.float64))
        across = coupling.rest if isinstance(coupling.rest, np.ndarray) else coupling.rest.toarray()

        def factored(lift: float) -> tuple[Floats, sparse.csr_array, Floats, Floats]:
            left = own + lift
            person = sparse.csr_array(coupling.severity @ sparse.diags_array(1.0 / left))
            rest = mixed.T / left
            both = np.empty((persons + len(others),) * 2)
            both[:persons, :persons] = (precision - person @ coupling.severity.T).toarray()
            both[:persons, persons:] = across - person @ mixed
            both[persons:, :persons] = both[:persons, persons:].T
            both[persons:, persons:] = others - rest @ mixed + lift * np.eye(len(others))
            return left, person, rest, _cholesky(both)

        made = cls(
            *_lifted(factored, float(np.abs(np.diag(information)).mean())), _Bound(np.empty((0, 0)), np.empty((0, 0)))
        )
        columns = made._unbound(constraints.T)
        return cls(made.own, made.person, made.rest, made.lower, _Bound.of(columns, constraints))

    @property
    def size(self) -> int:
        """Number of facets."""
        return len(self.own) + len(self.rest)

    def solve(self, right: Floats) -> Floats:
        """Constrained covariance times right: (facets,) or (facets, k)."""
        return self._unbound(right) - self.bound.times(right)

    def _unbound(self, right: Floats) -> Floats:
        severities = len(self.own)
        first, persons = right[:severities], self.person.shape[0]
        other = _solved(self.lower, np.concatenate([-(self.person @ first), right[severities:] - self.rest @ first]))
        own = self.own if right.ndim == 1 else self.own[:, None]
        severity = first / own - self.person.T @ other[:persons] - self.rest.T @ other[persons:]
        return np.concatenate([severity, other[persons:]])

    def _turned(self) -> tuple[Floats, Floats]:
        """Inverse of what is left of persons and others, and the severities' couplings times it."""
        if "turned" not in self._cache:
            inverse, persons = _inverse(self.lower), self.person.shape[0]
            self._cache["inverse"] = inverse
            self._cache["turned"] = np.asarray(self.person.T @ inverse[:persons] + self.rest.T @ inverse[persons:])
        return self._cache["inverse"], self._cache["turned"]

    def diagonal(self) -> Floats:
        """Diagonal of the constrained covariance."""
        inverse, turned = self._turned()
        persons, columns = self.person.shape[0], self.person.tocsc()
        at = np.repeat(np.arange(columns.shape[1]), np.diff(columns.indptr))
        through = np.bincount(at, weights=columns.data * turned[at, columns.indices], minlength=columns.shape[1])
        severity = 1.0 / self.own + through + (self.rest.T * turned[:, persons:]).sum(axis=1)
        found = np.concatenate([severity, np.diag(inverse)[persons:]])
        return np.asarray(np.maximum(found - self.bound.diagonal(), 0.0))

    def matrix(self) -> Floats:
        """The constrained covariance."""
        if "matrix" not in self._cache:
            inverse, turned = self._turned()
            severities, persons = len(self.own), self.person.shape[0]
            whole = np.empty((self.size, self.size))
            whole[:severities, :severities] = (self.person.T @ turned[:, :persons].T).T + turned[
                :, persons:
            ] @ self.rest
            whole[np.arange(severities), np.arange(severities)] += 1.0 / self.own
            whole[:severities, severities:] = -turned[:, persons:]
            whole[severities:, :severities] = -turned[:, persons:].T
            whole[severities:, severities:] = inverse[persons:, persons:]
            whole -= self.bound.matrix()
            self._cache["matrix"] = _symmetric(whole)
        return self._cache["matrix"]


def _lifted(build: Callable[[float], Made], scale: float) -> Made:
    """Far from the solution matched information may be indefinite, and is then lifted until it is not."""
    lift = 0.0
    for _ in range(12):
        try:
            return build(lift)
        except linalg.LinAlgError:
            lift = max(10.0 * lift, 1e-6 * scale)
    raise linalg.LinAlgError("the facets' information is not positive definite; check weights and scores")


def _cholesky(matrix: Floats) -> Floats:
    # the transpose is the same matrix in the order LAPACK wants
    return np.asarray(linalg.cholesky(matrix.T, lower=True, check_finite=False))


def _solved(lower: Floats, right: Floats) -> Floats:
    return np.asarray(linalg.cho_solve((lower, True), right, check_finite=False))


def _inverse(lower: Floats) -> Floats:
    half: Floats = np.tril(linalg.lapack.dpotri(lower, lower=1)[0])
    half += np.tril(half, -1).T
    return np.asarray(half)


def _symmetric(matrix: Floats) -> Floats:
    return np.asarray(0.5 * (matrix + matrix.T))


def _blocks(matrices: Floats) -> sparse.csr_array:
    count, width = matrices.shape[:2]
    shape = (count * width, count * width)
    return sparse.csr_array(sparse.bsr_array((matrices, np.arange(count), np.arange(count + 1)), shape=shape))
