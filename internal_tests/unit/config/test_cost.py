"""What loading the settings makes Python import."""

import os
import subprocess
import sys
from pathlib import Path

import agency

ROOT = str(Path(agency.__file__).parent.parent)
HEAVY = ("yaml", "msgspec", "shlex", "json", "difflib")
SCRIPT = """
import sys
from agency.config.load import load_settings
load_settings(sys.argv[1], sys.argv[2])
print(*[name for name in sys.argv[3:] if name in sys.modules])
"""


def heavy_modules_after_loading(repo: Path, config_dir: Path) -> list[str]:
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(repo), str(config_dir), *HEAVY],
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return finished.stdout.split()


def test_without_files_nothing_heavy_is_imported(repo: Path, config_dir: Path) -> None:
    assert heavy_modules_after_loading(repo, config_dir) == []


def test_json_is_read_without_yaml(repo: Path, config_dir: Path) -> None:
    (repo / "agency.json").write_text('{"version": 1}')
    assert "yaml" not in heavy_modules_after_loading(repo, config_dir)


def test_a_good_file_is_read_without_what_errors_need(repo: Path, config_dir: Path) -> None:
    (repo / "agency.yaml").write_text("version: 1\n")
    loaded = heavy_modules_after_loading(repo, config_dir)
    assert "yaml" in loaded and "msgspec" in loaded
    assert "difflib" not in loaded
