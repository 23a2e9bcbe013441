import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.canonical import canonical, clean, clean_key, commitment, from_micros, micros
from db.errors import BadInput

_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(_json)
def test_canonical_text_reads_back_and_is_a_fixed_point(value: object) -> None:
    text = canonical(value)
    assert canonical(json.loads(text)) == text
    assert text.encode()


@given(st.dictionaries(st.text(st.characters(exclude_characters="\0")), st.integers(), min_size=2))
def test_canonical_text_does_not_depend_on_the_order_of_keys(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@pytest.mark.parametrize("value", ["a\0b", {"a\0": 1}, [["\0"]], {"a": {"b": "\0"}}])
def test_nul_is_refused(value: object) -> None:
    with pytest.raises(BadInput, match="NUL"):
        canonical(value)


def test_a_backslash_u0000_in_plain_text_is_not_a_nul() -> None:
    assert json.loads(canonical(["\\u0000"])) == ["\\u0000"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": object()}, {1, 2}])
def test_what_json_has_no_word_for_is_refused(value: object) -> None:
    with pytest.raises(BadInput, match="no canonical form"):
        canonical(value)


def test_lone_surrogates_become_visible() -> None:
    assert canonical({"k\udc80": ["\ud800x"]}) == '{"k\\\\udc80":["\\\\ud800x"]}'
    assert clean("caf\udce9") == "caf\\udce9"


def test_integers_stay_integers_and_floats_stay_floats() -> None:
    assert canonical([1, 1.0, True, 1e22, 0.1]) == "[1,1.0,true,1e+22,0.1]"


def test_long_text_is_cut_where_a_limit_is_given() -> None:
    assert clean("x" * 300, 280) == "x" * 279 + "…"


@given(st.text(st.characters(exclude_characters="\0"), min_size=400, max_size=900))
def test_a_key_of_any_length_fits_an_index_and_keeps_apart_from_others(text: str) -> None:
    assert len(clean_key(text).encode()) <= 512
    assert clean_key(text) != clean_key(text + "x") or clean(text) == clean(text + "x")


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(BadInput, match="no time zone"):
        micros(datetime(2026, 1, 1))


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_survive_to_the_microsecond(instant: datetime) -> None:
    assert from_micros(micros(instant)) == instant
    assert micros(instant + timedelta(microseconds=1)) == micros(instant) + 1


def test_a_commitment_shows_its_batch_and_hides_its_text() -> None:
    first, second = (commitment("ab12" + "0" * 12, salt, "text") for salt in ("0" * 32, "1" * 32))
    assert first[:4] == second[:4] == "ab12"
    assert len(first) == 32
    assert first != second


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_an_instant_that_could_not_be_read_again_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="has no date in UTC"):
        micros(datetime.fromisoformat(text))
