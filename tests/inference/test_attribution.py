from typing import Any

import pandas as pd
import pytest

from tests.inference.work_record import Record

OID = "0123456789abcdef0123456789abcdef01234567"


def change(**given: Any) -> "pd.Series[Any]":
    record = Record()
    record.commit(OID, "ada", **given)
    return record.attributed().changes.loc[f"e-{OID}"]


def test_credit_is_split_over_author_co_authors_and_a_declared_tool() -> None:
    record = Record()
    record.commit("1", "ada", others=(("bo", "co_author"),), ai_assist="declared")
    shares = record.attributed().shares.set_index("person")["share"]
    assert shares.to_dict() == pytest.approx({"ada": 1 / 3, "bo": 1 / 3})


def test_bots_take_their_share_but_get_no_row() -> None:
    record = Record()
    record.commit("1", "ada", others=(("helper[bot]", "co_author"),))
    assert record.attributed().shares[["person", "share"]].to_numpy().tolist() == [["ada", 0.5]]


def test_the_committer_of_someone_elses_change_gets_no_credit_but_vouches_for_it() -> None:
    record = Record()
    record.commit("1", "ada", others=(("bo", "committer"),))
    result = record.attributed()
    assert result.shares["person"].tolist() == ["ada"]
    assert result.changes["reviewed"].tolist() == [True]


def test_reviewing_oneself_is_no_review() -> None:
    record = Record()
    record.commit("1", "ada", others=(("ada", "reviewer"), ("ada", "committer")))
    result = record.attributed()
    assert result.changes["reviewed"].tolist() == [False]
    assert result.shares["role"].tolist() == ["author"]


def test_a_reviewer_has_a_row_of_their_own_with_the_author_as_counterpart() -> None:
    record = Record()
    record.commit("1", "ada", others=(("bo", "reviewer"),))
    row = record.attributed().shares.set_index("role").loc["reviewer"]
    assert (row["person"], row["share"], row["counterpart"], row["others_work"]) == ("bo", 1.0, "ada", True)


@pytest.mark.parametrize(
    "given",
    [
        {"parents": 2},
        {"revert_of": "ab" * 20},
        {"whitespace_only": True},
        {"added": 0, "deleted": 0, "renames": 1},
        {"paths": ["poetry.lock"]},
        {"paths": ["third_party/lib/a.c", "api_pb2.py"]},
        {"paths": ["logo.png"]},
        {"files": 5_000},
    ],
    ids=["merge", "revert", "whitespace", "rename", "lock file", "vendored and generated", "asset", "bulk import"],
)
def test_what_nobody_wrote_is_not_substantive(given: dict[str, Any]) -> None:
    assert not change(**given)["substantive"]


def test_an_ordinary_change_is_substantive_also_where_blobs_are_missing() -> None:
    assert change()["substantive"]
    assert change(added=None, deleted=None, missing_blobs=True)["substantive"]


def test_a_reverted_change_has_not_survived() -> None:
    record = Record()
    record.commit(OID, "ada")
    record.commit("f" * 40, "bo", revert_of=OID)
    survived = record.attributed().changes["survived"]
    assert not survived[f"e-{OID}"]
    assert survived["e-" + "f" * 40]


def test_a_reverted_revert_restores_the_change() -> None:
    record = Record()
    record.commit(OID, "ada")
    record.commit("f" * 40, "bo", revert_of=OID)
    record.rows[-1]["occurred_at"] = pd.Timestamp("2026-03-02", tz="UTC")
    record.commit("d" * 40, "ada", revert_of="f" * 40)
    record.rows[-1]["occurred_at"] = pd.Timestamp("2026-03-03", tz="UTC")
    assert record.attributed().changes["survived"][f"e-{OID}"]


def test_a_cherry_pick_counts_once() -> None:
    record = Record()
    record.commit("1", "ada")
    record.commit("2", "ada", same_as="a-1")
    assert record.attributed().changes.index.tolist() == ["e-1"]


def test_two_who_only_approve_each_other_vouch_for_nothing() -> None:
    record = Record()
    for number in range(6):
        record.commit(f"a{number}", "ada", others=(("bo", "reviewer"),))
        record.commit(f"b{number}", "bo", others=(("ada", "reviewer"),))
    result = record.attributed()
    assert not result.changes["reviewed"].any()
    assert set(result.shares["role"]) == {"author"}


def test_an_unknown_identity_vouches_only_once_it_vouched_for_several_people() -> None:
    def with_unknown(authors: list[str]) -> list[bool]:
        record = Record()
        for number, author in enumerate(authors):
            record.commit(f"r{number}", author, others=(("x", "reviewer"),))
            record.parts[-1]["person"] = None
        return record.attributed().changes["reviewed"].tolist()

    assert with_unknown(["ada", "ada", "ada", "bo"]) == [False] * 4
    assert with_unknown(["ada", "bo", "cy"]) == [True] * 3


def test_a_reviewer_of_many_still_vouches_for_a_colleague_who_reviews_back() -> None:
    record = Record()
    for number, author in enumerate(["ada", "cy", "dee", "eve"]):
        record.commit(f"r{number}", author, others=(("bo", "reviewer"),))
    record.commit("back", "bo", others=(("ada", "reviewer"),))
    assert record.attributed().changes["reviewed"].all()


def test_a_squash_through_a_forge_counts_as_reviewed() -> None:
    assert change(change_request="12", github_merge=True)["reviewed"]
    assert not change(change_request="12", github_merge=False)["reviewed"]


def test_the_area_is_where_most_written_paths_lie() -> None:
    assert change(paths=["a/b/1.py", "a/b/2.py", "c/d/3.py", "vendor/x/4.py"])["area"] == "a/b"
