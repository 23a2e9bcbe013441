"""What a message declares is read where git reads it, and nowhere else."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.git_identity import declares_assistance, identity, is_tool
from collectors.git_trailers import Named, named, read_message, trailers

BO, CY = "Bo <bo@x.org>", "Cy <cy@x.org>"
OID = "0123456789abcdef0123456789abcdef01234567"


def reviewers(message: str) -> list[str | None]:
    return [person.email for person in read_message(message).reviewers]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (f"Fix\n\nReviewed-by: {BO}", ["bo@x.org"]),
        (f"Fix\n\nText.\n\nREVIEWED-BY:{BO}\nSigned-off-by: {CY}\n", ["bo@x.org"]),
        (f"Fix\n\nReviewed-by: {BO}\n\nSigned-off-by: {CY}\n", ["bo@x.org"]),
        (f"Fix\n\nReviewed-by: {BO}\n[cy: fixed a typo]\nSigned-off-by: {CY}\n", ["bo@x.org"]),
        (f"Fix\n\nReviewed-by: Bo\n  <bo@x.org>\nSigned-off-by: {CY}\n", ["bo@x.org"]),
        (f"Fix\n\nApproved-by: {BO}\nReviewed-by: Bo B <BO@x.org>\n", ["bo@x.org"]),
        (f"Fix\n\nReviewed-by: {BO}\n\nand then more text", []),
        (f"Fix\n\nIt was said that\nReviewed-by: {BO}\nis a trailer.", []),
        (f"Reviewed-by: {BO}", []),
        (f"Fix\n\n> Reviewed-by: {BO}\n", []),
        ("Fix\n\nReviewed-by:\n", []),
        ("Fix\n\nReviewed-by: Bo\n", [None]),
    ],
)
def test_reviewers_are_read_from_the_block_of_trailers(message: str, expected: list[str | None]) -> None:
    assert reviewers(message) == expected


def test_reviewed_and_tested_counts_as_both() -> None:
    message = read_message(f"Fix\n\nReviewed-and-tested-by: {BO}\n")
    assert message.reviewers == message.testers == (Named("Bo", "bo@x.org"),)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "",
                "Text of a line",
                "Fixes: that",
                f"Reviewed-by: {BO}",
                f"Signed-off-by: {CY}",
                "  folded",
                "[note]",
                "https://x.org",
                "Key : v",
            ]
        ),
        max_size=9,
    )
)
def test_the_last_block_is_the_one_git_finds(lines: list[str]) -> None:
    message = "\n".join(["Subject", "", *lines]).strip("\n")
    parsed = subprocess.run(
        ["git", "interpret-trailers", "--parse", "--no-divider"],
        input=message,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    theirs = [line.partition(":") for line in parsed.splitlines()]
    expected = [(key.strip().lower(), value.strip()) for key, _, value in theirs if value.strip()]
    ours = [(key, value) for key, value in trailers(message) if value]
    assert ours[: len(expected)] == expected
    if not parsed:
        assert ours == []


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Load faster (#123)", "123"),
        ("Load faster (!45)", "45"),
        ("Merge pull request #7 from x/y\n\nLoad faster", "7"),
        ("Merge branch 'x' into 'main'\n\nLoad faster\n\nSee merge request group/project!88", "88"),
        ("Load (#1) faster (#2)", "2"),
        ("Load faster, see (#123) for why", None),
        ("Load faster\n\nFixes (#123)", None),
    ],
)
def test_change_requests_are_named_by_merges_and_squashes(message: str, number: str | None) -> None:
    assert read_message(message).change_request == number


@pytest.mark.parametrize(
    ("message", "is_revert", "oid"),
    [
        (f'Revert "Load"\n\nThis reverts commit {OID}.', True, OID),
        (f"Undo\n\nThis reverts commit {OID[:10]}, reversing\nchanges made to x.", True, OID[:10]),
        ('Revert "Load" (#12)\n\nReverts org/repo#11', True, None),
        ("Let reverts be found", False, None),
        (f'Reapply "Load"\n\nSee {OID}', False, None),
    ],
)
def test_reverts_name_what_they_take_back(message: str, is_revert: bool, oid: str | None) -> None:
    found = read_message(message)
    assert (found.is_revert, found.revert_of) == (is_revert, oid)


@pytest.mark.parametrize(
    "line",
    [
        f"(cherry picked from commit {OID})",
        f"[ upstream commit {OID} ]",
        f"[ Upstream commit {OID} ]",
        f"commit {OID} upstream.",
    ],
)
def test_cherry_picks_and_backports_name_their_origin(line: str) -> None:
    assert read_message(f"Fix\n\n{line}\n\nText\n").picks == (OID,)


def test_a_commit_merely_mentioned_is_no_origin() -> None:
    assert read_message(f"Fix\n\nLike commit {OID} upstream did, cherry pick {OID}").picks == ()


@pytest.mark.parametrize(
    ("name", "email", "tool"),
    [
        ("Copilot", "198982749+Copilot@users.noreply.github.com", True),
        ("Claude Opus 4.6 (1M context)", "noreply@anthropic.com", True),
        ("Cursor", "cursoragent@cursor.com", True),
        ("aider (gpt-4o)", "x@y.org", True),
        ("gemini-code-assist[bot]", "176961590+gemini-code-assist[bot]@users.noreply.github.com", True),
        ("Claude", "claude@dupont.fr", False),
        ("Claude Shannon", "cs@bell.com", False),
        ("Devin Booker", "devin@x.org", False),
        ("Gemini Sato", "g@x.org", False),
        ("Cody", "cody@x.org", False),
    ],
)
def test_ai_tools_are_told_from_people_of_that_name(name: str, email: str, tool: bool) -> None:
    assert is_tool(name, email) is tool


@pytest.mark.parametrize(
    ("message", "declared"),
    [
        ("Fix\n\n🤖 Generated with [Claude Code](https://x.org)\n", True),
        ("Fix\n\nAssisted-by: Claude:claude-3-opus\n", True),
        ("Fix\n\nMade-with: Cursor\nSigned-off-by: Bo <bo@x.org>\n", True),
        ("Fix\n\nGenerated with GitHub Copilot\n", True),
        ("Fix\n\nAI attribution: Claude Opus 4.5 + gpt-5-codex\n", True),
        ("Fix the cursor\n\nMade by hand with a cursor in the editor", False),
        ("Fix\n\nGenerated by protoc", False),
        ("Call the OpenAI client with a timeout\n\nCopilot had asked for it.", False),
        ("Fix\n\nWritten by Claude Shannon", False),
    ],
)
def test_assistance_counts_where_it_is_declared(message: str, declared: bool) -> None:
    assert declares_assistance(message, read_message(message).trailers) is declared


@pytest.mark.parametrize(
    ("name", "email", "bot"),
    [
        ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com", True),
        ("Renovate Bot", "bot@renovateapp.com", True),
        ("GitHub Actions", "actions@github.com", True),
        ("Kubernetes Prow Robot", "k8s-ci-robot@users.noreply.github.com", True),
        ("jax authors", "google-ml-automation@google.com", True),
        ("GitHub", "noreply@github.com", True),
        ("Christopher Sidebottom", "chris.sidebottom@arm.com", False),
        ("botev", "botevmg@gmail.com", False),
        ("Abbott", "abbott@x.org", False),
    ],
)
def test_bots_are_flagged_and_people_are_not(name: str, email: str, bot: bool) -> None:
    assert identity(name, email).bot is bot


def test_an_identity_without_address_has_one_key_for_all() -> None:
    assert identity("Ada", "").key == identity("Bo", " ").key == "<>"


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    read_message(text)
    named(text)
    declares_assistance(text, ())


@pytest.mark.parametrize(
    "filler", ["\n", " ", "a: b\n", "<", "\t\n", "(cherry picked from commit ", "This reverts commit ", "(#1"]
)
def test_long_hostile_messages_are_read_in_linear_time(filler: str) -> None:
    text = filler * (65_536 // len(filler))
    read_message(f"Fix\n\n{text}")
    declares_assistance(f"Generated by {text}", ())
    named(text)
