"""The ledger's frames of a little work, built by hand."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from inference.attribution import Attribution, attribute


class Record:
    """Builds the two ledger frames by hand."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.parts: list[dict[str, Any]] = []
        self.reverts: list[tuple[str, str]] = []
        self.reviewed: list[tuple[str, str]] = []

    def commit(
        self,
        oid: str,
        author: str,
        *,
        paths: list[str] | None = None,
        others: tuple[tuple[str, str], ...] = (),
        same_as: str | None = None,
        day: int = 1,
        excerpt: str | None = None,
        **facts: Any,
    ) -> None:
        paths = ["train/model.py"] if paths is None else paths
        if "revert_of" in facts:
            self.reverts.append((f"a-{oid}", f"a-{facts['revert_of']}"))
        measures = {"parents": 1, "files": len(paths), "added": 10, "deleted": 2, **facts}
        self.rows.append(
            {
                "evidence": f"e-{oid}",
                "artefact": f"a-{oid}",
                "kind": "commit",
                "occurred_at": pd.Timestamp(2026, 3, day, tz="UTC"),
                "source_kind": "git",
                "source": "repo",
                "repository": "repo",
                "measures": json.dumps(measures, sort_keys=True),
                "excerpt": excerpt,
                "paths": json.dumps([[p, 5, 1, None] for p in paths]),
                "same_as": same_as,
            }
        )
        for person, role in ((author, "author"), *others):
            self.parts.append(
                {
                    "evidence": f"e-{oid}",
                    "identity": f"i-{person}",
                    "role": role,
                    "person": person,
                    "provider": "git",
                    "bot": person.endswith("[bot]"),
                }
            )

    def request(self, number: str, author: str, *, others: tuple[tuple[str, str], ...] = (), **facts: Any) -> None:
        """A merged change request of a forge."""
        self.commit(number, author, others=others, **{"merged": True, "parents": None, **facts})
        self.rows[-1] |= {"kind": "change_request", "source": "forge"}

    def review(self, key: str, reviewer: str, of: str, author: str, *, kind: str = "review", **facts: Any) -> None:
        """A review of a change request, without paths of its own."""
        self.commit(key, author, others=((reviewer, "reviewer"),), paths=[], **{"parents": None, **facts})
        self.rows[-1] |= {"kind": kind, "source": "forge"}
        self.reviewed.append((f"a-{key}", f"a-{of}"))

    def attributed(self) -> Attribution:
        evidence = pd.DataFrame(self.rows).astype({"same_as": "string"})
        reverts, reviewed = (
            pd.DataFrame(rows, columns=["artefact", "target"], dtype="str") for rows in (self.reverts, self.reviewed)
        )
        return attribute(evidence, pd.DataFrame(self.parts), reverts, reviewed)
