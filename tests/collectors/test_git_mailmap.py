"""A .mailmap links addresses, with the state each kind of entry deserves."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.git_mailmap import links, parse_mailmap
from db.records import Identity, LinkState
from tests.collectors.git_repository import run_git


def linked(content: bytes, *seen: str, before: bytes = b"", everybody: bool = True) -> list[tuple[str, str, LinkState]]:
    identities = [Identity("git", key) for key in seen]
    made = links(content, before, identities, everybody=everybody)
    return [(link.identity.key, link.proper.key if link.proper else "", link.state) for link in made]


def test_addresses_are_compared_without_regard_to_case() -> None:
    assert linked(b"<new@x.org> <Old@x.org>\n", "OLD@x.org", "old@x.org") == [
        ("OLD@x.org", "new@x.org", LinkState.LINKED),
        ("old@x.org", "new@x.org", LinkState.LINKED),
    ]


def test_an_entry_for_one_name_at_an_address_only_suggests() -> None:
    assert linked(b"Ada <ada@x.org> Ada L <root@localhost>\n", "root@localhost") == [
        ("root@localhost", "ada@x.org", LinkState.SUGGESTED)
    ]


def test_names_alone_link_nobody() -> None:
    assert linked(b"Ada Lovelace <ada@x.org>\n# <a@x> <b@x>\nrubbish\n<a@x> <>\n<same@x> <SAME@x>\n", "ada@x.org") == []


def test_people_seen_earlier_are_linked_when_the_file_changes() -> None:
    assert linked(b"<n@x> <o@x>\n", before=b"<m@x> <o@x>\n", everybody=False) == [
        ("o@x", "m@x", LinkState.UNLINKED),
        ("o@x", "n@x", LinkState.LINKED),
    ]
    assert linked(b"<n@x> <o@x>\n", before=b"<n@x> <o@x>\n", everybody=False) == []


ADDRESS = st.sampled_from(["a@x", "b@x", "C@x", "d@y"])
ENTRY = st.one_of(
    st.builds("Name <{}> <{}>".format, ADDRESS, ADDRESS), st.builds("<{}> <{}> # note".format, ADDRESS, ADDRESS)
)


@settings(max_examples=20, deadline=None)
@given(st.lists(ENTRY, max_size=5))
def test_addresses_map_as_git_maps_them(tmp_path_factory: object, entries: list[str]) -> None:
    folder: Path = tmp_path_factory.mktemp("mailmap")  # type: ignore[attr-defined]
    content = "".join(f"{entry}\n" for entry in entries).encode()
    run_git(folder, "init", "-q", ".")
    (folder / ".mailmap").write_bytes(content)
    ours = {address: proper for (address, proper, only) in parse_mailmap(content) if only is None}
    for address in ("a@x", "b@x", "c@x", "d@y"):
        theirs = run_git(folder, "check-mailmap", f"Somebody <{address}>")
        assert theirs.rpartition("<")[2].rstrip(">").lower() == ours.get(address, address).lower()
