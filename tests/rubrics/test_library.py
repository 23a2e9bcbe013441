"""The shipped standard `aiml` is sound, grades what it claims to grade, and is what docs/aiml-standard.md says it is.

The tables in the manual are written by `python tests/rubrics/test_library.py` from the root of the repository.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import rubrics

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "aiml-standard.md"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"

SKILLS = {
    *("ml-pipelines", "model-training", "model-serving", "model-monitoring", "experiment-tracking"),
    *("data-pipelines", "feature-engineering", "containers", "ci-cd", "llm-apps"),
    *("code-quality", "code-review", "technical-docs", "collaboration"),
}
ROLES = {
    *("mlops-engineer", "ml-engineer", "llm-engineer", "nlp-engineer", "cv-engineer", "data-scientist"),
    *("prompt-engineer", "ai-product-manager"),
}
MOSTLY_HUMAN = {"collaboration"}
ANY_FILE = {"code-quality", "code-review", "collaboration", "technical-docs"}
"""Skills that show in almost any change; left out where a path is asked for its particular skills."""

STANDARD = rubrics.load("aiml")


# -- the tables of the manual --------------------------------------------------------------------------------


def tables() -> str:
    """Skills with their criteria, then roles, as Markdown."""
    return "\n".join([*_skills(), "## Role profiles", "", *_roles()])


def _skills() -> list[str]:
    lines = ["## Skills", ""]
    for skill in STANDARD.skills.values():
        lines += [f"### {skill.name} (`{skill.code}`)", "", skill.description, ""]
        for level in skill.levels:
            lines.append(f"- **{level.level} {level.name}.** {level.summary}")
            for criterion in level.criteria:
                by = f"`{criterion.measure}` >= {criterion.at_least:g}" if criterion.measure else "people"
                lines.append(f"  - `{criterion.code}` ({by}) {criterion.statement}")
        lines.append("")
    return lines


def _roles() -> list[str]:
    lines: list[str] = []
    for role in STANDARD.roles.values():
        lines += [f"### {role.name} (`{role.code}`)", "", role.description, ""]
        lines += [f"| skill | {' | '.join(STANDARD.job_levels)} |", "|---" * (len(STANDARD.job_levels) + 1) + "|"]
        for code in STANDARD.skills:
            cells = [_expected(role.job_levels[job_level], code) for job_level in STANDARD.job_levels]
            if any(cells):
                lines.append(f"| `{code}` | {' | '.join(cells)} |")
        lines.append("")
    return lines


def _expected(expectation: rubrics.standard.Expectation, skill: str) -> str:
    if skill in expectation.required:
        return f"**{expectation.required[skill]}**"
    return str(expectation.optional.get(skill, ""))


def with_tables(manual: str) -> str:
    head, rest = manual.split(BEGIN)
    return f"{head}{BEGIN}\n\n{tables().strip()}\n\n{END}{rest.split(END)[1]}"


# -- claims --------------------------------------------------------------------------------------------------


def test_library_has_no_problem() -> None:
    assert [str(problem) for problem in rubrics.validate("aiml")] == []


def test_library_has_the_skills_and_roles_it_promises() -> None:
    assert set(STANDARD.skills) == SKILLS
    assert set(STANDARD.roles) == ROLES


def test_every_fixture_behaves() -> None:
    results = rubrics.check_fixtures(STANDARD)
    machine = [criterion for criterion in STANDARD.criteria.values() if criterion.measure]
    assert len(results) == 2 * len(machine)
    assert [result for result in results if not result.passed] == []


@pytest.mark.parametrize("code", sorted(SKILLS))
def test_every_level_can_be_seen_by_people(code: str) -> None:
    levels = STANDARD.skills[code].levels
    assert [level.level for level in levels] == [1, 2, 3, 4, 5]
    for level in levels:
        assert 2 <= len(level.criteria) <= 5
        assert any(criterion.measure is None for criterion in level.criteria)


@pytest.mark.parametrize("code", sorted(SKILLS))
def test_machines_grade_every_skill_up_to_level_four_and_no_further(code: str) -> None:
    skill = STANDARD.skills[code]
    tops = [item.criteria[-1].level for item in skill.items]
    assert max(tops) == 4
    assert len(tops) >= (1 if code in MOSTLY_HUMAN else 2)


def test_volume_counts_nowhere() -> None:
    for skill in STANDARD.skills.values():
        for measure in skill.measures.values():
            assert measure.unit in {"months", "areas", "people", "repositories", "quarters"}
            assert set(measure.facts) >= ({"others_work"} if measure.role == "reviewer" else {"reviewed", "survived"})


def test_ratings_may_name_a_skill_by_its_code_or_its_name() -> None:
    for skill in STANDARD.skills.values():
        assert skill.code in skill.signals.items
    named = [
        item.casefold() for skill in STANDARD.skills.values() for item in set(map(str.casefold, skill.signals.items))
    ]
    assert len(named) == len(set(named)), "one name means one skill"


def test_no_role_asks_for_the_highest_level_below_principal() -> None:
    for role in STANDARD.roles.values():
        assert tuple(role.job_levels) == STANDARD.job_levels
        for job_level, expected in role.job_levels.items():
            assert expected.required, f"{role.code} at {job_level} requires nothing"
            assert job_level == "principal" or max(expected.required.values()) < 5


def test_statements_are_sentences_of_their_own() -> None:
    statements = [criterion.statement for criterion in STANDARD.criteria.values()]
    assert len(statements) == len(set(statements))
    assert [text for text in statements if not re.fullmatch(r"[A-Z].*\.", text)] == []


def test_crosswalk_names_codes_and_no_text() -> None:
    for skill in STANDARD.skills.values():
        assert skill.crosswalk["esco"]
        assert skill.crosswalk["onet"]
        assert not skill.crosswalk["sfia"]


@pytest.mark.parametrize(
    ("path", "skills"),
    [
        # paths as they stand in public repositories of the field
        ("sdk/python/kfp/compiler/compiler.py", {"ml-pipelines"}),
        ("samples/core/train_until_good/train_until_good.py", {"model-training"}),
        (
            "components/google-cloud/google_cloud_pipeline_components/v1/dataset/__init__.py",
            {"ml-pipelines", "data-pipelines"},
        ),
        ("manifests/kustomize/base/installs/generic/kustomization.yaml", {"containers"}),
        ("backend/Dockerfile", {"containers"}),
        (".github/workflows/compiler-tests.yml", {"ci-cd"}),
        ("ci/jenkins/templates/arm_jenkinsfile.groovy.j2", {"ci-cd"}),
        ("frontend/src/pages/ExperimentList.tsx", {"experiment-tracking"}),
        ("python/tvm/relax/training/optimizer.py", {"model-training"}),
        ("jax/_src/nn/functions.py", {"model-training"}),
        ("python/tvm/relax/frontend/onnx/onnx_frontend.py", {"model-serving"}),
        ("jax/_src/monitoring.py", {"model-monitoring"}),
        ("dags/retrain.py", {"ml-pipelines"}),
        ("serving/ranker/config.pbtxt", {"model-serving"}),
        ("warehouse/models/marts/orders.sql", {"data-pipelines"}),
        ("feature_repo/views.py", {"feature-engineering"}),
        ("prompts/support/system.md", {"llm-apps"}),
        # and look-alikes
        ("azure-pipelines.yml", {"ci-cd"}),
        ("web/src/features/login.tsx", set()),
        ("tests/experimental_rnn_test.py", set()),
        ("tests/python/relax/test_dataflow_pattern.py", set()),
        ("python/tvm/relax/backend/cuda/pipeline.py", set()),
    ],
)
def test_paths_of_real_repositories_find_their_skills(path: str, skills: set[str]) -> None:
    assert tagged(paths=[path]) - ANY_FILE == skills


def test_added_imports_find_their_skill() -> None:
    assert tagged(imports=["mlflow"]) == {"experiment-tracking"}
    assert tagged(imports=["kfp"]) == {"ml-pipelines"}


def test_ratings_find_their_skill_whatever_the_case() -> None:
    for skill in STANDARD.skills.values():
        assert tagged(kind="rating", competency=skill.code.upper()) == {skill.code}
        assert tagged(kind="scorecard_rating", competency=skill.name) == {skill.code}


def tagged(kind: str = "commit", **facts: object) -> set[str]:
    """Skills of one piece of evidence."""
    lists: dict[str, object] = {key: [] for key in ("paths", "imports", "tools", "labels")}
    words: dict[str, object] = dict.fromkeys(("source", "competency", "item"))
    evidence = pd.DataFrame([{"evidence": "e1", "kind": kind, **lists, **words, **facts}])
    return set(rubrics.tag(STANDARD, evidence)["skill"])


def test_manual_shows_the_standard_as_it_is() -> None:
    manual = MANUAL.read_text(encoding="utf-8")
    assert manual == with_tables(manual), "run: python tests/rubrics/test_library.py"


def test_manual_explains_every_measure_and_job_level() -> None:
    manual = MANUAL.read_text(encoding="utf-8")
    measures = {code for skill in STANDARD.skills.values() for code in skill.measures}
    prose = manual.split(BEGIN)[0]
    assert [code for code in sorted(measures) if f"`{code}`" not in prose] == []
    assert [job_level for job_level in STANDARD.job_levels if job_level not in manual] == []


if __name__ == "__main__":
    MANUAL.write_text(with_tables(MANUAL.read_text(encoding="utf-8")), encoding="utf-8")
