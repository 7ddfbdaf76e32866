"""What a plan of a repo would have executed: the command lines of its settings and of its tasks, as one thing to be allowed."""

import json
from collections.abc import Sequence

from agency.domain.consent import Item
from agency.domain.manifest import Manifest
from agency.domain.plansettings import PlanSettings


def plan_item(name: str, settings: PlanSettings, manifests: Sequence[Manifest]) -> Item:
    """The thing to be allowed: each command line, and what runs it."""
    lines: list[tuple[str, str]] = [("bootstrap", line) for line in settings.bootstrap]
    lines += [(key, line) for key in ("doctor", "lint") if (line := getattr(settings, key)) is not None]
    lines += [(f"validator {one.name}", one.command) for one in settings.validators if one.command is not None]
    for manifest in manifests:
        for key in ("fast", "lint", "doctor"):
            line = getattr(manifest.verify, key)
            if line is not None:
                lines.append((f"task {manifest.task_id} {key}", line))
    return Item(
        name=f"plans.{name}",
        executed=json.dumps(lines, separators=(",", ":")),
        lines=tuple(dict.fromkeys(f"{what}: {line}" for what, line in lines)),
    )
