"""How well the engine finds the truth about the sample department, beside simpler ways to read the same evidence.

    python benchmarks/recovery.py [--seeds 10] [--people 30] [--json]

Every seed is a department of its own: made as files, collected into a ledger on SQLite, read for the purpose `promotion` and
inferred from by the ordinary code, then compared with `truth/levels.csv`. Nothing is tuned on that truth. docs/recovery.md
tells what is counted how, what came out, and why.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from recovery_department import Run, recover
from recovery_scores import ENGINE, contenders, coverage, deciles, scores, set_reliability, summary

from db.records import State

Subset = Callable[[pd.DataFrame], NDArray[np.bool_]]

SUBSETS: dict[str, Subset] = {
    "pairs with human ratings": lambda p: (p["ratings"] > 0).to_numpy(),
    "inferred pairs": lambda p: (p["state"] == State.INFERRED.value).to_numpy(),
    "all pairs": lambda p: np.ones(len(p), dtype=bool),
}

TIERS: dict[str, Subset] = {
    **SUBSETS,
    "1 or 2 human raters": lambda p: p["raters"].between(1, 2).to_numpy(),
    "3 to 5 human raters": lambda p: p["raters"].between(3, 5).to_numpy(),
    "6 or more human raters": lambda p: (p["raters"] >= 6).to_numpy(),
    "rated, with git": lambda p: ((p["ratings"] > 0) & p["git"]).to_numpy(),
    "rated, without git": lambda p: ((p["ratings"] > 0) & ~p["git"]).to_numpy(),
    **{
        f"rated, true level {k}": lambda p, k=k: ((p["ratings"] > 0) & (p["level"] == k)).to_numpy()
        for k in range(1, 6)
    },
    "high confidence": lambda p: p["high_confidence"].to_numpy(dtype=bool),
}


def figures(runs: list[Run]) -> dict[str, Any]:
    """Everything that is printed: mean and standard error over seeds of every figure."""
    tables = [run.pairs for run in runs]
    pooled = pd.concat(tables, ignore_index=True)
    rated = ("pairs with human ratings", "all pairs")
    return {
        "seeds": [run.seed for run in runs],
        "people_per_seed": runs[0].people,
        "pairs": len(pooled),
        "compared": {name: _compared(tables, chosen) for name, chosen in SUBSETS.items()},
        "states": {name: summary([_states(table[SUBSETS[name](table)]) for table in tables]) for name in rated},
        "theta": {tier: summary([coverage(table, of(table)) for table in tables]) for tier, of in TIERS.items()},
        "sets": {tier: summary([set_reliability(table, of(table)) for table in tables]) for tier, of in TIERS.items()},
        "calibration": {
            name: deciles(pooled, SUBSETS[name](pooled)).round(4).to_dict(orient="records") for name in rated
        },
        "cpu_seconds": summary([dict(run.seconds) for run in runs]),
    }


def _compared(tables: list[pd.DataFrame], chosen: Subset) -> dict[str, Any]:
    """Per contender: its scores, and its QWK and RPS less the engine's on the pairs both speak to."""
    fields = [contenders(table) for table in tables]
    found: dict[str, Any] = {}
    for name in fields[0]:
        rows = []
        for table, field in zip(tables, fields, strict=True):
            own = scores(table, field[name], chosen(table))
            both = chosen(table) & np.isfinite(field[name].probabilities).all(axis=1)
            engine = scores(table, field[ENGINE], both)
            rows.append(own | {f"{what}_less_engine": own[what] - engine[what] for what in ("qwk", "rps")})
        found[name] = summary(rows) | {"told_the_truth": fields[0][name].truth}
    return found


def _states(pairs: pd.DataFrame) -> dict[str, float]:
    shares = {state.value: float((pairs["state"] == state.value).mean()) for state in State}
    return shares | {"high confidence": float(pairs["high_confidence"].mean())}


def _figure(pair: tuple[float, float], places: int = 3) -> str:
    mean, error = pair
    return f"{mean:.{places}f} ({error:.{places}f})" if np.isfinite(mean) else "-"


def table_of(title: str, heads: list[str], rows: list[list[str]]) -> str:
    """Aligned text, first column to the left."""
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in [heads, *rows]
    ]
    return "\n".join([f"\n{title}", lines[0], "-" * len(lines[0]), *lines[1:]])


def text(found: dict[str, Any]) -> str:
    """The figures as tables."""
    parts = [
        f"{len(found['seeds'])} departments of {found['people_per_seed']} people and 14 skills "
        f"(seeds {', '.join(map(str, found['seeds']))}), {found['pairs']} pairs of person and skill. "
        "Each figure: mean over departments (its standard error over departments)."
    ]
    for name, compared in found["compared"].items():
        rows = [
            [
                who + (" *" if one["told_the_truth"] else ""),
                f"{one['n'][0]:.0f}",
                *(
                    _figure(one[what])
                    for what in ("qwk", "accuracy", "mae", "rps", "qwk_less_engine", "rps_less_engine")
                ),
            ]
            for who, one in compared.items()
            if np.isfinite(one["rps"][0])
        ]
        heads = ["reading of the evidence", "n", "QWK", "accuracy", "MAE", "RPS", "QWK - engine's", "RPS - engine's"]
        parts.append(table_of(f"Recovery of the true level: {name}", heads, rows))
    parts.append("* uses the true marginal distribution, which nobody has; a point forecast's RPS is its MAE / 4.")
    states = [[name, *(_figure(value) for value in of.values())] for name, of in found["states"].items()]
    parts.append(table_of("Share of pairs by state", ["", *next(iter(found["states"].values()))], states))
    heads = ["", "n", "coverage of 90 %", "half-width", "bias"]
    rows = [
        [tier, f"{of['n'][0]:.0f}", *(_figure(of[what]) for what in ("coverage", "half_width", "bias"))]
        for tier, of in found["theta"].items()
    ]
    parts.append(table_of("90 % intervals of theta (logits)", heads, rows))
    names = ("stated", "held", "levels", "modal_stated", "modal_right")
    rows = [[tier, f"{of['n'][0]:.0f}", *(_figure(of[what]) for what in names)] for tier, of in found["sets"].items()]
    heads = ["", "n", "mass stated", "level inside", "levels in set", "P(modal) stated", "modal right"]
    parts.append(table_of("90 % sets of levels, and the most probable level", heads, rows))
    for name, tenths in found["calibration"].items():
        rows = [
            [
                f"{one['bin']:.1f}-{one['bin'] + 0.1:.1f}",
                f"{one['n']}",
                f"{one['stated']:.3f}",
                f"{one['happened']:.3f} ({one['error']:.3f})",
            ]
            for one in tenths
        ]
        parts.append(table_of(f"P(level) stated and happened, {name}", ["P(level)", "n", "stated", "happened"], rows))
    spent = found["cpu_seconds"]
    parts.append(
        f"\nCPU seconds per department: {', '.join(f'{what} {_figure(value, 1)}' for what, value in spent.items())}"
    )
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10, help="departments, seeds 0 to one less")
    parser.add_argument("--people", type=int, default=30, help="persons per department, 12 to 46")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    runs = []
    for seed in range(options.seeds):
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="calibrant-recovery-") as folder:
            runs.append(recover(Path(folder), seed, options.people))
        print(
            f"department {seed + 1} of {options.seeds}: {time.perf_counter() - started:.0f} s",
            file=sys.stderr,
            flush=True,
        )
    found = figures(runs)
    if options.json:
        json.dump(found, sys.stdout, indent=1)
    else:
        print(text(found))


if __name__ == "__main__":
    main()
