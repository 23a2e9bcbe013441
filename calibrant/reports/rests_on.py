"""What a result rests on, told so that no rater can be picked out.

Leave-one-out results are published as ranges over a group: of at least three raters of one relation, of at least three quarters.
A source is named only if leaving it out does not amount to leaving out, or leaving standing, one or two people; a quarter
counts only if that holds for every relation it takes something from as well.
Probabilities are rounded to 5 % steps, because exact ones on three raters give the third away to the other two. The
first and the last step hold only what is under 1 % and over 99 %, so that no figure says more than is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calibrant.reports.comments import relation_text
from calibrant.reports.explain import level_set_text, percent
from calibrant.reports.inert import NAME_LIMIT, shown
from calibrant.reports.inputs import AnonymityPolicy
from db.records import Assessment, RestsOn

__all__ = ["Foundation", "Without", "foundation"]

_STEP = 0.05
_QUARTERS = 3
_HUMAN_SOURCES = {"scorecards": ("interviewer",), "decisions": ("panel",)}


@dataclass(frozen=True, slots=True)
class Without:
    """The result without any one of a group. sets: the union of their level sets.

    low, high: P(at or above the level), in 5 % steps; 0 stands for under 1 %, 1 for over 99 %.
    """

    group: str
    cases: int
    low: float
    high: float
    sets: tuple[int, int]
    holds: bool

    @property
    def sentence(self) -> str:
        """For people: "Without any one of 4 peers: 65–80 %, levels 3–4; the state stays the same"."""
        if self.low == self.high:
            span = percent(self.low)
        elif self.low == 0 or self.high == 1:
            span = f"{percent(self.low)} to {percent(self.high)}"
        else:
            span = f"{self.low * 100:.0f}–{self.high * 100:.0f} %"
        word = "the state stays the same" if self.holds else "the state would change"
        return f"{self.group}: {span}, {_levels(self.sets)}; {word}"


@dataclass(frozen=True, slots=True)
class Foundation:
    """Ranges that may be shown, and sentences on what is withheld."""

    ranges: tuple[Without, ...] = ()
    withheld: tuple[str, ...] = ()


def _levels(sets: tuple[int, int]) -> str:
    return ("level " if sets[0] == sets[1] else "levels ") + level_set_text(sets)


def foundation(assessment: Assessment, level: int, policy: AnonymityPolicy) -> Foundation:
    """The leave-one-out results of an assessment as anonymous ranges of P(at or above `level`).

    A relation in which nobody rated is not spoken of, and a machine is no relation. The note on a relation that is too
    small is the same for one rater and for two, whatever results there are.
    """
    ranges: list[Without] = []
    withheld: list[str] = []
    by_relation: dict[str, list[RestsOn]] = {}
    for entry in assessment.rests_on:
        if entry.dropped_kind == "rater" and entry.relation and entry.relation != "self":
            by_relation.setdefault(entry.relation, []).append(entry)
    for relation, people in sorted(assessment.raters_by_relation.items()):
        name, entries = relation_text(relation), by_relation.get(relation, [])
        if relation == "self" or not people:
            continue
        if policy.hides(relation, min(len(entries) or people, people)):
            note = f"Results without one of the {name} are withheld: there are fewer than {policy.minimum}."
            withheld += [] if note in withheld else [note]
        elif entries:
            ranges.append(_range(f"Without any one of {len(entries)} {name}", entries, assessment, level))
    _sources(assessment, level, policy, ranges, withheld)
    _quarters(assessment, level, policy, ranges, withheld)
    return Foundation(tuple(ranges), tuple(withheld))


def _sources(
    assessment: Assessment, level: int, policy: AnonymityPolicy, ranges: list[Without], withheld: list[str]
) -> None:
    entries = sorted((e for e in assessment.rests_on if e.dropped_kind == "source"), key=lambda entry: entry.dropped)
    everyone = _humans(assessment)
    if len(assessment.sources) == 1:  # without it nothing is left, which says nothing of the person
        return
    for entry in entries:
        name = shown(entry.dropped, NAME_LIMIT)
        inside = _humans_in(entry.dropped, assessment)
        if _few(inside, policy) or _few(everyone - inside, policy):
            withheld.append(
                f"The result without {name} is withheld: it would show what fewer than {policy.minimum} people said."
            )
        else:
            ranges.append(_range(f"Without {name}", [entry], assessment, level))


def _quarters(
    assessment: Assessment, level: int, policy: AnonymityPolicy, ranges: list[Without], withheld: list[str]
) -> None:
    every = [entry for entry in assessment.rests_on if entry.dropped_kind == "quarter"]
    told = [entry for entry in every if not _picks_out(entry, policy)]
    if len(told) >= _QUARTERS:
        ranges.append(_range(f"Without any one of {len(told)} quarters", told, assessment, level))
    if len(told) < len(every):
        withheld.append(
            f"Results without single quarters are withheld where fewer than {policy.minimum} people of a relation spoke in "
            "the quarter, or in all others."
        )


def _picks_out(entry: RestsOn, policy: AnonymityPolicy) -> bool:
    """Whether a quarter left out amounts to one or two people left out of a relation, or left standing in it or over all."""
    if entry.left_out is None or entry.remaining is None:
        return True
    split = {relation: entry.remaining.get(relation, 0) for relation in entry.left_out}
    groups = [*entry.left_out.items(), *split.items()]
    return _few(sum(entry.remaining.values()), policy) or any(
        people > 0 and policy.hides(relation, people) for relation, people in groups
    )


def _few(people: int, policy: AnonymityPolicy) -> bool:
    return 0 < people < policy.minimum


def _humans(assessment: Assessment) -> int:
    """Human raters whose words count: all relations but the subject's own."""
    named = sum(count for relation, count in assessment.raters_by_relation.items() if relation != "self")
    return max(named, assessment.human_raters)


def _humans_in(source: str, assessment: Assessment) -> int:
    """Human raters behind a source class; machines have none."""
    relations = assessment.raters_by_relation
    if source in _HUMAN_SOURCES:
        return sum(relations.get(relation, 0) for relation in _HUMAN_SOURCES[source])
    if source == "feedback360":
        elsewhere = {"self", "interviewer", "panel"}
        return sum(count for relation, count in relations.items() if relation not in elsewhere)
    return 0


def _range(group: str, entries: Iterable[RestsOn], assessment: Assessment, level: int) -> Without:
    listed = list(entries)
    chances = [_rounded(sum(entry.probabilities[level - 1 :])) for entry in listed]
    return Without(
        group=group,
        cases=len(listed),
        low=round(min(chances), 2),
        high=round(max(chances), 2),
        sets=(min(entry.level_set[0] for entry in listed), max(entry.level_set[1] for entry in listed)),
        holds=all(entry.state is assessment.state for entry in listed),
    )


def _rounded(chance: float) -> float:
    """To 5 % steps; 0 and 1 only for what `percent` calls under 1 % and over 99 %."""
    if chance < 0.01 or chance > 0.99:
        return float(chance > 0.5)
    return min(max(round(chance / _STEP) * _STEP, _STEP), 1 - _STEP)
