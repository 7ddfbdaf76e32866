"""What ``agency doctor`` says, check by check."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from internal_tests.support.world import World


class Checks:
    """All checks of one call."""

    def __init__(
        self,
        world: World,
        *words: str,
        code: int = 0,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Call ``agency doctor --json``, insisting on its exit code."""
        result = world.agency("doctor", "--json", *words, cwd=cwd, env=env)
        assert result.code == code, result.out + result.err
        self.all: list[dict[str, Any]] = result.data

    def one(self, name: str, part: str = "") -> dict[str, Any]:
        """The only check of that name whose text holds ``part``."""
        (found,) = [check for check in self.all if check["name"] == name and part in check["text"]]
        return found

    def state(self, name: str, part: str = "") -> str:
        """Whether that check is ok, a warning, a failure or mended."""
        return str(self.one(name, part)["state"])
