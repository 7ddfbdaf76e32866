"""What is taken out of texts and values, and what is left."""

import base64
import json
import time
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agency.domain.redaction import Redactor
from agency.domain.secretnames import secrets_in
from internal_tests.support.secrets import FRAGMENTS, KNOWN, SECRET

R = Redactor(KNOWN)
GITHUB = "ghp_" + "a1B2" * 9
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"a {GITHUB} b", "a [REDACTED] b"),
        ("github_pat_11ABCDEFG0123456789_abcdefghij", "[REDACTED]"),
        ("AIza" + "Sy0" * 12, "[REDACTED]"),
        ("id AKIAIOSFODNN7EXAMPLE.", "id [REDACTED]."),
        ("sk-ant-api03-abcDEF0123456789", "[REDACTED]"),
        ("sk-proj-abcDEF0123456789", "[REDACTED]"),
        ("xoxb-123456789012-abcdef", "[REDACTED]"),
        ("glpat-abcdefghij0123456789", "[REDACTED]"),
        ("npm_" + "a1B2" * 9, "[REDACTED]"),
        (f"jwt={JWT};", "jwt=[REDACTED];"),
        ("Authorization: Bearer abcdefgh12345", "Authorization: Bearer [REDACTED]"),
        ("authorization: basic dXNlcjpwYXNz", "authorization: basic [REDACTED]"),
        ('{"Authorization":"Bearer abc.def.gh1"}', '{"Authorization":"Bearer [REDACTED]"}'),
        ("sent bearer Abc123Def456", "sent bearer [REDACTED]"),
        ("password=hunter2 x", "password=[REDACTED] x"),
        ("DB_PASSWORD: hunter22", "DB_PASSWORD: [REDACTED]"),
        ('"password": "a b c d"', '"password": "[REDACTED]"'),
        ('{\\"client_secret\\": \\"abcdef\\", \\"x\\":1}', '{\\"client_secret\\": \\"[REDACTED]\\", \\"x\\":1}'),
        ("MY_TOKEN=abcdef", "MY_TOKEN=[REDACTED]"),
        ("x-api-key: abcdefgh1234", "x-api-key: [REDACTED]"),
        ("login --password 'x y z' --token abcdef", "login --password '[REDACTED]' --token [REDACTED]"),
        ("https://u:pw@h/x", "https://u:[REDACTED]@h/x"),
        ("https://abcdefghij0123456789@h/x", "https://[REDACTED]@h/x"),
        ("postgres://u:p@ss@h/x", "postgres://u:[REDACTED]@h/x"),
    ],
)
def test_what_has_the_form_of_a_secret_is_masked(text: str, masked: str) -> None:
    assert R.text(text) == masked
    assert R.text(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        *(
            "token = parser.next()",
            "unexpected token: identifier",
            '"input_tokens":123',
            "token=$TOKEN",
            "monkey=banana",
        ),
        *(
            "bearer authentication",
            "git@github.com:me/it",
            "https://me@h/x",
            "secret_file=/run/x",
            "password=",
            "A Key: b",
        ),
        *("task-runner-with-a-long-name", "X_AUTH=1", "if token == other_token_2:", "", "Äpfel 1 2 3"),
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert R.text(text) == text


KEY_BODY = "MIIEpAIBAAKCAQEA+/abc\nAAAA="


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"a\n-----BEGIN RSA PRIVATE KEY-----\n{KEY_BODY}\n-----END RSA PRIVATE KEY-----\nb c", "a\n[REDACTED]\nb c"),
        (f"-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{KEY_BODY}\nand then", "[REDACTED]\nand then"),
        (f"-----BEGIN PRIVATE KEY-----\n{KEY_BODY}", "[REDACTED]"),
        ("+-----BEGIN PRIVATE KEY-----\n+MIIabc\n+-----END PRIVATE KEY-----\n+b c", "+[REDACTED]\n+b c"),
        ('"-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----\\n"', '"[REDACTED]\\n"'),
    ],
)
def test_a_private_key_is_masked_whole(text: str, masked: str) -> None:
    assert R.text(text) == masked


@pytest.mark.case(53, "DOC-REQ-012")
@given(st.binary(max_size=5), st.binary(max_size=5))
def test_a_known_secret_is_masked_in_base64_of_any_text_around_it(before: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + SECRET.encode() + after).decode()
    kept = R.text(encoded).split("[REDACTED]")
    assert len(kept) == 2
    assert len("".join(kept)) <= 2 * len(before + after) + 8


@pytest.mark.case(53, "DOC-REQ-012")
@pytest.mark.parametrize(
    "form", [str, quote, quote_plus, lambda text: quote(text, safe=""), json.dumps, lambda t: json.dumps(json.dumps(t))]
)
def test_a_known_secret_is_masked_in_every_form(form: object) -> None:
    assert callable(form)
    awkward = 'Odd "secret" with /slashes\\ & Ümlaut'
    redactor = Redactor([awkward])
    assert redactor.text(f"<{form(awkward)}>").strip('<>"\\') == "[REDACTED]"


@given(
    st.lists(st.integers(3, len(SECRET) - 1), max_size=4, unique=True), st.sampled_from(["\n", "\r\n", "\n    ", "\\n"])
)
def test_a_known_secret_that_is_broken_over_lines_is_masked(places: list[int], gap: str) -> None:
    edges = [0, *sorted(places), len(SECRET)]
    broken = gap.join(SECRET[a:b] for a, b in pairwise(edges))
    masked = R.text(f"<{broken}>\n")
    assert masked.replace("\n", "") == "<[REDACTED]>"
    assert masked.count("\n") == broken.count("\n") + 1


def test_a_secret_of_several_lines_is_masked_line_by_line() -> None:
    lines = ["first0line0of0the0secret", "second0line0of0the0secret"]
    redactor = Redactor(["\n".join(lines)])
    assert redactor.text(f"1 {lines[0]}\n2 {lines[1]}\n") == "1 [REDACTED]\n2 [REDACTED]\n"


def test_a_very_long_secret_is_masked_in_parts() -> None:
    secret = " ".join(f"{number * 7919:x}" for number in range(1500))
    for length in (300, 2000, 8000):
        assert (
            Redactor([secret[:length]]).text(f"<{secret[:length]}>").replace("[REDACTED]", "").replace(" ", "") == "<>"
        )


def test_the_longest_secret_goes_first() -> None:
    assert Redactor(["abcdefgh", "abcdefghijkl"]).text("abcdefghijkl") == "[REDACTED]"


@pytest.mark.case(3, "DOC-REQ-012")
@pytest.mark.case(54, "DOC-REQ-012")
def test_short_values_do_not_corrupt_text() -> None:
    redactor = Redactor([*secrets_in({"X_AUTH": "1", "SSH_AUTH_SOCK": "/tmp/ssh-1/agent.1"}), "short"])
    text = "Step 1 of 11 in /tmp/ssh-1/agent.1 is short: 1"
    assert redactor.text(text) == text


def test_values_are_masked_in_all_their_texts_and_under_secret_keys() -> None:
    value = {
        "message": f"it is {SECRET}",
        "accessToken": "abc",
        "password": {"old": ["x", 1, "none"]},
        "secretRef": "vault://a",
        SECRET: (1, 2.5, None, True, ("password=hunter22",)),
        "odd": b"raw",
    }
    assert R.value(value) == {
        "message": "it is [REDACTED]",
        "accessToken": "[REDACTED]",
        "password": {"old": ["[REDACTED]", 1, "none"]},
        "secretRef": "vault://a",
        SECRET: (1, 2.5, None, True, ("password=[REDACTED]",)),
        "odd": "[REDACTED]",
    }


def test_what_cannot_be_looked_through_is_left_out() -> None:
    class Broken(str):
        def __contains__(self, other: object) -> bool:
            raise RuntimeError("no")

        def replace(self, *_: object) -> str:
            raise RuntimeError("no")

    circle: list[object] = []
    circle.append(circle)
    assert R.text(Broken(SECRET)) == "[REDACTED]"
    assert R.value({"a": Broken(SECRET), "b": "fine"}) == {"a": "[REDACTED]", "b": "fine"}
    assert "[REDACTED]" in str(R.value(circle))
    assert R.contains_secret(Broken(SECRET))


@pytest.mark.case(55, "DOC-REQ-012")
@pytest.mark.parametrize(
    "patch",
    [
        f"+a = '{SECRET}'\n",
        f"+{GITHUB}\n".encode(),
        "+-----BEGIN PRIVATE KEY-----\n+MII\n",
        "+API_TOKEN = 'q8Zr2LmXv71Tn'\n",
        b"\xff\xfe" + SECRET.encode(),
    ],
)
def test_a_patch_with_a_secret_is_told(patch: str | bytes) -> None:
    assert R.contains_secret(patch)


@pytest.mark.parametrize(
    "patch",
    [
        "+password = getpass.getpass()\n",
        "+token: str = 'example-token-123'\n",
        "+PASSWORD=hunter2\n",
        b"\xff\xfe",
        "+[REDACTED]\n",
    ],
)
def test_a_patch_of_source_code_is_not_taken_for_a_secret(patch: str | bytes) -> None:
    assert not R.contains_secret(patch)


@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=4)), max_size=12).map("".join))
def test_masking_twice_changes_nothing(text: str) -> None:
    once = R.text(text)
    assert R.text(once) == once
    assert SECRET not in once


@settings(max_examples=50)
@given(
    st.text(max_size=20),
    st.text(st.characters(exclude_categories=["Z", "C"]), min_size=8, max_size=12),
    st.text(max_size=20),
)
def test_no_known_value_is_left_whatever_it_is(before: str, value: str, after: str) -> None:
    assume("REDACTED" not in value and value.split() == [value])
    assert value not in Redactor([value]).text(f"{before}{value}{after}").replace("[REDACTED]", "\0")


HOSTILE = [
    *(
        "a",
        "a ",
        "token=",
        "token:",
        "token: ",
        "token='",
        'token="a ',
        "password",
        "sk-",
        "-sk-",
        "--",
        "-",
        "://",
        "://a:",
    ),
    *(
        "Bearer ",
        "authorization: ",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n",
        "eyJ",
        "eyJaaaaaaaa.",
    ),
    *("\n", "\n\t ", "\\", "token=\\", 'token="\\"', "AKIA", "--token-", "'token='a ", SECRET[:-1], SECRET[:5] + "\n"),
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    def cost(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        started = time.process_time()
        R.text(text)
        return time.process_time() - started

    assert cost(1 << 18) < 64 * cost(1 << 14) + 0.5
