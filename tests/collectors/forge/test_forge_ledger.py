"""A forge and the git history beside it are one repository, and a change request with its commits is one piece of work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from collectors import git
from collectors.forge_evidence import batch_of
from collectors.forge_records import ChangeRequest
from collectors.forge_works import Works
from db.ledger import Ledger
from db.records import Purpose
from tests.collectors.forge.changes import HOST, change, comment, review
from tests.collectors.git_repository import NOW, Repository

EXTRACTOR = "github/1"


@pytest.fixture
def store(blank_sqlite: Path, tmp_path: Path, clock: Callable[[], datetime], entropy: Callable[[int], bytes]) -> Ledger:
    shutil.copy(blank_sqlite, tmp_path / "ledger.db")
    return Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=clock, entropy=entropy)


@pytest.fixture
def mirror(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "mirror")
    made.commit({"a.py": "1\n2\n3\n"}, "Begin")
    return made


def from_git(ledger: Ledger, mirror: Repository) -> None:
    settings = git.Settings(mirror.path, commit_url="https://github.com/o/r/commit/{oid}")
    source = ledger.source("git", "o/r", lineage=git.lineage(settings), purposes=tuple(Purpose))
    ledger.collect(source, git.collect(settings, ledger.cursor(source), now=NOW), extractor=git.EXTRACTOR)


def from_forge(ledger: Ledger, mirror: Repository, *changes: ChangeRequest) -> None:
    lineage = git.lineage(git.Settings(mirror.path))
    source = ledger.source("github", "o/r", lineage=lineage, purposes=tuple(Purpose))
    with Works(mirror.path) as works:
        batch = batch_of(changes, HOST, EXTRACTOR, {}, work=works.of(changes))
    ledger.collect(source, [batch], extractor=EXTRACTOR)


def work(ledger: Ledger, clock: Callable[[], datetime]) -> pd.DataFrame:
    """The evidence, by the last part of its address: the object id of a commit, the number of a change request."""
    now = clock()
    found = ledger.evidence(purpose=Purpose.PROMOTION, as_of=now, known_at=now)
    return found.set_index(found["url"].str.rpartition("/")[2])


@pytest.mark.parametrize("git_first", [True, False])
@pytest.mark.parametrize("how", ["squash", "merge", "rebase"])
def test_a_change_and_the_commits_by_which_it_landed_are_one(
    store: Ledger, mirror: Repository, clock: Callable[[], datetime], how: str, git_first: bool
) -> None:
    mirror.commit({"b.py": "1\n"}, "First", branch="topic", parents=[1], author_at=11)
    head = mirror.commit({"c.py": "1\n"}, "Second", branch="topic", author_at=12)
    if how == "rebase":
        mirror.commit({"z.py": "1\n"}, "Meanwhile")
        landed = [
            mirror.commit({"b.py": "1\n"}, "First", author_at=11),
            mirror.commit({"c.py": "1\n"}, "Second", author_at=12),
        ]
    elif how == "merge":
        landed = [
            head - 1,
            head,
            mirror.commit({"b.py": "1\n", "c.py": "1\n"}, "Merge pull request #7", parents=[1, head]),
        ]
    else:
        landed = [mirror.commit({"b.py": "1\n", "c.py": "1\n"}, "Both (#7)\n\nReviewed-by: Bob <bob@example.org>")]
    oids = mirror.write()
    given = change(
        head_oid=oids[head],
        base_oid=oids[1],
        merge_oid=oids[landed[-1]],
        reviews=(review(url="https://github.com/o/r/review"),),
    )
    steps = [lambda: from_git(store, mirror), lambda: from_forge(store, mirror, given)]
    for step in steps if git_first else reversed(steps):
        step()
    found = work(store, clock)
    joined = found[found["same_as"].notna() & (found["same_as"] != found["artefact"])]
    assert set(joined.index) == {oids[mark] for mark in landed}
    assert set(joined["same_as"]) == {found.at["7", "artefact"]}
    assert found["repository"].nunique() == 1


def test_a_later_look_that_knows_more_is_a_new_version(
    store: Ledger, mirror: Repository, clock: Callable[[], datetime]
) -> None:
    head = mirror.commit({"a.py": "1\ntwo\n3\n"}, branch="topic", parents=[1])
    oids = mirror.write()
    on_two = comment(path="a.py", original_line=2, commit_oid=oids[head], url="https://github.com/o/r/c")
    given = change(head_oid=oids[head], base_oid=oids[1], state="open", merged_at=None, comments=(on_two,))
    from_forge(store, mirror, given)
    assert '"change_followed":false' in work(store, clock).at["c", "measures"]
    answer = mirror.commit({"a.py": "1\nzwei\n3\n"}, branch="topic")
    oids = mirror.write()
    from_forge(store, mirror, change(head_oid=oids[answer], base_oid=oids[1], state="open", comments=(on_two,)))
    assert '"change_followed":true' in work(store, clock).at["c", "measures"]
