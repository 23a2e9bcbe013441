"""Raw identities of commits and trailers: an e-mail as key, and whether a machine stands behind it.

Nobody is matched to a person here, and addresses are kept as written: joining them is the business of dated links.
What is told is only what the identity itself declares: bots by the `[bot]` mark of the forges, by the word "bot" standing
alone in the name, or by a short list of well-known service accounts; AI tools by their address, or by a full name
that no person bears ("GitHub Copilot", "Claude Opus 4"; a bare "Claude" or "Devin" with a private address is a person).
"""

from __future__ import annotations

import re
from functools import lru_cache

from collectors.git_text import visible
from db.records import Identity

__all__ = ["FORGES", "NO_EMAIL", "PROVIDER", "declares_assistance", "identity", "is_machine", "is_tool"]

PROVIDER = "git"
NO_EMAIL = "<>"
"""Key of identities without an address, as git writes it: one key for all of them, since a name alone joins nobody."""

FORGES = frozenset(("noreply@github.com", "noreply@gitlab.com", "noreply@bitbucket.org", "noreply@codeberg.org"))
"""Committers that mean "merged in the browser"."""

_LONGEST = 320
_BOT_NAME = re.compile(
    r"\[bot\]|(?:^|[\s_-])(?:ro)?bot$|^bot(?:[\s_-]|$)|\b(?:renovate|dependabot|greenkeeper|pre-commit-ci|mergify|github[ -]actions?"
    r"|gitlab[ -]ci|semantic-release|weblate|copybara|copybara-service|allcontributors|imgbot|snyk-bot|pyup-bot"
    r"|deepsource-autofix|jenkins|travis ci|circleci|google-ml-automation|tensorflower-gardener)\b",
    re.IGNORECASE,
)
_BOT_EMAIL = re.compile(
    r"\[bot\]@|^(?:.*[._+-])?(?:ro)?bot@|^(?:dependabot|renovate|github-actions|gitlab-ci|jenkins|support@dependabot\.com)\b"
    r"|@(?:renovateapp|dependabot|greenkeeper)\.(?:com|io)$|-automation@|-gardener@|noreply\+kokoro|ci-robot@",
    re.IGNORECASE,
)
_TOOL_EMAIL = re.compile(
    r"@(?:[\w-]+\.)*(?:anthropic\.com|cursor\.com|cursor\.sh|aider\.chat|openai\.com|ampcode\.com|all-hands\.dev|codeium\.com|devin\.ai)$"
    r"|\bcopilot@(?:users\.noreply\.)?github\.com$"
    r"|(?:copilot-swe-agent|gemini-code-assist|devin-ai-integration|google-labs-jules|chatgpt-codex-connector|claude|cursor)\[bot\]",
    re.IGNORECASE,
)
_TOOL_NAME = re.compile(
    r"(?:github |microsoft )?copilot(?:\b.*)?|copilot-swe-agent.*|chatgpt\b.*|gpt-?[0-9].*|openai\b.*|codex(?: cli)?|gpt-[0-9.]+-codex"
    r"|claude[ -](?:code|opus|sonnet|haiku|ai|bot|[0-9]).*|anthropic.*|cursor(?: ?agent| ai)?|gemini(?: code assist.*| cli.*|[ -][0-9].*)"
    r"|aider\b.*|devin[ -]ai.*|windsurf.*|codeium.*|sourcegraph.*|tabnine.*|amazon q\b.*|(?:amazon )?codewhisperer.*|google[ -](?:labs )?jules"
    r"|opencode|openhands|roo ?code|cline|sweep[ -]ai|amp(?:code)?|kiro|coderabbit.*|qwen.*|deepseek.*|codestral.*|devstral.*",
    re.IGNORECASE,
)
_TOOL_WORD = re.compile(
    r"\b(?:claude(?:[ -:](?:code|opus|sonnet|haiku|[0-9a-z-]*[0-9])|\.ai|\b(?= *(?:[\](),;.]|$)))|chatgpt|gpt-?[0-9][\w.-]*|openai|codex|copilot"
    r"|cursor(?:\b(?= *(?:[\](),;.]|$))|[ -](?:agent|ai))|gemini(?:[ -](?:cli|code|[0-9])|\b(?= *(?:[\](),;.]|$)))|aider|devin[ -]ai|windsurf|codeium|tabnine"
    r"|amazon q|codewhisperer|opencode|openhands|roo ?code|ampcode|coderabbit|qwen|deepseek|codestral|llama-?[0-9]|anthropic)\b",
    re.IGNORECASE,
)
_DECLARING = frozenset(
    ("assisted-by", "ai-assisted-by", "ai-assistant", "ai-attribution", "ai-tool", "generated-by", "generated-with", "made-with",
     "written-with", "created-with", "authored-with")
)  # fmt: skip
_SENTENCE = re.compile(
    r"^[^\w\n]{0,20}(?:co-)?(?:(?:generated|written|authored|made|created|assisted) (?:with|by|using)|ai attribution:)(.{0,80})",
    re.IGNORECASE | re.MULTILINE,
)
_SENTENCE_WORDS = ("enerated ", "ritten ", "uthored ", "ade with", "ade by", "reated ", "ssisted ", "ttribution:")


def identity(name: str, email: str) -> Identity:
    """The identity of a raw name and e-mail, made visible.

    >>> identity("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com").bot
    True
    """
    return _identity(name[:_LONGEST], email[:_LONGEST])


@lru_cache(maxsize=1 << 14)
def _identity(name: str, email: str) -> Identity:
    key = visible(email.strip()) or NO_EMAIL
    shown = visible(name.strip())
    return Identity(PROVIDER, key, shown or None, key in FORGES or is_machine(name, email))


def is_machine(name: str, email: str) -> bool:
    """Whether a name or address is a bot's or an AI tool's.

    >>> is_machine("docs-bot", ""), is_machine("Abbot", "")
    (True, False)
    """
    name, email = name[:_LONGEST], email[:_LONGEST]
    return bool(_BOT_NAME.search(name) or _BOT_EMAIL.search(email)) or is_tool(name, email)


def is_tool(name: str, email: str) -> bool:
    """Whether an author or co-author is a known AI tool.

    >>> is_tool("Claude Opus 4.6", "noreply@anthropic.com"), is_tool("Claude Dupont", "claude@example.fr")
    (True, False)
    """
    return bool(_TOOL_EMAIL.search(email[:_LONGEST]) or _TOOL_NAME.fullmatch(name[:_LONGEST].strip()))


def declares_assistance(message: str, trailers: tuple[tuple[str, str], ...]) -> bool:
    """Whether a message says that a known AI tool helped, in a trailer made for that or a line such as "Generated with [...]".

    >>> declares_assistance("Fix\\n\\nGenerated with [Claude Code](https://example.org)", ())
    True
    """
    for key, value in trailers:
        if key in _DECLARING and _TOOL_WORD.search(value):
            return True
    if any(word in message for word in _SENTENCE_WORDS):
        return any(_TOOL_WORD.search(found.group(1)) for found in _SENTENCE.finditer(message))
    return False
