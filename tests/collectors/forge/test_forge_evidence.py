"""Records of a forge become facts: who did what, with nothing invented and nothing that was not said."""

from __future__ import annotations

from datetime import date

import pytest

from collectors.forge_evidence import batch_of, change_evidence, issue_evidence, release_evidence
from collectors.forge_identity import Logins, login_link
from collectors.forge_records import Account, ChangeRequest, Issue, Release
from collectors.forge_work import UNKNOWN, Followed, Work
from collectors.git_identity import identity as git_identity
from db.ledger import Ledger
from db.records import Evidence, Kind, Participation, ParticipationRole, SameAs, SameAsRelation
from tests.collectors.forge.changes import ADA, BOB, EVE, HOST, OPENED, after, change, comment, review, thread

EXTRACTOR = "forge/1"
KNOWN = Work(commits=1, paths=(), landed=())


def made(given: ChangeRequest, work: Work = UNKNOWN) -> dict[str, Evidence]:
    return {one.artefact: one for one in change_evidence(given, HOST, EXTRACTOR, work).evidence}


def facts(given: ChangeRequest, key: str, work: Work = UNKNOWN) -> dict[str, object]:
    return dict(made(given, work)[key].measures)


def people(one: Evidence) -> list[tuple[str, str, str]]:
    return [(who.identity.provider, who.identity.key, str(who.role)) for who in one.participations]


def test_a_change_has_its_people_by_numeric_id_and_its_moment_at_the_merge() -> None:
    given = change(reviews=(review(), review("github.com:R_2", EVE, state="commented")))
    one = made(given)[given.key]
    assert one.kind is Kind.CHANGE_REQUEST
    assert one.occurred_at == after(24)
    assert people(one) == [
        (HOST, "1", "author"),
        (HOST, "2", "reviewer"),
        (HOST, "3", "reviewer"),
        (HOST, "2", "merger"),
    ]
    assert one.participations[1].identity.name == "bob"  # the login, where no name is given
    assert one.measures["reviews"] == 2


@pytest.mark.parametrize(("state", "expected"), [("closed", 5), ("open", 0)])
def test_the_moment_of_what_was_not_merged_is_its_end_or_its_beginning(state: str, expected: float) -> None:
    closed = after(5) if state == "closed" else None
    given = change(state=state, merged_at=None, closed_at=closed, merger=None)
    one = made(given)[given.key]
    assert one.occurred_at == after(expected)
    assert one.measures["merged"] is False


def test_nobody_reviews_their_own_change_and_no_bot_reviews_anybodys() -> None:
    bot = Account("9", "coderabbitai[bot]")
    given = change(reviews=(review("github.com:R_1", ADA), review("github.com:R_2", bot)))
    found = made(given)
    assert found[given.key].measures["reviews"] == 0
    assert (HOST, "1", "reviewer") not in people(found[given.key])
    assert found["github.com:R_1"].measures["self_review"] is True
    assert found["github.com:R_2"].participations[0].identity.bot


def test_a_dismissed_review_is_withdrawn_and_reviews_nothing() -> None:
    given = change(reviews=(review(state="dismissed"),))
    found = made(given)
    assert found["github.com:R_1"].withdrawn
    assert found[given.key].measures["reviews"] == 0
    assert (HOST, "2", "reviewer") not in people(found[given.key])


def test_deleted_accounts_take_no_part_and_are_counted() -> None:
    ghost = Account("10137", "ghost")
    given = change(author=None, merger=ghost, reviews=(review(author=None),), comments=(comment(author=ghost),))
    done = change_evidence(given, HOST, EXTRACTOR)
    assert all(not one.participations for one in done.evidence)
    assert done.ghosts == 5  # author, merger, reviewer of the change, of the review, of the comment


def test_answers_of_the_author_are_counted_and_kept_no_further() -> None:
    given = change(comments=(comment(), comment("github.com:C_2", ADA, "Done")))
    found = made(given)
    assert found[given.key].measures["comments"] == 2
    assert set(found) == {given.key, "github.com:C_1"}


def test_a_review_says_what_kinds_of_comments_it_has() -> None:
    given = change(
        reviews=(review(body="Looks good to me", state="changes_requested"),),
        comments=(
            comment(review="github.com:R_1", body="This crashes when the list is empty"),
            comment("github.com:C_2", review="github.com:R_1", body="Could you add a test for the empty list?"),
            comment("github.com:C_3", EVE, body="nit: rename"),
        ),
    )
    measures = facts(given, "github.com:R_1")
    assert measures["kinds"] == ["approval", "defect", "test"]
    assert (measures["comments"], measures["body_length"], measures["hours_to_review"]) == (2, 16, 3.0)
    assert (measures["reviewed_change"], measures["state"]) == (given.key, "changes_requested")
    assert facts(given, "github.com:C_2")["kind"] == "test"


def test_threads_belong_to_whoever_began_them() -> None:
    given = change(
        reviews=(review(), review("github.com:R_2", EVE)),
        comments=(
            comment(review="github.com:R_1", thread="github.com:T_1"),
            comment("github.com:C_2", EVE, review="github.com:R_2", thread="github.com:T_1"),
        ),
        threads=(thread("github.com:T_1", "github.com:C_1", "github.com:C_2", resolved=True, outdated=True),),
    )
    assert facts(given, "github.com:R_1")["threads_resolved"] == 1
    assert facts(given, "github.com:R_2")["threads_resolved"] == 0
    assert (facts(given, "github.com:C_1")["resolved"], facts(given, "github.com:C_1")["outdated"]) == (True, True)


LINE = comment(review="github.com:R_1", path="a.py", original_line=3)


@pytest.mark.parametrize(
    ("followed", "expected"),
    [
        (Followed(lines=True, file=True), True),
        (Followed(lines=False, file=True), False),
        (Followed(file=True), None),
        (Followed(file=False), False),
        (Followed(lines=False, file=False, suggestion=True), True),
        (Followed(), None),
    ],
)
def test_a_comment_is_followed_where_its_lines_were_altered(followed: Followed, expected: bool | None) -> None:
    given = change(reviews=(review(),), comments=(LINE,))
    work = Work(commits=1, followed={LINE.key: followed})
    assert facts(given, LINE.key, work)["change_followed"] is expected
    assert facts(given, "github.com:R_1", work)["change_followed"] is expected


@pytest.mark.parametrize("altered", [True, False])
def test_a_comment_on_a_file_is_followed_where_the_file_was_altered(altered: bool) -> None:
    given = change(comments=(comment(path="a.py", whole_file=True),))
    work = Work(commits=1, followed={"github.com:C_1": Followed(file=altered)})
    assert facts(given, "github.com:C_1", work)["change_followed"] is altered


@pytest.mark.parametrize(
    ("state", "altered", "expected"),
    [
        ("changes_requested", True, True),
        ("changes_requested", False, False),
        ("changes_requested", None, None),
        ("approved", True, False),
    ],
)
def test_a_review_without_comments_is_followed_if_it_asked_for_changes(
    state: str, altered: bool | None, expected: bool | None
) -> None:
    given = change(reviews=(review(state=state),))
    work = Work(commits=1, altered={} if altered is None else {"github.com:R_1": altered})
    assert facts(given, "github.com:R_1", work)["change_followed"] is expected
    assert facts(given, "github.com:R_1", work)["altered_after"] is altered


def test_without_a_mirror_nothing_is_known_and_nothing_denied() -> None:
    given = change(reviews=(review(),), comments=(LINE,))
    found = made(given)
    assert [found[key].measures["change_followed"] for key in ("github.com:R_1", LINE.key)] == [None, None]
    assert found["github.com:R_1"].measures["suggestions_applied"] is None
    assert found[LINE.key].measures["suggestion_applied"] is None
    assert found[given.key].measures["commits"] is None


def test_commits_of_a_change_name_its_co_authors_but_not_its_author_twice() -> None:
    names = ["1+ada@users.noreply.github.com", "ada@users.noreply.github.com", "eve@example.org"]
    seats = tuple(Participation(git_identity("", name), ParticipationRole.CO_AUTHOR) for name in names)
    given = change()
    assert people(made(given, Work(commits=3, people=seats))[given.key])[-1] == ("git", "eve@example.org", "co_author")
    assert len(made(given, Work(commits=3, people=seats))[given.key].participations) == 3


@pytest.mark.parametrize(
    ("given", "work"),
    [
        (change(body="Generated with [Claude Code](https://example.org)"), UNKNOWN),
        (change(author=Account("4", "copilot-swe-agent[bot]")), UNKNOWN),
        (change(), Work(commits=1, assisted=True)),
    ],
)
def test_declared_assistance_is_a_fact_of_the_change(given: ChangeRequest, work: Work) -> None:
    assert made(given, work)[given.key].measures["ai_assist"] == "declared"
    assert made(change())[change().key].measures["ai_assist"] is None


def test_what_landed_is_the_same_work_as_the_change() -> None:
    oid, other = "a" * 40, "b" * 40

    def joins(given: ChangeRequest, work: Work) -> set[SameAs]:
        return set(change_evidence(given, HOST, EXTRACTOR, work).same_as)

    def join(one: str) -> SameAs:
        return SameAs(f"git:{one}", change().key, SameAsRelation.SQUASH_OF)

    assert joins(change(merge_oid=oid), UNKNOWN) == {join(oid)}
    assert joins(change(merge_oid=oid), Work(commits=2, landed=(oid, other))) == {join(oid), join(other)}
    assert joins(change(merge_oid=oid, state="closed", merged_at=None), UNKNOWN) == set()


def test_hostile_text_is_inert_and_pasted_tokens_are_crossed_out() -> None:
    token = "ghp_" + "0123456789abcdef0123"
    evil = Account("8", "e\x1b[2Jve", "Eve\u202e")
    given = change(
        title=f"\x1b[31m{token}\u202e",
        url="javascript:alert(1)",
        labels=("b\x00", "a", "a"),
        reviews=(review(author=evil, body=token, url=f"https://ada:{token}@github.com/x"),),
        comments=(comment(author=evil, body=f"see {token}", path="x\x07.py"),),
    )
    batch = batch_of([given], HOST, EXTRACTOR, {})
    assert token not in repr(batch)
    assert all(character not in repr(batch) for character in ("\x1b", "\u202e", "\x00", "\x07"))
    one = {each.artefact: each for each in batch.evidence}[given.key]
    assert (one.url, one.measures["labels"]) == (None, ["a", "b\\x00"])


def test_issues_and_releases_have_an_author_and_a_moment() -> None:
    issue = Issue("github.com:I_1", 3, None, "It crashes", EVE, OPENED, after(2), after(2), "closed", ("bug",), 4)
    found = issue_evidence(issue, HOST, EXTRACTOR).evidence[0]
    assert (found.kind, found.occurred_at, people(found)) == (Kind.ISSUE, OPENED, [(HOST, "3", "author")])
    assert found.measures == {
        "number": 3,
        "state": "closed",
        "labels": ["bug"],
        "comments": 4,
        "closed_at": after(2).isoformat(),
    }
    release = Release("github.com:RE_1", None, "v1.0", "One", None, after(9))
    made_of_it = release_evidence(release, HOST, EXTRACTOR)
    assert (made_of_it.evidence[0].measures, made_of_it.ghosts) == ({"tag": "v1.0"}, 1)


def test_the_order_of_records_makes_no_difference() -> None:
    records = [change(1, reviews=(review(),)), change(2, comments=(comment(),)), change(3, merge_oid="a" * 40)]
    assert batch_of(records, HOST, EXTRACTOR, {}) == batch_of(records[::-1], HOST, EXTRACTOR, {})


def test_each_login_is_told_once_a_run_with_the_day_it_was_seen() -> None:
    day = date(2026, 5, 1)
    logins = Logins(HOST, day)
    bot, ghost = Account("9", "renovate[bot]"), Account("10137", "ghost")
    given = change(
        reviews=(review(), review("github.com:R_2", bot)), comments=(comment(author=ghost), comment(author=EVE))
    )
    expected = tuple(login_link(HOST, who.id, who.login, day) for who in (ADA, BOB, EVE))
    assert batch_of([given], HOST, EXTRACTOR, {}, logins=logins).links == expected
    assert batch_of([given], HOST, EXTRACTOR, {}, logins=logins).links == ()
    renamed = change(author=Account("1", "lovelace"), merger=None)
    again = batch_of([renamed], HOST, EXTRACTOR, {}, logins=logins).links
    assert again == (login_link(HOST, "1", "lovelace", day),)


def test_all_of_it_can_be_stored_and_a_second_time_adds_nothing(ledger: Ledger) -> None:
    given = change(reviews=(review(),), comments=(LINE,), merge_oid="a" * 40)
    issue = Issue("github.com:I_1", 3, None, "It crashes", EVE, OPENED, None, after(2), "open")
    release = Release("github.com:RE_1", None, "v1.0", "One", BOB, after(9))
    batch = batch_of([given, issue, release], HOST, EXTRACTOR, {"extractor": EXTRACTOR})
    source = ledger.source("github", "o/r", purposes=None)
    assert ledger.collect(source, [batch], extractor=EXTRACTOR).versions == 5
    assert ledger.collect(source, [batch], extractor=EXTRACTOR).versions == 0
