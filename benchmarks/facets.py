"""The facets model on generated ratings: cost beside raschpy and TAM, recovery, coverage, and what halo does to both.

    python benchmarks/facets.py                                  everything, which takes a quarter of an hour
    python benchmarks/facets.py --piece speed --case 60k         one case; others: 600k, raters, students, lecturers
    python benchmarks/facets.py --piece recovery --seeds 10      estimates beside what could be known at best
    python benchmarks/facets.py --piece halo --seeds 10          the halo gate: .5 and .9, one skill and six, and none

Speed: one process per fit, CPU seconds of the fit alone (one thread, standard deviations estimated, all standard errors), peak memory of
the process, imports included. raschpy (`pip install raschpy`, or --raschpy PYTHON for an environment that has it) fits the 60k case only: its
larger fits need minutes and gigabytes. Its first time is calibration and persons, its second has its standard errors too. TAM runs
where Rscript and the package are found. A peer that is absent is said to be.

Recovery holds theta to posterior means given the true severities, items and steps, and severities to the joint mode given
true items, steps and standard deviations. `--json` prints one object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from facets_cases import SPEED, Case, crossed, known_facets, known_steps, rmse, skilled, speed_case

from models.facets import FacetsModel

HERE = Path(__file__).parent
HALO = (0.5, 0.9)


def speed(name: str, seed: int, *, raschpy: str, peers: bool) -> list[dict[str, Any]]:
    """Rows case, who, cpu_s, peak_mb, theta_rmse, severity_rmse, coverage, or an explanation in `skipped`."""
    case = speed_case(name, seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ratings.npz"
        np.savez(path, **{column: case.ratings[column].to_numpy() for column in case.ratings})
        runs: list[tuple[str, Callable[[], dict[str, Any]]]] = [
            ("calibrant", lambda: _python(sys.executable, "calibrant", path)),
            ("calibrant, halo", lambda: _python(sys.executable, "calibrant", path, "--halo")),
        ]
        if peers and name == "60k":
            runs += [("raschpy", lambda: _python(raschpy, "raschpy", path)), ("TAM", lambda: _tam(case, Path(folder)))]
        return [{"case": name, "ratings": len(case.ratings), "who": who, **_judged(case, run())} for who, run in runs]


def _python(interpreter: str, who: str, path: Path, *more: str) -> dict[str, Any]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(HERE.parent)}
    command = [interpreter, str(HERE / "facets_peer.py"), who, str(path), *more]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        return {"skipped": f"not run: {last[0]}"}
    return dict(json.loads(done.stdout))


def _tam(case: Case, folder: Path) -> dict[str, Any]:
    if shutil.which("Rscript") is None:
        return {"skipped": "not run: no Rscript here"}
    table, result = folder / "ratings.csv", folder / "tam.json"
    case.ratings.to_csv(table, index=False)
    command = ["Rscript", str(HERE / "facets_tam.R"), str(table), str(result)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if "rror" in line][:1] or ["Rscript failed"]
        return {"skipped": f"not run: {last[0]}"}
    return dict(json.loads(result.read_text()))


def _judged(case: Case, found: dict[str, Any]) -> dict[str, Any]:
    """Estimates replaced by how far they are from the truth."""
    if "skipped" in found:
        return found
    row = {key: found[key] for key in ("cpu_s", "cpu_with_errors_s", "peak_mb", "iterations") if key in found}
    for kind, truth in (("theta", case.theta), ("severity", case.severity)):
        estimate = pd.Series(found[kind])
        estimate.index = estimate.index.astype(float).astype(int)
        row[f"{kind}_rmse"] = rmse(estimate.to_numpy(), truth[estimate.index])
    if "theta_sd" in found:
        error = pd.Series(found["theta"]) - truth_of(case.theta, pd.Series(found["theta"]))
        row["coverage"] = float((error.abs() < 1.645 * pd.Series(found["theta_sd"])).mean())
    return row


def truth_of(theta: np.ndarray, like: pd.Series) -> pd.Series:
    """True values in the order of an estimate whose index holds codes as text."""
    return pd.Series(theta[like.index.astype(int)], index=like.index)


def recovery(seeds: int) -> list[dict[str, Any]]:
    """One row per seed of the 60k case without halo."""
    rows = []
    for seed in range(1, seeds + 1):
        case = crossed(seed, persons=2000, raters=300)
        model = FacetsModel(halo=False).fit(case.ratings)
        persons, error = model.persons_, model.persons_["estimate"] - case.theta
        rows.append(
            {
                "seed": seed,
                "theta_rmse": rmse(persons["estimate"].to_numpy(), case.theta),
                "theta_best": rmse(known_facets(case), case.theta),
                "severity_rmse": rmse(model.raters_["estimate"].to_numpy(), case.severity),
                "severity_best": rmse(known_steps(case), case.severity),
                "threshold_rmse": float(np.sqrt(((model.thresholds_["estimate"] - case.tau) ** 2).mean())),
                "theta_sd_ratio": float(model.standard_deviations_["theta"] / case.theta.std()),
                "coverage": float((error.abs() < 1.645 * persons["sd"]).mean()),
            }
        )
    return rows


def recovery_gates(rows: list[dict[str, Any]]) -> dict[str, tuple[float, float, float]]:
    """Mean over seeds, and the bounds it is held to."""
    mean = pd.DataFrame(rows).mean()
    return {
        "theta RMSE over best": (mean["theta_rmse"] / mean["theta_best"], 0.0, 1.03),
        "severity RMSE over best": (mean["severity_rmse"] / mean["severity_best"], 0.0, 1.03),
        "threshold RMSE": (mean["threshold_rmse"], 0.0, 0.03),
        "theta SD over the sample's": (mean["theta_sd_ratio"], 0.98, 1.02),
        "coverage of 90 %": (mean["coverage"], 0.88, 0.92),
    }


def halo(seeds: int) -> list[dict[str, Any]]:
    """One row per design and seed; six skills have both halos with the same standard deviation."""
    rows = []
    for seed in range(1, seeds + 1):
        for skills in (1, 6):
            for scale in (0.0, *HALO):
                case = (
                    crossed(seed, persons=600, raters=90, halo=scale)
                    if skills == 1
                    else skilled(seed, persons=250, raters=60, halo=scale)
                )
                rows.append({"skills": skills, "halo": scale, "seed": seed, **_with_halo(case, plain=scale == 0.0)})
    return rows


def _with_halo(case: Case, *, plain: bool) -> dict[str, float]:
    model = FacetsModel().fit(case.ratings)
    everyone, theta = model.posteriors(), case.theta.reshape(len(case.theta), -1)
    found = {
        "coverage": float((np.abs(everyone.mean - theta) < 1.645 * everyone.sd).mean()),
        "rmse": rmse(everyone.mean, theta),
        "halo_found": float(model.standard_deviations_["halo"]),
        "halo_skill_found": float(model.standard_deviations_["halo_skill"]),
    }
    without = FacetsModel(halo=False).fit(case.ratings).posteriors()
    found["coverage_without"] = float((np.abs(without.mean - theta) < 1.645 * without.sd).mean())
    return {**found, "rmse_without": rmse(without.mean, theta)} if plain else found


def halo_gates(rows: list[dict[str, Any]]) -> dict[str, tuple[float, float, float]]:
    """Mean over seeds, and the bounds it is held to."""
    gates = {}
    for (skills, scale), part in pd.DataFrame(rows).groupby(["skills", "halo"]):
        mean, name = part.mean(), f"{skills} skill{'s' if skills > 1 else ''}, halo {scale}"
        gates[f"{name}: coverage of 90 %"] = (mean["coverage"], 0.87, 0.93)
        if scale > 0:
            gates[f"{name}: halo SD found"] = (mean["halo_found"], 0.85 * scale, 1.15 * scale)
            if skills > 1:
                gates[f"{name}: halo SD per skill found"] = (mean["halo_skill_found"], 0.85 * scale, 1.15 * scale)
        else:
            gates[f"{name}: RMSE over the model without"] = (mean["rmse"] / mean["rmse_without"], 0.0, 1.03)
    return gates


def _print_speed(rows: list[dict[str, Any]]) -> None:
    print(
        f"{'case':10} {'ratings':>8} {'fit':16} {'CPU s':>7} {'MB':>6}  {'RMSE theta':>10} {'severity':>8} {'coverage':>8}"
    )
    for row in rows:
        head = f"{row['case']:10} {row['ratings']:8} {row['who']:16}"
        if "skipped" in row:
            print(head, row["skipped"])
            continue
        covered = f"{row['coverage']:8.3f}" if "coverage" in row else " " * 8
        more = f"  {row['cpu_with_errors_s']:.1f} s with standard errors" if "cpu_with_errors_s" in row else ""
        print(
            f"{head} {row['cpu_s']:7.2f} {row['peak_mb']:6.0f}  {row['theta_rmse']:10.4f} {row['severity_rmse']:8.4f} {covered}{more}"
        )
    ours = {row["case"]: row["cpu_s"] for row in rows if row["who"] == "calibrant"}
    for row in rows:
        if row["who"] in ("raschpy", "TAM") and "cpu_s" in row:
            print(f"{row['who']} takes {row['cpu_s'] / ours[row['case']]:.1f} times our CPU seconds")


def _print_gates(gates: dict[str, tuple[float, float, float]]) -> None:
    for name, (value, low, high) in gates.items():
        print(f"{name:46} {value:7.3f}  {'held' if low <= value <= high else 'MISSED'} ({low:.3g} .. {high:.3g})")


def main() -> None:
    """Run the pieces asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--piece", choices=["speed", "recovery", "halo"], action="append", help="default: all")
    parser.add_argument("--case", choices=list(SPEED), action="append", help="of the speed table; default: all")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1, help="of the speed table")
    parser.add_argument("--raschpy", default=sys.executable, metavar="PYTHON", help="interpreter that has raschpy")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    pieces, result = options.piece or ["speed", "recovery", "halo"], {}
    if "speed" in pieces:
        result["speed"] = [
            row
            for name in options.case or SPEED
            for row in speed(name, options.seed, raschpy=options.raschpy, peers=not options.no_peers)
        ]
    gates = {}
    for name, run, judge in (("recovery", recovery, recovery_gates), ("halo", halo, halo_gates)):
        if name in pieces:
            result[name] = run(options.seeds)
            gates[name] = judge(result[name])
    if options.json:
        print(json.dumps({**result, "gates": gates}, default=float))
        return
    if "speed" in result:
        _print_speed(result["speed"])
    for name, found in gates.items():
        print(f"\n{name}, mean over {options.seeds} seeds")
        _print_gates(found)


if __name__ == "__main__":
    main()
