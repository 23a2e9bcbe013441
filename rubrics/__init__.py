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
    from rubrics.loader import load
    from rubrics.standard import Standard
    from rubrics.validator import validate

__all__ = ["Standard", "load", "validate"]

_HOMES = {
    "Standard": "standard",
    "load": "loader",
    "validate": "validator",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"rubrics.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
