"""The standard as data: loader, validator, tagger, pure evaluator, structural diff.

    standard = rubrics.load("aiml")
    tags = rubrics.tag(standard, evidence)
    result = rubrics.evaluate(standard, work, opportunity, as_of=as_of)

Names are resolved on first use, so that importing the package costs nothing until a part of it is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rubrics.coverage import Uncovered, uncovered
    from rubrics.difference import Change, diff
    from rubrics.evaluator import Evaluation, evaluate, evaluate_without_quarters
    from rubrics.fixtures import FixtureResult, check_fixtures
    from rubrics.folder import shipped
    from rubrics.loader import load
    from rubrics.standard import Standard
    from rubrics.tagger import match_paths, tag
    from rubrics.validator import validate

__all__ = [
    "Change",
    "Evaluation",
    "FixtureResult",
    "Standard",
    "Uncovered",
    "check_fixtures",
    "diff",
    "evaluate",
    "evaluate_without_quarters",
    "load",
    "match_paths",
    "shipped",
    "tag",
    "uncovered",
    "validate",
]

_HOMES = {
    "Change": "difference",
    "Evaluation": "evaluator",
    "FixtureResult": "fixtures",
    "Standard": "standard",
    "Uncovered": "coverage",
    "check_fixtures": "fixtures",
    "diff": "difference",
    "evaluate": "evaluator",
    "evaluate_without_quarters": "evaluator",
    "load": "loader",
    "match_paths": "tagger",
    "shipped": "folder",
    "tag": "tagger",
    "uncovered": "coverage",
    "validate": "validator",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"rubrics.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
