"""The subject's identity map: which identities are held to be theirs, why, and how much work hangs on each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from calibrant.reports.evidence_text import cell
from calibrant.reports.inert import NAME_LIMIT, shown
from db.records import LinkBasis, LinkState

__all__ = ["IdentityLine", "IdentityTotal", "identity_lines", "identity_rows", "identity_totals"]

_VERIFIED = frozenset({LinkBasis.ROSTER, LinkBasis.VERIFIED_EMAIL, LinkBasis.NOREPLY, LinkBasis.FORGE})
_ORDER = ("verified", "claimed", "contested", "suggested")
_OPEN = frozenset({LinkState.LINKED, LinkState.SUGGESTED, LinkState.CONTESTED})


@dataclass(frozen=True, slots=True)
class IdentityLine:
    """One identity. standing: "verified", "claimed", "contested" or "suggested"; artefacts: records, commits among them."""

    identity: str
    provider: str
    key: str
    name: str
    standing: str
    basis: str
    artefacts: int
    commits: int


@dataclass(frozen=True, slots=True)
class IdentityTotal:
    """Identities of one standing, and the commits and other records that hang on them."""

    standing: str
    identities: int
    commits: int
    others: int


def identity_rows(
    identities: pd.DataFrame, links: pd.DataFrame, evidence: pd.DataFrame, disputed: frozenset[str], person: str
) -> pd.DataFrame:
    """The rows of a person's map: what is theirs, and what is nobody's but linked, suggested or contested for them.

    identities, links, evidence: the ledger's frames `identities`, `identity_links` and `identity_evidence`; evidence for the purpose of the
    report, since it counts no other. disputed: identities the person disputes. Adds `commits`; `evidence` becomes what was counted.
    """
    last = links.drop_duplicates(["identity", "person", "proper"], keep="last")
    named = set(last.loc[(last["person"] == person) & last["state"].isin([*_OPEN]), "identity"]) | disputed
    mine = identities["person"] == person
    unsettled = identities["person"].isna() & identities["identity"].isin([*named])
    rows = identities[mine | unsettled]
    commits = evidence[evidence["kind"] == "commit"].groupby("identity")["artefacts"].sum()
    every = evidence.groupby("identity")["artefacts"].sum()
    counted = {
        name: rows["identity"].map(some).fillna(0).astype("int64")
        for name, some in (("evidence", every), ("commits", commits))
    }
    return rows.assign(**counted)


def identity_lines(frame: pd.DataFrame) -> tuple[IdentityLine, ...]:
    """The lines of `identity_rows`, by standing, then those with most records first."""
    lines = [_line({str(name): cell(value) for name, value in row.items()}) for row in frame.to_dict("records")]
    return tuple(
        sorted(lines, key=lambda line: (_rank(line.standing), -line.artefacts, line.provider, line.key, line.identity))
    )


def identity_totals(lines: tuple[IdentityLine, ...]) -> tuple[IdentityTotal, ...]:
    """Per standing, in order; a standing that no identity has is left out."""
    return tuple(
        IdentityTotal(
            standing,
            len(some),
            sum(line.commits for line in some),
            sum(line.artefacts - line.commits for line in some),
        )
        for standing in _ORDER
        if (some := [line for line in lines if line.standing == standing])
    )


def _rank(standing: str) -> int:
    return _ORDER.index(standing) if standing in _ORDER else len(_ORDER)


def _line(row: Mapping[str, object]) -> IdentityLine:
    state, basis = str(row.get("state") or ""), str(row.get("basis") or "")
    if state == LinkState.LINKED:
        standing = "verified" if basis in _VERIFIED or not basis else "claimed"
    else:
        standing = shown(state, NAME_LIMIT)
    return IdentityLine(
        identity=shown(row.get("identity"), NAME_LIMIT),
        provider=shown(row.get("provider"), NAME_LIMIT),
        key=shown(row.get("key"), NAME_LIMIT),
        name=shown(row.get("name"), NAME_LIMIT),
        standing=standing,
        basis=shown(basis.replace("_", " "), NAME_LIMIT)
        or ("for a part of the time" if state == LinkState.LINKED else ""),
        artefacts=_count(row.get("evidence")),
        commits=_count(row.get("commits")),
    )


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0
