"""Where ratings, cells and facets meet: patterns that stay the same while the numbers in them change.

Rows are sorted, so the ratings of one cell by one severity unit on one format are neighbours (a *severity run*), and so are those of one
cell on one item (an *item run*; as a rule one rating). Sums over runs are cheap, and everything the facets need follows from them.

Rows are worked through in *blocks* of whole cells: what a block needs on all nodes and categories fits in the processor's cache, and
memory does not grow with nodes times categories times rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.design import Design, Rows
from models.elimination import Cross, Layout

__all__ = ["Block", "Incidence"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_BLOCK_ROWS = 4096
_DENSE = 0.2
"""Share of filled places from which the coupling of cells with items and steps is kept as a full matrix."""


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring cells: their rows, and the slices of all rows, cells and runs they are."""

    rows: Rows
    facet_weight: Floats
    row: slice
    cell: slice
    severity_run: slice
    item_run: slice
    cell_of_row: Integers
    cell_start: Integers
    severity_start: Integers
    item_start: Integers

    def by_cell(self, values: Floats) -> Floats:
        """Sums of row values over cells, along the last axis."""
        return np.add.reduceat(values, self.cell_start, axis=-1)

    def by_severity_run(self, values: Floats) -> Floats:
        """Sums of row values over severity runs, along the last axis."""
        return np.add.reduceat(values, self.severity_start, axis=-1)

    def by_item_run(self, values: Floats) -> Floats:
        """Sums of row values over item runs, along the last axis."""
        return values if len(self.item_start) == values.shape[-1] else np.add.reduceat(values, self.item_start, axis=-1)


@dataclass(frozen=True, slots=True)
class Incidence:
    """Runs, their codes, and the places of their sums among the couplings of cells and facets.

    severity_*: per severity run; item_*: per item run. offsets: (formats + 1,) first step of each format among all steps.
    step_run, step_valid: which severity run has which step. slot: place of each item run, step of a run, and cell (for the mean) among
    the `size` values of the coupling with items, steps and mean; pattern: its sparse indices and indptr, None where it is full.
    """

    blocks: tuple[Block, ...]
    severities: int
    items: int
    cells: int
    offsets: Integers
    severity_cell: Integers
    severity_code: Integers
    severity_format: Integers
    item_cell: Integers
    item_code: Integers
    item_severity: Integers
    step_valid: NDArray[np.bool_]
    slot: Integers
    size: int
    pattern: tuple[Integers, Integers] | None

    @classmethod
    def of(cls, design: Design, layout: Layout) -> Incidence:
        """From sorted ratings and how they fall into cells."""
        rows, words = design.rows, design.vocabulary
        severity_start = np.flatnonzero(_changes(layout.cell_of_row, rows.severity, rows.format))
        item_start = np.flatnonzero(_changes(layout.cell_of_row, rows.item, rows.format))
        items, lengths = len(words.items), words.categories - 1
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        columns = items + int(offsets[-1]) + 1
        severity_cell, severity_format = layout.cell_of_row[severity_start], rows.format[severity_start]
        item_cell = layout.cell_of_row[item_start]
        step = np.arange(lengths.max())[:, None]
        valid = step < lengths[severity_format]
        code = np.concatenate(
            [
                item_cell * columns + rows.item[item_start],
                (severity_cell * columns + items + offsets[severity_format] + step)[valid],
                np.arange(layout.cells) * columns + columns - 1,
            ]
        )
        full = len(code) > _DENSE * layout.cells * columns
        places = None if full else np.unique(code)
        return cls(
            blocks=_blocks(rows, layout, severity_start, item_start),
            severities=len(words.severities),
            items=items,
            cells=layout.cells,
            offsets=offsets,
            severity_cell=severity_cell,
            severity_code=rows.severity[severity_start],
            severity_format=severity_format,
            item_cell=item_cell,
            item_code=rows.item[item_start],
            item_severity=rows.severity[item_start],
            step_valid=valid,
            slot=code if places is None else np.searchsorted(places, code),
            size=layout.cells * columns if places is None else len(places),
            pattern=None
            if places is None
            else (places % columns, np.searchsorted(places, np.arange(layout.cells + 1) * columns)),
        )

    @property
    def steps(self) -> int:
        """Number of steps of all formats."""
        return int(self.offsets[-1])

    def cross(self, severity: Floats, item: Floats, steps: Floats) -> Cross:
        """Coupling of cells and facets from information summed over severity runs and item runs, and (steps, severity runs)."""
        runs = np.searchsorted(self.severity_cell, np.arange(self.cells + 1))
        cell_severity = sparse.csr_array((-severity, self.severity_code, runs), shape=(self.cells, self.severities))
        total = np.bincount(self.severity_cell, weights=severity, minlength=self.cells)
        values = np.concatenate([-item, -steps[self.step_valid], total])
        filled: Floats = np.bincount(self.slot, weights=values, minlength=self.size).astype(np.float64, copy=False)
        shape = self.cells, self.items + self.steps + 1
        if self.pattern is None:
            return Cross(cell_severity, filled.reshape(shape))
        return Cross(cell_severity, sparse.csr_array((filled, *self.pattern), shape=shape))


def _blocks(rows: Rows, layout: Layout, severity_start: Integers, item_start: Integers) -> tuple[Block, ...]:
    """Cut between cells, about every `_BLOCK_ROWS` rows."""
    edges = np.append(layout.cell_start, len(rows))
    cuts = np.unique(np.searchsorted(edges, np.append(np.arange(0, len(rows), _BLOCK_ROWS), len(rows))))
    weight, blocks = rows.facet_weight, []
    for first, last in pairwise(cuts):
        row = slice(int(edges[first]), int(edges[last]))
        severity_run, item_run = (
            slice(*np.searchsorted(start, [row.start, row.stop])) for start in (severity_start, item_start)
        )
        blocks.append(
            Block(
                rows=rows.part(row),
                facet_weight=weight[row],
                row=row,
                cell=slice(int(first), int(last)),
                severity_run=severity_run,
                item_run=item_run,
                cell_of_row=layout.cell_of_row[row] - first,
                cell_start=layout.cell_start[first:last] - row.start,
                severity_start=severity_start[severity_run] - row.start,
                item_start=item_start[item_run] - row.start,
            )
        )
    return tuple(blocks)


def _changes(*columns: Integers) -> NDArray[np.bool_]:
    """True where any column differs from the row before; the first row counts as different."""
    changed = np.zeros(len(columns[0]), dtype=bool)
    changed[:1] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed
