from db.ledger import Ledger
from db.records import Batch, Source
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
