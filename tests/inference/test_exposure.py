from datetime import UTC, datetime

import pandas as pd
import pytest

from inference.exposure import months_present, opportunity

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
NOBODY_AWAY = pd.DataFrame({"person": [], "valid_from": [], "valid_to": []})


def employed(person: str, valid_from: str, valid_to: str | None = None, fte: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame({"person": [person], "valid_from": [valid_from], "valid_to": [valid_to], "fte": [fte]})


def present(employments: pd.DataFrame, absences: pd.DataFrame = NOBODY_AWAY) -> float:
    people = pd.DataFrame({"person": ["ada"]})
    none_seen = pd.Series(dtype="datetime64[us, UTC]")
    return float(months_present(people, employments, absences, none_seen, as_of=AS_OF, window_months=24)["ada"])


def test_someone_here_for_years_is_present_the_whole_window() -> None:
    assert present(employed("ada", "2015-01-01")) == pytest.approx(24, abs=0.1)


def test_late_joiners_and_leavers_are_present_only_while_here() -> None:
    assert present(employed("ada", "2026-04-01")) == pytest.approx(3, abs=0.1)
    assert present(employed("ada", "2015-01-01", "2026-01-01")) == pytest.approx(18, abs=0.1)


def test_absence_and_part_time_reduce_presence() -> None:
    leave = pd.DataFrame({"person": ["ada"], "valid_from": ["2025-07-01"], "valid_to": ["2026-01-01"]})
    assert present(employed("ada", "2015-01-01"), leave) == pytest.approx(18, abs=0.1)
    assert present(employed("ada", "2015-01-01", fte=0.5)) == pytest.approx(12, abs=0.1)


def test_without_a_roster_date_presence_starts_at_the_first_evidence() -> None:
    nobody = pd.DataFrame({"person": [], "valid_from": [], "valid_to": [], "fte": []})
    seen = pd.Series({"ada": pd.Timestamp("2026-01-01", tz="UTC")})
    people = pd.DataFrame({"person": ["ada"]})
    months = months_present(people, nobody, NOBODY_AWAY, seen, as_of=AS_OF, window_months=24)
    assert months["ada"] == pytest.approx(6, abs=0.1)


def test_access_is_own_or_a_team_mates_participation() -> None:
    grid = opportunity(
        pd.Series({"ada": 24.0, "bo": 24.0, "cy": 24.0}),
        pd.DataFrame({"person": ["ada", "bo", "cy"], "team": ["platform", "platform", "research"]}),
        pd.DataFrame({"person": ["ada", "cy"], "repository": ["infra", "papers"]}),
        pd.DataFrame({"skill": ["containers"], "repository": ["infra"]}),
        pd.DataFrame({"skill": ["containers"], "repository": ["papers"]}),
        pd.DataFrame({"skill": ["containers"], "repository": ["papers"]}),
        ["containers"],
    )
    assert dict(zip(grid["person"], grid["access"], strict=True)) == {"ada": True, "bo": True, "cy": False}
    for told in ("comments", "unseen"):
        assert dict(zip(grid["person"], grid[told], strict=True)) == {"ada": False, "bo": False, "cy": True}
