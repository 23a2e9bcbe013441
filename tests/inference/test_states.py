from hypothesis import given
from hypothesis import strategies as st

from db.records import State
from inference.states import Reading, contradiction, is_high_confidence, state_of

PROBABILITIES = st.lists(st.floats(0.001, 1), min_size=5, max_size=5).map(lambda xs: tuple(x / sum(xs) for x in xs))


def reading(**changed: object) -> Reading:
    return Reading(**({"raters": 5, "human_raters": 4, "variance_reduction": 0.9, "level_set": (3, 4)} | changed))  # type: ignore[arg-type]


def test_enough_independent_evidence_is_inferred() -> None:
    assert state_of(reading()) == (State.INFERRED, ())


def test_a_single_rater_is_never_enough() -> None:
    state, reasons = state_of(reading(raters=1, human_raters=1, level_set=(5, 5)))
    assert state is State.INSUFFICIENT
    assert "single rater" in reasons[0]


def test_machines_alone_are_never_enough() -> None:
    assert state_of(reading(raters=3, human_raters=0))[0] is State.INSUFFICIENT


def test_a_posterior_that_is_mostly_prior_is_insufficient() -> None:
    assert state_of(reading(variance_reduction=0.59))[0] is State.INSUFFICIENT


def test_a_wide_set_is_undetermined_also_at_the_extremes() -> None:
    assert state_of(reading(level_set=(3, 5)))[0] is State.UNDETERMINED
    assert state_of(reading(level_set=(1, 3)))[0] is State.UNDETERMINED


def test_contradicting_sources_are_said_to_conflict_before_anything_else() -> None:
    words = contradiction({"git": (-2.0, 0.5), "feedback360": (1.5, 0.4), "scorecards": (1.4, 0.6)})
    assert "feedback360 and git" in words
    assert state_of(reading(contradiction=words))[0] is State.CONFLICTING


def test_sources_within_two_joint_standard_deviations_do_not_conflict() -> None:
    assert contradiction({"git": (0.0, 1.0), "feedback360": (2.8, 1.0)}) == ""


@given(
    PROBABILITIES,
    st.integers(0, 1),
    st.floats(0, 1),
    st.tuples(st.integers(1, 5), st.integers(1, 5)).map(lambda p: (min(p), max(p))),
)
def test_one_rater_never_gives_high_confidence(
    probabilities: tuple[float, ...], raters: int, reduction: float, level_set: tuple[int, int]
) -> None:
    state, _ = state_of(Reading(raters=raters, human_raters=raters, variance_reduction=reduction, level_set=level_set))
    assert not is_high_confidence(state, probabilities, [])


def test_high_confidence_falls_with_any_rater_it_rests_on() -> None:
    sure = (0.0, 0.0, 0.1, 0.9, 0.0)
    assert is_high_confidence(State.INFERRED, sure, [(State.INFERRED, sure)])
    assert not is_high_confidence(State.INFERRED, sure, [(State.INFERRED, sure), (State.INSUFFICIENT, sure)])
    assert not is_high_confidence(State.INFERRED, sure, [(State.INFERRED, (0.0, 0.0, 0.8, 0.2, 0.0))])
