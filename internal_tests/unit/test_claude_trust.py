"""Trust in a worktree, written into the user's own file of Claude Code: the file comes to no harm."""

import json
import os
import threading
import time
from pathlib import Path

import pytest

from agency.runners import claudetrust
from agency.runners.adapter import Scene
from internal_tests.support.waiting import wait_for

CONTENT = {"numStartups": 7, "ratio": 1.5, "text": "Füße 😀", "projects": {"/other": {"allowedTools": ["x"]}}}


class Home:
    """A home directory with a ``.claude.json``, and a run whose worktree is to be trusted."""

    def __init__(self, root: Path) -> None:
        self.file = root / ".claude.json"
        self.file.write_text(json.dumps(CONTENT))
        self.worktree = root / "tree"
        self.worktree.mkdir()
        self.record = root / "record"
        self.record.mkdir()
        environ = {"HOME": str(root)}
        self.scene = Scene(worktree=str(self.worktree), directory=str(self.record), environ=environ, trusted=True)

    @property
    def key(self) -> str:
        """The worktree as claude names it."""
        return os.path.realpath(self.worktree)

    def content(self) -> dict[str, object]:
        """What the file says."""
        data = json.loads(self.file.read_text())
        assert isinstance(data, dict)
        return data


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home directory."""
    return Home(tmp_path)


def test_one_key_is_added_and_taken_away_and_all_else_stays(home: Home) -> None:
    home.file.chmod(0o640)
    claudetrust.trust(home.scene)
    trusted = {"hasTrustDialogAccepted": True}
    assert home.content() == {**CONTENT, "projects": {"/other": {"allowedTools": ["x"]}, home.key: trusted}}
    assert home.file.stat().st_mode & 0o777 == 0o640
    claudetrust.forget(home.scene)
    assert home.content() == CONTENT
    assert sorted(os.listdir(home.file.parent)) == [".claude.json", "record", "tree"]
    assert not os.listdir(home.record)


def test_a_link_stays_a_link(home: Home, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.json"
    home.file.rename(real)
    home.file.symlink_to(real)
    claudetrust.trust(home.scene)
    assert home.file.is_symlink()
    assert home.key in json.loads(real.read_text())["projects"]


def test_the_directory_that_the_user_configured_is_the_one(home: Home, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    moved = home.file.rename(tmp_path / "elsewhere" / ".claude.json")
    environ = {"HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": str(moved.parent)}
    claudetrust.trust(Scene(worktree=str(home.worktree), directory=str(home.record), environ=environ))
    assert home.key in json.loads(moved.read_text())["projects"]


@pytest.mark.parametrize(
    "content", [b"", b"not json", b"[]", b'{"projects": []}', b'{"projects": {', b"\xff\xfe"], ids=range(6)
)
def test_a_file_that_is_not_as_expected_is_left_as_it_is(home: Home, content: bytes) -> None:
    home.file.write_bytes(content)
    claudetrust.trust(home.scene)
    claudetrust.forget(home.scene)
    assert home.file.read_bytes() == content
    assert sorted(os.listdir(home.file.parent)) == [".claude.json", "record", "tree"]


def test_no_file_is_made(home: Home) -> None:
    home.file.unlink()
    claudetrust.trust(home.scene)
    assert not home.file.exists()


def test_what_was_noted_about_the_worktree_since_is_not_taken_away(home: Home) -> None:
    claudetrust.trust(home.scene)
    content = json.loads(home.file.read_text())
    content["projects"][home.key]["allowedTools"] = ["Bash(ls)"]
    home.file.write_text(json.dumps(content))
    claudetrust.forget(home.scene)
    assert home.content() == content


def test_a_worktree_that_the_user_trusts_already_is_not_forgotten_for_them(home: Home) -> None:
    noted = {**CONTENT, "projects": {home.key: {"hasTrustDialogAccepted": True, "lastCost": 1}}}
    home.file.write_text(json.dumps(noted))
    claudetrust.trust(home.scene)
    claudetrust.forget(home.scene)
    assert home.content() == noted


def test_the_lock_of_claude_is_waited_for(home: Home) -> None:
    lock = Path(f"{home.file}.lock")
    lock.mkdir()
    worker = threading.Thread(target=claudetrust.trust, args=(home.scene,))
    worker.start()
    wait_for(lambda: (home.record / "claude-trust.json").exists(), "the start")
    home.file.write_text(json.dumps({**CONTENT, "meanwhile": True}))
    assert home.key not in json.loads(home.file.read_text())["projects"]
    lock.rmdir()
    worker.join(20)
    assert home.content()["meanwhile"] is True
    assert home.key in json.loads(home.file.read_text())["projects"]
    assert not lock.exists()


def test_a_lock_that_stays_leaves_the_file_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claudetrust, "_PATIENCE", 0.1)
    lock = Path(f"{home.file}.lock")
    lock.mkdir()
    claudetrust.trust(home.scene)
    assert home.content() == CONTENT
    assert lock.exists()


def test_the_lock_of_a_claude_that_died_is_taken_over(home: Home) -> None:
    lock = Path(f"{home.file}.lock")
    lock.mkdir()
    long_ago = time.time() - 3600
    os.utime(lock, (long_ago, long_ago))
    claudetrust.trust(home.scene)
    assert home.key in json.loads(home.file.read_text())["projects"]
    assert not lock.exists()


def test_many_at_once_lose_nothing(home: Home, tmp_path: Path) -> None:
    scenes = []
    for number in range(12):
        record, tree = tmp_path / f"record{number}", tmp_path / f"tree{number}"
        record.mkdir()
        tree.mkdir()
        scenes.append(Scene(worktree=str(tree), directory=str(record), environ={"HOME": str(tmp_path)}))
    workers = [threading.Thread(target=claudetrust.trust, args=(scene,)) for scene in scenes]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    trusted = json.loads(home.file.read_text())["projects"]
    assert set(trusted) == {"/other", *(os.path.realpath(scene.worktree) for scene in scenes)}
