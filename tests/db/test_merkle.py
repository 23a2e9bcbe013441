from hypothesis import given
from hypothesis import strategies as st

from db import merkle

_texts = st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=40, unique=True)


@given(_texts)
def test_every_leaf_proves_itself(texts: list[str]) -> None:
    tree = merkle.row_tree(texts)
    root = merkle.root(tree)
    assert all(merkle.verify_proof(one, merkle.proof(tree, place), root) for place, one in enumerate(tree))


@given(_texts, st.text(st.characters(exclude_categories=["Cs"])))
def test_a_foreign_leaf_proves_nothing(texts: list[str], foreign: str) -> None:
    tree = merkle.row_tree(texts)
    if foreign not in texts:
        assert not any(
            merkle.verify_proof(merkle.leaf(foreign), merkle.proof(tree, place), merkle.root(tree))
            for place in range(len(tree))
        )


@given(_texts)
def test_the_root_of_rows_does_not_depend_on_their_order(texts: list[str]) -> None:
    assert merkle.root(merkle.row_tree(reversed(texts))) == merkle.root(merkle.row_tree(texts))


@given(_texts)
def test_losing_or_doubling_a_row_changes_the_root(texts: list[str]) -> None:
    root = merkle.root(merkle.row_tree(texts))
    assert merkle.root(merkle.row_tree(texts[1:])) != root
    assert merkle.root(merkle.row_tree([*texts, texts[0]])) != root


def test_malformed_proofs_are_refused_not_raised() -> None:
    leaf = merkle.leaf("a")
    for step in ("", "X" + "0" * 64, "L" + "g" * 64, "L" + "A" * 64, "L00"):
        assert not merkle.verify_proof(leaf, [step], merkle.root([leaf]))
