"""Dates are read in named formats only, and become UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.cells import Cell
from collectors.dates import check_date_format, day, instant, offset


@given(st.datetimes(min_value=datetime(1990, 1, 2), max_value=datetime(2100, 1, 1)))
def test_iso_dates_come_back(when: datetime) -> None:
    aware = when.replace(tzinfo=UTC)
    assert instant(aware.isoformat(), ["iso"], UTC) == aware
    milliseconds = (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    whole = aware.replace(microsecond=aware.microsecond // 1000 * 1000)
    assert instant(milliseconds, ["epoch_ms"], UTC) == whole
    assert instant(f"/Date({milliseconds}+0060)/", ["odata"], UTC) == whole


def test_a_time_without_an_offset_is_in_the_files_zone() -> None:
    assert instant("2026-06-12T10:00", ["iso"], offset("+02:00")) == datetime(2026, 6, 12, 8, tzinfo=UTC)
    assert instant(datetime(2026, 6, 12, 10), ["iso"], offset("-03:30")) == datetime(2026, 6, 12, 13, 30, tzinfo=UTC)


def test_formats_are_tried_in_order() -> None:
    formats = ["%d/%m/%Y", "%m/%d/%Y"]
    assert day("03/04/2026", formats) == date(2026, 4, 3)
    assert day("03/14/2026", formats) == date(2026, 3, 14)


@pytest.mark.parametrize(
    "cell",
    ["", "soon", "2026-13-01", "2026-W01-1", "2026-06-12T25:00", True, 46000.0, ["2026-06-12"], "9" * 40],
)
def test_what_is_no_date_is_refused(cell: Cell) -> None:
    with pytest.raises(ValueError, match="not a date"):
        instant(cell, ["iso", "epoch_s"], UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_the_ends_of_the_calendar_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="calendar"):
        instant(text, ["iso"], UTC)


@pytest.mark.parametrize("pattern", ["", "date", "%H:%M", "%Y", "%Q", "%m/%d"])
def test_a_pattern_must_give_a_whole_day(pattern: str) -> None:
    with pytest.raises(ValueError, match="no date format"):
        check_date_format(pattern)
