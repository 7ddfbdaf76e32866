"""What secrets look like that nobody told us: tokens of known forms, headers, ``key=value``, private keys.

Every pattern stays within a line, but for private keys, and takes time in proportion to the text, whatever the text is:
repetitions are possessive or bounded. A match takes all of the word that it is in, so that masking twice changes nothing.
"""

import re

REDACTED = "[REDACTED]"
"""What stands where a secret was."""

PRIVATE_KEY_BEGINS = "-----BEGIN PRIVATE KEY-----"
_KEY_LABEL = r"[A-Z0-9\ ]{0,32}PRIVATE\ KEY(?:\ BLOCK)?-----"
_KEY_LINE = r"""
    [ \t>|"'+0-9→:-]{0,64}+ (?: [A-Za-z-]{4,24}:\ [^\n]{0,200} | [A-Za-z0-9+/=\\]*+ ) [ \t\r"',;]{0,64}+ (?= \n | \Z )
"""
PRIVATE_KEY = re.compile(
    rf"""-----BEGIN\ {_KEY_LABEL}
    (?: [^\n]*? (-----END\ {_KEY_LABEL})
      | [^\n]*+ (?: \n (?! \Z ) {_KEY_LINE} )*+ (?: \n [^\n]*? (-----END\ {_KEY_LABEL}) )? )""",
    re.VERBOSE,
)
"""A private key, also one that is quoted, numbered, part of a diff, or breaks off: then up to the first line that cannot be in
it, and without a group."""

_TOKEN_STARTS = (
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "AIza", "AKIA", "ASIA"),
    *("sk-", "xox", "xapp-", "glpat-", "npm_", "hf_", "pypi-", "eyJ"),
)
"""Seen quickly where there is none, which the pattern of a token cannot, because it looks at what stands before. To look for one
word after the other takes a tenth of the time of a pattern for all of them."""
_TOKEN = re.compile(
    r"""(?<![A-Za-z0-9]) (?: (?: gh[pousr]_ | github_pat_ ) [A-Za-z0-9_]{16}
      | AIza [\w-]{30} | A[KS]IA [0-9A-Z]{16}
      | sk- (?= [A-Za-z_-]{0,64}+ [0-9] ) [\w-]{16}
      | xox[abeoprs]- [\w-]{10} | xapp- [\w-]{10} | glpat- [\w-]{16}
      | npm_ [A-Za-z0-9]{30} | hf_ [A-Za-z0-9]{30} | pypi- [\w-]{50}
      | eyJ [\w-]{8,2048}+ \. [\w-]{8,}+ \. [\w-]{8} ) [\w-]*+""",
    re.VERBOSE | re.ASCII,
)
_SCHEME = r"(?:(?:bearer|basic|token|digest|negotiate|apikey)[ \t]{1,8})"
_HEADER = re.compile(
    rf"""( authorization \\*+ ["']? [ \t]{{0,8}} [:=] [ \t]{{0,8}} \\*+ ["']? )
    (?: ( {_SCHEME} ) [^\s"'\\,;]{{4,}}+ | (?! {_SCHEME} ) [^\s"'\\,;]{{8,}}+ )""",
    re.VERBOSE | re.IGNORECASE,
)
_BEARER = re.compile(
    r"( bearer [ \t]{1,8} ) (?= [\w.~+/=-]{0,64} [0-9] ) [\w.~+/=-]{8,}+", re.VERBOSE | re.IGNORECASE | re.ASCII
)
_URL = re.compile(
    r"""( :// (?: [^\s/:@"'<>]{0,64}+ : )? ) (?: (?<=:) [^\s/"'<>]{1,256} | (?<=/) [^\s/:@"'<>]{20,256} ) (?= @ )""",
    re.VERBOSE,
)
_FLAG = re.compile(
    r"""( (?<!-) -- (?: [a-z0-9]{1,16}+ - ){0,4} (?: token | password | passwd | secret | api-?key ) [ \t]{1,8} ["']? )
    (?: (?<=") [^"\n]++ | (?<=') [^'\n]++ | (?<=[ \t]) (?! [-$"'] ) [^\s"']{4,}+ )""",
    re.VERBOSE | re.IGNORECASE,
)
_KEY_WORDS = ("passw", "passphrase", "secret", "credential", "key", "token")
_WORDS = (*_KEY_WORDS, "authorization", "bearer")
_BEFORE_VALUE = r"""[\w-]{0,32}+ \\*+ ["']? [ \t]{0,8}+ [:=]"""
_MAY_BE_KEYED = re.compile(rf"(?: {' | '.join(_KEY_WORDS)} ) {_BEFORE_VALUE}", re.VERBOSE | re.ASCII)
_MAY_BE_KEYED_IN_ANY_CASE = re.compile(_MAY_BE_KEYED.pattern, re.VERBOSE | re.ASCII | re.IGNORECASE)
_KEYED = re.compile(
    r"""(?: (?P<strong> passw | passphrase | secret | credential | (?: (?<=api) | (?<=access) | (?<=private) | (?<=signing)
              | (?<=api[_-]) | (?<=access[_-]) | (?<=private[_-]) | (?<=signing[_-]) ) key )
          | token (?! [a-z] ) )
    [\w-]{0,32}+ (?<! [_-]file ) (?<! [_-]path ) (?<! [_-]name ) (?<! [_-]count ) (?<! [_-]type ) (?<! ref ) (?<! [_-]url )
    \\*+ ["']? (?P<before> [ \t]{0,8} ) (?: => | := | = (?! [=>] ) | : (?! [:=] ) ) (?P<after> [ \t]{0,8} )
    (?: (?P<open> \\++ ["'] ) (?P<escaped> [^\\\n]*+ )
      | " (?P<double> (?: [^"\\\n] | \\[^\n] )*+ ) | ' (?P<single> (?: [^'\\\n] | \\[^\n] )*+ )
      | (?! [$%] ) (?P<bare> [^\s"'`,;(){}<>&|\\]++ ) )""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_INVENTED = re.compile(r"example|your|changeme|placeholder|dummy|fake|xxxx|\.\.\.|0000|1234567", re.IGNORECASE)
_DIGIT = re.compile(r"[0-9]")
_LETTER = re.compile(r"[A-Za-z]")
_SENTINEL = re.compile(r"true|false|none|null|yes|no|on|off|undefined", re.IGNORECASE)


def mask_private_keys(text: str) -> str:
    """``text`` with each private key masked."""
    return PRIVATE_KEY.sub(REDACTED, text) if "PRIVATE KEY" in text else text


def mask_patterns(text: str, *, sure: bool = False) -> str:
    """``text`` with everything masked that has the form of a secret; private keys are not looked at.

    ``sure``: of what stands under a key such as ``token`` only that which looks random, as in a patch of source code, where
    ``token = read()`` is no secret.
    """
    if any(start in text for start in _TOKEN_STARTS):
        text = _TOKEN.sub(REDACTED, text)
    if "://" in text and "@" in text:
        text = _URL.sub(rf"\1{REDACTED}", text)
    lower = text.lower()
    if not any(word in lower for word in _WORDS):
        return text
    if "authorization" in lower:
        text = _HEADER.sub(lambda match: f"{match[1]}{match[2] or ''}{REDACTED}", text)
    if "bearer" in lower:
        text = _BEARER.sub(rf"\1{REDACTED}", text)
    if "--" in text and not sure:
        text = _FLAG.sub(rf"\1{REDACTED}", text)
    return _mask_keyed(text, sure)


def _mask_keyed(text: str, sure: bool) -> str:
    parts: list[str] = []
    done = at = 0
    lower = text.lower()
    # Looking for words of one case in the lower text is far quicker; but a few letters become two when they are lowered.
    where, may_be = (lower, _MAY_BE_KEYED) if len(lower) == len(text) else (text, _MAY_BE_KEYED_IN_ANY_CASE)
    while (candidate := may_be.search(where, at)) is not None:
        at = candidate.end()
        match = _KEYED.match(text, candidate.start())
        if match is None:
            continue
        group = match.lastgroup or "bare"
        value = match[group]
        if _looks_random(value) if sure else _is_value(match, group, value):
            parts += [text[done : match.start(group)], REDACTED]
            done = at = match.end(group)
    return "".join([*parts, text[done:]])


def _is_value(match: re.Match[str], group: str, value: str) -> bool:
    """Whether what stands under a key is a value to hide, rather than a word of a sentence or of a program."""
    if len(value) < 4 or _SENTINEL.fullmatch(value[:10]):
        return False
    if match["strong"]:
        return group != "bare" or len(value) >= 6 or not (match["before"] or match["after"])
    if group != "bare":
        return not any(char.isspace() for char in value[:64]) and not value.isdecimal()
    if not match["before"] and not match["after"] and "=" in match[0][: match.start("bare") - match.start()]:
        return not value.isdecimal()
    start = value[:64]
    return len(value) >= 20 or (len(value) >= 8 and bool(_DIGIT.search(start) and _LETTER.search(start)))


def _looks_random(value: str) -> bool:
    start = value[:256]
    if len(value) < 12 or any(char.isspace() for char in start) or _INVENTED.search(start):
        return False
    return bool(_DIGIT.search(start) and _LETTER.search(start)) and len(set(start)) >= 8 and "(" not in start
