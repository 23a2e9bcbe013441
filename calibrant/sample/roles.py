"""The seats of the teams, what each role is about, and how able its people typically are."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CORE", "EVERYONE", "GROWTH", "JOB_LEVELS", "NEAR", "TEAMS", "TYPICAL"]

TEAMS: Mapping[str, tuple[str, ...]] = {
    "platform": (
        *("mlops-engineer", "mlops-engineer", "ai-product-manager", "mlops-engineer", "ml-engineer", "mlops-engineer"),
        *("mlops-engineer", "data-scientist", "mlops-engineer", "ml-engineer", "mlops-engineer"),
    ),
    "applied-ml": (
        *("ml-engineer", "data-scientist", "ml-engineer", "cv-engineer", "ml-engineer", "data-scientist"),
        *("ai-product-manager", "ml-engineer", "cv-engineer", "data-scientist", "mlops-engineer"),
    ),
    "language": (
        *("llm-engineer", "nlp-engineer", "llm-engineer", "prompt-engineer", "llm-engineer", "nlp-engineer"),
        *("ml-engineer", "llm-engineer", "ai-product-manager", "mlops-engineer", "nlp-engineer"),
    ),
}
"""The role of each seat of a team; the first seat leads it."""

CORE: Mapping[str, tuple[str, ...]] = {
    "mlops-engineer": ("ml-pipelines", "model-serving", "model-monitoring", "containers", "ci-cd"),
    "ml-engineer": ("model-training", "model-serving", "ml-pipelines", "feature-engineering", "experiment-tracking"),
    "llm-engineer": ("llm-apps", "model-serving", "containers", "code-quality"),
    "nlp-engineer": ("llm-apps", "model-training", "data-pipelines", "experiment-tracking"),
    "cv-engineer": ("model-training", "experiment-tracking", "data-pipelines", "model-serving"),
    "data-scientist": ("model-training", "feature-engineering", "experiment-tracking", "data-pipelines"),
    "prompt-engineer": ("llm-apps", "technical-docs", "collaboration"),
    "ai-product-manager": ("collaboration", "technical-docs"),
}
"""The skills a role is mostly about."""

NEAR: Mapping[str, tuple[str, ...]] = {
    "mlops-engineer": ("data-pipelines", "experiment-tracking", "code-quality"),
    "ml-engineer": ("data-pipelines", "model-monitoring", "containers", "ci-cd"),
    "llm-engineer": ("model-training", "ci-cd", "data-pipelines", "model-monitoring"),
    "nlp-engineer": ("feature-engineering", "model-serving"),
    "cv-engineer": ("feature-engineering", "containers"),
    "data-scientist": ("technical-docs", "model-monitoring", "ml-pipelines"),
    "prompt-engineer": ("experiment-tracking", "model-monitoring"),
    "ai-product-manager": ("llm-apps", "model-monitoring", "experiment-tracking"),
}
"""Skills a role touches."""

EVERYONE = ("code-quality", "code-review", "technical-docs", "collaboration")
"""Skills everybody is expected to have some of."""

JOB_LEVELS = ("junior", "middle", "senior", "lead", "principal")

TYPICAL = {"junior": 1.9, "middle": 2.7, "senior": 3.6, "lead": 4.1, "principal": 4.6}
"""Ability at a core skill, on the scale of levels, by job level."""

GROWTH = {"junior": 0.35, "middle": 0.25, "senior": 0.12, "lead": 0.05, "principal": 0.05}
"""What a year adds to every ability, by job level."""
