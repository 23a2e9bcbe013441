from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from models.agreement import (
    fleiss_kappa,
    kappa_interval,
    kendall_w,
    krippendorff_alpha,
    mean_pairwise_kappa,
    quadratic_weighted_kappa,
    weighted_kappa,
)

ORACLES = Path(__file__).parent / "oracles"
TABLE = pd.read_csv(ORACLES / "agreement.csv").set_index("subject")
IRR = json.loads((ORACLES / "agreement.expected.json").read_text())["oracles"]["irr"]


def test_pairwise_kappas_are_those_of_irr() -> None:
    names = {"quadratic": "quadratic", "linear": "linear", "unweighted": "nominal"}
    for pair in IRR["pair_kappa"]:
        first, second = pair["pair"].split("|")
        for theirs, ours in names.items():
            assert weighted_kappa(TABLE[first], TABLE[second], ours) == pytest.approx(pair[theirs], abs=1e-6)
        assert quadratic_weighted_kappa(TABLE[first], TABLE[second]) == pytest.approx(pair["quadratic"], abs=1e-6)
    assert mean_pairwise_kappa(TABLE) == pytest.approx(IRR["mean_pair_kappa_quadratic"], abs=1e-6)


def test_coefficients_of_all_raters_are_those_of_irr() -> None:
    for metric, theirs in IRR["krippendorff_alpha"].items():
        assert krippendorff_alpha(TABLE, metric) == pytest.approx(theirs, abs=1e-6)
    assert kendall_w(TABLE) == pytest.approx(IRR["kendall_W"], abs=1e-6)
    assert fleiss_kappa(TABLE) == pytest.approx(IRR["fleiss_kappa"], abs=1e-6)


def test_alpha_is_that_of_krippendorffs_own_example() -> None:
    """Krippendorff 2011, example C; his printed values."""
    no = np.nan
    coders = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, no, no, no],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, no, no],
        [no, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 3],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, no],
    ]
    printed = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849, "ratio": 0.797}
    for metric, value in printed.items():
        assert krippendorff_alpha(np.transpose(coders), metric) == pytest.approx(value, abs=5e-4)


def test_kappa_is_scikit_learns_where_every_category_occurs_and_differs_where_one_does_not() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.integers(1, 6, 200), rng.integers(1, 6, 200)
    assert weighted_kappa(first, second) == pytest.approx(cohen_kappa_score(first, second, weights="quadratic"))
    gap = [1, 1, 2, 4, 5, 5], [1, 2, 2, 5, 5, 4]
    assert weighted_kappa(*gap) == pytest.approx(cohen_kappa_score(*gap, labels=[1, 2, 3, 4, 5], weights="quadratic"))
    assert abs(weighted_kappa(*gap) - cohen_kappa_score(*gap, weights="quadratic")) > 0.01


def test_chance_is_zero_reversal_is_negative_and_constants_say_nothing() -> None:
    for kappa in (quadratic_weighted_kappa, weighted_kappa):
        assert kappa([1, 1, 2, 2], [1, 2, 1, 2]) == pytest.approx(0.0)
        assert kappa([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)
        assert np.isnan(kappa([2, 2], [2, 2]))
    assert np.isnan(krippendorff_alpha([[2, 2], [2, 2]]))
    assert np.isnan(fleiss_kappa([[2, 2], [2, 2]]))
    assert np.isnan(kendall_w([[2, 2], [2, 2]]))


def test_perfect_agreement_is_one_whatever_is_missing() -> None:
    table = [[1, 1, np.nan], [3, np.nan, 3], [4, 4, 4], [2, np.nan, np.nan]]
    for metric in ("nominal", "ordinal", "interval", "ratio"):
        assert krippendorff_alpha(table, metric) == pytest.approx(1.0)
    assert mean_pairwise_kappa(table) == pytest.approx(1.0)


def test_an_interval_by_persons_is_wider_than_one_that_takes_copies_for_news() -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(1, 6, 40)
    first, second = np.repeat(truth, 6), np.repeat(np.clip(truth + rng.integers(-1, 2, 40), 1, 5), 6)
    person = np.repeat(np.arange(40), 6)
    whole = kappa_interval(first, second, groups=person, rng=np.random.default_rng(0), replicates=300)
    apart = kappa_interval(first, second, rng=np.random.default_rng(0), replicates=300)
    assert whole.groups == 40
    assert whole.low < whole.estimate < whole.high
    assert (whole.high - whole.low) > 1.8 * (apart.high - apart.low)


def test_an_interval_is_the_same_for_the_same_generator() -> None:
    found = [kappa_interval(TABLE["R1"], TABLE["R5"], rng=np.random.default_rng(3), replicates=50) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0].groups == 33


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: quadratic_weighted_kappa([1, 2], [1]), "equally long"),
        (lambda: weighted_kappa([1, np.nan], [np.nan, 1]), "no pair"),
        (lambda: weighted_kappa([1, 2], [1, 2], "cubic"), "weights must be one of"),  # type: ignore[arg-type]
        (lambda: krippendorff_alpha([[1, np.nan], [np.nan, 2]]), "no subject has two ratings"),
        (lambda: krippendorff_alpha([[-1, 1]], "ratio"), "no negative values"),
        (lambda: krippendorff_alpha([[1, 2]], "cubic"), "metric must be"),  # type: ignore[arg-type]
        (lambda: krippendorff_alpha([1, 2, 3]), "two or more raters"),
        (lambda: fleiss_kappa([[1, np.nan]]), "no subject was rated by all"),
        (lambda: kappa_interval([1, 2], [1, 2], groups=[1], rng=np.random.default_rng(0)), "one group is needed"),
    ],
)
def test_unusable_ratings_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
