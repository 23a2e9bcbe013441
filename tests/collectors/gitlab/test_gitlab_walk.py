"""Lists walked by time lose nothing that moves, and end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from collectors.gitlab_walk import Place, Seen, stamp, walk

START = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 4
Query = Mapping[str, str | int]


class Table:
    """Rows with an update and a creation, in milliseconds from the start; asked as GitLab is asked."""

    def __init__(self, rows: dict[int, tuple[int, int]]) -> None:
        self.rows = dict(rows)
        self.asked = 0

    def ask(self, query: Query) -> tuple[list[Mapping[str, Any]], bool, int | None]:
        self.asked += 1
        rows = [self.shown(key) for key in self.rows]
        for name, column in (("updated_after", "updated_at"), ("created_after", "created_at")):
            rows = [row for row in rows if row[column] >= str(query.get(name, ""))]
        rows = [row for row in rows if row["updated_at"] <= str(query.get("updated_before", "9"))]
        rows.sort(key=lambda row: (row[str(query["order_by"])], row["id"]))
        first = (int(query["page"]) - 1) * PAGE
        return rows[first : first + PAGE], len(rows) > first + PAGE, len(rows)

    def shown(self, key: int) -> Mapping[str, Any]:
        updated, created = (stamp(START + timedelta(milliseconds=at)) for at in self.rows[key])
        return {"id": key, "updated_at": updated, "created_at": created}

    def last_updates(self) -> dict[int, str]:
        return {key: self.shown(key)["updated_at"] for key in self.rows}


def walked(table: Table, moves: Sequence[tuple[int, int]] = (), place: Place | None = None) -> dict[int, str]:
    """id -> last update met. moves: after which page which row is updated."""
    met: dict[int, str] = {}
    latest = max((updated for updated, _ in table.rows.values()), default=0)
    for number, page in enumerate(walk(table.ask, place or Place(), lambda: PAGE), 1):
        assert table.asked < 500
        met.update({row["id"]: row["updated_at"] for row in page.rows})
        for after, row in moves:
            if after == number and row in table.rows:
                latest += 1_500
                table.rows[row] = (latest, table.rows[row][1])
    return met


ROWS = st.dictionaries(st.integers(1, 60), st.tuples(st.integers(0, 9_000), st.integers(0, 4_000)), max_size=40)


@given(ROWS, st.lists(st.tuples(st.integers(1, 12), st.integers(1, 60)), max_size=8))
@settings(max_examples=150, deadline=None)
def test_every_row_is_met_at_its_last_update_whatever_moves_between_pages(
    rows: dict[int, tuple[int, int]], moves: list[tuple[int, int]]
) -> None:
    table = Table(rows)
    pages = len(list(walk(table.ask, Place(), lambda: PAGE)))
    moves = [(after, row) for after, row in moves if after < pages]  # what moves after the last page is the next walk's
    assert walked(table, moves) == table.last_updates()


@given(st.integers(1, 30), st.integers(1, 30))
@settings(deadline=None)
def test_many_rows_of_one_second_and_of_one_creation_are_walked_to_the_end(same: int, others: int) -> None:
    rows = dict.fromkeys(range(1, same + 1), (2_000, 500))
    rows |= {100 + key: (2_000 + key * 40, key) for key in range(others)}
    table = Table(rows)
    assert walked(table) == table.last_updates()


@given(ROWS, st.integers(0, 8))
@settings(deadline=None)
def test_a_walk_broken_off_after_any_page_goes_on_from_its_place(rows: dict[int, tuple[int, int]], pages: int) -> None:
    table, met, place = Table(rows), {}, Place()
    for number, page in enumerate(walk(table.ask, place, lambda: PAGE)):
        if number == pages:
            break
        met.update({row["id"]: row["updated_at"] for row in page.rows})
        place = page.after
    met |= walked(table, place=place)
    assert met == table.last_updates()


def test_an_unchanged_list_costs_one_request_from_its_last_update() -> None:
    table = Table({key: (key * 60_000, 0) for key in range(1, 30)})
    walked(table, place=Place(START + timedelta(minutes=28)))
    assert table.asked == 1


def test_what_was_seen_is_remembered_for_its_window_and_a_thousand_rows() -> None:
    seen = Seen(None, timedelta(minutes=10))
    for key in range(1_500):
        seen.add(str(key), START + timedelta(seconds=key))
    assert len(seen.written()) == 1_000
    assert seen.has("7", START)
    assert not seen.has("7", START + timedelta(seconds=8))
    seen.forget(START + timedelta(minutes=25))
    assert not seen.has("899", START)
    assert seen.has("900", START)
