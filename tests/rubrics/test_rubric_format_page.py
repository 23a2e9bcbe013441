"""The page on the format shows a sound standard and names every key."""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

import rubrics
from rubrics import problems, schema

PAGE = Path(rubrics.__file__).parents[1] / "docs" / "rubric-format.md"


def blocks() -> Iterator[tuple[str, str]]:
    for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), flags=re.DOTALL):
        kind, code = re.search(r"schema: calibrant/(\w+)/1\ncode: (\S+)", block).groups()  # type: ignore[union-attr]
        yield ("standard.yaml" if kind == "standard" else f"{kind}s/{code}.yaml"), block


def test_its_examples_make_a_sound_standard_whose_fixtures_hold(tmp_path: Path) -> None:
    for file, text in blocks():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
    assert rubrics.validate(tmp_path) == []
    assert all(result.passed for result in rubrics.check_fixtures(rubrics.load(tmp_path)))


def test_it_names_every_key() -> None:
    models: tuple[type[BaseModel], ...] = (schema.StandardFile, schema.SkillFile, schema.RoleFile)
    keys = {key for model in models for key in problems.keys_of(model)}
    assert {key for key in keys if not re.search(rf"\b{key}\b", PAGE.read_text())} == set()
