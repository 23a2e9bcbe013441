"""A mirror's folder belongs to one repository for good, whatever is called what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from collectors.forge_mirror_folder import alone, is_of, place
from db.errors import Incomplete, Refusal


def test_repositories_that_had_one_name_never_share_a_folder(tmp_path: Path) -> None:
    named = tmp_path / "github.com" / "acme" / "serving.git"
    assert place(named, "github.com:R_1") == named
    second = place(named, "github.com:R_2")
    assert second.name.startswith("serving~")
    assert second != place(named, "github.com:R_3")
    assert (place(named, "github.com:R_1"), place(named, "github.com:R_2")) == (named, second)


def test_those_who_come_at_once_get_one_folder_each(tmp_path: Path) -> None:
    keys = [f"github.com:R_{number}" for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        places = list(pool.map(lambda key: place(tmp_path / "a" / "b.git", key), keys))
    assert len(set(places)) == 6


def test_a_folder_that_is_not_marked_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "b.git" / "refs").mkdir(parents=True)
    assert place(tmp_path / "b.git", "k") != tmp_path / "b.git"
    assert [path.name for path in (tmp_path / "b.git").iterdir()] == ["refs"]


def test_a_place_that_is_being_taken_is_waited_for_and_not_for_ever(tmp_path: Path) -> None:
    with alone(tmp_path / "b.git", 0.0), pytest.raises(Incomplete, match="at work"):
        place(tmp_path / "b.git", "k", patience=0.0)
    assert is_of(place(tmp_path / "b.git", "k"), "k")


def test_a_place_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refusal, match="nothing can be written"):
        place(tmp_path / "file" / "b.git", "k")
