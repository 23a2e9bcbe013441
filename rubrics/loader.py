"""Load a standard from a folder, a shipped library or its stored text."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from db.errors import BadInput, Problem
from rubrics.build import build
from rubrics.folder import read_folder
from rubrics.problems import from_validation
from rubrics.schema import Bundle
from rubrics.source import Document
from rubrics.standard import Standard
from rubrics.validator import check

__all__ = ["MAX_TEXT", "from_text", "load"]

MAX_TEXT = 16 * 1024 * 1024
"""Most characters of a stored standard."""


def load(where: str | Path) -> Standard:
    """The standard in a folder, or a shipped library by its code (`load("aiml")`).

    Raises Refusal if there is none, BadInput with every mistake (file, line, remedy) if it is not sound.
    """
    folder = read_folder(where)
    problems = check(folder)
    if problems or folder.standard is None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise BadInput(f"the standard {where} is not sound", problems, remedy=f"{problems[0]}{more}")
    return build(
        Bundle(
            standard=folder.standard[1],
            skills={stem: skill for stem, (_, skill) in folder.skills.items()},
            roles={stem: role for stem, (_, role) in folder.roles.items()},
        )
    )


def from_text(text: str) -> Standard:
    """The standard that `Standard.text()` gave.

    Only its shape is checked, not today's rules: a standard stored years ago must still replay. Raises BadInput.
    """
    document = Document("stored standard", None, {(): 1})
    if len(text) > MAX_TEXT:
        raise _unreadable("larger than a standard can be")
    try:
        bundle = Bundle.model_validate(json.loads(text))
    except ValidationError as error:
        problems = from_validation(error, document, Bundle)
        raise BadInput("the stored standard cannot be read", problems, remedy=str(problems[0])) from error
    except (ValueError, RecursionError) as error:
        raise _unreadable("not JSON") from error
    return build(bundle)


def _unreadable(why: str) -> BadInput:
    problem = Problem("stored standard", 0, "", why, "pass the text that Standard.text() gave")
    return BadInput("the stored standard cannot be read", [problem], remedy=str(problem))
