"""How tables and progress look: readable at 80 columns on a terminal, one row per line in a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from collectors.text import visible

__all__ = ["progress_display", "table_display"]

_KEPT_WHOLE = 14
"""Columns whose cells are all this short (ids, codes, dates, numbers) are never folded."""


_WIDE: Final = 100
"""Columns from which on a bar leaves room for words."""


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s")


def progress_display(console: Console) -> Progress:
    """A bar, where there is room for it, with counts, rate and remaining time; nothing at all unless the console is a terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        *([BarColumn(bar_width=20)] if console.width >= _WIDE else []),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[words]}", markup=False),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def table_display(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A table without frames. Numbers stand right; long words fold where the window is too narrow, they are never cut."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for number, column in enumerate(columns):
        cells = [row[number] for row in rows if row[number] is not None]
        numeric = 2 * sum(isinstance(cell, (int, float)) for cell in cells) > len(cells)
        short = max((len(str(cell)) for cell in cells), default=0) <= _KEPT_WHOLE
        table.add_column(column, justify="right" if numeric else "left", no_wrap=short, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else visible(str(cell))) for cell in row))
    return table
