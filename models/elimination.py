"""The normal model of persons and halos, eliminated from the inside out.

Ratings of one person by one halo unit on one skill form a *cell*; they share the linear predictor's person part

    u_c = theta_ps + e_pr + e_prs          e = - halo, independent normals (the sign does not matter)

Given for every cell a likelihood that is quadratic in u_c (precision V_c, natural parameter y_c) the posterior of all effects is
normal. `condition` finds it with per-cell scalars, per-impression scalars and one skills x skills matrix per person:

1. e_prs: precision V_c becomes V_c / (1 + s^2 V_c);
2. e_pr: a rank-one term per person and halo unit;
3. theta_p: one Cholesky factorisation per person.

`Cross` holds what couples cells to the facets, and is carried through the same three steps; what remains of the facets'
information is their Schur complement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.design import Rows
from models.variances import EffectSums, Variances

__all__ = ["Cross", "Layout", "PersonPosterior", "condition", "log_evidence"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Coupling: TypeAlias = sparse.csr_array | Floats


@dataclass(frozen=True, slots=True)
class Layout:
    """How sorted rows fall into cells, impressions (person x halo unit) and groups (persons, or persons with something left out).

    cell_of_row: (rows,). cell_start: first row of each cell; impression_start: first cell of each impression. The other
    arrays tell group, skill, impression and class of each cell or impression.
    """

    groups: int
    skills: int
    cell_of_row: Integers
    cell_start: Integers
    cell_group: Integers
    cell_skill: Integers
    cell_impression: Integers
    cell_machine: NDArray[np.bool_]
    impression_start: Integers
    impression_group: Integers
    impression_machine: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Rows, group: Integers, *, groups: int, skills: int) -> Layout:
        """rows must be sorted by group, then halo unit, then skill."""
        impression_new = _changes(group, rows.halo)
        cell_new = impression_new | _changes(rows.skill)
        cell_start = np.flatnonzero(cell_new)
        impression_of_row = np.cumsum(impression_new) - 1
        cell_impression = impression_of_row[cell_start]
        impression_rows = np.flatnonzero(impression_new)
        return cls(
            groups=groups,
            skills=skills,
            cell_of_row=np.cumsum(cell_new) - 1,
            cell_start=cell_start,
            cell_group=group[cell_start],
            cell_skill=rows.skill[cell_start],
            cell_impression=cell_impression,
            cell_machine=rows.machine[cell_start],
            impression_start=np.searchsorted(cell_impression, np.arange(len(impression_rows))),
            impression_group=group[impression_rows],
            impression_machine=rows.machine[impression_rows],
        )

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.cell_start)

    @property
    def ability(self) -> Integers:
        """Index of each cell's theta among groups x skills."""
        return self.cell_group * self.skills + self.cell_skill

    def by_cell(self, values: Floats) -> Floats:
        """Sums of row values over cells, along the last axis."""
        return np.add.reduceat(values, self.cell_start, axis=-1) if self.cells else values

    def by_impression(self, values: Floats) -> Floats:
        """Sums of cell values over impressions, along the first axis."""
        return np.add.reduceat(values, self.impression_start, axis=0) if self.cells else values

    def by_ability(self, values: Floats) -> Floats:
        """Sums of cell values over each group's skills: (groups, skills)."""
        sums = np.bincount(self.ability, weights=values, minlength=self.groups * self.skills)
        return sums.astype(np.float64).reshape(self.groups, self.skills)

    def by_group(self, values: Floats) -> Floats:
        """Sums of impression values over groups, along the first axis."""
        result = np.zeros((self.groups, *values.shape[1:]))
        if len(values):
            start = np.flatnonzero(_changes(self.impression_group))
            result[self.impression_group[start]] = np.add.reduceat(values, start, axis=0)
        return result


def _changes(*columns: Integers) -> NDArray[np.bool_]:
    """True where any column differs from the row before; the first row counts as different."""
    changed = np.zeros(len(columns[0]), dtype=bool)
    changed[:1] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed


@dataclass(frozen=True, slots=True)
class PersonPosterior:
    """Normal posterior of persons and halos given the facets.

    theta: (groups, skills) about the population mean; covariance: (groups, skills, skills). impression, cell: means of
    e_pr and e_prs. predictor, predictor_variance: u_c. remaining: V_c after step 1 over V_c; impression_shrink (phi): posterior variance of
    e_pr given theta; loading: (impressions, skills) information of an impression on each skill; slope: of u_c on its theta; pull:
    how thetas and e_pr move with their rater's severity.
    """

    theta: Floats
    covariance: Floats
    impression: Floats
    cell: Floats
    predictor: Floats
    predictor_variance: Floats
    remaining: Floats
    cell_shrink: Floats
    impression_shrink: Floats
    loading: Floats
    slope: Floats
    pull_theta: Floats
    pull_impression: Floats

    def pull_cell(self, layout: Layout) -> Floats:
        """How much e_prs moves when the severity of its impression's rater moves by one logit."""
        moved = (
            self.pull_theta[layout.cell_impression, layout.cell_skill] + self.pull_impression[layout.cell_impression]
        )
        return (1.0 - self.remaining) * (1.0 - moved)

    def severity_spread(self, layout: Layout, severity_variance: Floats) -> Floats:
        """Variance that uncertain severities (variance per impression) add to each cell's u_c - severity_r."""
        impression = layout.cell_impression
        moved = (
            self.pull_theta[impression, layout.cell_skill] + self.pull_impression[impression] + self.pull_cell(layout)
        )
        return (1.0 - moved) ** 2 * severity_variance[impression]

    def theta_spread(self, layout: Layout, severity_variance: Floats) -> Floats:
        """Covariance of each group's skills, that from uncertain severities included."""
        pulled = severity_variance[:, None, None] * self.pull_theta[:, :, None] * self.pull_theta[:, None, :]
        return self.covariance + layout.by_group(pulled)

    def sums(self, layout: Layout, variances: Variances, severity_variance: Floats) -> dict[str, EffectSums]:
        """Posterior moments of the halo effects per class, for the scoring of their variances."""
        around = _quadratic(self.covariance[layout.impression_group], self.loading)
        impression_variance = self.impression_shrink + self.impression_shrink**2 * around
        impression_variance += self.pull_impression**2 * severity_variance
        cell_variance = self._cell_variance(layout, severity_variance)
        human, machine = ~layout.impression_machine, layout.impression_machine
        one, other = ~layout.cell_machine, layout.cell_machine
        if len(variances.released):
            other = other & (variances.released[layout.cell_skill] == 0)
        return {
            "halo": EffectSums.of(self.impression[human], impression_variance[human], variances.halo),
            "machine_halo": EffectSums.of(
                self.impression[machine], impression_variance[machine], variances.machine_halo
            ),
            "halo_skill": EffectSums.of(self.cell[one], cell_variance[one], variances.halo_skill),
            "machine_halo_skill": EffectSums.of(self.cell[other], cell_variance[other], variances.machine_halo_skill),
        }

    def released_sums(self, layout: Layout, variances: Variances, severity_variance: Floats) -> list[EffectSums]:
        """The same for the halos of machines on each skill; of no effect where they keep their floor."""
        variance, found = self._cell_variance(layout, severity_variance), []
        for skill, scale in enumerate(variances.released):
            cells = layout.cell_machine & (layout.cell_skill == skill)
            found.append(EffectSums.of(self.cell[cells], variance[cells], float(scale)))
        return found

    def _cell_variance(self, layout: Layout, severity_variance: Floats) -> Floats:
        """Variances of e_prs, what uncertain severities add included."""
        inner = np.maximum(self.predictor_variance - self.cell_shrink, 0.0) / self.remaining**2
        variance = self.cell_shrink + (1.0 - self.remaining) ** 2 * inner
        return np.asarray(variance + self.pull_cell(layout) ** 2 * severity_variance[layout.cell_impression])


def condition(layout: Layout, variances: Variances, precision: Floats, natural: Floats) -> PersonPosterior:
    """Posterior of all person effects given quadratic likelihoods exp(natural u - precision u^2 / 2) of the cells."""
    machine = variances.machine_halo_skills[layout.cell_skill]
    cell_prior = np.where(layout.cell_machine, machine, variances.halo_skill) ** 2
    impression_prior = np.where(layout.impression_machine, variances.machine_halo, variances.halo) ** 2
    remaining = 1.0 / (1.0 + cell_prior * precision)
    kept, kept_natural = precision * remaining, natural * remaining
    total, total_natural = layout.by_impression(kept), layout.by_impression(kept_natural)
    phi = impression_prior / (1.0 + impression_prior * total)
    loading = np.zeros((len(phi), layout.skills))
    loading[layout.cell_impression, layout.cell_skill] = kept
    information = np.broadcast_to(
        np.linalg.inv(variances.covariance), (layout.groups, layout.skills, layout.skills)
    ).copy()
    diagonal = np.arange(layout.skills)
    information[:, diagonal, diagonal] += layout.by_ability(kept)
    information -= layout.by_group(phi[:, None, None] * loading[:, :, None] * loading[:, None, :])
    pulled = kept_natural - (phi * total_natural)[layout.cell_impression] * kept
    covariance = np.linalg.inv(information)
    covariance = 0.5 * (covariance + covariance.transpose(0, 2, 1))
    theta = np.matmul(covariance, layout.by_ability(pulled)[:, :, None])[:, :, 0]
    impression = phi * (total_natural - (loading * theta[layout.impression_group]).sum(axis=1))
    base = theta[layout.cell_group, layout.cell_skill] + impression[layout.cell_impression]
    cell_shrink = cell_prior * remaining
    cell = cell_shrink * (natural - precision * base)
    spread = np.matmul(covariance[layout.impression_group], loading[:, :, None])[:, :, 0]
    own = covariance[layout.cell_group, layout.cell_skill, layout.cell_skill]
    toward = own - (phi[:, None] * spread)[layout.cell_impression, layout.cell_skill]
    around = (loading * spread).sum(axis=1) * phi**2 + phi
    pull_theta = spread * (1.0 - phi * total)[:, None]
    crossed = toward - (phi[:, None] * spread)[layout.cell_impression, layout.cell_skill]
    variance = cell_shrink + remaining**2 * (crossed + around[layout.cell_impression])
    return PersonPosterior(
        theta=theta,
        covariance=covariance,
        impression=impression,
        cell=cell,
        predictor=base + cell,
        predictor_variance=variance,
        remaining=remaining,
        cell_shrink=cell_shrink,
        impression_shrink=phi,
        loading=loading,
        slope=remaining * toward / own,
        pull_theta=pull_theta,
        pull_impression=phi * (total - (loading * pull_theta).sum(axis=1)),
    )


def _quadratic(matrices: Floats, vectors: Floats) -> Floats:
    """v' M v for each pair. Plain sums: unlike einsum's, their rounding does not depend on how many pairs there are."""
    return np.asarray((vectors * (matrices * vectors[:, None, :]).sum(axis=2)).sum(axis=1))


def log_evidence(
    layout: Layout, variances: Variances, posterior: PersonPosterior, precision: Floats, natural: Floats
) -> float:
    """Log of the integral of the prior times all sites exp(natural u - precision u^2 / 2)."""
    impression_prior = np.where(layout.impression_machine, variances.machine_halo, variances.halo) ** 2
    kept = layout.by_impression(precision * posterior.remaining)
    persons = np.linalg.slogdet(posterior.covariance)[1].sum()
    prior = layout.groups * np.linalg.slogdet(variances.covariance)[1]
    halos = np.log(posterior.remaining).sum() - np.log1p(impression_prior * kept).sum()
    return float(0.5 * (natural @ posterior.predictor + halos + persons - prior))


@dataclass(frozen=True, slots=True)
class Cross:
    """Information shared by cells (or what is left of them) and facets: (.., severities) sparse, (.., others) sparse or full."""

    severity: sparse.csr_array
    rest: Coupling

    def pull(self, values: Floats) -> Floats:
        """Sums over cells, weighted with their coupling: (facets,)."""
        return np.concatenate([self.severity.T @ values, self.rest.T @ values])

    def push(self, facets: Floats) -> Floats:
        """How facets, (facets,) or (facets, k), enter each cell."""
        severities = self.severity.shape[1]
        return np.asarray(self.severity @ facets[:severities] + self.rest @ facets[severities:])

    def scaled(self, weight: Floats) -> Cross:
        """Every cell's coupling times its weight."""
        severity = _scaled(self.severity, weight)
        return Cross(
            severity, self.rest * weight[:, None] if isinstance(self.rest, np.ndarray) else _scaled(self.rest, weight)
        )

    def summed(self, indicator: sparse.csr_array) -> Cross:
        """Linear combinations of cells: indicator (groups, cells)."""
        rest: Coupling = indicator @ self.rest
        return Cross(indicator @ self.severity, rest)

    def take_from(self, information: Floats, weight: Floats) -> None:
        """Subtract A' diag(weight) A from the facets' information, in place."""
        if weight.any():
            _subtract(information, self, self.scaled(weight))

    def without_halos(self, layout: Layout, posterior: PersonPosterior, information: Floats) -> Cross:
        """Coupling of each theta with the facets after halos are eliminated, (groups x skills, facets).

        What halos take from the facets' information is subtracted in place.
        """
        to_ability = _indicator(layout.ability, layout.groups * layout.skills)
        if not (posterior.cell_shrink.any() or posterior.impression_shrink.any()):
            return self.summed(to_ability)
        self.take_from(information, posterior.cell_shrink)
        left = self.scaled(posterior.remaining)
        impression = left.summed(_indicator(layout.cell_impression, len(posterior.impression)))
        impression.take_from(information, posterior.impression_shrink)
        kept, back = left.summed(to_ability), impression.summed(_impression_to_ability(layout, posterior))
        rest: Coupling = kept.rest - back.rest
        return Cross(kept.severity - back.severity, rest)

    def eliminate(self, covariance: Floats, information: Floats) -> None:
        """Subtract what persons take, in place: the facets' Schur complement remains. self: coupling of thetas with facets."""
        _subtract(information, self, self.spread(covariance))

    def spread(self, covariance: Floats) -> Cross:
        """Product with the block-diagonal matrix of persons' covariances (groups, skills, skills)."""
        groups, skills = covariance.shape[:2]
        if skills == 1:
            return self.scaled(covariance.ravel())
        blocks = sparse.bsr_array((covariance, np.arange(groups), np.arange(groups + 1)), shape=(groups * skills,) * 2)
        return self.summed(blocks.tocsr())


def _subtract(information: Floats, one: Cross, other: Cross) -> None:
    """information -= one' other, of which the result is known to be symmetric."""
    severities = one.severity.shape[1]
    crossed = (one.severity.T @ other.severity).tocoo()
    information[crossed.row, crossed.col] -= crossed.data
    mixed = _array(one.severity.T @ other.rest)
    information[:severities, severities:] -= mixed
    information[severities:, :severities] -= mixed.T
    information[severities:, severities:] -= _array(one.rest.T @ other.rest)


def _array(matrix: Any) -> Floats:
    """Of a sparse or a full matrix."""
    return np.asarray(matrix if isinstance(matrix, np.ndarray) else matrix.toarray())


def _scaled(matrix: sparse.csr_array, weight: Floats) -> sparse.csr_array:
    data = matrix.data * np.repeat(weight, np.diff(matrix.indptr))
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _indicator(group: Integers, groups: int) -> sparse.csr_array:
    return sparse.csr_array((np.ones(len(group)), (group, np.arange(len(group)))), shape=(groups, len(group)))


def _impression_to_ability(layout: Layout, posterior: PersonPosterior) -> sparse.csr_array:
    value = (
        posterior.impression_shrink[layout.cell_impression]
        * posterior.loading[layout.cell_impression, layout.cell_skill]
    )
    shape = layout.groups * layout.skills, len(posterior.impression)
    return sparse.csr_array((value, (layout.ability, layout.cell_impression)), shape=shape)
