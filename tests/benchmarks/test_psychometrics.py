"""The comparison with published fits reads sets by their form and tells what it held."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import psychometrics
import pytest

ORACLES = Path(__file__).parents[1] / "models" / "oracles"


def reference(name: str) -> pd.DataFrame:
    """TAM's fit of an oracle set in the layout of the reference folder."""
    found = json.loads((ORACLES / f"{name}.expected.json").read_text())["oracles"]["mml_TAM"]
    rows = [("rater", f"rater{key}", value) for key, value in found["severity"].items()]
    rows += [("item", key, value) for key, value in found["item"].items()]
    rows += [("step", f"step{number}", value) for number, value in enumerate(found["tau"], start=1)]
    rows += [("person_EAP", key, value["eap"]) for key, value in found["persons"].items()]
    rows += [("structure", "deviance", found["deviance"]), ("structure", "sd_theta", found["theta_sd"])]
    return pd.DataFrame(rows, columns=["facet", "element", "estimate"]).assign(engine="TAM_mfr_RSM")


def folder(path: Path, *, wide: bool, shift: float = 0.0) -> Path:
    ratings = pd.read_csv(ORACLES / "mfrm_full.csv")
    if wide:
        ratings = ratings.pivot(index=["person", "rater"], columns="item", values="score").reset_index()
        ratings = ratings.rename(columns={"person": "idstud"})
    ratings.to_csv(path / "set.csv", index=False)
    table = reference("mfrm_full")
    table.loc[table["element"] == "raterR02", "estimate"] += shift
    table.to_csv(path / "set.expected.csv", index=False)
    pd.DataFrame({"x": [1]}).to_csv(path / "other.csv", index=False)
    return path


@pytest.mark.parametrize("wide", [True, False])
def test_long_and_wide_sets_are_read_alike_and_held_to_their_reference(tmp_path: Path, wide: bool) -> None:
    (result,) = psychometrics.run(folder(tmp_path, wide=wide))
    assert (result["set"], result["ratings"], result["reference"]) == ("set", 1440, "TAM_mfr_RSM")
    figures = pd.DataFrame(result["figures"]).set_index("figure")
    assert figures["ok"].dropna().all()
    assert figures["difference"].abs().max() < 1e-4
    assert figures.loc["rater R02", "ours"] == pytest.approx(0.6855, abs=1e-4)
    assert len(figures) == 2 + 6 + 4 + 4 + 1


def test_a_reference_that_is_off_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert psychometrics.main(["--data", str(folder(tmp_path, wide=True, shift=0.02)), "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    wrong = [row["figure"] for row in printed["comparisons"][0]["figures"] if row["ok"] is False]
    assert "rater R02" in wrong
    assert printed["missed"] == len(wrong)


def test_joint_references_are_held_for_estimates_and_fit(tmp_path: Path) -> None:
    path = folder(tmp_path, wide=True)
    model = psychometrics.FacetsModel(method="joint").fit(psychometrics.ratings(path / "set.csv"))
    tables = {"rater": model.raters_, "item": model.items_, "Person": model.persons_}
    parts = [
        pd.DataFrame({"Facet": facet, "Level": t.index, "Estimate": t.estimate, "Infit": t.infit, "Outfit": t.outfit})
        for facet, t in tables.items()
    ]
    pd.concat(parts).to_csv(path / "set.mfrmr_JML.expected.csv", index=False)
    (result,) = [r for r in psychometrics.run(path) if r["reference"] == "mfrmr_JML"]
    assert sum(row["ok"] is True for row in result["figures"]) == 3 * (6 + 4)
    assert not any(row["ok"] is False for row in result["figures"])
