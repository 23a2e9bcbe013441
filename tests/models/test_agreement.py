from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.agreement import quadratic_weighted_kappa

ORACLES = Path(__file__).parent / "oracles"


def test_pairwise_kappas_are_those_of_irr() -> None:
    table = pd.read_csv(ORACLES / "agreement.csv")
    theirs = json.loads((ORACLES / "agreement.expected.json").read_text())["oracles"]["irr"]
    found = []
    for pair in theirs["pair_kappa"]:
        first, second = pair["pair"].split("|")
        found.append(quadratic_weighted_kappa(table[first], table[second]))
        assert found[-1] == pytest.approx(pair["quadratic"], abs=1e-6)
    assert np.mean(found) == pytest.approx(theirs["mean_pair_kappa_quadratic"], abs=1e-6)


def test_chance_is_zero_reversal_is_negative_and_constants_say_nothing() -> None:
    assert quadratic_weighted_kappa([1, 1, 2, 2], [1, 2, 1, 2]) == pytest.approx(0.0)
    assert quadratic_weighted_kappa([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)
    assert np.isnan(quadratic_weighted_kappa([2, 2], [2, 2]))


def test_unequal_lengths_and_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        quadratic_weighted_kappa([1, 2], [1])
    with pytest.raises(ValueError, match="no pair"):
        quadratic_weighted_kappa([1, np.nan], [np.nan, 1])
