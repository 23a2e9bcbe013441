"""What happens in a repository besides people's planned work: bots, imports, reformatting, releases, and oddities."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from calibrant.sample import content, wording
from calibrant.sample.authors import BOTS, CI_BOT, FORGE, noreply
from calibrant.sample.fast_import import Signature
from calibrant.sample.history import History
from calibrant.sample.people import Member
from calibrant.sample.projects import Flow

__all__ = ["Event", "events_of"]

Event = tuple[datetime, Callable[[datetime], None]]
"""An instant (UTC) and what then happens to the repository."""

_DEPARTMENT_START = 10
"""Hour of the first commit, UTC."""


def events_of(history: History) -> list[Event]:
    """The events of this repository, in no particular order. The first commit is among them."""
    department, rng = history.authors.department, history.rng
    start = department.as_of.replace(hour=_DEPARTMENT_START, minute=0, second=0, microsecond=0)
    start = start.replace(year=department.start.year, month=department.start.month, day=department.start.day)
    days = (department.as_of - start).days

    def at(share: float) -> datetime:
        return start + timedelta(days=round(days * share), minutes=rng.randint(1, 400))

    events: list[Event] = [(start - timedelta(days=1), partial(_begin, history))]
    events += [(at(share), partial(_lock, history)) for share in (0.08, 0.23, 0.41, 0.59, 0.77, 0.93)]
    events += [(at(0.03 * step), partial(_bot, history)) for step in range(1, 33)]
    events += [(at(share), _release(history, number)) for number, share in enumerate((0.2, 0.45, 0.7, 0.95), 1)]
    events += [(at(share), partial(do, history)) for share, do in _OWN.get(history.project.name, ())]
    return events


def _person(history: History, at: datetime) -> Member:
    team = history.authors.department.team(history.project.team, at.date())
    linked = [member for member in team if member.key not in history.authors.department.planted["no_git_identity"]]
    return history.rng.choice(linked or list(history.authors.department.members))


def _by_person(history: History, at: datetime, title: str, edits: dict[str, str], *, why: str = "") -> None:
    member = _person(history, at)
    author = history.authors.sign(member, at)
    committer = author
    if history.project.flow is Flow.SQUASH:
        title, committer = f"{title} (#{history.next_request()})", Signature(*FORGE, at)
    history.commit(author, committer, wording.message(title, [why], []), edits)


def _begin(history: History, at: datetime) -> None:
    name = history.project.name
    edits = {
        "README.md": f"# {name}\n\nA repository of the invented department of the sample.\n",
        "LICENSE": content.licence_text(),
        ".gitignore": "__pycache__/\n.venv/\nmlruns/\n*.ckpt\n",
        "pyproject.toml": f'[project]\nname = "{name}"\nversion = "0.0.0"\n',
        "requirements.txt": "tensorlite==2.0.0\nfastserve==1.4.0\n",
        ".pre-commit-config.yaml": "repos:\n  - repo: local\n    hooks: []\n",
    }
    member = _person(history, at)
    author = Signature(member.name, member.work_email, at, member.offset)
    history.commit(author, author, "Initial commit\n", edits)


def _lock(history: History, at: datetime) -> None:
    path = "web/package-lock.json" if history.project.name == "assistant" else "poetry.lock"
    _by_person(history, at, "Update locked dependencies", {path: content.lock_file(path, 120, history.rng)})


def _bot(history: History, at: datetime) -> None:
    title, rng = wording.bump(history.rng), history.rng
    pins = "".join(
        f"{name}==2.{rng.randint(0, 40)}.{rng.randint(0, 9)}\n" for name in ("tensorlite", "fastserve", "gridplot")
    )
    edits = {"requirements.txt": pins}
    if history.project.flow in (Flow.SQUASH, Flow.MERGE):
        author = Signature(*BOTS[0], at)
        title = f"{title} (#{history.next_request()})"
        trailers = [f"Signed-off-by: {BOTS[0][0]} <support@example.com>"]
        history.commit(author, Signature(*FORGE, at), wording.message(title, [], trailers), edits)
    elif history.project.flow is Flow.TRAILERS:
        edits = {"docs/generated/metrics.json": content.lock_file("metrics.json", 30, rng)}
        author = Signature(*BOTS[1], at)
        history.commit(author, author, "Refresh the generated list of metrics\n", edits)
    else:
        author = Signature(*CI_BOT, at)
        history.commit(author, author, f"chore: {title}\n", edits)


def _release(history: History, number: int) -> Callable[[datetime], None]:
    def tag(at: datetime) -> None:
        member = _person(history, at)
        tagger = Signature(member.name, member.work_email, at, member.offset)
        history.importer.tag(f"v0.{number}", history.tip, tagger)

    return tag


# -- events of single repositories -------------------------------------------------------------------------------


def _mailmap(history: History, at: datetime) -> None:
    """Maps private and old forge addresses of some people to their work addresses."""
    authors, lines = history.authors, []
    for member in authors.department.members:
        if member.key in authors.department.planted["no_git_identity"] or member.hired_on > at.date():
            continue
        if authors.habits[member.key].private_address > 0.05:
            lines.append(f"{member.name} <{member.work_email}> <{member.private_email}>\n")
        if authors.habits[member.key].old_noreply:
            lines.append(f"{member.name} <{member.work_email}> <{noreply(member, old=True)}>\n")
    _by_person(
        history,
        at,
        "Add a .mailmap",
        {".mailmap": "# name and address to show <address in commits>\n" + "".join(lines)},
    )


def _reformat(history: History, at: datetime) -> None:
    """Indents half of the Python files differently: nothing but white space changes."""
    paths = [path for path in sorted(history.files) if path.endswith(".py") and not path.startswith("third_party/")]
    edits = {path: content.reindent(history.files[path]) for path in paths[::2]}
    changed = {path: text for path, text in edits.items() if text != history.files[path]}
    _by_person(history, at, "Reformat with two-space indentation", changed, why="No change of behaviour.")


def _vendor(history: History, at: datetime) -> None:
    folder = "web/node_modules/leftwards/lib" if history.project.name == "assistant" else "third_party/quickparse/src"
    paths = [f"{folder}/part_{index:02d}.{'js' if 'node_modules' in folder else 'c'}" for index in range(60)]
    edits = {path: content.vendored(path, history.rng) for path in paths}
    _by_person(history, at, f"Vendor {folder.split('/')[-2]}", edits)


def _generate(history: History, at: datetime) -> None:
    names = ("feature_row", "entity", "request")
    edits = {f"features/proto/{name}_pb2.py": content.generated(name, history.rng) for name in names}
    _by_person(history, at, "Regenerate protocol buffers", edits)


def _bulk(history: History, at: datetime) -> None:
    """Years of somebody's work in one commit."""
    parts = ("rules", "lexicon", "tagger", "chunker", "corpora")
    paths = [f"legacy/{part}/module_{index:02d}.py" for part in parts for index in range(44)]
    edits = {path: content.fresh(path, "model-training", history.rng) for path in paths}
    _by_person(history, at, "Import the rule-based tagger from the old repository", edits)


def _markup(history: History, at: datetime) -> None:
    _by_person(
        history,
        at,
        wording.MARKUP_SUBJECT,
        {"serving/chat_gateway/escape.py": "from html import escape\n\n__all__ = ['escape']\n"},
    )


def _bidi(history: History, at: datetime) -> None:
    _by_person(history, at, wording.BIDI_SUBJECT, {"data/transcripts/direction.py": "KEPT = ('ltr', 'rtl')\n"})


def _latin(history: History, at: datetime) -> None:
    """A commit in the encoding of an older machine, by an adviser from outside who is in no roster."""
    author = Signature("Zoë Éclairmont (Beratung)", "zoe@eclairmont.example.com", at, 60)
    edits: dict[str, str | None] = {"data/sql/umlaute.sql": "select 'Größe', 'Stück';\n"}
    history.commit(author, author, "Prüfe die Größenangaben\n", edits, encoding="iso-8859-1")


def _move(history: History, at: datetime) -> None:
    """Moves a folder: many paths, no new work."""
    old = [path for path in sorted(history.files) if path.startswith("monitoring/") and path.endswith(".py")][:12]
    member = _person(history, at)
    author = history.authors.sign(member, at)
    renames = {path: path.replace("monitoring/", "monitoring/models/", 1) for path in old}
    history.commit(author, author, "Move model monitoring into its own folder\n", {}, renames=renames)


_OWN: dict[str, tuple[tuple[float, Callable[[History, datetime], None]], ...]] = {
    "ml-platform": ((0.2, _mailmap), (0.5, _reformat), (0.62, _move), (0.81, _markup)),
    "feature-store": (
        (0.1, _vendor),
        (0.48, _vendor),
        (0.15, _generate),
        (0.44, _generate),
        (0.86, _generate),
        (0.3, _latin),
    ),
    "demand-forecast": ((0.55, _reformat), (0.79, _bidi)),
    "assistant": ((0.12, _vendor), (0.52, _vendor), (0.66, _reformat), (0.9, _markup)),
    "text-services": ((0.05, _bulk), (0.74, _bidi)),
}
