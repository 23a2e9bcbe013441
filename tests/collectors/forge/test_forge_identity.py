"""What a forge itself says of logins and addresses."""

from datetime import date

from collectors.forge_evidence import batch_of
from collectors.forge_identity import Logins
from tests.collectors.forge.changes import ADA, HOST, change

DAY = date(2026, 2, 2)


def told(*changes: object, logins: Logins | None = None) -> set[tuple[str, str, str]]:
    """(identity, provider of the one it leads to, its key) of the batch's address links."""
    batch = batch_of(changes, HOST, "github/1", {}, logins=logins or Logins(HOST, DAY))  # type: ignore[arg-type]
    return {
        (link.identity.key, link.proper.provider, link.proper.key)
        for link in batch.links
        if link.proper is not None and "git" in (link.identity.provider, link.proper.provider)
    }


def test_an_address_the_forge_gives_to_an_account_is_told_in_both_directions() -> None:
    given = change(vouched=("ada@example.org", ADA.id))
    assert told(given) == {("ada@example.org", HOST, "1"), ("1", "git", "ada@example.org")}


def test_it_is_told_once_a_run() -> None:
    logins = Logins(HOST, DAY)
    given = change(vouched=("ada@example.org", ADA.id))
    assert told(given, logins=logins)
    assert not told(given, logins=logins)


def test_the_forge_s_own_address_and_a_bot_s_are_nobody_s() -> None:
    assert not told(change(vouched=("noreply@github.com", "1")))
    assert not told(change(vouched=("49699333+dependabot[bot]@users.noreply.github.com", "49699333")))
    assert not told(change(vouched=None))
