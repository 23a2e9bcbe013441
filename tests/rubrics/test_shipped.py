"""The shipped library loads, is sound, proves itself, and can be observed."""

import subprocess
import sys
from pathlib import Path

import pytest

import rubrics
from db.records import Kind


@pytest.fixture(scope="module")
def aiml() -> rubrics.Standard:
    return rubrics.load("aiml")


def test_it_loads_by_its_code_and_is_sound(aiml: rubrics.Standard) -> None:
    assert "aiml" in rubrics.shipped()
    assert rubrics.validate("aiml") == []
    assert (aiml.code, len(aiml.skills) >= 14, len(aiml.roles) >= 4) == ("aiml", True, True)


def test_it_reads_back_from_its_text(aiml: rubrics.Standard) -> None:
    assert rubrics.Standard.from_text(aiml.text()) == aiml


def test_every_fixture_holds(aiml: rubrics.Standard) -> None:
    assert [str(result) for result in rubrics.check_fixtures(aiml) if not result.passed] == []


def test_git_and_ratings_can_show_every_criterion_but_what_only_a_forge_shows(aiml: rubrics.Standard) -> None:
    kinds = [Kind.COMMIT, Kind.RATING, Kind.SCORECARD_RATING]
    hidden = [entry.criterion for entry in rubrics.uncovered(aiml, kinds=kinds)]
    assert hidden == ["code-review.2.d", "code-review.3.e", "code-review.4.e"]
    assert rubrics.uncovered(aiml, kinds=[*kinds, Kind.REVIEW]) == []
    clauses = [aiml.criteria[code].opportunity for code in hidden]
    assert all(clause is not None and clause.comments for clause in clauses)


def test_the_package_imports_light() -> None:
    heavy = "{'pandas', 'pydantic', 'yaml', 'pyarrow'} & set(sys.modules)"
    command = [
        sys.executable,
        "-I",
        "-c",
        f"import sys; sys.path.insert(0, {str(Path(rubrics.__file__).parents[1])!r}); import rubrics; print({heavy})",
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "set()"


def test_names_that_do_not_exist_are_told() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        rubrics.nothing  # noqa: B018
