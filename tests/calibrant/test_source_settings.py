"""The `[[source]]` tables of calibrant.toml."""

from pathlib import Path

import pytest

from calibrant.credentials import key_text, secret
from calibrant.settings import read_settings
from calibrant.source_settings import CloneSource, FileSource, ForgeSource, Reference, read_sources
from db.errors import BadInput, Refusal
from db.records import Purpose

WHOLE = """
ledger = "sqlite:///ours.db"

[[source]]
kind = "github"
organisation = "acme"
teams = ["platform"]
token = { env = "GITHUB_TOKEN" }
purposes = ["self_check", "development"]

[[source]]
kind = "gitlab"
base_url = "https://git.example.org"
repositories = ["ml/serving"]
token = { file = "token" }
mirror = false

[[source]]
kind = "git"
clones = ["clones/a.git"]

[[source]]
kind = "feedback360"
file = "spring.csv"
set = { cycle = "2026" }
"""


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "calibrant.toml"
    path.write_text(text)
    return path


def test_every_kind_of_source_is_read_in_order_beside_the_settings(tmp_path: Path) -> None:
    path = _file(tmp_path, WHOLE)
    hub, lab, clones, form = read_sources(path)
    assert isinstance(hub, ForgeSource)
    assert (hub.where, hub.teams, hub.purposes) == (
        "https://github.com",
        ("platform",),
        (Purpose.SELF_CHECK, Purpose.DEVELOPMENT),
    )
    assert isinstance(lab, ForgeSource)
    assert (lab.where, lab.mirror) == ("https://git.example.org", False)
    assert isinstance(clones, CloneSource)
    assert isinstance(form, FileSource)
    assert read_settings({}, tmp_path).ledger == "sqlite:///ours.db"


@pytest.mark.parametrize(
    ("table", "where", "said"),
    [
        ('kind = "github"\norganisation = "a"', "source 1", "say where the token is"),
        ('kind = "github"\ntoken = {env = "T"}', "source 1", "or repositories"),
        ('kind = "github"\norganisation = "a"\ntoken = {env = "T", file = "f"}', "source 1.token", "either"),
        ('kind = "github"\norganisation = "a"\ntoken = {env = "T"}\ntokn = 1', "source 1.tokn", "no such key"),
        ('kind = "gitlab"\norganisation = "a"\ntoken = {env = "T"}', "source 1", "say where it is"),
        (
            'kind = "gitlab"\nbase_url = "x"\norganisation = "a"\nmay_write=true\ntoken={env="T"}',
            "source 1",
            "GitHub's",
        ),
        ('kind = "gihub"', "source 1", "there is no kind 'gihub'; use github, gitlab, git"),
        ('kind = "github"\norganization = "a"\ntoken = {env = "T"}', "source 1.organization", "no such key"),
        ('kind = "github"\norganisation = "a"\ntoken = {value = "T"}', "source 1.token.value", "never written"),
        ('kind = "table"\nfile = "x.csv"', "source 1", "needs a mapping"),
        ('kind = "feedback360"\nfile = "x.csv"\npurposes = ["gossip"]', "source 1.purposes.0", "promotion"),
        ('kind = "git"\nclones = ["a", "b"]\nname = "c"', "source 1", "names one clone"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, table: str, where: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_sources(_file(tmp_path, f"[[source]]\n{table}\n"))
    problem = refused.value.problems[0]
    assert (problem.column, said in problem.message) == (where, True), problem


@pytest.mark.parametrize("key", ["token", "app"])
def test_a_token_written_into_the_file_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    token = "ghp_" + "a1B2" * 9
    table = f'kind = "github"\norganisation = "a"\n{key} = "{token}"'
    with pytest.raises(BadInput) as refused:
        read_sources(_file(tmp_path, f"[[source]]\n{table}\n"))
    told = str(refused.value) + repr(refused.value.problems)
    assert token not in told
    assert key in told


@pytest.mark.parametrize("text", ["", "source = 3", "[[source]\n"])
def test_a_file_without_sources_says_so(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match=r"TOML|names no source"):
        read_sources(_file(tmp_path, text))


def test_a_token_comes_from_the_variable_or_the_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-the-file\n")
    held = {"FORGE": "from-the-environment"}
    assert secret(Reference(env="FORGE"), held, tmp_path).reveal() == "from-the-environment"
    assert secret(Reference(file="token"), {}, tmp_path).reveal() == "from-the-file"


def test_a_token_that_is_not_there_is_refused_by_the_name_of_its_place(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    for reference, where in (
        (Reference(env="FORGE"), r"\$FORGE"),
        (Reference(file="nowhere"), "nowhere"),
        (Reference(file="empty"), "empty"),
    ):
        with pytest.raises(Refusal, match=where):
            secret(reference, {}, tmp_path)


def test_a_mistake_in_a_file_is_at_a_key_and_names_the_one_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"key source 1\.organization: there is no such key; did you mean organisation\?"
    ):
        read_sources(_file(tmp_path, '[[source]]\nkind = "github"\norganization = "a"\ntoken = {env = "T"}\n'))


@pytest.mark.parametrize("token", ["a1B2" * 5, "0123456789abcdef" * 2 + "01234567", "Abcdefghijklmnopqrst_"])
def test_what_may_be_a_token_is_not_repeated_where_a_name_should_be(tmp_path: Path, token: str) -> None:
    with pytest.raises(Refusal, match="give the variable's NAME") as by_name:
        secret(Reference(env=f"_{token}"), {}, tmp_path)
    with pytest.raises(Refusal) as by_file:
        secret(Reference(file=f"{token}0"), {}, tmp_path)
    assert token not in f"{by_name.value} {by_file.value}"


def test_a_private_key_is_a_key(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("hello there\n")
    with pytest.raises(Refusal, match="no private key"):
        key_text(Reference(file="key.pem"), {}, tmp_path)
