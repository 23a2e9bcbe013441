"""The canonical content of one version of an artefact: what its content hash covers.

Identities and the artefact appear by their opaque ids, so erasing an identity's value leaves every hash
true. `collected_at`, the sequence and the extractor's version are not content: seeing the same thing again is not news.
An `occurred_at` later than the moment of storing is stored as that moment, and the claim is kept in the measures
(`clock_ahead`, `claimed_at`); the hash covers the claim, so the version does not change as time passes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, Final

from db.canonical import canonical, clean
from db.errors import BadInput
from db.records import Evidence

__all__ = ["Content", "content_hash", "content_text", "evidence_text", "prepare", "restore"]

_EXCERPT_LENGTH: Final = 280
_URL_LENGTH: Final = 2_000
_CLAIM: Final = "claimed_at"
_AHEAD: Final = "clock_ahead"

Content = tuple[str, int, str, str, str | None, str | None, str, int]
"""(kind, occurred_at as claimed, measures, paths, excerpt, url, retention, withdrawn): texts canonical."""


def prepare(evidence: Evidence, occurred_at: int, ahead: bool) -> Content:
    """The content of what a collector saw, participations apart. Raises `BadInput` for what cannot be stored."""
    measures = evidence.measures
    if _CLAIM in measures:
        raise BadInput(f"the measure {_CLAIM!r} is the ledger's own", (), remedy="give it another name")
    if ahead and _AHEAD in measures:
        measures = {name: value for name, value in measures.items() if name != _AHEAD}
    excerpt, url = evidence.excerpt, evidence.url
    return (
        evidence.kind.value,
        occurred_at,
        canonical(measures if type(measures) is dict else dict(measures)),
        canonical(evidence.paths) if evidence.paths else "[]",
        None if excerpt is None else clean(excerpt, _EXCERPT_LENGTH),
        None if url is None else clean(url, _URL_LENGTH),
        evidence.retention.value,
        int(evidence.withdrawn),
    )


def content_text(artefact_id: str, content: Content, participations: Sequence[tuple[str, str]]) -> str:
    """The text that is hashed. participations: (identity id, role) in any order.

    >>> content = ("commit", 0, "{}", "[]", None, None, "activity", 0)
    >>> content_text("a1", content, [("i1", "author")])
    '["a1","commit",0,{},[],[["i1","author"]],null,null,"activity",0]'
    """
    kind, occurred_at, measures, paths, excerpt, url, retention, withdrawn = content
    roles = ",".join([f'["{identity}","{role}"]' for identity, role in sorted(participations)])
    first = "null" if excerpt is None else encode_basestring(excerpt)
    second = "null" if url is None else encode_basestring(url)
    return (
        f'["{artefact_id}","{kind}",{occurred_at},{measures},{paths},[{roles}],{first},{second},'
        f'"{retention}",{withdrawn}]'
    )


def content_hash(text: str) -> str:
    """The hash by which two sightings of an artefact are compared: 32 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def evidence_text(
    artefact_id: str, sequence: int, hashed: str, occurred_at: int, collected_at: int, extractor: str
) -> str:
    """What a version's id commits to, beside its salt.

    >>> evidence_text("a1", 1, "c0", 5, 6, "git/1")
    '["evidence","a1",1,"c0",5,6,"git/1"]'
    """
    return f'["evidence","{artefact_id}",{sequence},"{hashed}",{occurred_at},{collected_at},{encode_basestring(extractor)}]'


def claim(measures: str, claimed_at: int) -> str:
    """The measures as stored for a version whose claimed time lay in the future."""
    return canonical({**json.loads(measures), _AHEAD: True, _CLAIM: claimed_at})


def restore(row: Mapping[str, Any]) -> Content:
    """The content as it was hashed, from a stored row of `evidence`."""
    occurred_at, measures = row["occurred_at"], row["measures"]
    if f'"{_CLAIM}"' in measures:
        facts = json.loads(measures)
        if _CLAIM in facts:
            occurred_at = facts.pop(_CLAIM)
            facts.pop(_AHEAD, None)
            measures = canonical(facts)
    return (
        row["kind"],
        occurred_at,
        measures,
        row["paths"],
        row["excerpt"],
        row["url"],
        row["retention"],
        row["withdrawn"],
    )
