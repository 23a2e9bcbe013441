"""Criteria that no source at hand can show are told, with the reason."""

import rubrics
from db.records import Kind


def told(standard: rubrics.Standard, **known: object) -> dict[str, str]:
    return {entry.criterion: entry.reason for entry in rubrics.uncovered(standard, **known)}  # type: ignore[arg-type]


def test_with_every_kind_everything_that_has_a_signal_is_covered(small: rubrics.Standard) -> None:
    assert told(small, kinds=list(Kind)) == {}


def test_with_git_alone_reviews_and_human_criteria_are_not(small: rubrics.Standard) -> None:
    assert told(small, kinds=[Kind.COMMIT]) == {
        "pipelines.4.a": "only people can judge it, and no source has ratings",
        "pipelines.5.a": "only people can judge it, and no source has ratings",
        "review.1.a": "no source yields review or review_comment",
        "review.2.a": "no source yields review",
        "review.2.b": "no source yields review",
        "review.3.a": "no source yields review or review_comment",
        "review.4.a": "only people can judge it, and no source has ratings",
        "review.5.a": "only people can judge it, and no source has ratings",
    }


def test_unknown_facts_roles_and_signals_are_reasons(small: rubrics.Standard) -> None:
    without_facts = told(small, kinds=list(Kind), facts=["survived"])
    assert without_facts["pipelines.1.a"] == "no source tells whether it is reviewed"
    assert "pipelines.3.b" not in without_facts
    assert told(small, kinds=list(Kind), roles=["author"])["review.2.a"] == "no source names the reviewer"
    mute = rubrics.Standard.from_text(small.text().replace('"items":["helps-others","review"],"paths":["**/*.py"]', ""))
    assert told(mute, kinds=list(Kind))["review.2.a"] == "no signal of the skill can tag review"
    assert told(mute, kinds=list(Kind))["review.4.a"] == "only people can judge it, and the skill names no items"
    assert str(rubrics.uncovered(mute, kinds=list(Kind))[0]).startswith("review.1.a: no signal")
