"""Globs match what a slow, obvious matcher matches."""

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rubrics import globs


def matches(glob: str, *paths: str) -> list[bool]:
    found = pc.match_substring_regex(pa.array(paths, pa.string()), globs.to_regex([glob]), ignore_case=True)
    return found.to_pylist()


def reference(glob: str, path: str) -> bool:
    """Segment by segment, character by character, trying everything."""

    def alternatives(text: str) -> list[str]:
        if "{" not in text:
            return [text]
        head, rest = text.split("{", 1)
        inside, tail = rest.split("}", 1)
        return [head + choice + end for choice in inside.split(",") for end in alternatives(tail)]

    @cache
    def segment(pattern: str, name: str) -> bool:
        if not pattern:
            return not name
        if pattern[0] == "*":
            return segment(pattern[1:], name) or (bool(name) and segment(pattern, name[1:]))
        return bool(name) and pattern[0] in ("?", name[0]) and segment(pattern[1:], name[1:])

    def whole(pattern: tuple[str, ...], names: tuple[str, ...]) -> bool:
        if not pattern:
            return not names
        if pattern == ("**",):
            return bool(names)
        if pattern[0] == "**":
            return whole(pattern[1:], names) or (bool(names) and whole(pattern, names[1:]))
        return bool(names) and segment(pattern[0], names[0]) and whole(pattern[1:], names[1:])

    names = tuple(path.lower().split("/"))
    return any(whole(tuple(choice.split("/")), names) for choice in alternatives(glob.lower()))


names = st.text("abB.-+($|^ é", min_size=1, max_size=4)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
pieces = st.sampled_from(["*", "?", "a", "b", "B", ".", "+", "(", "$", "|", "{a,b}", "{,a}", "{a/b,*}"])
segments = st.one_of(st.just("**"), st.lists(pieces, min_size=1, max_size=4).map("".join))
patterns = st.lists(segments, min_size=1, max_size=4).map("/".join)


@given(patterns, paths)
@example("**/a", "a")
@example("a/**", "a")
@example("a/**/b", "a/b")
@example("{,a}*/b", "xa/b")
def test_translation_agrees_with_the_reference(glob: str, path: str) -> None:
    if globs.problem(glob) is None:
        assert matches(glob, path) == [reference(glob, path)]


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("**/dags/*.py", "dags/x.py", "dags/sub/x.py"),
        ("**/dags/*.py", "a/b/Dags/X.PY", "mydags/x.py"),
        ("docs/**", "docs/a/b", "docs"),
        ("Dockerfile{,.*}", "Dockerfile.dev", "a/Dockerfile"),
        ("src/**/test_?.py", "src/test_a.py", "src/test_ab.py"),
        ("a.b", "a.b", "axb"),
    ],
)
def test_globs_read_as_people_write_them(glob: str, yes: str, no: str) -> None:
    assert globs.problem(glob) is None
    assert matches(glob, yes, no) == [True, False]


@pytest.mark.parametrize(
    ("glob", "message"),
    [
        ("[ab].py", "brackets"),
        ("a\\b", "backslashes"),
        ("{a,{b}}", "nested"),
        ("{a", "pair up"),
        ("/a", "segment is empty"),
        ("a//b", "segment is empty"),
        ("a/", "segment is empty"),
        ("a**", "stand alone"),
        ("**/*", "names nothing"),
        ("*.*", "names nothing"),
        ("{a,b}" * 7, "more than 64"),
    ],
)
def test_globs_that_would_surprise_are_refused(glob: str, message: str) -> None:
    assert message in (globs.problem(glob) or "")


@given(st.text(max_size=30))
def test_any_text_is_judged(glob: str) -> None:
    if globs.problem(glob) is None:
        matches(glob, "a/b.py")
