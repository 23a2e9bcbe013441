import json

import numpy as np
import pandas as pd
import pytest

import rubrics
from inference.activity import LEAST_PEOPLE, ActivityClassifier, Shape, fit_activity, fit_model
from inference.activity_design import SIGNS
from inference.activity_items import MOST_RATERS, with_activity
from inference.folds import fold_of
from tests.inference.activity_material import Work, labelled_features


@pytest.fixture(scope="module")
def learned() -> tuple[ActivityClassifier, pd.DataFrame, np.ndarray, list[str]]:
    features, level, keys = labelled_features(120)
    found = fit_activity(features, level, keys)
    assert found is not None
    return found, features, level, keys


def test_under_fifty_people_there_is_no_classifier() -> None:
    features, level, keys = labelled_features(LEAST_PEOPLE - 1)
    assert fit_activity(features, level, keys) is None
    repeated = pd.concat([features] * 3, ignore_index=True)
    assert fit_activity(repeated, np.tile(level, 3), keys * 3) is None


def test_where_work_tells_nothing_there_is_no_classifier() -> None:
    features, level, keys = labelled_features(80, telling=False)
    assert fit_activity(features, level, keys) is None


def test_more_weeks_of_work_are_a_higher_level(
    learned: tuple[ActivityClassifier, pd.DataFrame, np.ndarray, list[str]],
) -> None:
    found, features, level, keys = learned
    share = found.probabilities(features, keys)
    assert share.sum(axis=1).to_numpy() == pytest.approx(1.0)
    expected = share.to_numpy() @ share.columns.to_numpy(dtype=float)
    assert np.corrcoef(expected, level)[0, 1] > 0.6


def test_a_persons_own_label_does_not_touch_their_prediction() -> None:
    features, level, keys = labelled_features(80, seed=2)
    plain = fit_activity(features, level, keys)
    other = level.copy()
    other[7] = 5 - other[7]
    changed = fit_activity(features, other, keys)
    assert plain is not None
    assert changed is not None
    assert plain.shape == changed.shape
    before, after = plain.probabilities(features, keys), changed.probabilities(features, keys)
    mates = [n for n, key in enumerate(keys) if fold_of(key) == fold_of(keys[7])]
    pd.testing.assert_frame_equal(before.iloc[mates], after.iloc[mates], check_exact=True)
    assert not before.equals(after)


def test_json_holds_all_of_it(learned: tuple[ActivityClassifier, pd.DataFrame, np.ndarray, list[str]]) -> None:
    found, features, _, keys = learned
    text = json.dumps(found.as_mapping(), allow_nan=False)
    again = ActivityClassifier.from_mapping(json.loads(text))
    assert again.hash == found.hash
    pd.testing.assert_frame_equal(again.probabilities(features, keys), found.probabilities(features, keys))
    assert not any(key in text for key in keys)
    with pytest.raises(ValueError, match="format 1"):
        ActivityClassifier.from_mapping({"format": 0})


@pytest.mark.parametrize("bent", [False, True])
def test_more_of_the_same_work_never_lowers_a_level(bent: bool) -> None:
    features, level, _ = labelled_features(100, seed=4)
    model = fit_model(features, level, Shape(0.1, bent=bent))
    more = features.assign(own_12=features["own_12"] * 2, own_36=features["own_36"] + 3, last=features["last"] / 2)
    assert (model.above(more) >= model.above(features) - 1e-9).all()


def test_split_tiny_and_self_made_work_does_not_move_it() -> None:
    features, level, _ = labelled_features(100, seed=5)
    model = fit_model(features, level, Shape(0.1))

    def odds(trick: str) -> float:
        work = Work()
        for n in range(40):
            parts = 5 if trick == "split" else 1
            for k in range(parts):
                reviewers = ("p0", "p1", "p2")[n % 3 : n % 3 + 1]
                name = work.commit("me", 14 * n + 1, lines=60 / parts, reviewers=reviewers, name=f"c{n}.{k}")
                if trick == "self":
                    work.rows.append({**work.rows[-1], "artefact": name, "person": "me", "counterpart": "me"})
            work.commit(f"p{n % 3}", 14 * n + 2, reviewers=(f"p{(n + 1) % 3}",))
        return float(model.above(work.features("me"))[0, 0])

    plain = odds("none")
    assert abs(odds("split") - plain) < 1e-6
    assert abs(odds("self") - plain) < 1e-6


def observation(person: str, item: str, rater: str, machine: bool = False) -> dict[str, object]:
    return {
        "person": person,
        "skill": "s",
        "item": item,
        "rater": rater,
        "source": "git" if machine else "feedback360",
        "score": 2,
        "weight": 1.0,
        "rater_class": "machine" if machine else "human",
    }


def test_git_weighs_no_more_than_two_human_raters() -> None:
    humans = [observation("a", f"q{k}", rater) for rater in ("x", "y") for k in range(2)]
    git = [observation("a", f"s/m{k}", "machine:git/r", machine=True) for k in range(6)]
    item = observation("a", "s/activity", "machine:git/r", machine=True)
    rows = with_activity(pd.DataFrame([*humans, *git]), pd.DataFrame([item]))
    machine = rows["rater_class"] == "machine"
    assert rows.loc[machine, "weight"].sum() == pytest.approx(MOST_RATERS * 2)
    assert (rows.loc[~machine, "weight"] == 1.0).all()
    light = with_activity(pd.DataFrame([*humans, git[0]]), pd.DataFrame([item]))
    assert (light["weight"] == 1.0).all()
    plain = pd.DataFrame([*humans, *git])
    assert with_activity(plain, pd.DataFrame()) is plain


COUNTED = {
    ("author", "months"): ("own_12", "own_36", "part_12", "vouched_12"),
    ("author", "quarters"): ("own_12", "own_36", "part_12", "vouched_12"),
    ("author", "changes"): ("own_12", "built_12"),
    ("author", "areas"): ("part_12",),
    ("author", "repositories"): ("part_12",),
    ("author", "people"): ("vouchers_12", "vouchers_120"),
    ("reviewer", "months"): ("review_12", "review_120", "ack_12"),
    ("reviewer", "people"): ("subjects_12", "subjects_120"),
}
"""The features closest to what a measure of a standard counts, by role and unit."""


def test_what_the_standard_counts_as_better_never_lowers_a_predicted_level() -> None:
    """Thresholds of a measure rise with the level (the validator sees to it), so each says: more of this is no lower."""
    measures = [one for skill in rubrics.load("aiml").skills.values() for one in skill.measures.values()]
    features, level, _ = labelled_features(80)
    whole = fit_model(features, level, Shape(0.1))
    told = {name for one in measures for name in COUNTED[one.role, one.unit]}
    assert len(told) > 5
    for name in sorted(told & set(whole.design.names)):
        assert SIGNS[name] == 1
        more = features.assign(**{name: features[name] * 2 + 1})
        assert (whole.above(more) >= whole.above(features) - 1e-9).all()
