"""Every rule names file, line and remedy when it is broken."""

from collections.abc import Callable
from pathlib import Path

import pytest

import rubrics
from db.errors import Refusal

Broken = Callable[[str, str, str], Path]
PIPELINES, REVIEW, STANDARD, ROLE = "skills/pipelines.yaml", "skills/review.yaml", "standard.yaml", "roles/builder.yaml"


def test_the_small_standard_is_sound() -> None:
    assert rubrics.validate(Path(__file__).parent / "fixtures" / "small") == []


BARE = "    where: {reviewed: true}\n"
CLAUSE = "        opportunity: {months_present: 3, access: true}\n"
EXAMPLES = "        examples: {met: A template that three teams adopted., not_met: A script only its author runs.}\n"
FIXTURES = "        fixtures: {pass: {months: 1, changes: 1}, fail: {months: 0, changes: 0}}\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "message", "remedy"),
    [
        # shape
        (PIPELINES, "name: Pipelines", "nam: Pipelines", "nam: Pipelines", "unknown key `nam`", "did you mean `name`?"),
        (PIPELINES, "unit: changes", "unit: lines", "unit: lines", "'lines' should be", "lines and commits never"),
        (PIPELINES, "unit: changes", "unit: commits", "unit: commits", "'commits' should be", "commits never"),
        (
            PIPELINES,
            "code: pipelines\n",
            "code: Pipe Lines\n",
            "code: Pipe",
            "should match pattern",
            "rubric-format.md",
        ),
        (STANDARD, 'version: "1.0.0"', "version: 1.10", "version", "1.1 should be a valid string", "in quotes"),
        (STANDARD, "thurstonian-50", "halfway", "halfway", "'halfway' should be", "correct"),
        (PIPELINES, "{reviewed: true}", "{reviewed: no}", "reviewed: no", "'no' should be True", "correct"),
        (PIPELINES, "{reviewed: true}", "{reviewed: false}", "reviewed: false", "False should be True", "correct"),
        (PIPELINES, "evidence: [commit]\n", "evidence: [rating]\n", "[rating]", "'rating' should be", "correct"),
        (PIPELINES, '"**/dags/*.py"', '"**/[d]ags/*.py"', "[d]ags", "brackets", "correct"),
        (PIPELINES, "judge: human", "judge: humans", "judge: humans", "'humans' should be 'human'", "correct"),
        (PIPELINES, "summary: Changes", "sumary: Changes", "sumary", "unknown key", "did you mean `summary`?"),
        (STANDARD, "description: Two", "describe: Two", "schema:", "key `description` is missing", "add `descr"),
        (PIPELINES, "  5:\n", "  6:\n", "  6:", "should match pattern", "rubric-format.md"),
        # references and codes
        (PIPELINES, "code: pipelines\n", "code: pipes\n", "code: pipes", "code is `pipes`", "make them equal"),
        (PIPELINES, "related: [review]", "related: [reviews]", "edges", "unknown skill `reviews`", "skills/"),
        (PIPELINES, "related: [review]", "related: [pipelines]", "edges", "itself", "remove it"),
        (PIPELINES, "related: [review]", "requires: [review]", "edges", "pipelines > review > pipelines", "cut one"),
        (PIPELINES, "code: pipelines.1.a", "code: pipelines.2.a", "pipelines.2.a", "not of this level", "1.<letter>"),
        (PIPELINES, "code: pipelines.1.b", "code: pipelines.1.a", "pipelines.1.a", "used twice", "own letter"),
        # measures and thresholds
        (PIPELINES, "measure: breadth,", "measure: width,", "width", "unknown measure `width`", "breadth, reviewed-ch"),
        (
            PIPELINES,
            "measure: breadth,",
            "measure: reviewed-months,",
            "  breadth:",
            "used by no criterion",
            "remove it",
        ),
        (PIPELINES, "breadth, at_least: 2", "reviewed-months, at_least: 10", "10}", "both of level 3", "one per level"),
        (PIPELINES, "at_least: 9", "at_least: 4", "4}", "asks for 4, pipelines.2.a below it for 4", "must rise"),
        (PIPELINES, "at_least: 9", "at_least: 8.5", "8.5", "8.5 months", "counted whole"),
        (PIPELINES, "at_least: 9", "at_least: 25", "25}", "the window has 24", "widen"),
        (PIPELINES, "at_least: 3}", "at_least: 7}", CLAUSE, "7 changes need 4 months", "at least 4"),
        (PIPELINES, "present: 12", "present: 8", "present: 8", "9 months need 9 months", "fails for lack of time"),
        (PIPELINES, "present: 12", "present: 30", "present: 30", "30 months asked, the window has 24", "no more"),
        (PIPELINES, "6, access: true", "6, access: false", "6, access: false", "less opportunity", "as much"),
        (REVIEW, "6, access: false", "3, access: false", "3, access: false", "2 quarters need 4", "at least 4"),
        (PIPELINES, BARE, "", "reviewed-changes:", "bare commits", "where"),
        # criteria
        (PIPELINES, CLAUSE, "", "pipelines.1.a", "no opportunity clause", "add"),
        (PIPELINES, EXAMPLES, FIXTURES + EXAMPLES, FIXTURES, "but people judge it", "remove"),
        (PIPELINES, EXAMPLES, "", "pipelines.4.a", "no examples", "add"),
        # roles and the standard
        (ROLE, "review: 1}", "reviews: 1}", "junior", "unknown skill `reviews`", "skills/"),
        (ROLE, "senior: {", "principal: {", "principal", "unknown job level `principal`", "junior, senior"),
        (ROLE, "pipelines: 3", "pipelines: 0", "senior", "greater than or equal to 1", "correct"),
        (ROLE, "{pipelines: 1}", "{pipelines: 4}", "senior", "falls from 4 at junior to 3 at senior", "at least"),
        (ROLE, "pipelines: 3, review: 2", "review: 2", "senior", "required at junior, not at senior", "keep"),
        (ROLE, "optional: {review: 1}", "optional: {pipelines: 1}", "junior", "required and optional", "keep one"),
        (ROLE, "code: builder", "code: build", "code: build", "code is `build`", "make them equal"),
        (STANDARD, "{level: 5,", "{level: 4,", "levels:", "not 1, 2, 3, 4, 5", "each level once"),
        (STANDARD, "[junior, senior]", "[junior, senior, junior]", "job_levels", "named twice", "once"),
    ],
)
def test_a_broken_rule_is_told_with_line_and_remedy(
    broken: Broken, file: str, old: str, new: str, line: str, message: str, remedy: str
) -> None:
    folder = broken(file, old, new)
    told = [p for p in rubrics.validate(folder) if p.file == file and message in p.message and remedy in p.remedy]
    assert told, rubrics.validate(folder)
    assert line.strip("\n") in (folder / file).read_text().splitlines()[told[0].row - 1]


@pytest.mark.parametrize(
    ("waivers", "message"),
    [
        ("{criterion: pipelines.1.z, reason: R., from: 2026-01-01, until: 2026-02-01}", "unknown criterion"),
        ("{criterion: other.1.a, reason: R., from: 2026-01-01, until: 2026-02-01}", "unknown criterion"),
        ("{criterion: pipelines.1.a, reason: R., from: 2026-02-01, until: 2026-02-01}", "not after it begins"),
        ("{criterion: pipelines.1.a, reason: R., from: 2026-02-30, until: 2026-03-01}", "2026-02-30"),
        ("{criterion: pipelines.1.a, from: 2026-01-01, until: 2026-03-01}", "key `reason` is missing"),
        (
            "{criterion: pipelines.1.a, reason: R., from: 2026-02-01, until: 2026-04-01}, "
            "{criterion: pipelines.1.a, reason: R., from: 2026-01-01, until: 2026-02-02}",
            "overlap",
        ),
    ],
)
def test_waivers_name_what_they_waive_and_when(broken: Broken, waivers: str, message: str) -> None:
    folder = broken(STANDARD, "half_life_months: 12\n", f"half_life_months: 12\nwaivers: [{waivers}]\n")
    assert [message in problem.message for problem in rubrics.validate(folder)] == [True]


def test_one_unreadable_file_does_not_hide_nor_cause_other_mistakes(broken: Broken) -> None:
    broken(REVIEW, "name: Review", "name: &a Review")
    folder = broken(PIPELINES, "at_least: 9", "at_least: 4")
    assert [p.file for p in rubrics.validate(folder)] == [PIPELINES, REVIEW]


def test_files_that_would_be_passed_over_are_told(broken: Broken) -> None:
    folder = broken(STANDARD, "name: A", "name: A")
    (folder / "skills" / "other.yml").write_text("a: 1\n")
    assert [problem.remedy for problem in rubrics.validate(folder)] == ["rename it to .yaml"]


def test_a_standard_without_skills_is_told(broken: Broken) -> None:
    folder = broken(STANDARD, "name: A", "name: A")
    for file in (folder / "skills").iterdir():
        file.unlink()
    assert any(problem.message == "there is no skill" for problem in rubrics.validate(folder))


def test_a_missing_level_and_missing_signals_are_told(broken: Broken) -> None:
    folder = broken(REVIEW, '  paths: ["**/*.py"]\n  items: [review, helps-others]\n', "  paths: []\n")
    text = (folder / REVIEW).read_text()
    (folder / REVIEW).write_text(text[: text.index("  5:\n")])
    messages = [problem.message for problem in rubrics.validate(folder)]
    assert messages == ["no signal: no evidence can ever be tagged", "level 5 is missing"]


def test_no_standard_at_all_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"standard\.yaml is missing"):
        rubrics.validate(tmp_path / "nowhere")
