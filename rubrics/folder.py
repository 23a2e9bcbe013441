"""A standard's folder as checked files, with every mistake found collected instead of the first one raised.

standard.yaml    skills/<code>.yaml    roles/<code>.yaml
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from db.errors import BadInput, Problem, Refusal
from rubrics.problems import from_validation
from rubrics.schema import RoleFile, SkillFile, StandardFile
from rubrics.source import Document, read

__all__ = ["MAX_FILES", "Folder", "find", "read_folder", "shipped"]

MAX_FILES = 500

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(slots=True)
class Folder:
    """What a folder holds. skills and roles by file stem; stems also names files that could not be read."""

    name: str
    standard: tuple[Document, StandardFile] | None = None
    skills: dict[str, tuple[Document, SkillFile]] = field(default_factory=dict)
    roles: dict[str, tuple[Document, RoleFile]] = field(default_factory=dict)
    stems: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def shipped() -> Mapping[str, Traversable]:
    """The libraries that come with the application, by code."""
    library = files("rubrics") / "library"
    if not library.is_dir():
        return {}
    return {entry.name: entry for entry in library.iterdir() if (entry / "standard.yaml").is_file()}


def find(where: str | Path) -> Traversable:
    """The folder meant by a shipped library's code or a path. Raises Refusal if there is none."""
    if isinstance(where, str) and where in (libraries := shipped()):
        return libraries[where]
    folder = Path(where)
    if not (folder / "standard.yaml").is_file():
        raise Refusal(
            "no standard here: standard.yaml is missing",
            where=str(where),
            remedy=f"give a folder that holds standard.yaml, or a shipped library ({', '.join(sorted(shipped()))})",
        )
    return folder


def read_folder(where: str | Path) -> Folder:
    """Read all files; mistakes are in `problems`, never raised, except that no standard is there (Refusal)."""
    root = find(where)
    folder = Folder(root.name)
    folder.standard = _read(root / "standard.yaml", "standard.yaml", StandardFile, folder)
    for stem, file in _yaml_files(root / "skills", "skills", folder):
        folder.stems.add(stem)
        if (skill := _read(file, f"skills/{file.name}", SkillFile, folder)) is not None:
            folder.skills[stem] = skill
    for stem, file in _yaml_files(root / "roles", "roles", folder):
        if (role := _read(file, f"roles/{file.name}", RoleFile, folder)) is not None:
            folder.roles[stem] = role
    return folder


def _yaml_files(place: Traversable, name: str, folder: Folder) -> list[tuple[str, Traversable]]:
    if not place.is_dir():
        return []
    found: list[tuple[str, Traversable]] = []
    for entry in sorted(place.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".yaml") and entry.is_file():
            found.append((entry.name.removesuffix(".yaml"), entry))
        elif entry.name.endswith(".yml"):
            folder.problems.append(Problem(f"{name}/{entry.name}", 0, "", "ends in .yml", "rename it to .yaml"))
    if len(found) > MAX_FILES:
        folder.problems.append(Problem(name, 0, "", f"more than {MAX_FILES} files", "split the standard"))
        return found[:MAX_FILES]
    return found


def _read(file: Traversable, name: str, model: type[_Model], folder: Folder) -> tuple[Document, _Model] | None:
    try:
        document = read(file, name)
    except BadInput as error:
        folder.problems.extend(error.problems)
        return None
    try:
        return document, model.model_validate(document.data)
    except ValidationError as error:
        folder.problems.extend(from_validation(error, document, model))
        return None
