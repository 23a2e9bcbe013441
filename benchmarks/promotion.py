"""Who was promoted? The activity classifier beside real promotions in open-source projects.

    python benchmarks/promotion.py --data DIR [--train DIR].. --task cases|rows|next --out PRED.csv.gz [--json]

cases: who of the people without a level in an area was given one 30 days later. rows: which level does a person hold. next: who
holds a level a year later. A set is a folder in the layout of `promotion_set`; its name is the folder's. With --train the model is fitted to those sets
alone. With several --data and no --train each set is judged by a model of the others. With one --data and no --train it is judged by
itself: cases by people left out; rows and next by earlier years (--since, or SINCE in the environment, says from when on years are
judged). Labels are read of training sets and years only, and by the scores; label context (`ctx_*`) and ready features never, but
by the baselines that say so.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from promotion_gaming import elasticity
from promotion_rank import USUAL, Cases, Ranker, baselines, choose_form, out_of_fold
from promotion_scores import case_scores, compare, level_scores, macro, per_set
from promotion_set import PromotionSet
from sklearn.linear_model import LogisticRegression

from inference.activity import ActivityModel, Shape, choose_shape, fit_model
from inference.folds import fold_of

SHAPES = tuple(
    Shape(C, bent, monotone)
    for bent, C in ((False, 0.1), (False, 0.01), (True, 0.01), (True, 0.003))
    for monotone in (True, False)
)
LEVELS = (0, 1, 2)


def run_cases(data: Sequence[PromotionSet], train: Sequence[PromotionSet]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Predictions (repo, case, person, score) and scores of task C."""
    predictions, said = [], {}
    judged: dict[str, list[pd.DataFrame]] = {}
    for one in data:
        others = [other for other in (train or data) if other.folder != one.folder]
        asked = Cases.of([one])
        if others:
            known = Cases.of(others, training=True)
            form, gains = choose_form(known)
            score = Ranker.fit(known, form).score(asked)
        else:
            form, gains = USUAL, {}
            score = out_of_fold(Cases.of([one], training=True), asked, form)
        said[one.name] = {"trained_on": [other.name for other in others], "form": f"{form.kind} {form.C:g}"}
        said[one.name]["gain_of_forms_inside"] = gains
        predictions.append(one.cases[["case", "person"]].assign(repo=one.name, score=score))
        for name, each in {"this": score, **baselines(one, others)}.items():
            judged.setdefault(name, []).append(case_scores(one.name, one.cases, np.asarray(each)))
    whole = {name: pd.concat(each, ignore_index=True) for name, each in judged.items() if len(each) == len(data)}
    table = {name: {"macro": macro(each), "sets": per_set(each)} for name, each in whole.items()}
    gains = {name: compare(whole["this"], each) for name, each in whole.items() if name != "this"}
    cases = {"cases": len(whole["this"]), "people": int(whole["this"]["key"].nunique())}
    return pd.concat(predictions), {**cases, "models": said, "scores": table, "gain_of_this": gains}


def run_levels(
    data: Sequence[PromotionSet], train: Sequence[PromotionSet], task: str, since: int | None, active: float
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Predictions by person, area and T, and scores, of task A (rows: p1, p2) or B (next: p)."""
    predictions, found = [], {}
    for one in data:
        first = one.first_test_year(since) if not train else since or 0
        labelled = _labelled(one, task)
        known = [(other, _labelled(other, task)) for other in train if other.folder != one.folder]
        if not known:
            known = [(one, labelled[labelled["T"] < first])]
        features = pd.concat([other.row_features.loc[rows.index] for other, rows in known], ignore_index=True)
        label = np.concatenate([rows["y"].to_numpy() for _, rows in known])
        people = [f"{other.name}/{person}" for other, rows in known for person in rows["person"]]
        label = label if task == "rows" else (label > 0).astype(int)
        shape, inside = choose_shape(features, label, people, SHAPES)
        P = _stated(fit_model(features, label, shape), one.row_features)
        if (
            not train
        ):  # earlier years are told by people left out, so that no prediction of the file has seen its own label
            early = (one.rows["T"] < first).to_numpy()
            fold = np.array([fold_of(f"{one.name}/{person}") for person in one.rows["person"]])
            known_fold = np.array([fold_of(person) for person in people])
            for number in np.unique(fold[early]):
                rows = early & (fold == number)
                model = fit_model(features[known_fold != number], label[known_fold != number], shape)
                P[rows] = _stated(model, one.row_features[rows])
        names = ["p1", "p2"] if task == "rows" else ["p"]
        stated = pd.DataFrame(P[:, : len(names)], columns=names, index=one.rows.index)
        predictions.append(one.rows[["person", "area", "T"]].assign(repo=one.name).join(stated))
        judged = labelled[(labelled["T"] >= first) & (labelled["last_days"] <= active)]
        p = stated.loc[judged.index]
        ours = level_scores(judged, p.iloc[:, 0].to_numpy(), p["p2"].to_numpy() if task == "rows" else None)
        found[one.name] = {
            "since": first,
            "shape": _words(shape),
            "rps_of_shapes_inside": {_words(each): round(score, 5) for each, score in inside.items()},
            "this": ours,
            **_level_baselines(known, judged, task),
        }
        if not train:
            flat = min((each for each in SHAPES if each.monotone), key=inside.__getitem__)
            monotone = _stated(fit_model(features, label, flat), one.row_features.loc[judged.index])
            found[one.name][f"this, {_words(flat)}"] = level_scores(
                judged, monotone[:, 0], monotone[:, 1] if task == "rows" else None
            )
    return pd.concat(predictions), found


def _labelled(one: PromotionSet, task: str) -> pd.DataFrame:
    return one.held() if task == "rows" else one.candidates()


def _words(shape: Shape) -> str:
    return f"{'bent' if shape.bent else 'straight'}, {'signs kept' if shape.monotone else 'signs free'}, C {shape.C:g}"


def _stated(model: ActivityModel, features: pd.DataFrame) -> np.ndarray:
    """P(level >= 1), P(level >= 2) by row."""
    share = model.probabilities(features)
    return np.stack([share[:, [level >= k for level in model.levels]].sum(axis=1) for k in LEVELS[1:]], axis=1)


def _level_baselines(
    known: Sequence[tuple[PromotionSet, pd.DataFrame]], judged: pd.DataFrame, task: str
) -> dict[str, Any]:
    """Logistic regressions per threshold (C = .3, untuned) on logs of ready features of rows.parquet."""
    rows = pd.concat([part for _, part in known])
    label = {"repo", "person", "area", "T", "y", "level_T", "level_T12", "level_T24"}
    ready = [name for name in rows if name not in label and not str(name).startswith(("ctx_", "inherited_"))]
    found = {}
    for name, columns in {
        "commit count": ["c_all"],
        "degree of authorship": ["doa_sum"],
        "decayed commits": ["c_decay"],
        "recency": ["last_days"],
        "logistic, all ready features": ready,
    }.items():
        X, Z = (np.sign(part) * np.log1p(np.abs(part)) for part in (rows[columns].fillna(0), judged[columns].fillna(0)))
        mean, scale = X.mean(), X.std() + 1e-9
        stated = []
        for k in (1, 2):
            y = (rows["y"] >= k).to_numpy()
            if y.all() or not y.any():
                stated.append(np.full(len(Z), float(y.any())))
                continue
            model = LogisticRegression(C=0.3, max_iter=5_000).fit((X - mean) / scale, y)
            stated.append(model.predict_proba((Z - mean) / scale)[:, 1])
        found[name] = level_scores(judged, stated[0], stated[1] if task == "rows" else None)
    return found


def run_gaming(data: Sequence[PromotionSet], train: Sequence[PromotionSet]) -> dict[str, Any]:
    """Elasticity of a monotone classifier and of the ranking, each fitted to all the sets."""
    sets = [*data, *train]
    known = Cases.of(sets, training=True)
    ranker = Ranker.fit(known, USUAL)
    found = {}
    for one in data:
        rows = one.held()
        model = fit_model(one.row_features.loc[rows.index], rows["y"], Shape(0.01, bent=True, monotone=True))
        found[one.name] = elasticity(one, model, ranker)
    return found


def _print(found: dict[str, Any], task: str) -> None:
    if task == "cases":
        print(f"{found['cases']} cases, {found['people']} promoted people; AUC and MRR in the case, 95 % intervals")
        for name, each in found["scores"].items():
            auc, mrr = each["macro"]["auc"], each["macro"]["mrr"]
            sets = "  ".join(f"{s} {v['auc']:.3f} ({v['mrr']:.2f})" for s, v in each["sets"].items())
            print(f"{name:34s} {_interval(auc)}  {_interval(mrr)}  {sets}")
        for name, gain in found["gain_of_this"].items():
            print(f"gain over {name:34s} {_interval(gain['auc'])}  {_interval(gain['mrr'])}")
        return
    for name, each in found.items():
        print(f"{name}: years from {each['since']} on, {each['shape']}")
        for method, scores in each.items():
            if isinstance(scores, dict) and "auc" in scores:
                skill = _interval(scores["rps_skill"]) if "rps_skill" in scores else ""
                floor = scores["ece_floor"]
                print(
                    f"  {method:44s} AUC {_interval(scores['auc'])} RPS skill {skill} "
                    f"ECE {scores['ece']:.4f} (floor {floor[0]:.4f}, 95 % {floor[1]:.4f}) n {scores['n']}"
                )


def _interval(values: Sequence[float]) -> str:
    return f"{values[0]:.3f} [{values[1]:.3f}, {values[2]:.3f}]"


def main() -> None:
    """Reads the arguments, runs one task, writes predictions, prints scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", action="append", required=True, type=Path)
    parser.add_argument("--train", action="append", default=[], type=Path)
    parser.add_argument("--task", choices=["cases", "rows", "next", "gaming"], required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--since", type=int, default=int(os.environ.get("SINCE", 0)) or None)
    parser.add_argument("--active", type=float, default=float(os.environ.get("ACTIVE", 1e9)))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    for folder in (*given.data, *given.train):
        if not folder.is_dir():
            parser.error(f"{folder}: there is no such folder")
    data, train = ([PromotionSet(path.resolve()) for path in paths] for paths in (given.data, given.train))
    start = time.process_time()
    if given.task == "gaming":
        found: dict[str, Any] = run_gaming(data, train)
    else:
        if given.task == "cases":
            predicted, found = run_cases(data, train)
        else:
            predicted, found = run_levels(data, train, given.task, given.since, given.active)
        if given.out:
            predicted.to_csv(given.out, index=False)
    seconds = round(time.process_time() - start, 1)
    if given.json:
        print(json.dumps({"task": given.task, "found": found, "cpu_seconds": seconds}))
    elif given.task == "gaming":
        print(json.dumps(found, indent=1))
    else:
        _print(found, given.task)
        print(f"{seconds} CPU seconds")


if __name__ == "__main__":
    main()
