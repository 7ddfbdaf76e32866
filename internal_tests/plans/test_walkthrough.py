"""The walk-through of the README, typed as it stands there."""

import re
import subprocess
from pathlib import Path

from internal_tests.support.world import AGENCY, World

ROOT = Path(__file__).resolve().parents[2]
PLACE = "/tmp/walkthrough"


def test_the_walk_through_of_the_readme_ends_with_merged_work(world: World) -> None:
    blocks = re.split(r"^```[a-z]*\n", (ROOT / "README.md").read_text(), flags=re.M)[1::2]
    (typed,) = [block for block in blocks if PLACE in block]
    place = world.root / "walkthrough"
    world.env["PATH"] = f"{Path(AGENCY).parent}:{world.env['PATH']}"
    del world.env["AGENCY_ALLOW_SCRIPTS"]
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", typed.replace(PLACE, str(place))],
        cwd=ROOT,
        env=world.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    subjects = world.git("log", "--format=%s", cwd=place).splitlines()
    assert subjects == ["notes: Write the release notes", "feature: Write the feature", "a small repo"]
    assert "001: doctor failed at attempt 1" in done.stdout
    assert (place / "docs" / "notes.txt").read_text() == "1.0: the feature says hello\n"
