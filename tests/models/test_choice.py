import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.choice import ConditionalLogit


def pairs(rng: np.random.Generator, n: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    X = rng.normal(size=(2 * n, 3))
    utility = X @ [1.0, -0.5, 0.0] + rng.gumbel(size=2 * n)
    case = np.repeat(np.arange(n), 2)
    best = utility.reshape(n, 2).argmax(axis=1)
    y = np.zeros((n, 2))
    y[np.arange(n), best] = 1
    return X, y.ravel(), case


def test_with_two_candidates_it_is_logistic_regression_on_differences() -> None:
    X, y, case = pairs(np.random.default_rng(0))
    found = ConditionalLogit(C=1e6).fit(X, y, groups=case)
    difference = X[0::2] - X[1::2]
    reference = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(difference, y[0::2])
    np.testing.assert_allclose(found.coef_, reference.coef_[0], rtol=1e-4, atol=1e-5)


def test_it_finds_what_the_choices_were_made_by() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(20_000, 2))
    case = np.repeat(np.arange(2_000), 10)
    utility = (X @ [0.8, 0.0] + rng.gumbel(size=len(X))).reshape(-1, 10)
    y = (utility == utility.max(axis=1, keepdims=True)).ravel().astype(int)
    np.testing.assert_allclose(ConditionalLogit(C=1e6).fit(X, y, groups=case).coef_, [0.8, 0.0], atol=0.06)


def test_what_is_the_same_within_every_case_has_no_effect() -> None:
    X, y, case = pairs(np.random.default_rng(2))
    X = np.column_stack([X, case % 7])
    assert ConditionalLogit().fit(X, y, groups=case).coef_[3] == 0


def test_row_order_and_cases_without_a_choice_change_nothing() -> None:
    rng = np.random.default_rng(3)
    X, y, case = pairs(rng, 50)
    plain = ConditionalLogit(C=0.1).fit(X, y, groups=case)
    order = rng.permutation(len(X))
    shuffled = ConditionalLogit(C=0.1).fit(X[order], y[order], groups=case[order])
    np.testing.assert_allclose(plain.coef_, shuffled.coef_, atol=1e-7)
    undecided = np.where(case < 5, 0, y)
    fewer = ConditionalLogit(C=0.1).fit(X, undecided, groups=case, case_weight={})
    weighed = ConditionalLogit(C=0.1).fit(X, y, groups=case, case_weight=dict.fromkeys(range(5), 0.0))
    np.testing.assert_allclose(fewer.coef_, weighed.coef_, atol=1e-7)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sign_is_kept(sign: int) -> None:
    X, y, case = pairs(np.random.default_rng(4))
    found = ConditionalLogit(C=1.0, monotone=[sign, sign, 0]).fit(X, y, groups=case)
    assert (sign * found.coef_[:2] >= 0).all()
