"""What names tell of secrets."""

import pytest

from agency.domain.secretnames import is_secret_key, looks_like_secret_file, secrets_in


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("GITHUB_TOKEN", "abcdefgh1"),
        ("github.token", "abcdefgh1"),
        ("DB_PASSWORD", "correcthorse"),
        ("MY_SECRET", "12345678"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("CODEX_API_KEY", "sk-whatever1"),
        ("X-AUTH", "Zm9vYmFyMQ"),
    ],
)
def test_the_value_of_a_variable_with_a_secret_word_is_secret(key: str, value: str) -> None:
    assert secrets_in({key: f" {value}\n"}) == (value,)


@pytest.mark.case(54, "DOC-REQ-012")
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("X_AUTH", "1"),
        ("AUTH_ENABLED", "0"),
        ("USE_TOKEN", "disabled"),
        ("A_PASSWORD", "none"),
        ("SSH_AUTH_SOCK", "/tmp/ssh-XXabcd1234/agent.4711"),
        ("GOOGLE_APPLICATION_CREDENTIAL", "/Users/me/key-0a1b.json"),
        ("PASSWORD_FILE", "/run/secrets/db_password"),
        ("TOKEN_URL", "https://auth.example.com/login"),
        ("TOKEN_LIMIT", "100000000"),
        ("AUTH_TYPE", "kerberos"),
        ("KEYBOARD", "abcdefgh1"),
        ("MONKEY", "abcdefgh1"),
        ("PATH", "/usr/bin:/bin"),
    ],
)
def test_what_would_tear_holes_into_text_is_not_secret(key: str, value: str) -> None:
    assert secrets_in({key: value}) == ()


def test_the_password_of_a_url_is_secret_in_any_variable() -> None:
    assert secrets_in({"DATABASE_URL": "postgres://me:pw-123456@db/x"}) == ("pw-123456",)


@pytest.mark.parametrize(
    "key",
    ["accessToken", "api_key", "apiKey", "STRIPE_KEY", "password", "db.password", "clientSecret", "Authorization"],
)
def test_a_key_names_a_secret(key: str) -> None:
    assert is_secret_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "key",
        "keys",
        "tokens",
        "input_tokens",
        "secretRef",
        "token_ref",
        "secret_files",
        "token_count",
        "thread_id",
        "",
        "KEY",
    ],
)
def test_a_key_tells_about_a_secret_or_of_none(key: str) -> None:
    assert not is_secret_key(key)


@pytest.mark.parametrize(
    "path",
    [
        *(
            ".env",
            "a/.env.local",
            "deep/er/server.pem",
            "k.key",
            ".ssh/id_rsa",
            "id_ed25519",
            ".netrc",
            ".npmrc",
            "x.p12",
        ),
        *("credentials.json", "x.pfx", "my.keystore", "service-account-prod.json", "secrets.yml", "secrets.yaml"),
        *("secrets.json", "secrets.toml", "odd\nname.pem"),
    ],
)
def test_a_file_is_secret_by_its_name(path: str) -> None:
    assert looks_like_secret_file(path)


@pytest.mark.parametrize(
    "path",
    [
        *(
            ".env.example",
            "a/.env.sample",
            ".env.template",
            "id_rsa.pub",
            "id_ed25519.pub",
            "main.py",
            ".environment",
            "keys",
        ),
        *("secrets.py", ".env/readme", "key", ""),
    ],
)
def test_a_template_or_a_public_key_is_no_secret_file(path: str) -> None:
    assert not looks_like_secret_file(path)
