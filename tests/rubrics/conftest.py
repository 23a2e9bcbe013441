"""A small standard, copies of it to break, and work frames."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree

import pandas as pd
import pytest

import rubrics

SMALL = Path(__file__).parent / "fixtures" / "small"
AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
FACTS = ("reviewed", "survived", "tests", "docs", "change_followed", "suggestion_applied", "substance", "others_work")


@pytest.fixture(scope="session")
def small() -> rubrics.Standard:
    return rubrics.load(SMALL)


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """Copy the small standard with one piece of text in one file replaced."""

    def replace(file: str, old: str, new: str) -> Path:
        folder = tmp_path / "standard"
        if not folder.exists():
            copytree(SMALL, folder)
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1))
        return folder

    return replace


@pytest.fixture(scope="session")
def as_of() -> datetime:
    return AS_OF


@pytest.fixture(scope="session")
def make_work() -> Callable[..., pd.DataFrame]:
    """One row per mapping given, the rest filled in: a substantive, reviewed and surviving commit of one's own, in full."""

    def make(*rows: dict[str, object]) -> pd.DataFrame:
        filled = []
        for number, row in enumerate(rows):
            month = int(str(row.get("month", 2026 * 12 + 5)))
            base: dict[str, object] = {
                "person": "p",
                "skill": "pipelines",
                "evidence": row.get("artefact", f"e{number}"),
                "artefact": f"e{number}",
                "kind": "commit",
                "role": "author",
                "occurred_at": datetime(month // 12, month % 12 + 1, 15, tzinfo=UTC),
                "month": month,
                "repository": "r",
                "area": "a",
                "counterpart": None,
                "share": 1.0,
                **dict.fromkeys(FACTS, True),
                "substantive": True,
            }
            filled.append({**base, **row})
        if not filled:
            return make({"person": "nobody"}).iloc[:0]
        frame = pd.DataFrame(filled)
        return frame.astype({"occurred_at": "datetime64[us, UTC]"})

    return make


@pytest.fixture(scope="session")
def make_opportunity() -> Callable[..., pd.DataFrame]:
    """Opportunity of people on both skills, plenty unless told otherwise."""

    def make(*people: str, months_present: float = 99.0, access: bool = True, comments: bool = True) -> pd.DataFrame:
        pairs = [(person, skill) for person in people or ("p",) for skill in ("pipelines", "review")]
        frame = pd.DataFrame(pairs, columns=["person", "skill"])
        return frame.assign(months_present=months_present, access=access, comments=comments)

    return make
