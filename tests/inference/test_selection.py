"""Labels exist mostly for people somebody nominated: weights, bounds, support, and what they cannot do."""

import numpy as np
import pandas as pd
import pytest

from inference.levels import PROBABILITIES
from inference.selection import CLIP, FEATURES, bounds, effective_number, people_features, selection


def department(people=300, slope=1.5, seed=0):
    """Features of people, and who was labelled: the abler the likelier."""
    rng = np.random.default_rng(seed)
    theta = rng.standard_normal(people)
    noise = rng.standard_normal((people, 4)) * 0.1
    features = pd.DataFrame(
        np.column_stack([theta, theta + noise[:, 0], 0.5 + noise[:, 1], 1.6 + noise[:, 2], 3 + noise[:, 3]])
    )
    features.columns, features.index = list(FEATURES), [f"p{n:03d}" for n in range(people)]
    chance = 1 / (1 + np.exp(1.0 - slope * theta))
    return features, set(features.index[rng.random(people) < chance])


def test_weights_give_the_unlabelled_a_voice():
    features, labelled = department()
    chosen = selection(features, labelled, set())
    theta = features.loc[list(chosen.weight), "theta"]
    plain, weighted = theta.mean(), np.average(theta, weights=list(chosen.weight.values()))
    everybody = features["theta"].mean()
    assert plain - everybody > 0.4
    assert abs(weighted - everybody) < 0.5 * (plain - everybody)
    assert chosen.auc > 0.7


def test_weights_are_clipped_and_their_price_is_told():
    features, labelled = department(slope=4.0)
    chosen = selection(features, labelled, set())
    weights = np.array(list(chosen.weight.values()))
    assert weights.max() / weights.min() <= CLIP[1] / CLIP[0] + 1e-9
    assert chosen.effective_people == pytest.approx(effective_number(weights))
    assert chosen.effective_people < 0.9 * len(labelled)


def test_being_labelled_by_lot_needs_no_weights():
    features, _ = department()
    labelled = set(features.index[np.random.default_rng(1).random(len(features)) < 0.4])
    chosen = selection(features, labelled, set())
    assert chosen.auc < 0.62
    assert chosen.effective_people > 0.95 * len(labelled)
    assert chosen.supported > 0.85


def test_people_unlike_anybody_labelled_are_counted_out():
    features, _ = department()
    able = set(features.index[features["theta"] > 0.5])
    chosen = selection(features, able, set())
    assert chosen.supported < 0.5
    assert chosen.outside + chosen.supported * (chosen.people - chosen.labelled) == pytest.approx(
        chosen.people - chosen.labelled
    )


@pytest.mark.parametrize("labelled", [0, 5, 296])
def test_with_too_few_on_either_side_nothing_is_weighed(labelled):
    features, _ = department()
    chosen = selection(features, set(features.index[:labelled]), set())
    assert chosen.auc is None
    assert chosen.weight == {}
    assert chosen.labelled == labelled


def test_only_audits_of_people_who_were_read_count():
    features, labelled = department()
    audited = {min(labelled), "somebody else"}
    assert selection(features, labelled, audited).audited == 1


def rows(probabilities, levels=None):
    frame = pd.DataFrame(probabilities, columns=PROBABILITIES)
    return frame if levels is None else frame.assign(level=levels)


def test_bounds_hold_whatever_the_unlabelled_are_within_a_level_of_the_median():
    rng = np.random.default_rng(0)
    known, other = rng.dirichlet(np.ones(5), 40), rng.dirichlet(np.ones(5), 60)
    levels = rng.integers(1, 6, 40)
    found = bounds(rows(known, levels), rows(other))
    median = (np.cumsum(other, axis=1) < 0.5).sum(axis=1) + 1
    for _ in range(20):
        guess = np.clip(median + rng.integers(-1, 2, 60), 1, 5)
        both = np.concatenate([known, other]), np.concatenate([levels, guess])
        reached = both[1][:, None] <= np.arange(1, 5)
        rps = (((np.cumsum(both[0], axis=1)[:, :-1] - reached) ** 2).sum(axis=1) / 4).mean()
        accuracy = (both[0].argmax(axis=1) + 1 == both[1]).mean()
        assert found["rps"][0] - 1e-12 <= rps <= found["rps"][1] + 1e-12
        assert found["accuracy"][0] <= accuracy <= found["accuracy"][1]


def test_with_everybody_labelled_the_bounds_meet():
    found = bounds(rows(np.eye(5), [1, 2, 3, 4, 4]), rows(np.zeros((0, 5))))
    assert found["accuracy"] == (0.8, 0.8)
    assert found["rps"][0] == found["rps"][1] == pytest.approx(0.05)


def test_features_are_of_people_with_evidence_and_hold_no_role():
    table = pd.DataFrame(
        {
            "person": ["a", "a", "b"],
            "skill": ["x", "y", "x"],
            "theta": [1.0, 3.0, 9.0],
            "sd": [0.5, 0.7, 1.0],
            "raters": [2, 3, 0],
            "human_raters": [2, 3, 0],
        }
    )
    found = people_features(table)
    assert list(found.index) == ["a"]
    assert found.loc["a"].tolist() == pytest.approx([2.0, 3.0, 0.6, np.log(4), 2.0])
