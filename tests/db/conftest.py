"""Fixtures of the ledger's own tests."""

from __future__ import annotations

import pytest

from db.ledger import Ledger
from db.records import Purpose, Source


@pytest.fixture
def git(ledger: Ledger) -> Source:
    return ledger.source("git", "shop", lineage="root-of-shop", purposes=list(Purpose))
