"""Agreement and decision statistics beside those of R's irr, psych, cacIRT, verification and betafunctions.

    python benchmarks/agreement.py --data DIR [--json]

DIR holds the input and `*.expected.csv` files of shrout_fleiss1979, krippendorff, livingston_lewis, rudner and rps_verification. The largest
difference of each set is printed beside what it may be; exit 1 if one is larger. betafunctions integrates between cuts to 1e-4,
which is why Livingston-Lewis is held to that.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from models.agreement import krippendorff_alpha
from models.decisions import normal_decision_quality, ranked_probability_score, ranked_probability_skill
from models.icc import intraclass_correlations
from models.livingston_lewis import LivingstonLewis, livingston_lewis

Pairs = dict[str, tuple[float, float]]
"""What -> (ours, theirs)."""

_SCALE = (0.0, 100.0)


def shrout_fleiss(data: Path) -> Pairs:
    scores = pd.read_csv(data / "shrout_fleiss1979.csv").pivot_table(index="subject", columns="judge", values="score")
    theirs = pd.read_csv(data / "shrout_fleiss1979.expected.csv").set_index("element")["estimate"]
    found = intraclass_correlations(scores)["estimate"]
    return {name: (float(found[name]), float(theirs[name])) for name in theirs.index}


def krippendorff(data: Path) -> Pairs:
    coders = pd.read_csv(data / "krippendorff.csv").to_numpy().T
    theirs = pd.read_csv(data / "krippendorff.expected.csv").set_index("element")["estimate"]
    return {str(metric): (krippendorff_alpha(coders, str(metric)), float(value)) for metric, value in theirs.items()}  # type: ignore[arg-type]


def rudner(data: Path) -> Pairs:
    people = pd.read_csv(data / "rudner.csv")
    overall = pd.read_csv(data / "rudner.expected.csv").set_index("cut")
    conditional = pd.read_csv(data / "rudner.conditional.expected.csv")
    cuts = [float(name.removeprefix("cut at ")) for name in overall.index if name.startswith("cut at ")]
    found = normal_decision_quality(people["theta"], people["sem"], cuts)
    accuracy = [*found.accuracy_at, found.accuracy]
    consistency = [*found.consistency_at, found.consistency]
    pairs = {}
    for row, name in enumerate(overall.index):
        pairs[f"accuracy, {name}"] = (float(accuracy[row]), float(overall["Accuracy"].iloc[row]))
        pairs[f"consistency, {name}"] = (float(consistency[row]), float(overall["Consistency"].iloc[row]))
    ours = np.column_stack(
        [found.accuracy_each_at, found.accuracy_each, found.consistency_each_at, found.consistency_each]
    )
    order = conditional.merge(people.reset_index(), on="theta").sort_values("index")
    difference = np.abs(ours - order[[c for c in conditional.columns if c != "theta"]].to_numpy())
    worst = np.unravel_index(difference.argmax(), difference.shape)
    pairs["each person's, the worst"] = (float(ours[worst]), float(ours[worst] - difference[worst]))
    return pairs


def rps(data: Path) -> Pairs:
    cases = pd.read_csv(data / "rps_verification.csv")
    theirs = pd.read_csv(data / "rps_verification.expected.csv").iloc[0]
    probabilities, level = cases.drop(columns="y").to_numpy(), cases["y"].to_numpy()
    skill = ranked_probability_skill(probabilities, level)
    score = float(ranked_probability_score(probabilities, level).mean())
    return {
        "mean score": (score, float(theirs["rps"])),
        "skill": (skill, float(theirs["rpss"])),
        "score of the base rates": (score / (1.0 - skill), float(theirs["rps.clim"])),
    }


def livingston(data: Path) -> Pairs:
    scores = pd.read_csv(data / "livingston_lewis.csv")["score"].to_numpy(dtype=float)
    expected = pd.read_csv(data / "livingston_lewis.expected.csv")
    pairs: Pairs = {}
    for case, rows in expected.groupby("case"):
        cuts, reliability = str(case).removeprefix("cut").split("_rel")
        found = livingston_lewis(
            scores, float(reliability), [float(cut) for cut in cuts.split("-")], lowest=_SCALE[0], highest=_SCALE[1]
        )
        theirs = rows.set_index("stat")["value"]
        for name, value in _statistics(found).items():
            if name in theirs.index:
                pairs[f"{case}, {name}"] = (value, float(theirs[name]))
    return pairs


def _statistics(found: LivingstonLewis) -> dict[str, float]:
    """Named as betafunctions names them; its consistency matrix runs in columns, its single-cut matrix from the higher side."""
    truth = found.true_scores
    named = {
        "parameters.alpha": truth.a,
        "parameters.beta": truth.b,
        "parameters.l": truth.lower,
        "parameters.u": truth.upper,
        "parameters.etl": truth.length,
        "classification.accuracy.Accuracy": found.accuracy,
        "classification.consistency.p": found.consistency,
        "classification.consistency.Kappa": found.kappa,
        "accuracy.overall.accuracy": found.accuracy,
        "consistency.overall.statistics.p": found.consistency,
        "consistency.overall.statistics.Kappa": found.kappa,
    }
    size = len(found.joint)
    for cell, value in enumerate(found.joint.T.ravel(), start=1):
        named[f"consistency.overall.consistencymatrix{cell}"] = float(value)
    for category in range(size):
        named[f"consistency.specific.Category.{category + 1}.statistics.p"] = float(found.joint[category, category])
        named[f"accuracy.specific.Category.{category + 1}.confusionmatrix1"] = float(
            found.confusion[category, category]
        )
    return named


SETS: dict[str, tuple[Callable[[Path], Pairs], float]] = {
    "shrout_fleiss1979": (shrout_fleiss, 1e-6),
    "krippendorff": (krippendorff, 1e-6),
    "rudner": (rudner, 1e-6),
    "rps_verification": (rps, 1e-6),
    "livingston_lewis": (livingston, 1e-4),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.data.is_dir():
        parser.error(f"--data {options.data}: there is no such folder")
    found = {}
    for name, (compare, allowed) in SETS.items():
        try:
            pairs = compare(options.data)
        except FileNotFoundError as error:
            parser.error(f"--data {options.data}: {error.filename} is missing, which {name} needs")
        what = max(pairs, key=lambda key: abs(pairs[key][0] - pairs[key][1]))
        ours, theirs = pairs[what]
        found[name] = {
            "compared": len(pairs),
            "largest_difference": abs(ours - theirs),
            "allowed": allowed,
            "of": what,
            "ours": ours,
            "theirs": theirs,
            "holds": abs(ours - theirs) <= allowed,
        }
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        for name, row in found.items():
            verdict = "holds" if row["holds"] else "FAILS"
            print(
                f"{name:18} {row['compared']:3} values, largest difference {row['largest_difference']:.1e} of "
                f"{row['allowed']:.0e} ({row['of']}): {verdict}"
            )
    return 0 if all(row["holds"] for row in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
