"""Files that cannot be read as text."""

import os
from collections.abc import Callable
from pathlib import Path

from agency.config.read import read_document
from agency.domain.errors import AgencyError
from agency.domain.settings import Settings

Refuse = Callable[[], AgencyError]


def test_a_directory_of_that_name_is_refused(repo: Path, refusal: Refuse) -> None:
    (repo / "agency.yaml").mkdir()
    assert refusal().message == "agency.yaml is not a regular file"


def test_a_named_pipe_is_refused_without_waiting_for_a_writer(repo: Path, refusal: Refuse) -> None:
    os.mkfifo(repo / "agency.yaml")
    assert refusal().message == "agency.yaml is not a regular file"


def test_a_broken_link_is_refused(repo: Path, refusal: Refuse) -> None:
    (repo / "agency.yaml").symlink_to("nowhere")
    error = refusal()
    assert error.message == "agency.yaml cannot be read: No such file or directory"
    assert error.details["file"] == str(repo / "agency.yaml")


def test_a_link_to_a_file_is_followed(repo: Path, load: Callable[[], Settings]) -> None:
    (repo / "shared.yaml").write_text("version: 1\ndefaults: {runner: codex}\n")
    (repo / "agency.yaml").symlink_to("shared.yaml")
    assert load().runner == "codex"


def test_bytes_that_are_not_utf8_are_refused_at_their_line(repo: Path, refusal: Refuse) -> None:
    (repo / "agency.yaml").write_bytes(b"version: 1\n# caf\xe9\n")
    error = refusal()
    assert error.message == "agency.yaml is not UTF-8 text"
    assert error.details["line"] == 2


def test_binary_data_is_refused(config_dir: Path, refusal: Refuse) -> None:
    (config_dir / "config.yaml").write_bytes(bytes(range(128)))
    assert refusal().message.startswith("config.yaml is not valid YAML")


def test_a_byte_order_mark_is_passed_over(repo: Path) -> None:
    for name, text in (("agency.yaml", b"version: 1"), ("agency.json", b'{"version": 1}')):
        (repo / name).write_bytes(b"\xef\xbb\xbf" + text)
        assert read_document(str(repo / name)).value == {"version": 1}


def test_windows_line_ends_count_once(repo: Path, refusal: Refuse) -> None:
    (repo / "agency.yaml").write_bytes(b"version: 1\r\ndefaults:\r\n  runner: 5\r\n")
    assert refusal().details["line"] == 3
