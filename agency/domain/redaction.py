"""Takes secrets out of what is written or shown: the one set of rules for events, records, envelopes, metrics and screens.

Patches are looked through and never rewritten, because a rewritten patch does not apply: :meth:`Redactor.contains_secret`.
"""

from collections.abc import Iterable

from agency.domain.knownsecrets import KnownSecrets
from agency.domain.secretnames import SENTINELS, is_secret_key
from agency.domain.secretpatterns import REDACTED, mask_patterns, mask_private_keys

_DEEPEST = 64


class Redactor:
    """Masks the given values and whatever has the form of a secret. Masking twice changes nothing.

    What cannot be masked is left out: no method raises, and none gives back what it could not look through.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self.known = KnownSecrets(values)

    def text(self, text: str) -> str:
        """``text`` with :data:`REDACTED` for each secret; the number of lines stays, but for private keys."""
        try:
            return self._masked(text)
        except Exception:
            return REDACTED

    def value(self, value: object) -> object:
        """The same for a value of JSON, in all of its texts. Keys stay; what stands under a key that names a secret is masked
        whatever it looks like, but for numbers, flags and words such as ``none``."""
        try:
            return self._value(value, secret=False, depth=0)
        except Exception:
            return REDACTED

    def contains_secret(self, data: str | bytes) -> bool:
        """Whether a secret stands in ``data``, such as a patch. Of what stands under keys such as ``password`` only what looks
        random counts: source code is full of keys. Data that cannot be looked through counts."""
        try:
            text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
            text = text.replace(REDACTED, "")
            return mask_patterns(self.known.mask(mask_private_keys(text)), sure=True) != text
        except Exception:
            return True

    def _masked(self, text: str) -> str:
        return mask_patterns(self.known.mask(mask_private_keys(text)))

    def _value(self, value: object, *, secret: bool, depth: int) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth > _DEEPEST:
            return REDACTED
        if isinstance(value, str):
            hidden = secret and value.strip() and value.strip().lower() not in SENTINELS
            return REDACTED if hidden else self.text(value)
        if isinstance(value, dict):
            return {
                key: self._value(part, secret=secret or _names_secret(key), depth=depth + 1)
                for key, part in value.items()
            }
        if isinstance(value, list | tuple):
            parts = [self._value(part, secret=secret, depth=depth + 1) for part in value]
            return parts if isinstance(value, list) else tuple(parts)
        return REDACTED


def _names_secret(key: object) -> bool:
    return isinstance(key, str) and is_secret_key(key)
