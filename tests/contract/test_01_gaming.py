"""Cheap volume buys nothing: contract test 1.

Every game is played in the real pipeline and everything is refitted: facets, variances and cutpoints too. The people are thinly
rated (two colleagues each), so that the machine's word weighs more than it usually does.
"""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.observations import observe
from tests.contract.circles import RINGS
from tests.contract.department import AS_OF, MONTHS, REPOSITORIES, commit, instant
from tests.contract.forge import HELD_ON_A_FORGE, SAID, circle, on_a_forge, thinly_rated_on_a_forge, worded
from tests.contract.frames import frames_of
from tests.contract.gaming import BOUND, HELD, Game, elasticity, mutual_approvals, thinly_rated, together

gamers = st.integers(0, 8).map(lambda number: f"p{number:02d}")
few = settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(("place", "name"), list(enumerate(HELD)))
def test_cheap_volume_moves_no_theta_of_the_gamer(place, name):
    assert elasticity(HELD[name], place % 3, f"p{place * 5 % 9:02d}").most < BOUND


@few
@given(seed=st.integers(0, 2), gamer=gamers, names=st.sets(st.sampled_from(sorted(HELD)), min_size=2))
def test_ways_played_together_move_none_either(seed, gamer, names):
    assert elasticity(together(sorted(names)), seed, gamer).most < BOUND


@pytest.mark.long
@pytest.mark.parametrize("name", HELD)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), gamer=gamers)
def test_cheap_volume_moves_no_theta_in_many_departments(name, seed, gamer):
    assert elasticity(HELD[name], seed, gamer).most < BOUND


@pytest.mark.parametrize("name", ["split_commits", "comment_spam"])
def test_the_whole_pipeline_says_so_too(name):
    assert elasticity(HELD[name], 1, "p03", shortcut=False).most < BOUND


@few
@given(seed=st.integers(0, 2), gamer=gamers)
def test_mutual_approvals_never_raise_who_reviewed_each_other_before(seed, gamer):
    """Their word for each other counts no more, the honest part of it neither: they may lose by it."""
    assert elasticity(Game(mutual_approvals), seed, gamer).up < BOUND


@pytest.mark.parametrize(("place", "name"), list(enumerate(HELD_ON_A_FORGE)))
def test_where_a_forge_shows_what_was_said_empty_reviews_raise_nobody(place, name):
    game, gamer = HELD_ON_A_FORGE[name], f"p{place * 5 % 9:02d}"
    assert elasticity(game, place % 3, gamer, start=thinly_rated_on_a_forge).up < BOUND


@pytest.mark.parametrize("name", RINGS)
def test_rings_of_trailers_raise_nobody(name):
    assert elasticity(RINGS[name], 2, "p05").up < BOUND


@pytest.mark.long
@pytest.mark.parametrize("name", HELD_ON_A_FORGE)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), gamer=gamers)
def test_nor_do_they_in_many_departments(name, seed, gamer):
    assert elasticity(HELD_ON_A_FORGE[name], seed, gamer, start=thinly_rated_on_a_forge).up < BOUND


def test_real_reviews_on_a_forge_do_move_theta():
    """Something to say about a change of each colleague every month, which the author then altered."""

    def reviewing(made, gamer, chance):
        others = [one.key for one in made.people if one.key != gamer]
        for month in range(MONTHS):
            made = circle(made, (others[month % 8], gamer), [worded(SAID[0], month)], [month], followed=True)
        return made

    assert elasticity(Game(reviewing), 1, "p00", start=thinly_rated_on_a_forge).up > BOUND


def test_what_the_forge_shows_is_the_same_work(standard):
    """The department on a forge where everybody always says something is graded as the one with trailers, reviews led to changes apart."""
    on, off = on_a_forge(thinly_rated(0), habit=1.0), thinly_rated(0)
    grades = []
    for made in (on, off):
        items = observe(standard, frames_of(made), as_of=AS_OF).grading.evaluation.items
        grades.append(items[items["measure"] != "followed-months"].set_index(["person", "item"])["value"])
    assert (grades[0] == grades[1]).all()


def test_honest_work_does_move_theta():
    """The bound is no accident of a machine that nobody listens to: two years of reviewed work show."""

    def working(made, gamer, chance):
        colleague = made.member("p03").git
        paths = ["pipelines/part0/step.py"]
        more = [
            commit(f"honest {month}", made.member(gamer).git, instant(month, 9), paths, reviewers=[colleague])
            for month in range(MONTHS)
        ]
        return made.adding(REPOSITORIES[0], more)

    assert elasticity(Game(working), 1, "p00").up > BOUND


@pytest.mark.parametrize("name", [name for name in HELD if name.startswith("split")])
def test_splitting_does_split(standard, name):
    before = thinly_rated(0)
    after = HELD[name].play(before, "p05", Random(0))
    mine = [len(observe(standard, frames_of(made), as_of=AS_OF).attribution.changes) for made in (before, after)]
    assert mine[1] > mine[0]
