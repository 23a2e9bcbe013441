"""The facets model beside published fits of real ratings: TAM, sirt, mfrmr and immer.

    python benchmarks/psychometrics.py --data DIR [--json]

DIR holds sets NAME.csv with NAME.expected.csv beside them (columns engine, facet, element, estimate) and, if there are,
NAME.mfrmr_JML.expected.csv (Facet, Level, Estimate, Infit, Outfit) and NAME.mfrmr_JML.steps.expected.csv. Ratings come long (person,
rater, item, score) or wide (a person column, rater, one column per item); sets without such references are passed over. Held to what:

| reference | our fit | held to |
|---|---|---|
| TAM_mfr, TAM_mfr_RSM; TAM_mfr_PCM, sirt_rm.facets; TAM_mfr_itemonly | fixed severities, no halo; rating scale; partial credit; one rater for all | .001 logit, .05 deviance |
| mfrmr JML | method="joint" | infit and outfit .01, raters, items and steps .001 |
| immer_jml | method="joint" | information only: it stops early |

Facets are centred before comparison, as origins differ. Persons are shown by their largest difference, for information: TAM's nodes are coarse
and mfrmr stops early at both ends of the scale. mfrmr's marginal fit fixes the population at N(0, 1) and is not compared.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from models.facets import FacetsModel

LOGIT, DEVIANCE, MEAN_SQUARE = 0.001, 0.05, 0.01
SCALES = {
    "TAM_mfr": "rating_scale",
    "TAM_mfr_RSM": "rating_scale",
    "TAM_mfr_PCM": "partial_credit",
    "TAM_mfr_itemonly": "rating_scale",
    "sirt_rm.facets": "partial_credit",
}
NAMES = {
    "person": ("person", "idstud", "pid", "student", "subject", "examinee", "id"),
    "rater": ("rater", "judge"),
    "item": ("item", "criterion", "trait"),
    "score": ("score", "rating", "value"),
}


def ratings(path: Path) -> pd.DataFrame:
    """A rating frame from a long or wide file, ids as text. A wide file's first column is the person if none is called so."""
    table = pd.read_csv(path, dtype=str)
    known = {name: next((c for c in table if c.lower() in names), None) for name, names in NAMES.items()}
    table = table.rename(columns={column: name for name, column in known.items() if column is not None})
    if known["person"] is None:
        table = table.rename(columns={table.columns[0]: "person"})
    if "rater" not in table:
        raise SystemExit(f"{path.name}: no column of raters")
    if known["score"] is None:
        table = table.melt(["person", "rater"], var_name="item", value_name="score")
    table = table.dropna(subset=["person", "rater", "item", "score"])
    return table[["person", "rater", "item", "score"]].assign(score=table["score"].astype(float).astype(int))


def held(rows: list[dict[str, Any]], figure: str, ours: float, reference: float, tolerance: float | None) -> None:
    """Add one figure beside its reference."""
    difference = float(ours - reference)
    ok = None if tolerance is None else abs(difference) <= tolerance
    found = {"ours": float(ours), "reference": float(reference), "difference": difference}
    rows.append({"figure": figure, **found, "tolerance": tolerance, "ok": ok})


def each(
    rows: list[dict[str, Any]], kind: str, ours: pd.Series[Any], theirs: pd.Series[Any], tolerance: float | None
) -> None:
    """Add every element of a facet, both centred, or nothing where the reference has none of it."""
    if len(theirs):
        theirs = theirs.reindex(ours.index)
        for name in ours.index:
            held(rows, f"{kind} {name}", ours[name] - ours.mean(), theirs[name] - theirs.mean(), tolerance)


def farthest(rows: list[dict[str, Any]], kind: str, ours: pd.Series[Any], theirs: pd.Series[Any]) -> None:
    """Add the person who differs most, for information."""
    theirs = theirs.reindex(ours.index)
    name = (ours - theirs).abs().idxmax()
    held(rows, f"{kind} {name} (most of {len(ours)})", ours[name], theirs[name], None)


def marginal(engine: str, frame: pd.DataFrame, expected: pd.DataFrame) -> list[dict[str, Any]]:
    """A marginal maximum likelihood reference."""
    frame = frame.assign(rater="everybody") if engine == "TAM_mfr_itemonly" else frame
    model = FacetsModel(thresholds=SCALES[engine], severity="fixed", halo=False).fit(frame)
    part = {facet: rows.set_index("element")["estimate"] for facet, rows in expected.groupby("facet")}
    empty, found = pd.Series(dtype=float), list[dict[str, Any]]()
    structure = part.get("structure", empty)
    if "deviance" in structure:
        held(found, "deviance", model.deviance_, structure["deviance"], DEVIANCE)
    if "sd_theta" in structure:
        held(found, "theta SD", model.standard_deviations_["theta"], structure["sd_theta"], None)
    raters = part.get("rater", empty).rename(lambda name: str(name).removeprefix("rater"))
    each(found, "rater", model.raters_["estimate"], raters, LOGIT)
    each(found, "item", model.items_["estimate"], part.get("item", empty), LOGIT)
    steps = part.get("step", empty).rename(lambda name: int(str(name).removeprefix("step")))
    if SCALES[engine] == "rating_scale":
        each(found, "step", model.thresholds_["estimate"], steps, LOGIT)
    persons = part.get("person_EAP", empty)
    if len(persons):
        ours, theirs = model.persons_["estimate"], persons.reindex(model.persons_.index)
        farthest(found, "EAP", ours - ours.mean(), theirs - theirs.mean())
    return found


def joint(frame: pd.DataFrame, expected: pd.DataFrame, steps: pd.DataFrame | None) -> list[dict[str, Any]]:
    """mfrmr's joint maximum likelihood, with fit statistics."""
    model, found = FacetsModel(method="joint").fit(frame), list[dict[str, Any]]()
    part = {facet.lower(): rows.set_index(rows["Level"].astype(str)) for facet, rows in expected.groupby("Facet")}
    for kind, table in (("rater", model.raters_), ("item", model.items_)):
        each(found, kind, table["estimate"], part[kind]["Estimate"], LOGIT)
        for name in ("infit", "outfit"):
            for element, value in table[name].items():
                held(found, f"{name} of {kind} {element}", value, part[kind].loc[element, name.title()], MEAN_SQUARE)
    if steps is not None:
        theirs = pd.Series(steps["Estimate"].to_numpy(), index=model.thresholds_.index)
        each(found, "step", model.thresholds_["estimate"], theirs, LOGIT)
    persons = model.persons_[~model.persons_["extreme"]]
    for name, column in (("theta", "estimate"), ("infit", "infit"), ("outfit", "outfit")):
        reference = "Estimate" if column == "estimate" else column.title()
        farthest(found, f"{name} of person", persons[column], part["person"][reference])
    return found


def easiness(frame: pd.DataFrame, expected: pd.DataFrame) -> list[dict[str, Any]]:
    """immer's joint maximum likelihood: easiness, the last rater's being minus the others' sum."""
    model, found = FacetsModel(method="joint").fit(frame), list[dict[str, Any]]()
    theirs = -expected.set_index("element")["estimate"]
    raters = theirs[theirs.index.str.startswith("rater")].rename(lambda name: str(name).removeprefix("rater"))
    last = [rater for rater in model.raters_.index if rater not in raters.index]
    each(found, "rater", model.raters_["estimate"], pd.concat([raters, pd.Series([-raters.sum()], index=last)]), None)
    each(found, "item", model.items_["estimate"], theirs[theirs.index.isin(model.items_.index)], None)
    return found


def comparisons(data: Path, name: str) -> Iterator[tuple[str, Callable[[pd.DataFrame], list[dict[str, Any]]]]]:
    """The references of a set that the model can express, each with what compares ratings with it."""
    table = pd.read_csv(data / f"{name}.expected.csv")
    for engine, expected in table.groupby("engine") if "engine" in table else ():
        if engine in SCALES:
            yield engine, lambda frame, engine=engine, expected=expected: marginal(engine, frame, expected)
        elif engine == "immer_jml" and expected["element"].str.startswith("rater").any():
            yield engine, lambda frame, expected=expected: easiness(frame, expected)
    path, steps = data / f"{name}.mfrmr_JML.expected.csv", data / f"{name}.mfrmr_JML.steps.expected.csv"
    if path.exists():
        expected = pd.read_csv(path, dtype={"Level": str})
        yield "mfrmr_JML", lambda frame: joint(frame, expected, pd.read_csv(steps) if steps.exists() else None)


def run(data: Path) -> list[dict[str, Any]]:
    """Every comparison of every set."""
    results = []
    for path in sorted(data.glob("*.csv")):
        name = path.stem
        if "." in name or not (data / f"{name}.expected.csv").exists():
            continue
        for engine, compare in comparisons(data, name):
            frame = ratings(path)
            began = time.process_time()
            figures = compare(frame)
            spent = time.process_time() - began
            results.append(
                {"set": name, "ratings": len(frame), "reference": engine, "cpu_s": spent, "figures": figures}
            )
    return results


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    chosen = parser.parse_args(arguments)
    if not chosen.data.is_dir():
        parser.error(f"--data {chosen.data}: there is no such folder")
    results = run(chosen.data)
    figures = [figure for result in results for figure in result["figures"] if figure["tolerance"] is not None]
    missed = sum(not figure["ok"] for figure in figures)
    if chosen.json:
        print(json.dumps({"held": len(figures), "missed": missed, "comparisons": results}))
        return int(missed > 0)
    for result in results:
        print(
            f"\n{result['set']} ({result['ratings']:,} ratings) beside {result['reference']}, {result['cpu_s']:.2f} CPU s"
        )
        for row in result["figures"]:
            verdict = "" if row["ok"] is None else f"{row['tolerance']:7g} {'ok' if row['ok'] else 'MISSED'}"
            print(
                f"  {row['figure']:34} {row['ours']:12.4f} {row['reference']:12.4f} {row['difference']:+10.5f} {verdict}"
            )
    print(f"\n{len(figures) - missed} of {len(figures)} figures within their tolerance")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
