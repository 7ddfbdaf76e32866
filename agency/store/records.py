"""Records: JSON objects on disk that a reader never sees half-written."""

import json
import os
from collections.abc import Mapping
from typing import Any

from agency.store.failures import told_plainly


def read_record(path: str) -> Any:
    """The JSON value of a file. Raises FileNotFoundError, or ValueError when it is not JSON in UTF-8."""
    with open(path, "rb") as file:
        return json.loads(file.read())


def json_bytes(value: object, *, indent: int | None = None) -> bytes:
    """``value`` as JSON in UTF-8. Text that is not (the bytes of a path, say) is escaped and comes back as it was."""
    separators = None if indent is not None else (",", ":")
    try:
        return json.dumps(value, indent=indent, separators=separators, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent, separators=separators).encode()


def write_record(path: str, record: Mapping[str, Any]) -> None:
    """Replace a record as a whole, durably: temporary file, fsync, rename, fsync of the directory. Mode 0600."""
    write_file(path, json_bytes(record, indent=2) + b"\n")


def write_file(path: str, content: bytes, *, durable: bool = True) -> None:
    """Replace a file as a whole; ``durable`` makes it survive a power cut. Raises E_DISK_FULL or E_STORE_FAILED."""
    temporary = f"{path}.{os.getpid()}.tmp"
    with told_plainly("writing", path):
        discard_leftovers(path)
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                view = memoryview(content)
                while view:
                    view = view[os.write(fd, view) :]
                if durable:
                    os.fsync(fd)
            finally:
                os.close(fd)
            os.replace(temporary, path)
        except OSError:
            discard(temporary)
            raise
        if durable:
            sync_directory(os.path.dirname(path))


def patch_record(path: str, patch: Mapping[str, Any]) -> None:
    """Apply a JSON merge patch (RFC 7396) to a record, keeping every field it does not name. Hold the repo lock."""
    record = read_record(path)
    write_record(path, merge(record if isinstance(record, dict) else {}, patch))


def merge(record: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """``record`` with ``patch`` applied: objects merge, None removes, everything else replaces."""
    merged = dict(record)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            old = merged.get(key)
            merged[key] = merge(old if isinstance(old, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def make_directory(path: str) -> None:
    """Make a directory and its parents, all of them mode 0700. It may be there already."""
    with told_plainly("making a directory", path):
        try:
            os.mkdir(path, 0o700)
        except FileNotFoundError:
            make_directory(os.path.dirname(path))
            make_directory(path)
        except FileExistsError:
            if not os.path.isdir(path):
                raise


def move_directory(source: str, target: str) -> None:
    """Rename a directory, durably. Raises E_STORE_FAILED."""
    with told_plainly("moving a directory", source):
        os.rename(source, target)
        sync_directory(os.path.dirname(target))


def sync_directory(path: str) -> None:
    """Make the entries of a directory survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def discard(path: str) -> None:
    """Remove a file if it is there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def discard_leftovers(path: str) -> None:
    """Remove what killed processes left of ``path`` half-written."""
    directory, name = os.path.split(path)
    discard_leftovers_in(directory, name)


def discard_leftovers_in(directory: str, name: str | None = None) -> None:
    """Remove what killed processes left half-written in a directory, of the file ``name`` or of any."""
    try:
        entries = os.listdir(directory)
    except OSError:
        return
    for entry in entries:
        stem, _, pid = entry.removesuffix(".tmp").rpartition(".")
        ours = entry.endswith(".tmp") and pid.isdigit() and name in (None, stem)
        if ours and not _is_running(int(pid)):
            discard(f"{directory}/{entry}")


def _is_running(pid: int) -> bool:
    """Whether the process is there and can still write; one that has ended and that nobody has waited for cannot."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return not file.read().rpartition(b")")[2].lstrip().startswith(b"Z")
    except OSError:
        return True
