"""Turns changes into the commits of one repository, by the customs of its team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from random import Random

from calibrant.sample import content, wording
from calibrant.sample.areas import AREAS
from calibrant.sample.authors import FORGE, Authors
from calibrant.sample.chance import maybe
from calibrant.sample.fast_import import Commit, FastImport, Signature
from calibrant.sample.people import Member
from calibrant.sample.projects import Flow, Project
from calibrant.sample.work import Change

__all__ = ["History", "Landed"]

_MORE_FILES = ("schema", "settings", "checks", "limits", "routes", "replay")
_TRAILERS_SINCE = timedelta(days=365)

Edits = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Landed:
    """A change on the main line, as a revert needs it.

    mark: what arrived on main (the merge, if there was one); work: the last commit of the work itself.
    before, after: the files it touched, with their text or None.
    """

    title: str
    author: str
    mark: int
    work: int
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]


class History:
    """One repository in the making: its files as they stand, its tip, and the commits so far."""

    def __init__(self, importer: FastImport, project: Project, authors: Authors, rng: Random) -> None:
        self.importer, self.project, self.authors, self.rng = importer, project, authors, rng
        self.files: dict[str, str] = {}
        self.commits: list[Commit] = []
        self.tip = 0
        self.request = rng.randint(1, 9)
        self._before_tip = 0
        self._tip_paths: frozenset[str] = frozenset()

    # -- plain commits -----------------------------------------------------------------------------------

    def commit(
        self,
        author: Signature,
        committer: Signature,
        message: str,
        edits: Mapping[str, str | None],
        *,
        renames: Mapping[str, str] | None = None,
        encoding: str = "utf-8",
    ) -> int:
        """One commit on the main line; returns its mark."""
        parents = [self.tip] if self.tip else []
        mark = self._add(parents, author, committer, message, edits, renames or {}, encoding)
        self._move(mark, edits, renames or {})
        return mark

    def replay(self, commits: Sequence[Commit], files: Mapping[str, str], tip: int) -> None:
        """Begins with somebody else's history, as a fork does."""
        for commit in commits:
            self.importer.add(commit)
        self.commits, self.files, self.tip, self._before_tip = list(commits), dict(files), tip, tip

    def next_request(self) -> int:
        """The number of the next change request; issues take some of the numbers."""
        self.request += self.rng.choice((1, 1, 1, 2, 3))
        return self.request

    # -- changes -----------------------------------------------------------------------------------------

    def land(self, change: Change) -> Landed:
        """Brings a change onto the main line as the project does it."""
        edits = self._edits(change)
        before = {path: self.files.get(path) for path in edits}
        title = wording.subject(change, self.project, self.rng)
        if self.project.flow is Flow.SQUASH:
            title, mark, work = self._squash(change, title, edits)
        elif self._signs(change):
            mark = work = self._signed(change, title, edits)
        else:
            mark, work = self._merge(change, title, edits)
        return Landed(title, change.author, mark, work, before, edits)

    def revert(self, landed: Landed, at: datetime) -> bool:
        """Takes a change back, if nobody has built on it meanwhile. Returns whether it did."""
        if any(self.files.get(path) != text for path, text in landed.after.items()):
            return False
        member = self.authors.members[landed.author]
        if not member.present(at.date()) or maybe(self.rng, 0.3):
            member = self._maintainer(at) or member
        author = self.authors.sign(member, at)
        title, named = f'Revert "{landed.title}"', self.importer.oid(landed.work)
        if self.project.flow is Flow.SQUASH:
            committer = Signature(*FORGE, at)
            title += f" (#{self.next_request()})"
        else:
            committer = author
        text = f"This reverts commit {named}."
        if landed.mark != landed.work and maybe(self.rng, 0.5):
            parents = self.commits[landed.mark - 1].parents
            text = (
                f"This reverts commit {self.importer.oid(landed.mark)}, reversing\n"
                f"changes made to {self.importer.oid(parents[0])}."
            )
        self.commit(author, committer, wording.message(title, [text], []), landed.before)
        return True

    def _signs(self, change: Change) -> bool:
        """Whether changes are rebased and signed: always, or since the team took the custom up."""
        late = self.authors.department.as_of - change.at < _TRAILERS_SINCE
        return self.project.flow is Flow.TRAILERS or (self.project.flow is Flow.GITLAB and late)

    def _squash(self, change: Change, title: str, edits: Edits) -> tuple[str, int, int]:
        """One commit by the forge. The platform team also signs who reviewed."""
        author = self.authors.members[change.author]
        title = f"{title} (#{self.next_request()})"
        trailers = self._co_authors(change)
        if author.spell(change.at.date()).team == "platform":
            trailers = self._reviews(change) + trailers
        steps = "" if len(edits) < 3 else "\n".join(f"* {line}" for line in self._steps(edits))
        signature = self.authors.sign(author, self._begun(change), web=True)
        text = wording.message(title, [steps, self._why(author)], trailers)
        mark = self.commit(signature, Signature(*FORGE, change.at), text, edits)
        return title, mark, mark

    def _signed(self, change: Change, title: str, edits: Edits) -> int:
        """A rebased commit, committed by its author or by a reviewer, with trailers."""
        author = self.authors.members[change.author]
        trailers = self._reviews(change) + self._co_authors(change)
        signature = self.authors.sign(author, self._begun(change))
        committer = Signature(signature.name, signature.email, change.at, author.offset)
        maintainer = self._maintainer(change.at)
        if maintainer and maintainer.key != author.key and maybe(self.rng, 0.25):
            committer = self.authors.sign(maintainer, change.at)
            trailers.append(self.authors.trailer("Signed-off-by", maintainer))
        return self.commit(signature, committer, wording.message(title, [self._why(author)], trailers), edits)

    def _merge(self, change: Change, title: str, edits: Edits) -> tuple[int, int]:
        """A branch of one to three commits and its merge. Returns the marks of the merge and of its last commit."""
        author, rng = self.authors.members[change.author], self.rng
        clear = self._before_tip and self._tip_paths.isdisjoint(edits)
        base = self._before_tip if clear else self.tip
        paths = sorted(edits)
        parts = [paths[index :: min(3, len(paths))] for index in range(min(rng.choice((1, 1, 2, 3)), 3, len(paths)))]
        parts[-1] = sorted(set(paths).difference(*parts[:-1]))
        at = self._begun(change)
        signature = self.authors.sign(author, at)
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            text = wording.message(
                title if last else f"Prepare: {title}", [self._why(author)], self._co_authors(change) if last else []
            )
            base = self._add([base], signature, signature, text, {path: edits[path] for path in part}, {}, "utf-8")
            at = min(change.at, at + timedelta(minutes=rng.randint(5, 50)))
            signature = Signature(signature.name, signature.email, at, author.offset)
        merger = next(iter(self.authors.reviewers(change, self.project)), author)
        branch = f"{change.skill}-{change.component.replace('_', '-')}-{rng.randint(1, 99)}"
        signed = self.authors.sign(merger, change.at, web=True)
        if self.project.flow is Flow.MERGE:
            text = f"Merge pull request #{self.next_request()} from {author.login}/{branch}\n\n{title}\n"
            committer = Signature(*FORGE, change.at)
        else:
            text = f"Merge branch '{branch}' into 'main'\n\n{title}\n\nSee merge request language/{self.project.name}!{self.next_request()}\n"
            committer = signed
        merge = self._add([self.tip, base], signed, committer, text, edits, {}, "utf-8")
        self._move(merge, edits, {})
        return merge, base

    # -- parts of a message ------------------------------------------------------------------------------

    def _reviews(self, change: Change) -> list[str]:
        if maybe(self.rng, self.authors.habits[change.author].silent):
            return []
        reviewers = self.authors.reviewers(change, self.project)
        trailers = [self.authors.trailer("Reviewed-by", reviewer) for reviewer in reviewers]
        if reviewers and maybe(self.rng, 0.12):
            tester = self.rng.choice(self.authors.reviewers(change, self.project) or reviewers)
            trailers.append(self.authors.trailer("Tested-by", tester))
        return trailers

    def _co_authors(self, change: Change) -> list[str]:
        trailers = []
        if change.partner:
            trailers.append(self.authors.trailer("Co-authored-by", self.authors.members[change.partner]))
        if change.assisted:
            trailers.append(self.rng.choice(wording.ASSISTED))
        return trailers

    def _why(self, author: Member) -> str:
        return wording.body(self.rng) if maybe(self.rng, self.authors.habits[author.key].writes_bodies) else ""

    def _steps(self, edits: Edits) -> list[str]:
        return [f"change {PurePosixPath(path).name}" for path in sorted(edits)][:4]

    def _begun(self, change: Change) -> datetime:
        """When the author wrote it: minutes to days before it landed, but not while away."""
        hours = min(160.0, self.rng.lognormvariate(1.6, 1.1))
        at = (change.at - timedelta(hours=hours)).replace(microsecond=0)
        present = self.authors.members[change.author].present(at.date())
        return at if present else change.at - timedelta(minutes=40)

    def _maintainer(self, at: datetime) -> Member | None:
        seniors = [
            member
            for member in self.authors.department.team(self.project.team, at.date())
            if member.spell(at.date()).job_level in ("senior", "lead", "principal")
        ]
        return self.rng.choice(seniors) if seniors else None

    # -- files -------------------------------------------------------------------------------------------

    def _edits(self, change: Change) -> Edits:
        """The files the change touches, with their new text."""
        area, rng = AREAS[change.skill], self.rng
        paths = [path.format(component=change.component) for path in area.paths]
        rng.shuffle(paths)
        sibling = PurePosixPath(paths[0])
        suffix = sibling.suffix or ".yaml"
        stem = "" if change.component in str(sibling.parent) else f"{change.component}_"
        paths += [str(sibling.parent / f"{stem}{extra}{suffix}") for extra in rng.sample(_MORE_FILES, len(_MORE_FILES))]
        touched = dict.fromkeys(paths[: change.files], change.skill)
        role = self.authors.members[change.author].spell(change.at.date()).role
        if role == "data-scientist" and area.bodies and maybe(rng, 0.3):
            touched[f"notebooks/{change.component}.ipynb"] = change.skill
        if change.tests and area.bodies:
            touched[f"tests/{paths[0].split('/')[0]}/test_{change.component}.py"] = "code-quality"
        if change.docs:
            touched[f"docs/{change.component}.md"] = "technical-docs"
        size = max(2, change.lines // len(touched))
        return {path: self._text(path, skill, size) for path, skill in touched.items()}

    def _text(self, path: str, skill: str, size: int) -> str:
        old = self.files.get(path)
        return content.fresh(path, skill, self.rng) if old is None else content.edit(old, path, skill, size, self.rng)

    def _add(
        self,
        parents: Sequence[int],
        author: Signature,
        committer: Signature,
        message: str,
        edits: Mapping[str, str | None],
        renames: Mapping[str, str],
        encoding: str,
    ) -> int:
        mark = len(self.commits) + 1
        commit = Commit(mark, tuple(parents), author, committer, message, dict(edits), dict(renames), encoding)
        self.importer.add(commit)
        self.commits.append(commit)
        return mark

    def _move(self, mark: int, edits: Mapping[str, str | None], renames: Mapping[str, str]) -> None:
        for old, new in renames.items():
            self.files[new] = self.files.pop(old)
        for path, text in edits.items():
            if text is None:
                self.files.pop(path, None)
            else:
                self.files[path] = text
        self._before_tip, self.tip = self.tip, mark
        self._tip_paths = frozenset(edits) | frozenset(renames) | frozenset(renames.values())
