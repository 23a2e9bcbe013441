"""A standard of a few shipped skills, so that inference takes a fraction of a second."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

import rubrics
from rubrics import Standard
from tests.contract.department import SKILLS

_ROLES = ("mlops-engineer", "ml-engineer", "data-scientist")


def write_standard(folder: Path, skills: Sequence[str] = SKILLS) -> Path:
    """The shipped standard with these skills only, as files in a new folder."""
    shipped = resources.files("rubrics").joinpath("library/aiml")
    for part in ("skills", "roles"):
        (folder / part).mkdir(parents=True)
    (folder / "standard.yaml").write_text(shipped.joinpath("standard.yaml").read_text(encoding="utf-8"), "utf-8")
    for skill in skills:
        held = yaml.safe_load(shipped.joinpath(f"skills/{skill}.yaml").read_text(encoding="utf-8"))
        held["edges"] = {
            word: [other for other in held["edges"].get(word, []) if other in skills] for word in held["edges"]
        }
        _write(folder / f"skills/{skill}.yaml", held)
    for role in _ROLES:
        held = yaml.safe_load(shipped.joinpath(f"roles/{role}.yaml").read_text(encoding="utf-8"))
        for expected in held["job_levels"].values():
            for word in ("required", "optional"):
                expected[word] = {code: level for code, level in expected.get(word, {}).items() if code in skills}
            expected["required"] = {**dict.fromkeys(skills, 2), **expected["required"]}
            expected["optional"] = {}
        _write(folder / f"roles/{role}.yaml", held)
    return folder


def _write(path: Path, value: Any) -> None:
    path.write_text(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), encoding="utf-8")


@lru_cache(maxsize=1)
def small_standard() -> Standard:
    """`write_standard`, loaded."""
    with TemporaryDirectory() as folder:
        return rubrics.load(write_standard(Path(folder) / "small"))
