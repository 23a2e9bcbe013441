"""The promotion packet: a reading copy without any estimate, and a sealed result."""

from __future__ import annotations

from dataclasses import dataclass

from calibrant.reports.case import PacketInputs
from calibrant.reports.evidence_text import RATING_KINDS
from calibrant.reports.packet_reading import read_case
from calibrant.reports.packet_sealed import SealedResult, seal_case
from calibrant.reports.reading_copy import ReadingCopy

__all__ = ["Packet", "PacketInputs", "build"]


@dataclass(frozen=True, slots=True)
class Packet:
    """Both halves, and the evidence behind them.

    cited: ids of the work cited on expected skills, sorted: safe to put into a packet that is verified offline.
    ratings: how many cited ratings there are. Their content names raters by opaque id and gives exact days and scores,
    so neither it nor their ids may travel with a packet.
    """

    reading: ReadingCopy
    sealed: SealedResult
    cited: tuple[str, ...]
    ratings: int


def build(inputs: PacketInputs) -> Packet:
    """The packet of one case. Pure: the same inputs give the same packet."""
    expected = {*inputs.profile.required, *inputs.profile.optional}
    named = {citation.evidence for citation in inputs.citations if citation.skill in expected}
    rows = inputs.cited[inputs.cited["evidence"].isin(sorted(named))]
    ratings = rows["kind"].isin(sorted(RATING_KINDS))
    return Packet(
        reading=read_case(inputs),
        sealed=seal_case(inputs),
        cited=tuple(sorted(str(key) for key in rows.loc[~ratings, "evidence"].unique())),
        ratings=int(rows.loc[ratings, "evidence"].nunique()),
    )
