from db.ledger import Ledger
from db.records import Batch, Evidence, Kind, Source
from tests.conftest import Clock
from tests.db.samples import commit, oid


def test_reverts_are_found_by_whole_and_by_unambiguous_short_ids(ledger: Ledger, git: Source, clock: Clock) -> None:
    target = oid(0xABC).removeprefix("git:")
    ledger.collect(
        git,
        [
            Batch(
                (
                    commit(0xABC),
                    commit(1, measures={"revert_of": target}),
                    commit(2, measures={"revert_of": target[:39]}),
                    commit(3, measures={"revert_of": "f" * 40}),
                    commit(4, measures={"revert_of": None}),
                )
            )
        ],
        extractor="git/1",
    )
    now = clock.advance(seconds=1)
    frame = ledger.reverts(as_of=now, known_at=now)
    artefact = ledger.evidence(as_of=now, known_at=now, purpose=None).set_index("excerpt")["artefact"]
    reverted = artefact[f"Change number {0xABC}"]
    assert set(frame["target"]) == {reverted}
    assert artefact["Change number 1"] in set(frame["artefact"])
    assert not {artefact["Change number 3"], artefact["Change number 4"]} & set(frame["artefact"])


def test_reviews_find_the_change_request_that_they_are_about(ledger: Ledger, git: Source, clock: Clock) -> None:
    def made(key: str, kind: Kind, about: str | None = None) -> Evidence:
        return Evidence(key, kind, clock(), "forge/1", {"reviewed_change": about} if about else {}, excerpt=key)

    change = made("forge:change", Kind.CHANGE_REQUEST)
    reviews = [made("forge:review", Kind.REVIEW, "forge:change"), made("forge:lost", Kind.REVIEW_COMMENT, "forge:gone")]
    ledger.collect(git, [Batch((change, *reviews))], extractor="forge/1")
    now = clock.advance(seconds=1)
    artefact = ledger.evidence(as_of=now, known_at=now, purpose=None).set_index("excerpt")["artefact"]
    frame = ledger.reviewed(as_of=now, known_at=now)
    assert frame.to_numpy().tolist() == [[artefact["forge:review"], artefact["forge:change"]]]
