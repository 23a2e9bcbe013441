"""What raters are like: their severity, how boldly they use the scale, what colours their view, how careful they are.

A rating is made the way a busy person makes one. The rater starts from an anchor - a mix of the general impression
of the colleague and of the rater's own usual mark -, looks at what was seen and heard of the skill, moves from the anchor part
of the way, at most so far, and names the nearest whole mark.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from random import Random

from calibrant.sample.chance import maybe, stream, wobble
from calibrant.sample.people import Department, Member, level_of

__all__ = ["Rater", "mark", "raters_of"]

_FURTHEST = 1.6


@dataclass(frozen=True, slots=True)
class Rater:
    """One person's way of rating, on the scale of levels.

    kind: the word for it. shift: added to every perception. usual: the mark the rater falls back on. halo: share of the
    anchor that is the general impression. movement: share of the way from anchor to perception that is walked.
    blur: half-width of what is misseen. skips: chance of no answer. careless: chance of an unread answer.
    friends: ids of colleagues seen too kindly.
    """

    key: str
    kind: str
    shift: float
    usual: float
    halo: float
    movement: float
    blur: float
    skips: float
    careless: float
    friends: frozenset[str]
    inflation: float
    impressions: dict[str, float] = field(default_factory=dict)


def raters_of(department: Department, seed: int) -> dict[str, Rater]:
    """Every member as a rater. At least one of each kind in a department of twelve or more."""
    rng = stream(seed, "raters")
    kinds = ["severe", "lenient", "central", "halo", "careless", "friendly"]
    people = len(department.members)
    dealt = kinds + rng.choices([*kinds, "plain", "plain", "plain", "plain"], k=max(0, people - len(kinds)))
    dealt = dealt[:people]
    rng.shuffle(dealt)
    return {
        member.key: _rater(stream(seed, "rater", member.key), member, kind, department)
        for member, kind in zip(department.members, dealt, strict=True)
    }


def _rater(rng: Random, member: Member, kind: str, department: Department) -> Rater:
    mates = [other.key for other in department.members if other.key != member.key]
    usual = 3.0 + wobble(rng, 0.4)
    return Rater(
        key=member.key,
        kind=kind,
        shift={"severe": -0.75, "lenient": 0.75}.get(kind, 0.0) + wobble(rng, 0.35),
        usual=usual,
        halo=0.85 if kind == "halo" else rng.uniform(0.25, 0.6),
        movement={"central": 0.15, "halo": 0.35}[kind] if kind in ("central", "halo") else rng.uniform(0.55, 0.95),
        blur=rng.uniform(0.6, 1.6),
        skips=rng.uniform(0.0, 0.15),
        careless=0.5 if kind == "careless" else 0.01,
        friends=frozenset(rng.sample(mates, 3 if kind == "friendly" else 1)),
        inflation=rng.uniform(0.0, 0.5),
    )


def mark(rater: Rater, subject: Member, skill: str, day: date, distance: int, rng: Random) -> int | None:
    """The mark 1..5 the rater gives, or None for no answer.

    distance: 0 close colleague, 1 same team, 2 further away: the further, the more is left out or misseen.
    """
    if maybe(rng, rater.skips + 0.12 * distance):
        return None
    if maybe(rng, rater.careless):
        return rng.choice((3, 4, 4))
    impression = _impression(rater, subject, rng)
    own = rater.key == subject.key
    ability = subject.ability(skill, day)
    talk = 0.0 if own else subject.talk[skill] * (0.5 if distance == 0 else 1.0)
    perceived = ability + talk + wobble(rng, rater.blur + 0.25 * distance) + rater.shift
    if own:
        perceived += rater.inflation + (0.45 if ability < 2.4 else 0.0)
    elif subject.key in rater.friends:
        perceived += 0.7
    anchor = rater.halo * impression + (1 - rater.halo) * (0.5 * rater.usual + 0.5 * perceived)
    step = rater.movement * (perceived - anchor)
    return level_of(anchor + max(-_FURTHEST, min(_FURTHEST, step)))


def _impression(rater: Rater, subject: Member, rng: Random) -> float:
    """The general impression: formed once, from three things seen and a guess, and then kept."""
    if subject.key not in rater.impressions:
        seen = rng.sample(sorted(subject.abilities.values()), 3)
        rater.impressions[subject.key] = sum(seen) / 3 + wobble(rng, 1.0) + rater.shift
    return rater.impressions[subject.key]
