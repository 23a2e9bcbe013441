"""The department with its reviews on a forge, where one sees what was said; and ways to look like a reviewer there.

Comments are texts, told apart by the product's own `comment_kind`; nothing here names a kind.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from itertools import count, cycle
from random import Random
from typing import Final

from collectors.comment_kind import comment_kind
from db.records import Evidence, Identity, Kind, Participation, ParticipationRole
from tests.contract.department import MONTHS, REPOSITORIES, Department, change_request, commit, instant
from tests.contract.gaming import Game, author_of, friend_of, reviewers_of, strangers, table, thinly_rated

SAID: Final = (
    "This divides by zero if the {} is empty.",
    "Could you add a test for the case where the {} is missing?",
    "Why do we read the whole {} here?",
    "I would keep the {} out of this class, the client has one already.",
    "The {} token ends up in the log at debug level.",
)
"""What honest reviewers say, each time of something else."""

_THINGS: Final = ("batch", "file", "table", "queue", "shard", "index", "cursor", "parser")
_THINGS_OF: Final = ("reader", "writer", "schema", "socket", "thread", "bucket", "ledger", "vector", "loader", "client")

NODS: Final = ("LGTM", "Looks good to me, thanks!", "")


def worded(sentence: str, number: int) -> str:
    """The sentence about one of eight things of ten."""
    about, of = divmod(number, len(_THINGS_OF))
    return sentence.format(f"{_THINGS_OF[of]} {_THINGS[about % len(_THINGS)]}")


def review(
    change: Evidence, reviewer: Identity, texts: Sequence[str], *, followed: bool = False, number: int = 0
) -> Evidence:
    """A review of a change request, as the forge's collector makes it."""
    author = author_of(change)
    assert author is not None
    parts = {
        Participation(author, ParticipationRole.AUTHOR): None,
        Participation(reviewer, ParticipationRole.REVIEWER): None,
    }
    kinds = sorted({str(comment_kind(text)) for text in texts if text})
    return Evidence(
        f"review {change.artefact} {reviewer.key} {number}",
        Kind.REVIEW,
        change.occurred_at - timedelta(hours=2),
        "test/1",
        {
            "reviewed_change": change.artefact,
            "state": "commented" if set(kinds) - {"approval"} else "approved",
            "body_length": sum(map(len, texts)),
            "comments": len(texts),
            "kinds": kinds,
            "change_followed": followed,
            "hours_to_review": 0.1,
            "self_review": reviewer == author,
        },
        (),
        tuple(parts),
        excerpt=" ".join(texts)[:280],
    )


def on_a_forge(made: Department, habit: float = 0.5) -> Department:
    """The same department: every reviewed commit a change request, in about `habit` of whose reviews somebody said something."""
    spoken: Counter[Identity] = Counter()
    for name in REPOSITORIES:
        chance = Random(f"{name} {habit}")
        shown = [piece for one in made.sources[name] for piece in _shown(one, habit, chance, spoken)]
        made = made.with_source(name, shown)
    return made


def _shown(one: Evidence, habit: float, chance: Random, spoken: Counter[Identity]) -> Iterator[Evidence]:
    author, reviewers = author_of(one), reviewers_of(one)
    if not reviewers or author is None:
        yield one
        return
    change = replace(
        change_request(one.artefact, author, one.occurred_at, [path for path, *_ in one.paths], reviewers=reviewers),
        paths=one.paths,
    )
    yield change
    for reviewer in reviewers:
        says = chance.random() < habit
        text = worded(chance.choice(SAID if says else NODS), spoken[reviewer])
        spoken[reviewer] += 1
        yield review(change, reviewer, [text], followed=says and chance.random() < 0.6)


@lru_cache(maxsize=16)
def thinly_rated_on_a_forge(seed: int) -> Department:
    """`thinly_rated`, reviewed on a forge."""
    return on_a_forge(thinly_rated(seed))


_UNSAID: Final = 40
"""Things from here on honest reviewers have not come to (`worded`)."""

# -- ways to play --------------------------------------------------------------------------------------------


def _everybody(
    made: Department, gamer: str, texts: Sequence[str] | Iterator[str], *, monthly: bool = True
) -> Department:
    """A review with these texts of a colleague's change: one of each colleague and month, or of all there are.

    texts: the same in every review, or one for each.
    """
    who = made.member(gamer).git
    for name in REPOSITORIES:
        seen: set[tuple[object, ...]] = set()
        more = []
        for one in made.sources[name]:
            author = author_of(one)
            month = (author, one.occurred_at.year, one.occurred_at.month)
            if one.kind is not Kind.CHANGE_REQUEST or author == who or (monthly and month in seen):
                continue
            seen.add(month)
            more.append(review(one, who, [next(texts)] if isinstance(texts, Iterator) else texts, number=1))
        named = {one.measures["reviewed_change"] for one in more}
        made = made.with_source(
            name, [_with_reviewer(one, who) if one.artefact in named else one for one in made.sources[name]]
        ).adding(name, more)
    return made


def _with_reviewer(change: Evidence, who: Identity) -> Evidence:
    part = Participation(who, ParticipationRole.REVIEWER)
    return change if part in change.participations else replace(change, participations=(*change.participations, part))


def rubber_stamps(made: Department, gamer: str, chance: Random) -> Department:
    """A bare approval of every change of every colleague."""
    return _everybody(made, gamer, ["LGTM"], monthly=False)


def one_word_reviews(made: Department, gamer: str, chance: Random) -> Department:
    """A review of one grave word of a change of each colleague, every month."""
    return _everybody(made, gamer, ["security!"])


def style_floods(made: Department, gamer: str, chance: Random) -> Department:
    """Twelve remarks on style on every change of every colleague."""
    return _everybody(made, gamer, ["nit: extra blank line", "Typo here", "Please rename this"] * 4, monthly=False)


def copied_code(made: Department, gamer: str, chance: Random) -> Department:
    """Long reviews that hold nothing but quotations, code, suggestions and links."""
    text = "> this crashes if the list is empty\n```suggestion\n# leaks the password\n```\nhttps://example.org/security/bug"
    return _everybody(made, gamer, [text], monthly=False)


def self_reviews(made: Department, gamer: str, chance: Random) -> Department:
    """Grave remarks on one's own changes, each followed by oneself."""
    who = made.member(gamer).git
    for name in REPOSITORIES:
        own = [one for one in made.sources[name] if one.kind is Kind.CHANGE_REQUEST and author_of(one) == who]
        made = made.adding(
            name, [review(one, who, [worded(text, 0) for text in SAID[:2]], followed=True, number=2) for one in own]
        )
    return made


def named_in_trailers(made: Department, gamer: str, chance: Random) -> Department:
    """Change requests that nobody reviewed, whose commits name colleagues as reviewers; and the gamer likewise for a friend."""
    pair = (made.member(gamer).git, friend_of(made, gamer).git)
    more = [
        change_request(f"named {who.key} {month}", who, instant(month, 8), _PATHS, reviewers=[other])
        for month in range(MONTHS)
        for who, other in (pair, pair[::-1])
    ]
    return made.adding(REPOSITORIES[0], more)


def trailers_beside_the_forge(made: Department, gamer: str, chance: Random) -> Department:
    """Commits of a friend, pushed past the forge, that name the gamer as reviewer."""
    more = [
        commit(
            f"past {gamer} {month}",
            friend_of(made, gamer).git,
            instant(month, 6),
            _PATHS,
            reviewers=[made.member(gamer).git],
        )
        for month in range(MONTHS // 2)
    ]
    return made.adding(REPOSITORIES[0], more)


_PATHS: Final = (
    "pipelines/part0/step.py",
    "training/core/loop.py",
    "training/core/tests/test_loop.py",
    "docs/book1/page.md",
)


def circle(
    made: Department, members: Sequence[str], texts: Sequence[str], months: Iterable[int], *, followed: bool = False
) -> Department:
    """Everybody's small change, every month, reviewed by the next in the circle alone."""
    more = []
    for month in months:
        for place, key in enumerate(members):
            author, reviewer = made.member(key).git, made.member(members[(place + 1) % len(members)]).git
            one = change_request(f"circle {key} {month}", author, instant(month, 9), _PATHS, reviewers=[reviewer])
            more += [one, review(one, reviewer, texts, followed=followed)]
    return made.adding(REPOSITORIES[0], more)


def hidden_mutual_approvals(made: Department, gamer: str, chance: Random) -> Department:
    """Two approve each other's change once a month, and hide it among bare approvals of everybody else's."""
    pair = (gamer, friend_of(made, gamer).key)
    for who in pair:
        made = rubber_stamps(made, who, chance)
    return circle(made, pair, ["LGTM"], range(MONTHS))


def hidden_ring(made: Department, gamer: str, chance: Random) -> Department:
    """The same in a ring of three."""
    names = [one.key for one in made.people]
    ring = [names[(names.index(gamer) + step) % len(names)] for step in (0, 3, 6)]
    for who in ring:
        made = rubber_stamps(made, who, chance)
    return circle(made, ring, ["LGTM"], range(MONTHS))


def few_mutual_approvals(made: Department, gamer: str, chance: Random) -> Department:
    """Two approve each other's change, six times in two years: too few to tell from trust."""
    return circle(made, (gamer, friend_of(made, gamer).key), ["LGTM"], range(0, MONTHS, 4))


def plausible_sentences(made: Department, gamer: str, chance: Random) -> Department:
    """A plausible sentence, always the same, on a change of each colleague, every month."""
    return _everybody(made, gamer, [worded(SAID[0], _UNSAID)])


def said_once(made: Department, gamer: str) -> Department:
    """The same department, had the gamer said that sentence the first time only."""
    known = {one.artefact for held in made.sources.values() for one in held}
    played = plausible_sentences(made, gamer, Random(0))
    name, first = min(
        ((name, one) for name, held in played.sources.items() for one in held if one.artefact not in known),
        key=lambda found: (found[1].occurred_at, str(found[1].measures["reviewed_change"])),
    )
    change, who = first.measures["reviewed_change"], made.member(gamer).git
    held = [_with_reviewer(one, who) if one.artefact == change else one for one in made.sources[name]]
    return made.with_source(name, held).adding(name, [replace(first, artefact=f"first {first.artefact}")])


def a_sentence_once(made: Department, gamer: str, chance: Random) -> Department:
    """A plausible sentence, on one change in two years."""
    return said_once(made, gamer)


def respelt_sentences(made: Department, gamer: str, chance: Random) -> Department:
    """The same with other case, punctuation, numbers, code and mentions each time."""
    text = worded(SAID[0], _UNSAID)
    spellings = (f"@{gamer}{n} `f{n}` {n}:{'!' * (n % 3)} {text.upper() if n % 2 else text}" for n in count())
    return _everybody(made, gamer, spellings)


def five_sentences(made: Department, gamer: str, chance: Random) -> Department:
    """Five plausible sentences in turn."""
    return _everybody(made, gamer, cycle([worded(text, _UNSAID) for text in SAID]))


def reworded_sentences(made: Department, gamer: str, chance: Random) -> Department:
    """A plausible sentence with another noun each time."""
    return _everybody(made, gamer, (worded(SAID[0], _UNSAID + n) for n in count()))


HELD_ON_A_FORGE: Final[Mapping[str, Game]] = {
    **{
        way.__name__: Game(way)
        for way in (
            rubber_stamps,
            one_word_reviews,
            style_floods,
            copied_code,
            self_reviews,
            trailers_beside_the_forge,
            named_in_trailers,
            hidden_mutual_approvals,
            hidden_ring,
        )
    },
    "plausible_sentences": Game(plausible_sentences, said_once),
    "respelt_sentences": Game(respelt_sentences, said_once),
    "hidden_mutual_approvals_of_strangers": Game(hidden_mutual_approvals, strangers),
}
"""What raises nobody where a forge shows what was said. Honest reviews among those who play in a circle may be lost with it."""

OPEN_ON_A_FORGE: Final[Mapping[str, Game]] = {
    way.__name__: Game(way) for way in (few_mutual_approvals, a_sentence_once, five_sentences, reworded_sentences)
}
"""What still pays there."""

if __name__ == "__main__":
    departments = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    for games in (HELD_ON_A_FORGE, OPEN_ON_A_FORGE):
        print(table(games, departments, thinly_rated_on_a_forge), end="\n\n", flush=True)
