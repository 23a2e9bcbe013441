"""The repositories of the department and the customs of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["FORK", "PROJECTS", "Flow", "Project"]


class Flow(StrEnum):
    """How changes reach the main line."""

    TRAILERS = "trailers"
    """Rebased onto main; reviewers and testers sign with trailers."""
    SQUASH = "squash"
    """One commit per change request, "Title (#12)", committed by the forge; who reviewed is known to the forge alone."""
    MERGE = "merge"
    """Branches merged by "Merge pull request #12 from ..."."""
    GITLAB = "gitlab"
    """Branches merged with "See merge request ...!12"; in the last year rebased, with trailers."""


@dataclass(frozen=True, slots=True)
class Project:
    """One repository: whose it is, how changes land, what work it holds and how its subjects read."""

    name: str
    team: str
    flow: Flow
    skills: tuple[str, ...]
    prefix: str = ""


_GENERAL = ("code-quality", "technical-docs", "ci-cd")

PROJECTS: tuple[Project, ...] = (
    Project(
        "ml-platform",
        "platform",
        Flow.TRAILERS,
        ("ml-pipelines", "containers", "model-monitoring", "model-serving", "experiment-tracking", *_GENERAL),
    ),
    Project(
        "feature-store",
        "platform",
        Flow.SQUASH,
        ("data-pipelines", "feature-engineering", "containers", "ml-pipelines", *_GENERAL),
    ),
    Project(
        "demand-forecast",
        "applied-ml",
        Flow.SQUASH,
        (
            *("model-training", "feature-engineering", "experiment-tracking", "ml-pipelines", "model-monitoring"),
            *("data-pipelines", *_GENERAL),
        ),
        prefix="{kind}({skill}): ",
    ),
    Project(
        "assistant",
        "language",
        Flow.MERGE,
        ("llm-apps", "model-serving", "containers", "model-monitoring", *_GENERAL),
    ),
    Project(
        "text-services",
        "language",
        Flow.GITLAB,
        (
            *("model-training", "llm-apps", "data-pipelines", "model-serving", "experiment-tracking"),
            *("feature-engineering", "code-quality", "technical-docs"),
        ),
        prefix="NLP-{number}: ",
    ),
)
"""The five repositories. Changes of the fork are drawn from the language team's work on `assistant`."""

FORK = "assistant-experiments"
"""A fork of `assistant`: shares its first commits and goes on by itself."""
