"""How a repo is known: by its place on github.com in every form of URL, else by a key that is given to it once."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.repo import key_from_origin, key_from_path, repo_id_of

FORMS = [
    "git@github.com:{}/{}.git",
    "git@github.com:{}/{}",
    "github.com:{}/{}.git",
    "https://github.com/{}/{}.git",
    "https://github.com/{}/{}",
    "https://github.com/{}/{}/",
    "https://user@github.com/{}/{}",
    "https://user:token@github.com/{}/{}.git",
    "http://github.com/{}/{}.git",
    "ssh://git@github.com/{}/{}.git",
    "ssh://git@github.com:22/{}/{}.git",
    "ssh://github.com/{}/{}",
    "git://github.com/{}/{}.git",
    "https://GitHub.com/{}/{}.git",
    "  https://github.com/{}/{}.git\n",
]
parts = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_-]{0,20}", fullmatch=True)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_one_repository_gives_one_key(form: str) -> None:
    assert key_from_origin(form.format("NielsdaWheelz", "agency")) == "github:NielsdaWheelz/agency"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "agency",
        "/home/me/agency.git",
        "./agency.git",
        "file:///home/me/agency.git",
        "git@gitlab.com:me/agency.git",
        "https://gitlab.com/me/agency.git",
        "https://github.example.com/me/agency.git",
        "https://example.com/github.com/me/agency.git",
        "https://github.com.example.com/me/agency.git",
        "https://notgithub.com/me/agency",
        "https://github.com/agency",
        "https://github.com/me/agency/tree/main",
        "https://github.com/",
        "git@github.com:agency.git",
        "git@github.com:a b/c",
        "https://github.com/me/agency?x=1",
    ],
)
def test_other_origins_give_none(url: str) -> None:
    assert key_from_origin(url) is None


@given(owner=parts, name=parts, form=st.sampled_from(FORMS))
def test_owner_and_repository_keep_their_spelling(owner: str, name: str, form: str) -> None:
    assert key_from_origin(form.format(owner, name)) == f"github:{owner}/{name}"


@given(st.text(max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    key = key_from_origin(text)
    assert key is None or key.startswith("github:")


def test_the_id_is_the_beginning_of_the_sha256_of_the_key() -> None:
    assert repo_id_of("github:o/r") == hashlib.sha256(b"github:o/r").hexdigest()[:16]


@given(st.text(max_size=20), st.text(max_size=20))
def test_different_keys_have_different_ids(one: str, two: str) -> None:
    assert (repo_id_of(f"path:{one!a}") == repo_id_of(f"path:{two!a}")) is (one == two)


@pytest.mark.parametrize("path", ["/home/me/repo/.git", "/with space/\n/ü", "/not utf-8 \udcff"])
def test_a_path_gives_a_key_without_the_path_in_it(path: str) -> None:
    key = key_from_path(path)
    assert key.startswith("path:")
    assert len(key) == len("path:") + 64
    assert len(repo_id_of(key)) == 16
