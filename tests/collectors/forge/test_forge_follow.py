"""Whether a change was altered after a comment is read from its commits, and never guessed."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from collectors.forge_failure import ConnectionLost, Gone
from collectors.forge_records import Comment
from collectors.forge_work import Followed, Work
from collectors.forge_works import Works
from tests.collectors.forge.changes import ADA, after, change, comment, review
from tests.collectors.git_repository import Repository

LINES = [f"line {number}" for number in range(1, 31)]


def text(**replaced: str) -> str:
    """a.py with lines replaced: `_12="new"`."""
    lines = list(LINES)
    for name, line in replaced.items():
        lines[int(name[1:]) - 1] = line
    return "".join(f"{line}\n" for line in lines)


class Story:
    """Commit 1 is the base, 2 the head that is commented on."""

    def __init__(self, folder: Path) -> None:
        self.repository = Repository(folder / "mirror")
        self.repository.commit({"a.py": text(), "other.py": "x\n"})
        self.repository.commit({"a.py": text(_1="first")}, "Work", branch="topic", parents=[1])

    def commit(self, files: dict[str, str | None], message: str = "Answer", **more: object) -> int:
        return self.repository.commit(files, message, branch="topic", **more)  # type: ignore[arg-type]

    def after(self, *comments: Comment, head: int, commented: int = 2, base: int = 1, **more: object) -> Work:
        """What is known once `head` is the final one."""
        oids = self.repository.write()
        on = [comment_on(one, oids[commented]) for one in comments]
        given = change(head_oid=oids[head], base_oid=oids[base], state="open", comments=tuple(on), **more)
        with Works(self.repository.path) as works:
            return works.of([given])[given.key]

    def followed(self, *, line: int | None = 12, head: int, base: int = 1, **more: object) -> Followed:
        given = comment(path="a.py", original_line=line, **more)
        return self.after(given, head=head, base=base).followed[given.key]


def comment_on(given: Comment, oid: str) -> Comment:
    return comment(
        given.key,
        given.author,
        given.body,
        path=given.path,
        original_line=given.original_line,
        original_start_line=given.original_start_line,
        commit_oid=given.commit_oid or oid,
    )


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


@pytest.mark.parametrize(("line", "expected"), [(12, True), (9, True), (15, True), (8, False), (16, False)])
def test_a_later_commit_follows_if_it_touches_the_lines_or_three_beside_them(
    story: Story, line: int, expected: bool
) -> None:
    head = story.commit({"a.py": text(_1="first", _12="new")})
    assert story.followed(line=line, head=head) == Followed(lines=expected, file=True)


def test_lines_are_those_of_the_head_commented_on_and_move_with_it(story: Story) -> None:
    story.commit({"a.py": "added\n" * 10 + text(_1="first")})
    head = story.commit({"a.py": "added\n" * 10 + text(_1="first", _25="new")})
    assert story.followed(line=25, head=head).lines is True
    assert story.followed(line=15, head=head).lines is False


def test_nothing_later_or_elsewhere_follows_nothing(story: Story) -> None:
    assert story.followed(head=2) == Followed(lines=False, file=False)
    head = story.commit({"other.py": "y\n"})
    assert story.followed(head=head) == Followed(lines=False, file=False)


def test_lines_put_in_or_taken_out_at_the_place_follow(story: Story) -> None:
    with_one = text(_1="first").replace("line 12\n", "line 12\nput in\n")
    assert story.followed(line=12, head=story.commit({"a.py": with_one})).lines is True
    without = text(_1="first").replace("line 12\n", "")
    assert story.followed(line=12, head=story.commit({"a.py": without})).lines is True


def test_a_comment_on_several_lines_is_followed_at_any_of_them(story: Story) -> None:
    head = story.commit({"a.py": text(_1="first", _12="new")})
    assert story.followed(line=25, original_start_line=11, head=head).lines is True
    assert story.followed(line=25, original_start_line=20, head=head).lines is False


def test_a_file_that_is_gone_has_changed_and_one_renamed_is_looked_for(story: Story) -> None:
    assert story.followed(head=story.commit({"a.py": None})).lines is True
    renamed = story.commit({"a.py": None, "b.py": text(_1="first", _12="new")}, parents=[2])
    assert story.followed(line=12, head=renamed).lines is True
    assert story.followed(line=25, head=renamed).lines is False


def test_a_comment_on_the_file_knows_of_the_file_only(story: Story) -> None:
    head = story.commit({"a.py": text(_1="first", _12="new")})
    assert story.followed(line=None, head=head) == Followed(file=True)


def test_the_base_merged_in_is_nobodys_answer(story: Story) -> None:
    main = story.repository.commit({"a.py": text(_12="from the base")})
    head = story.commit({"a.py": text(_1="first", _12="from the base")}, "Merge main", parents=[2, main])
    assert story.followed(head=head, base=main) == Followed(lines=False, file=False)


def test_a_rebase_alone_alters_nothing_and_an_amended_commit_does(story: Story) -> None:
    main = story.repository.commit({"other.py": "moved on\n"})
    rebased = story.commit({"a.py": text(_1="first")}, "Work", parents=[main])
    assert story.followed(head=rebased, base=main) == Followed(lines=False, file=False)
    amended = story.commit({"a.py": text(_1="first", _12="new")}, "Work", parents=[main])
    assert story.followed(head=amended, base=main) == Followed(lines=True, file=True)


def test_a_head_that_was_never_fetched_leaves_it_unknown(story: Story) -> None:
    head = story.commit({"a.py": text(_1="first", _12="new")})
    assert story.followed(head=head, commit_oid="f" * 40) == Followed()


@pytest.mark.parametrize("error", [None, ConnectionLost("dropped"), Gone("gone", 404, where="")])
def test_a_head_that_is_missing_is_fetched_once_and_stays_unknown_if_it_does_not_come(
    story: Story, error: Exception | None
) -> None:
    head = story.commit({"a.py": text(_1="first", _12="new")})
    oids = story.repository.write()
    asked: list[list[str]] = []

    def fetch(missing: Collection[str]) -> None:
        asked.append(sorted(missing))
        if error is not None:
            raise error

    on = (
        comment("1", path="a.py", original_line=12, commit_oid=oids[2]),
        comment("2", path="a.py", original_line=12, commit_oid="f" * 40),
    )
    given = change(head_oid=oids[head], base_oid=oids[1], state="open", comments=on)
    with Works(story.repository.path, fetch=fetch) as works:
        for _ in range(2):
            assert works.of([given])[given.key].followed["2"] == Followed()
    assert asked == [["f" * 40]]


@pytest.mark.parametrize(
    ("proposed", "now", "expected"),
    [
        ("new\n", text(_1="first", _12="new"), True),
        ("new\n", text(_1="first", _12="new   "), True),
        ("new\n", text(_1="first", _12="something else"), False),
        ("new\n", text(_1="first", _25="new"), False),
        ("line 12\n", text(_1="first", _13="new"), False),
        ("", text(_1="first").replace("line 12\n", ""), True),
        ("", text(_1="first", _12="new"), True),
        ("", text(_1="first", _13="new"), False),
    ],
)
def test_a_suggestion_is_applied_if_its_lines_stand_there_now(
    story: Story, proposed: str, now: str, expected: bool
) -> None:
    body = f"Shorter:\n```suggestion\n{proposed}```\n"
    assert story.followed(body=body, head=story.commit({"a.py": now})).suggestion is expected


def test_a_suggestion_for_several_lines_in_gitlabs_words(story: Story) -> None:
    now = text(_1="first").replace("line 11\nline 12\nline 13\n", "one for three\n")
    body = "```suggestion:-1+1\none for three\n```"
    assert story.followed(body=body, head=story.commit({"a.py": now})).suggestion is True


def test_a_suggestion_nobody_took_up_is_known_not_to_be_applied(story: Story) -> None:
    body = "```suggestion\nnew\n```"
    assert story.followed(body=body, head=2) == Followed(lines=False, file=False, suggestion=False)


def test_the_authors_own_comments_and_odd_paths_are_not_looked_at(story: Story) -> None:
    head = story.commit({"a.py": text(_1="first", _12="new")})
    given = [
        comment("1", ADA, path="a.py", original_line=12),
        comment("2", path="a.py\nHEAD:a.py", original_line=12),
        comment("3", path="\ud800", original_line=12),
        comment("4", original_line=12),
        comment("5", path=":/Work", original_line=1),
    ]
    found = story.after(*given, head=head).followed
    assert set(found) == {"5"}
    assert found["5"].lines is False


def test_a_binary_file_has_no_lines(story: Story) -> None:
    story.repository.commit({"a.png": b"\0one"}, branch="topic")
    head = story.repository.commit({"a.png": b"\0two"}, branch="topic")
    given = comment(path="a.png", original_line=1)
    assert story.after(given, head=head, commented=3).followed[given.key] == Followed(file=True)


def test_commits_after_a_review_are_told_by_its_head_and_else_by_the_date(story: Story) -> None:
    head = story.commit({"other.py": "y\n"}, at=int(after(5).timestamp()))
    oids = story.repository.write()
    given = (
        review("1", commit_oid=oids[2], submitted_at=after(9)),
        review("2", commit_oid=oids[head]),
        review("3", submitted_at=after(4)),
        review("4", submitted_at=after(6)),
        review("5", commit_oid="f" * 40, submitted_at=after(4)),
    )
    assert story.after(head=head, reviews=given).altered == {"1": True, "2": False, "3": True, "4": False, "5": True}
