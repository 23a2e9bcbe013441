"""Reviews in a packet: what they are about, whether the change was altered, and nothing a stranger wrote as a kind."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from calibrant.reports.evidence_text import read_exhibits
from calibrant.reports.review_text import review_words


@pytest.mark.parametrize(
    ("measures", "words"),
    [
        ({"kinds": ["approval"], "state": "approved"}, ["approval only"]),
        ({"kinds": [], "state": "approved"}, ["approval only"]),
        ({"kinds": [], "state": "commented"}, []),
        ({"kind": "test", "suggestion_applied": True}, ["about tests", "of which a suggestion was taken over"]),
        ({"kinds": ["style", "security", "defect"]}, ["about security, a defect and style"]),
        (
            {"kinds": ["other"], "change_followed": False, "hours_to_review": 0.2},
            ["less than an hour after the change was opened"],
        ),
        ({"kinds": ["other"], "hours_to_review": 73}, ["3 days after the change was opened"]),
        ({"kinds": ["<b>", "=1+1"], "kind": "x", "hours_to_review": "soon", "suggestions_applied": "1"}, []),
        ({"hours_to_review": float("nan")}, []),
    ],
)
def test_a_review_is_told_by_what_it_said_and_did(measures: dict[str, object], words: list[str]) -> None:
    assert list(review_words(measures)) == words


def test_a_reader_sees_the_review_its_effect_its_text_and_its_link() -> None:
    measures = {"reviewed_change": "x", "kinds": ["defect"], "change_followed": True, "state": "changes_requested"}
    cited = pd.DataFrame(
        {
            "evidence": ["e1"], "kind": ["review"], "occurred_at": [datetime(2026, 3, 4, tzinfo=UTC)], "source": ["acme/forecast"],
            "measures": [json.dumps(measures)], "paths": ["[]"], "excerpt": ["This fails for an empty batch."],
            "url": ["https://github.com/acme/forecast/pull/7#pullrequestreview-1"], "erased": [False], "superseded": [False],
        }
    )  # fmt: skip
    rows = [("reviewer", "p1"), ("author", "p2")]
    parts = pd.DataFrame(
        {
            "evidence": "e1",
            "identity": [f"id-{person}" for _, person in rows],
            "role": [role for role, _ in rows],
            "person": pd.array([person for _, person in rows], dtype="str"),
            "bot": False,
        }
    )
    exhibit = read_exhibits(cited, parts, "p1")["e1"]
    assert exhibit.what == "Wrote a review, about a defect, after which the change was altered"
    assert exhibit.quote == "This fails for an empty batch."
    assert exhibit.url == "https://github.com/acme/forecast/pull/7#pullrequestreview-1"
