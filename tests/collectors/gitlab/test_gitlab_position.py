"""Where the collection of a project stands survives being stored, and never passes over what may have to be looked at again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collectors.forge_cursor import OVERLAP
from collectors.gitlab_position import Position
from collectors.gitlab_walk import Place, Seen
from db.errors import Refusal

HERE = "gitlab.example.org:project/42"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def read(stored: dict[str, Any] | None, extractor: str = "gitlab/1", repository: str = HERE) -> Position:
    return Position.read(stored, extractor, repository)


def walked(again: datetime | None = None) -> Position:
    _, seen = read(None).begin("changes")
    seen.add("7", NOON)
    return read(None).at("changes", Place(NOON - timedelta(minutes=1)), seen, again)


def test_a_position_is_the_same_after_it_was_stored() -> None:
    for position in (read(None), walked(), walked(NOON), walked(NOON).finished("changes", NOON)):
        assert read(position.written()) == position


def test_a_walk_broken_off_goes_on_at_its_place_with_what_it_has_seen() -> None:
    place, seen = read(walked().written()).begin("changes")
    assert place == Place(NOON - timedelta(minutes=1))
    assert seen.has("7", NOON)
    inside = walked().at("changes", Place(NOON, created=NOON - timedelta(days=9)), seen, None)
    assert read(inside.written()).begin("changes")[0] == Place(NOON, created=NOON - timedelta(days=9))


def test_the_next_walk_begins_an_overlap_below_the_last_one_s_end() -> None:
    place, seen = walked().finished("changes", NOON).begin("changes")
    assert place == Place(NOON - OVERLAP)
    assert seen.has("7", NOON)


def test_the_next_walk_begins_no_later_than_what_had_not_settled_however_long_the_last_one_took() -> None:
    early = NOON - timedelta(hours=3)
    done = walked(again=early).finished("changes", NOON)
    assert done.begin("changes")[0] == Place(early - OVERLAP)
    opened = done.opened("changes")
    assert opened.again == {}
    assert opened.finished("changes", NOON).begin("changes")[0] == Place(NOON - OVERLAP)


def test_what_had_not_settled_is_kept_while_its_walk_is_under_way() -> None:
    under_way = walked(again=NOON)
    assert under_way.opened("changes") == under_way
    earlier = under_way.at("changes", Place(NOON), Seen(None, OVERLAP), NOON - timedelta(hours=1))
    assert earlier.at("changes", Place(NOON), Seen(None, OVERLAP), NOON).again == {"changes": NOON - timedelta(hours=1)}


def test_another_version_reads_everything_again_and_another_project_s_cursor_is_refused() -> None:
    assert read(walked().written(), extractor="gitlab/2") == read(None, extractor="gitlab/2")
    with pytest.raises(Refusal, match="another repository's"):
        read(walked().written(), repository="gitlab.example.org:project/43")


@pytest.mark.parametrize("spoilt", [{"seen": 3}, {"seen": {"changes": []}}, {"again": {"changes": "soon"}}])
def test_what_is_no_cursor_of_gitlab_is_refused(spoilt: dict[str, Any]) -> None:
    stored = {**walked().written(), **spoilt}
    with pytest.raises(Refusal, match="not one of GitLab"):
        read(stored)
    with pytest.raises(Refusal, match="not one of GitLab"):
        read({name: value for name, value in walked().written().items() if name != "seen"})
