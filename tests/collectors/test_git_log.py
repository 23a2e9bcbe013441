"""The law of the parser: whatever history git is given, the facts read back are the facts put in."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import git_log
from collectors.git_history import history
from collectors.git_log import Detail, log, marker_of
from collectors.git_text import excerpt, visible
from collectors.git_view import View
from tests.collectors.git_repository import Repository, evidence

NAMES = st.binary(max_size=14).map(lambda raw: bytes(byte for byte in raw if byte not in b"\0/"))
MESSAGES = st.one_of(st.text(max_size=80).map(str.encode), st.binary(max_size=80)).map(
    lambda raw: b"x" + raw.replace(b"\0", b"")
)
PEOPLE = st.binary(min_size=1, max_size=12).map(
    lambda raw: b"p" + bytes(byte for byte in raw if byte not in b"\0<>\n") + b"q"
)


@dataclass
class History:
    """A model of a repository: lines per file, and what each commit must be read as."""

    repository: Repository
    lines: dict[bytes, int] = field(default_factory=dict)
    binary: set[bytes] = field(default_factory=set)
    expected: list[tuple[set[tuple[str, int | None, int | None, str | None]], bytes, bytes]] = field(
        default_factory=list
    )


def body(path: bytes, count: int) -> bytes:
    """Lines that no other file has, so that nothing looks like a rename."""
    return (
        b"".join(b"%s %d %s\n" % (path.hex().encode(), line, path) for line in range(count))
        if b"\n" not in path
        else (b"".join(b"%s %d\n" % (path.hex().encode(), line) for line in range(count)))
    )


def shown(path: bytes) -> str:
    return visible(path.decode("utf-8", "surrogateescape"))


@st.composite
def steps(draw: st.DrawFn, paths: list[bytes]) -> list[tuple[bytes, int, bool]]:
    chosen = draw(st.lists(st.sampled_from(paths), unique=True, max_size=3))
    return [(path, draw(st.integers(0, 6)), draw(st.booleans())) for path in chosen]


def apply(model: History, changes: list[tuple[bytes, int, bool]], message: bytes, person: bytes) -> None:
    files: dict[str | bytes, bytes | str | None] = {}
    rows: set[tuple[str, int | None, int | None, str | None]] = set()
    for path, wanted, binary in changes:
        had = model.lines.get(path, 0)
        if path in model.binary:
            continue
        if binary and not had:
            files[path] = b"\0" + path
            model.binary.add(path)
            rows.add((shown(path), None, None, None))
        elif wanted != had:
            files[path] = body(path, wanted) if wanted else None
            rows.add((shown(path), max(wanted - had, 0), max(had - wanted, 0), None))
            model.lines[path] = wanted
    model.repository.commit(files, message, author=person + b" <" + person.replace(b" ", b"") + b"@x>")
    model.expected.append((rows, message, person))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_history_reads_back_as_it_was_written(data: st.DataObject) -> None:
    names = data.draw(st.lists(NAMES, min_size=1, max_size=5))
    paths = [b"%d%s%s" % (number, b"/" if number % 2 else b"", name or b"n") for number, name in enumerate(names)]
    with tempfile.TemporaryDirectory() as folder:
        model = History(Repository(Path(folder) / "r"))
        for _ in range(data.draw(st.integers(1, 8))):
            apply(model, data.draw(steps(paths)), data.draw(MESSAGES), data.draw(PEOPLE))
        oids = model.repository.write()
        found = evidence(model.repository.path)
        assert set(found) == set(oids[1:])
        for oid, (rows, message, person) in zip(oids[1:], model.expected, strict=True):
            one = found[oid]
            assert set(one.paths) == rows
            assert one.measures["files"] == len(rows)
            assert one.measures["added"] == sum(row[1] or 0 for row in rows)
            assert one.measures["deleted"] == sum(row[2] or 0 for row in rows)
            assert one.excerpt == (excerpt(message.decode("utf-8", "surrogateescape")) or None)
            assert one.participations[0].identity.name == shown(person.strip())


def test_chunks_of_any_size_give_the_same_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path / "r")
    for number in range(12):
        repository.commit(
            {f"f{number}é": f"{number}\n", "g": "x" * number}, f"Step {number} ü\n\n" + "long " * 10 * number
        )
    tips = (repository.write()[-1],)

    def read() -> list[git_log.Record]:
        with View(repository.path) as view:
            return list(log(view, history(view, tips).oids, Detail.LINES, marker_of(tips)))

    expected = read()
    assert len(expected) == 12
    for chunk in (1, 7, 100, 1000):
        for record in (60, 150, 8 << 20):
            monkeypatch.setattr(git_log, "PIPE", chunk)
            monkeypatch.setattr(git_log, "_RECORD", record)
            assert read() == expected


def test_a_long_field_keeps_its_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_log, "PIPE", 64)
    monkeypatch.setattr(git_log, "_RECORD", 100)
    monkeypatch.setattr(git_log, "_HALF_FIELD", 50)
    repository = Repository(tmp_path / "r")
    repository.commit({"a": "1\n"}, "Begin " + "x" * 900 + " end")
    repository.commit({"b": "1\n2\n"}, "Short")
    oids = repository.write()
    with View(repository.path) as view:
        short, long = log(view, history(view, oids[2:]).oids, Detail.LINES, marker_of(oids[2:]))
    assert (short.message, short.truncated) == ("Short", False)
    assert long.message.startswith("Begin xxx")
    assert long.message.endswith("xxx end")
    assert (len(long.message) < 150, long.truncated) == (True, True)
    assert long.changes is not None
    assert long.changes.paths == (("a", 1, 0, None),)
