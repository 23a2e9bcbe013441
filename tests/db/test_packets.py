"""A packet verifies without the ledger, and no edit of it goes unseen."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.errors import Refusal
from db.ledger import Ledger
from db.packets import verify_packet
from db.records import Batch, Identity, ParticipationRole, Purpose, Source
from tests.conftest import Clock, repeatable_entropy
from tests.db.samples import BOB, START, commit, rating, roster
from tests.db.test_runs import save

_READING = {"title": "Ann", "claims": [{"text": "led é", "share": 0.5, "months": 3, "open": None, "ok": True}]}
_SEALED = {"levels": {"containers": [0.1, 0.2, 0.7]}, "met": 5}


def _packet(ledger: Ledger, clock: Clock) -> dict[str, Any]:
    git = ledger.source("git", "shop", purposes=list(Purpose))
    ledger.store_roster(roster())
    batches = [
        Batch(tuple(commit(number, others=[(BOB, ParticipationRole.REVIEWER)]) for number in range(start, start + 5)))
        for start in (0, 10, 20)
    ]
    ledger.collect(git, batches, extractor="git/1")
    form = ledger.source("feedback360", "cycle", purposes=list(Purpose))
    ledger.collect(
        form,
        [Batch((rating(1, Identity("hr", "p-bob"), Identity("hr", "p-ann"), 4.0),))],
        extractor="feedback360/1",
    )
    now = clock.advance(seconds=1)
    frame = ledger.evidence(as_of=now, known_at=now, purpose=None)
    wanted = ["Change number 1", "Change number 12", "Change number 13", "Knows containers"]
    cited = list(frame[frame["excerpt"].isin(wanted)]["evidence"])
    save(ledger, "r1", {ledger.person_id("p-ann"): cited})
    seal = ledger.seal_packet(
        run_id="r1",
        person="p-ann",
        role="ml-engineer",
        job_level="senior",
        reading=_READING,
        sealed=_SEALED,
        cited=cited,
    )
    packet: dict[str, Any] = json.loads(json.dumps({"reading": _READING, "sealed": _SEALED, "seal": seal.as_mapping()}))
    return packet


@pytest.fixture(scope="module")
def packet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    clock = Clock()
    url = f"sqlite:///{tmp_path_factory.mktemp('packet') / 'x.db'}"
    ledger = Ledger(url, clock=clock, entropy=repeatable_entropy())
    ledger.init()
    return _packet(ledger, clock)


def test_a_sealed_packet_verifies_offline_and_its_head_online(ledger: Ledger, clock: Clock) -> None:
    packet = _packet(ledger, clock)
    assert verify_packet(packet) == []
    ledger.add_reply("p-ann", "life goes on")
    report = ledger.verify(packet["seal"]["head"])
    assert report.sound
    assert report.head != packet["seal"]["head"]
    assert any("cut off or rewritten" in one for one in ledger.verify("0" * 63 + "1").problems)


def test_a_packet_still_verifies_when_what_it_cites_was_erased_later(ledger: Ledger, clock: Clock) -> None:
    packet = _packet(ledger, clock)
    ledger.erase_person("p-ann", reason="test")
    assert verify_packet(packet) == []
    assert ledger.verify(packet["seal"]["head"]).sound


def test_what_raters_said_is_not_in_the_seal(packet: dict[str, Any]) -> None:
    cited = packet["seal"]["cited"]
    assert [("content" in one) for one in cited].count(False) == 1
    assert "Knows containers" not in json.dumps(packet["seal"])
    assert "Change number 12" in json.dumps(packet["seal"])


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, the value itself first."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from _places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, (*path, index))


def _edited(value: Any) -> Iterator[Any]:
    """The value changed in each way that suits its type, so that it is another JSON value."""
    if isinstance(value, bool) or value is None:
        yield 0
    elif isinstance(value, str):
        yield value + "x"
        yield value[::-1] if value != value[::-1] else value * 2 + "y"
        yield value.upper() if value != value.upper() else value + " "
    elif isinstance(value, int | float):
        yield value + 1
        yield float(value) if isinstance(value, int) else value + 0.25
        yield str(value)
    elif isinstance(value, list):
        yield [*value, 0]
        if value:
            yield value[:-1]
        if len(value) > 1 and value != value[::-1]:
            yield value[::-1]
    else:
        yield {**value, "more": 1}
        if value:
            yield {key: value[key] for key in list(value)[1:]}
    if not isinstance(value, bool | None):
        yield None


def _with(packet: dict[str, Any], path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(packet)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


def test_every_edit_of_every_value_is_found(packet: dict[str, Any]) -> None:
    tried = 0
    for path in _places(packet):
        value: Any = packet
        for step in path:
            value = value[step]
        for other in _edited(value):
            tried += 1
            assert verify_packet(_with(packet, path, other)), f"unseen: {path} {value!r} -> {other!r}"
    assert tried > 300


def test_opened_evidence_cannot_be_closed_unseen(packet: dict[str, Any]) -> None:
    changed = copy.deepcopy(packet)
    for number, one in enumerate(changed["seal"]["cited"]):
        changed["seal"]["cited"][number] = {name: one[name] for name in ("evidence", "event", "proof")}
    assert verify_packet(changed) == ["the body was edited"]


def test_cited_evidence_can_neither_go_nor_be_reordered(packet: dict[str, Any]) -> None:
    fewer, turned = copy.deepcopy(packet), copy.deepcopy(packet)
    del fewer["seal"]["cited"][0]
    turned["seal"]["cited"].reverse()
    assert "the body was edited" in verify_packet(fewer)
    assert "the cited evidence was reordered" in verify_packet(turned)


@settings(max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    )
)
def test_rubbish_is_refused_not_raised(value: Any) -> None:
    assert verify_packet(value)
    assert verify_packet({"reading": {}, "sealed": {}, "seal": value})
    keys = ("packet_id", "sealed_at", "head", "packet", "proof", "event", "events", "cited")
    assert verify_packet({"reading": {}, "sealed": {}, "seal": dict.fromkeys(keys, value)})


def test_opening_is_recorded_with_its_reason(ledger: Ledger, clock: Clock) -> None:
    packet = _packet(ledger, clock)
    identifier = packet["seal"]["packet_id"]
    assert ledger.packet_openings(identifier) == []
    ledger.open_packet(identifier, "calibration on 3 May")
    ((when, who, why),) = ledger.packet_openings(identifier)
    assert (who, why) == ("test", "calibration on 3 May")
    assert when >= START
    with pytest.raises(Refusal, match="no such packet"):
        ledger.open_packet("zzz", "curious")


def test_a_packet_cannot_cite_what_the_ledger_does_not_hold(ledger: Ledger, git: Source) -> None:
    ledger.store_roster(roster())
    events = ledger.verify().events
    with pytest.raises(Refusal, match="cites evidence 'zzz'"):
        ledger.seal_packet(run_id="r", person="p-ann", role="r", job_level="l", reading={}, sealed={}, cited=["zzz"])
    assert ledger.verify().events == events
