"""Two directories that may hold a config file, and the ways in which these tests use them."""

from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.settings import Settings

# How long an example takes says how busy the machine is, not whether the property holds.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """An empty repo root."""
    root = tmp_path / "repo"
    root.mkdir()
    return root


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    """An empty config directory of the user."""
    directory = tmp_path / "config"
    directory.mkdir()
    return directory


@pytest.fixture
def load(repo: Path, config_dir: Path) -> Callable[[], Settings]:
    """Load what the two directories hold."""
    return lambda: load_settings(str(repo), str(config_dir))


@pytest.fixture
def refusal(load: Callable[[], Settings]) -> Callable[[], AgencyError]:
    """Load what the two directories hold, which has to be refused as an invalid config."""

    def refuse() -> AgencyError:
        with pytest.raises(AgencyError) as caught:
            load()
        assert caught.value.code == "E_INVALID_CONFIG"
        assert caught.value.hint
        assert "\n" not in caught.value.message and not caught.value.message.endswith(".")
        return caught.value

    return refuse


@pytest.fixture
def load_repo(repo: Path, load: Callable[[], Settings]) -> Callable[[str], Settings]:
    """Load a repo's agency.yaml of the given text, below its version."""

    def write_and_load(text: str) -> Settings:
        (repo / "agency.yaml").write_text("version: 1\n" + text)
        return load()

    return write_and_load


@pytest.fixture
def refuse_repo(repo: Path, refusal: Callable[[], AgencyError]) -> Callable[[str], AgencyError]:
    """The error for a repo's agency.yaml of the given text, below its version (which is line 1)."""

    def write_and_refuse(text: str) -> AgencyError:
        (repo / "agency.yaml").write_text("version: 1\n" + text)
        return refusal()

    return write_and_refuse
