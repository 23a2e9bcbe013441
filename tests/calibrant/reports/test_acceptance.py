"""Reports call that reviewed which inference counts as reviewed."""

import json
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from calibrant.reports import packet, self_check
from calibrant.reports.acceptance import accepted
from calibrant.reports.evidence_text import read_exhibits
from calibrant.reports.render import reading_html, self_check_html
from calibrant.reports.timeline import MonthMark, timeline
from inference.attribution import attribute

SQUASH = {"change_request": "12", "github_merge": True}
PLAIN = {"change_request": None, "github_merge": False}
CASES = {
    "a forge's squash": (SQUASH, [], "through a change request"),
    "a change that only names a change request": ({"change_request": "12", "github_merge": False}, [], ""),
    "a commit made in the forge's editor": ({"change_request": None, "github_merge": True}, [], ""),
    "vouched for in a trailer": (PLAIN, [("reviewer", "p2", False)], "reviewed"),
    "both": (SQUASH, [("reviewer", "p2", False)], "reviewed"),
    "tested": (PLAIN, [("tester", "p2", False)], "tested by somebody else"),
    "committed by a colleague": (PLAIN, [("committer", "p2", False)], "committed by somebody else"),
    "committed by the author": (PLAIN, [("committer", "p1", False)], ""),
    "vouched for by the author": (PLAIN, [("reviewer", "p1", False)], ""),
    "vouched for by a co-author": (PLAIN, [("co_author", "p2", False), ("reviewer", "p2", False)], ""),
    "vouched for by a bot": (PLAIN, [("reviewer", "p2", True)], ""),
    "vouched for by nobody known": (PLAIN, [("reviewer", None, False)], ""),
    "a trailer without anybody in it": (PLAIN | {"reviewed_by": 1}, [], ""),
    "alone": (PLAIN, [], ""),
}


def frames(measures, others):
    """One commit of p1's with others in it, as the ledger gives it."""
    evidence = pd.DataFrame(
        {
            "evidence": ["e1"], "artefact": ["a1"], "kind": ["commit"], "occurred_at": [datetime(2026, 3, 4, tzinfo=UTC)],
            "source": ["forecast"], "repository": ["root"], "same_as": pd.array([None], dtype="str"),
            "measures": [json.dumps(measures)], "paths": ['[["serving/api/app.py",3,1,null]]'], "excerpt": ["Add it"],
            "url": [None], "erased": [False], "superseded": [False],
        }
    )  # fmt: skip
    rows = [("author", "p1", False), *others]
    parts = pd.DataFrame(
        {
            "evidence": "e1",
            "identity": [f"id-{person}" for _, person, _ in rows],
            "role": [role for role, _, _ in rows],
            "person": pd.array([person for _, person, _ in rows], dtype="str"),
            "bot": [bot for _, _, bot in rows],
        }
    )
    return evidence, parts


@pytest.mark.parametrize(("measures", "others", "words"), CASES.values(), ids=CASES.keys())
def test_an_exhibit_says_how_it_was_accepted_by_the_rule_of_inference(measures, others, words):
    evidence, parts = frames(measures, others)
    exhibit = read_exhibits(evidence, parts, "p1")["e1"]
    assert exhibit.accepted == words
    assert exhibit.what == "Wrote a change" + (f", {words}" if words else "")
    none = pd.DataFrame({"artefact": [], "target": []}, dtype="str")
    counted = attribute(evidence.astype({"kind": "str"}), parts, none, none).changes.loc["e1", "reviewed"]
    assert exhibit.reviewed == bool(counted)


def test_a_change_request_is_reviewed_once_it_is_merged_with_reviews():
    assert accepted({"reviews": 2, "merged": True}, "") == "reviewed"
    assert accepted({"reviews": 2, "merged": False}, "") == ""
    assert accepted({"reviews": 0, "merged": True}, "") == ""


def test_what_the_subject_did_for_a_colleagues_change_is_no_acceptance_of_it():
    evidence, parts = frames(PLAIN, [("reviewer", "p2", False)])
    exhibit = read_exhibits(evidence, parts, "p2")["e1"]
    assert (exhibit.what, exhibit.reviewed) == ("Reviewed a change", False)


@pytest.mark.parametrize(("measures", "shows"), [(SQUASH, "reviewed"), (PLAIN, "other")])
def test_the_chart_shows_what_came_through_a_change_request_as_reviewed(measures, shows):
    evidence, parts = frames(measures, [])
    exhibits = read_exhibits(evidence, parts, "p1").values()
    chart = timeline({"ML pipelines": (exhibits, ())}, date(2026, 6, 30), 24)
    assert chart.marks == (MonthMark("ML pipelines", "2026-03", shows),)


def test_the_legends_say_so(hand):
    for page in (
        reading_html(packet.build(hand.packet()).reading),
        self_check_html(self_check.build(hand.self_check())),
    ):
        assert "reviewed by others, or in through a change request" in page
