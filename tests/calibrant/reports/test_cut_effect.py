"""What one standard error of the cutpoints would change, and that nobody can be told from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibrant.reports.cut_effect import changes, effect, effect_sentence
from calibrant.reports.inputs import Cutpoints
from calibrant.reports.relative import relative_text
from db.records import Assessment, State
from models.levels import level_set, normal_level_probabilities

CUTS = Cutpoints("thurstonian-50", (-1.8, -0.6, 0.6, 1.8), (0.3, 0.3, 0.3, 0.3), (0.2, 0.2, 0.2, 0.2))


def assessed(hand, theta: float, person: str = "p1", skill: str = "containers", sd: float = 0.3) -> Assessment:  # type: ignore[no-untyped-def]
    chance = normal_level_probabilities(theta, sd, CUTS.cuts, CUTS.seen)
    low, high, mass = level_set(chance)
    state = State.INFERRED if high - low < 2 else State.UNDETERMINED
    return replace(
        hand.assessment(probabilities=tuple(chance), state=state),
        person=person, skill=skill, theta=theta, theta_sd=sd, level_set=(low, high), set_mass=mass,
    )  # fmt: skip


def test_moved_cuts_give_the_levels_that_the_model_would_have_given(hand) -> None:  # type: ignore[no-untyped-def]
    for theta in np.linspace(-2.5, 2.5, 21):
        one = assessed(hand, float(theta))
        for change in changes(one, CUTS)[1:]:
            cuts = np.array(CUTS.cuts) + change.errors * 0.2
            again = normal_level_probabilities(theta, 0.3, cuts, CUTS.seen)
            assert change.modal == int(np.argmax(again)) + 1
            assert change.level_set == level_set(again)[:2]


def test_a_person_near_a_cut_is_told_what_would_change(hand) -> None:  # type: ignore[no-untyped-def]
    near, far = assessed(hand, 0.55), assessed(hand, 0.0)
    assert "one standard error lower would make the most probable level 4 instead of 3" in effect_sentence(near, CUTS)
    assert "neither the most probable level nor the set" in effect_sentence(assessed(hand, 0.0, sd=0.05), CUTS)
    assert effect_sentence(replace(far, state=State.INSUFFICIENT), CUTS) == ""
    assert effect_sentence(None, CUTS) == effect_sentence(far, None) == ""


def test_counts_speak_of_five_people_or_of_none(hand) -> None:  # type: ignore[no-untyped-def]
    many = [assessed(hand, 0.55, f"a{n}") for n in range(7)] + [assessed(hand, 0.0, f"b{n}", sd=0.05) for n in range(6)]
    few = [assessed(hand, 0.55, f"c{n}", "code-review") for n in range(3)]
    found = effect([*many, *few], {"containers": CUTS, "code-review": CUTS})
    hidden, shown = found.skills
    assert (hidden.people, hidden.modal) == (None, None)
    assert shown.people is None  # thirteen and three make sixteen: the total would tell the three
    assert found.overall.people == 16
    alone = effect(many, {"containers": CUTS}).skills[0]
    assert (alone.people, alone.modal) == (13, 7)
    assert effect(few, {"code-review": CUTS}).persons is None


def test_unreadable_results_are_not_counted(hand) -> None:  # type: ignore[no-untyped-def]
    silent = [replace(assessed(hand, 0.55, f"a{n}"), state=State.INSUFFICIENT) for n in range(9)]
    found = effect(silent, {"containers": CUTS})
    assert (found.skills[0].people, found.overall.people, found.persons) == (0, 0, 0)


@pytest.mark.parametrize(
    ("anchored", "starts", "says_relative"),
    [
        ({}, "Levels are relative to this organisation's average rater.", True),
        (
            {"a": ["vignettes"], "b": ["decisions"]},
            "Levels are tied to this organisation's standard by decisions",
            False,
        ),
        ({"a": ["bookmark"]}, "Tied to this organisation's standard by judges (Bookmark): Skill A.", True),
    ],
)
def test_the_average_rater_is_named_until_a_skill_is_tied_to_a_standard(hand, anchored, starts, says_relative) -> None:  # type: ignore[no-untyped-def]
    run = replace(
        hand.packet().run, details={"cutpoints": {code: {"anchored_by": kinds} for code, kinds in anchored.items()}}
    )
    text = relative_text(run, [("a", "Skill A"), ("b", "Skill B")])
    assert text.startswith(starts)
    assert ("average rater" in text) == says_relative
