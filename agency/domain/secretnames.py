"""What names tell of secrets: variables and keys that hold one, files that do. The text of a secret itself is looked for in
:mod:`agency.domain.secretpatterns`."""

import re
from collections.abc import Mapping
from itertools import pairwise

SENTINELS = frozenset({"true", "false", "none", "null", "yes", "no", "on", "off"})
"""Values that are never secret, however the key is called."""

LEAST = 8
"""Characters of the shortest value that is masked wherever it stands: a shorter one would tear holes into other text."""

_SECRET_WORDS = frozenset({"token", "secret", "password", "passwd", "key", "credential", "auth", "apikey"})
_MORE_WORDS = frozenset({"secrets", "credentials", "passphrase", "pgpassword"})
_STRONG_WORDS = frozenset({"password", "passwd", "secret", "secrets", "passphrase", "pgpassword"})
_KEY_WORDS = frozenset(
    {"token", "secret", "password", "passwd", "passphrase", "credential", "credentials", "apikey", "authorization"}
)
_KINDS_OF_KEY = frozenset({"api", "access", "private", "secret", "signing", "encryption", "auth", "ssh", "deploy"})
_TELLS_ABOUT = frozenset(
    {"ref", "refs", "file", "files", "path", "paths", "name", "names", "count", "type", "kind", "found", "url", "uri"}
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_DELIMITED = re.compile(r"[^\W_]+")
_PATH = re.compile(r"(?:~|\.{1,2}|(?=/))/(?:[a-z][a-z0-9_.-]{0,24}|Users|Library|Volumes|Applications)(?:/[^\n\0]*)?")
_PLAIN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s@?]*", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"://[^\s/:@]*:([^\s/]+)@")
_PLAIN_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[0-9.,:]+")

_SECRET_FILES = re.compile(
    r"""\.env | \.env\..* (?<!\.example) (?<!\.sample) (?<!\.template) (?<!\.dist)
    | .*\.(?:pem|key|p12|pfx|keystore|jks)
    | id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?
    | \.netrc | _netrc | \.npmrc | \.pypirc | \.git-credentials | \.pgpass
    | credentials\.json | \.credentials\.json | service[-_]account.*\.json
    | secrets\.(?:ya?ml|json|toml)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def secrets_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values of ``environ`` that are secret: those of variables with a word such as ``token`` in their name, and the
    passwords of URLs in any variable.

    Left out is what would mask ordinary text: sentinels such as ``true``, values shorter than :data:`LEAST`, paths, and,
    unless the name says ``password`` or ``secret``, numbers, plain words and URLs that carry nothing.
    """
    found: dict[str, None] = {}
    for key, value in environ.items():
        value = value.strip()
        words = {word.lower() for word in _DELIMITED.findall(key)}
        if words & (_SECRET_WORDS | _MORE_WORDS) and _is_secret(value, strong=bool(words & _STRONG_WORDS)):
            found[value] = None
        for password in _URL_PASSWORD.findall(value[:4096]):
            if len(password) >= LEAST:
                found[password] = None
    return tuple(found)


def is_secret_key(key: str) -> bool:
    """Whether what stands under ``key`` in a record is secret by its name: ``accessToken``, ``STRIPE_KEY``, ``password``.

    A name that ends in a word such as ``ref``, ``file`` or ``count`` tells about a secret and is none.
    """
    words = [word.lower() for word in _WORD.findall(key)]
    if not words or words[-1] in _TELLS_ABOUT:
        return False
    if not _KEY_WORDS.isdisjoint(words):
        return True
    if key == key.upper() and len(words) > 1 and "key" in words:  # a variable, as STRIPE_KEY
        return True
    return any(one in _KINDS_OF_KEY and other == "key" for one, other in pairwise(words))


def looks_like_secret_file(path: str) -> bool:
    """Whether the name of a file says that it holds secrets. Templates (``.env.example``) and public keys do not."""
    return _SECRET_FILES.fullmatch(path.rpartition("/")[2]) is not None


def _is_secret(value: str, *, strong: bool) -> bool:
    if len(value) < LEAST or value.lower() in SENTINELS or _PATH.fullmatch(value):
        return False
    if strong:
        return True
    return not (_PLAIN_URL.fullmatch(value) or (len(value) < 20 and _PLAIN_WORD.fullmatch(value)))
