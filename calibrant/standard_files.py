"""Standard-setting files to records: YAML, one record each, or a table (CSV, XLSX) of many. Every mistake with its line."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from calibrant.standard_schema import FORMS, Withdrawal
from calibrant.standard_tables import documents_of, refusal
from collectors import sheets
from db.errors import Problem
from db.records import StandardSetting
from rubrics import source
from rubrics.problems import dotted
from rubrics.source import Document

__all__ = ["Read", "read_standard"]

_YAML: Final = frozenset({".yaml", ".yml"})
_HELP: Final = "see docs/standard-setting.md"


@dataclass(frozen=True, slots=True)
class Read:
    """A record and the part of a file it was read from."""

    record: StandardSetting
    document: Document

    def place(self, where: str) -> str:
        """File and line of a part of the record, given as `rubrics.problems.dotted` writes it; of the record where there is none such."""
        lines = self.document.lines
        found = [at for at in lines if where == dotted(at) or where.startswith((f"{dotted(at)}.", f"{dotted(at)}["))]
        return f"{self.document.file}:{lines[max(found, key=len, default=())]}"


def read_standard(path: Path, skills: Collection[str]) -> list[Read]:
    """The records of a file. skills: codes of the standard. Raises BadInput with every mistake: file, line, key or column, remedy."""
    is_yaml = path.suffix.lower() in _YAML
    documents = [source.read(path, str(path))] if is_yaml else documents_of(sheets.read(path))
    problems: list[Problem] = []
    found = []
    for document in documents:
        record = _validated(document, skills, problems)
        if record is not None:
            found.append(Read(record, document))
    if problems:
        raise refusal(str(path), problems)
    return found


def _validated(document: Document, skills: Collection[str], problems: list[Problem]) -> StandardSetting | None:
    data: Any = document.data
    if not isinstance(data, dict):
        problems.append(Problem(document.file, 1, "", "does not hold keys with values", _HELP))
        return None
    method = data.get("method")
    if method not in FORMS:
        words = f"{method!r} is no method" if "method" in data else "key `method` is missing"
        problems.append(
            Problem(document.file, document.line(("method",)), "method", words, f"use one of {', '.join(FORMS)}")
        )
        return None
    try:
        form = (Withdrawal if data.get("withdraw") else FORMS[str(method)]).model_validate(data)
    except ValidationError as error:
        problems += [_problem(detail, document) for detail in error.errors(include_url=False)]
        return None
    known = {*skills, "*"} if method == "decisions" else set(skills)
    if form.skill not in known:
        near = difflib.get_close_matches(form.skill, sorted(known), n=1)
        remedy = f"did you mean {near[0]}?" if near else "`calibrant rubric show` lists the skills"
        line = document.line(("skill",))
        problems.append(Problem(document.file, line, "skill", f"the standard has no skill {form.skill!r}", remedy))
        return None
    wrong = form.mistakes()
    for at, message in wrong:
        known_at = document.known(at)
        problems.append(Problem(document.file, document.lines[known_at], dotted(known_at), message, _HELP))
    return None if wrong else form.record()


def _problem(detail: Any, document: Document) -> Problem:
    at = document.known(detail["loc"])
    last = str(detail["loc"][-1]) if detail["loc"] else ""
    words = {"missing": f"key `{last}` is missing", "extra_forbidden": f"unknown key `{last}`"}
    message = words.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    if detail["type"] not in words and detail["type"] != "value_error":
        message = f"{str(detail['input'])[:60]!r}: {message[0].lower()}{message[1:]}"
    return Problem(document.file, document.lines[at], dotted(at), message, _HELP)
