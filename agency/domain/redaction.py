"""What looks like a secret."""

import re

_FILES = re.compile(
    r"(^|/)(\.env(\.(?!example$|sample$|template$)[^/]*)?|\.netrc|\.pgpass|\.npmrc|\.pypirc|credentials(\.json)?"
    r"|id_(rsa|dsa|ecdsa|ed25519)|[^/]*\.(pem|key|p12|pfx|jks|keystore|kdbx))$",
    re.IGNORECASE,
)
_TEXT = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bAKIA[0-9A-Z]{16}\b"
    r"|\bAIza[0-9A-Za-z_-]{35}|\bsk-[A-Za-z0-9_-]{20,}|\bglpat-[A-Za-z0-9_-]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"
)


def looks_like_secret_file(path: str) -> bool:
    """Whether a file of that name is likely to hold a secret."""
    return _FILES.search(path) is not None


def contains_secret(text: str) -> bool:
    """Whether the text holds something in the form of a secret."""
    return _TEXT.search(text) is not None
