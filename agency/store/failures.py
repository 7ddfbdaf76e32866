"""One door through which errors of the file system become errors a user can act on."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from agency.domain.errors import AgencyError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def told_plainly(doing: str, path: str) -> Iterator[None]:
    """Turn an OSError of the block into E_DISK_FULL or E_STORE_FAILED, saying what was being done to which path."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _FULL or any(os.strerror(code) in reason for code in _FULL):
            raise AgencyError(
                "E_DISK_FULL",
                f"no space left while {doing}",
                hint="free some space; agency du shows what runs take",
                path=path,
            ) from error
        raise AgencyError(
            "E_STORE_FAILED", f"{doing} failed: {reason[:300]}", hint="agency doctor", path=error.filename or path
        ) from error
