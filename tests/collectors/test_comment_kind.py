"""What review comments are about. The labelled comments are few, invented, and by the hand that chose the words."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import collectors
from collectors.comment_kind import FEWEST_WORDS, CommentKind, comment_kind
from collectors.comment_prose import LONGEST_TEXT, sentences, words

LABELLED = Path(__file__).with_name("comment_kinds.tsv")
DOCS = Path(collectors.__file__).parents[1] / "docs"
PAGE = DOCS / "evidence.md"
GRAVE = {CommentKind.SECURITY, CommentKind.DEFECT, CommentKind.TEST, CommentKind.DESIGN, CommentKind.QUESTION}


def labelled(part: str) -> list[tuple[CommentKind, str]]:
    with LABELLED.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(CommentKind(row["kind"]), row["text"]) for row in rows if row["part"] == part]


def figures(part: str) -> Iterator[str]:
    """Rows of the published table: kind, n, precision, recall."""
    answers = [(kind, comment_kind(text)) for kind, text in labelled(part)]
    for kind in CommentKind:
        right = sum(told is kind is found for told, found in answers)
        told, found = (sum(pair[side] is kind for pair in answers) for side in (0, 1))
        yield f"| {kind.value} | {told} | {right}/{found} | {right}/{told} |"
    right = sum(told is found for told, found in answers)
    yield f"| all | {len(answers)} | | {right}/{len(answers)} |"


def test_the_published_figures_are_those_of_the_comments_that_were_held_back() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [row for row in figures("held") if row not in page] == []


def test_limitations_say_how_many_unusual_remarks_on_security_are_missed() -> None:
    kinds = [comment_kind(text) for _, text in labelled("unusual")]
    told, speaking = kinds.count(CommentKind.SECURITY), sum(kind in GRAVE for kind in kinds)
    page = " ".join((DOCS / "limitations.md").read_text(encoding="utf-8").split())
    said = f"of {len(kinds)} invented remarks on safety in unusual words, written after the lists were closed, "
    assert f"{said}{told} are told as security and {speaking} as saying anything" in page


def test_a_word_of_safety_in_another_sense_is_no_security() -> None:
    remarks = [
        "Anyone can pick this up, I am on holiday next week.",
        "The salt water sensor is listed twice in the config.",
        "Use the login page of the style guide as an example.",
        "Everyone can see from the plot that the loss flattens out.",
        "The user types are spelled differently in the two modules.",
        "Mask the padded positions before the softmax.",
        "Escape the loop early here.",
        "The tokenizer drops the last token of every line.",
        "These hand-crafted features could go.",
    ]
    assert [text for text in remarks if comment_kind(text) is CommentKind.SECURITY] == []


def test_most_comments_are_told_apart() -> None:
    for part in ("seen", "held"):
        answers = [(kind, comment_kind(text)) for kind, text in labelled(part)]
        assert sum(kind is found for kind, found in answers) >= 0.85 * len(answers)


def test_no_approval_or_talk_passes_for_substance() -> None:
    empty = [text for part in ("seen", "held") for kind, text in labelled(part) if kind in ("approval", "other")]
    assert [text for text in empty if comment_kind(text) in GRAVE] == []


@pytest.mark.parametrize(
    "text", ["bug", "security", "Test?", "deadlock!", "why?", "SQL injection", "@ada bug", "缺测试"]
)
def test_a_word_or_two_say_nothing_however_grave(text: str) -> None:
    assert comment_kind(text) not in GRAVE


@pytest.mark.parametrize(
    "text",
    [
        "```\nthis crashes if the list is empty\n```",
        "```suggestion\n# this leaks the password into the log\n```",
        "> this crashes if the list is empty\n\nLGTM",
        "    this crashes if the list is empty\n",
        "<!-- this crashes if the list is empty -->",
        "https://example.org/this/crashes/if/the/list/is/empty",
        "LGTM\n-- \nA. Tester, security and test design",
        "~~~\ncrashes\n```\nif the list is empty",
    ],
    ids=["code", "suggestion", "quotation", "indented code", "remark", "link", "signature", "open fence"],
)
def test_what_is_not_the_reviewers_own_words_is_not_read(text: str) -> None:
    assert comment_kind(text) in {CommentKind.APPROVAL, CommentKind.OTHER}


def test_the_weightiest_sentence_decides() -> None:
    assert comment_kind("nit: two blank lines here\nThis crashes if the list is empty.") is CommentKind.DEFECT
    assert comment_kind("LGTM! One typo in the comment above.") is CommentKind.STYLE
    assert comment_kind("LGTM once the password is out of the log.") is CommentKind.SECURITY


def test_a_label_of_the_reviewers_own_decides_for_its_line() -> None:
    assert comment_kind("nit: this helper could crash") is CommentKind.STYLE
    assert comment_kind("question (non-blocking): is the old format still in use") is CommentKind.QUESTION


def test_spaces_and_lines_between_words_do_not_matter() -> None:
    assert comment_kind("  this   crashes if\tthe list is empty ") is comment_kind("this crashes if the list is empty")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_one_kind_and_short_ones_no_grave_one(text: str) -> None:
    kind = comment_kind(text)
    assert kind in CommentKind
    if sum(map(words, sentences(text))) < FEWEST_WORDS:
        assert kind not in GRAVE


@pytest.mark.parametrize(
    "piece",
    [
        "`",
        "```\n",
        "<",
        "<a ",
        "<!--",
        "](",
        "@a/",
        "no ",
        "see a ",
        "o(n,",
        "if a b ",
        "a.",
        "**",
        "http://",
        "\n    ",
        "token ",
        "s/",
        "吗",
        "on x ",
    ],
)
def test_hostile_texts_are_read_in_one_pass(piece: str) -> None:
    """Would any pattern be quadratic, these would take minutes."""
    assert comment_kind(piece * (2 * LONGEST_TEXT // len(piece))) in CommentKind


def test_cues_are_lower_case_as_the_text_is() -> None:
    assert re.search("[A-Z]", "".join(sentences("LGTM But WHY?"))) is None
