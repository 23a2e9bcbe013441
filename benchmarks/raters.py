"""Are raters found who rate in a way of their own, and are the others left in peace?

    python benchmarks/raters.py [--seeds 5] [--people 46] [--json]

Every seed is a sample department, collected and fitted by the ordinary code. Its generator knows what kind of rater everybody is
(`truth/raters.csv`); the kinds are opened after the diagnosis. A rater counts who gave 30 marks or more. docs/raters.md tells what came out.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from recovery_department import AS_OF, NOW, collect

import rubrics
from calibrant.assessing import read_frames
from calibrant.sample import generate
from db.ledger import Ledger
from db.records import Purpose
from inference.diagnostics import LEAST_MARKS, diagnose
from inference.fitting import fit
from inference.roster_groups import roster_groups

FITTING = {
    "severe": {"severe"},
    "lenient": {"lenient"},
    "halo": {"halo"},
    "central": {"central", "muted"},
    "careless": {"erratic", "central", "lenient"},
    "friendly": set(),
    "plain": set(),
}
"""Kind in the generator -> flags that would be true of it. The careless mostly give one high mark without reading the question."""


def diagnosed(seed: int, people: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Raters of one department with kind, shift (levels, positive: lenient) and flags; and what was said of groups."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = generate(folder / "files", seed=seed, people=people, as_of=AS_OF)
        ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}", clock=lambda: NOW, entropy=random.Random(seed).randbytes)
        collect(ledger, made)
        frames = read_frames(ledger, Purpose.PROMOTION, as_of=AS_OF, known_at=NOW)
        found = diagnose(
            fit(rubrics.load("aiml"), frames, as_of=AS_OF),
            roster_groups(frames, as_of=AS_OF),
            rng=np.random.default_rng(seed),
        )
        truth = pd.read_csv(made.truth.parent / "raters.csv").set_index("person_id")
    assert found is not None
    keys = dict(zip(frames.people["person"], frames.people["key"], strict=True))
    own = found.raters.assign(key=[keys.get(rater) for rater in found.raters.index]).dropna(subset="key")
    own = own[own["marks"] >= LEAST_MARKS].join(truth[["kind", "shift"]], on="key")
    groups = {
        "effects": sum(one.estimate is not None for one in found.effects),
        "effects_flagged": sum(one.flagged for one in found.effects),
    }
    return own[["kind", "shift", "severity", "se", "flags"]].assign(seed=seed), groups


def table(raters: pd.DataFrame) -> list[dict[str, Any]]:
    """One row per kind: raters, flagged as such, flagged as something else only, not flagged, and the share found with its 90 % interval."""
    rows = []
    for kind, fitting in FITTING.items():
        flags = raters.loc[raters["kind"] == kind, "flags"].map(set)
        such = int(sum(bool(held & fitting) for held in flags))
        other = int(sum(bool(held) and not held & fitting for held in flags))
        hits = such if fitting else len(flags) - other
        low, high = _wilson(hits, len(flags))
        rows.append(
            {"kind": kind, "raters": len(flags), "as_such": such if fitting else None, "as_other": other}
            | {"not_flagged": len(flags) - such - other, "right": round(hits / max(len(flags), 1), 3)}
            | {"low": round(low, 3), "high": round(high, 3)}
        )
    return rows


def _wilson(hits: int, n: int, z: float = 1.645) -> tuple[float, float]:
    if not n:
        return 0.0, 1.0
    share, spread = hits / n, z**2 / n
    reach = z * np.sqrt(share * (1 - share) / n + spread / (4 * n))
    return float((share + spread / 2 - reach) / (1 + spread)), float((share + spread / 2 + reach) / (1 + spread))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--people", type=int, default=46)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    runs = [diagnosed(seed, options.people) for seed in range(options.seeds)]
    raters = pd.concat([own for own, _ in runs], ignore_index=True)
    figures = {
        "departments": options.seeds,
        "people": options.people,
        "raters": len(raters),
        "severity_and_planted_shift": round(float(raters["severity"].corr(raters["shift"])), 3),
        "kinds": table(raters),
        "group_effects": {name: sum(groups[name] for _, groups in runs) for name in runs[0][1]},
    }
    if options.json:
        print(json.dumps(figures, indent=2))
        return 0
    print(f"{len(raters)} raters with {LEAST_MARKS} marks or more in {options.seeds} departments of {options.people}")
    print(f"correlation of severity with the planted shift: {figures['severity_and_planted_shift']}")
    print(pd.DataFrame(figures["kinds"]).to_string(index=False, na_rep="-"))
    groups = figures["group_effects"]
    print(f"{groups['effects_flagged']} of {groups['effects']} effects of groups flagged (none was planted)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
