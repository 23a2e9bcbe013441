"""The generator of `benchmarks/facets.py`, what could be known of its truth at best, and how gates are judged."""

from pathlib import Path

import facets
import facets_cases as cases
import numpy as np
import pytest


def test_raters_of_a_person_differ_and_ratings_follow_the_truth() -> None:
    case = cases.crossed(3, persons=400, raters=12)
    assert (case.ratings.groupby("person")["rater"].nunique() == 5).all()
    assert len(case.ratings.drop_duplicates(["person", "rater", "item"])) == len(case.ratings) == 400 * 5 * 6
    by_person = case.ratings.groupby("person")["score"].mean()
    by_rater = case.ratings.groupby("rater")["score"].mean()
    assert np.corrcoef(by_person, case.theta)[0, 1] > 0.9
    assert np.corrcoef(by_rater, case.severity)[0, 1] < -0.8


def test_students_rate_a_lecturer_once_and_may_change_places() -> None:
    case, flipped = cases.students(1), cases.students(1, flipped=True)
    assert not case.ratings.duplicated(["person", "rater"]).any()
    assert len(case.ratings) == 66_000
    assert (case.ratings["score"] + flipped.ratings["score"] == 4).all()
    assert (case.ratings["person"] == flipped.ratings["rater"]).all()


def test_who_knows_the_facets_knows_persons_better_than_their_mean_rating_tells() -> None:
    case = cases.crossed(4, persons=300, raters=20)
    mean = case.ratings.groupby("person")["score"].mean()
    line = np.polyval(np.polyfit(mean, case.theta, 1), mean)
    assert cases.rmse(cases.known_facets(case), case.theta) < 0.8 * cases.rmse(line, case.theta)
    assert cases.rmse(cases.known_steps(case), case.severity) < 0.4 * case.severity.std()


def test_gates_say_what_is_missed(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"theta_rmse": 0.25, "theta_best": 0.2, "severity_rmse": 0.1, "severity_best": 0.1}
    rest = {"threshold_rmse": 0.01, "theta_sd_ratio": 1.0, "coverage": 0.9}
    facets._print_gates(facets.recovery_gates([{**row, **rest}]))
    printed = capsys.readouterr().out.splitlines()
    assert "MISSED" in printed[0]
    assert all("held" in line for line in printed[1:])


def test_a_peer_that_is_absent_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "ratings.npz"
    np.savez(path, **{name: np.arange(4) for name in ("person", "rater", "item", "score")})
    found = facets._python(facets.sys.executable, "no such peer", path)
    assert found["skipped"].startswith("not run: usage")
