"""Which doctor judges a task: one that looks at the components it reaches, or the whole one."""

from collections.abc import Collection

from agency.domain.blast import Blast
from agency.domain.controlplane import Checks
from agency.domain.frozen import frozen
from agency.domain.tiers import HIGH_RISK

SURFACE_CHANGE = "surface_change"
LOW_CONFIDENCE = "low_confidence"
NO_COMPONENTS = "no_components"
TOO_MANY = "too_many_components"
NO_COMMAND = "missing_command_mapping"
HIGH_TIER = "tier_high_risk"


@frozen
class CheckSet:
    """The doctor that was chosen. ``reason`` tells why it is not a scoped one, None where it is. ``enforced``: it takes the place
    of the doctor of the task. ``rationale`` is for people."""

    mode: str
    required: tuple[str, ...]
    command: str
    reason: str | None
    enforced: bool
    confidence: str
    rationale: tuple[str, ...]


def select(reach: Blast, *, surface: Collection[str], tier: int, checks: Checks, doctor: str) -> CheckSet:
    """The doctor for a change of that reach; ``doctor`` is the one that the task has otherwise."""
    missing = [one for one in reach.impacted if one not in checks.commands_by_component]
    verdicts = (
        (SURFACE_CHANGE, bool(surface), f"it changes what others see: {', '.join(sorted(surface))}"),
        (NO_COMPONENTS, not reach.impacted, "it reaches no component"),
        (LOW_CONFIDENCE, reach.confidence == "low", f"its reach is a guess: {', '.join(reach.widened)}"),
        (
            TOO_MANY,
            len(reach.impacted) > checks.max_components_for_scoped,
            f"it reaches {len(reach.impacted)} components, and {checks.max_components_for_scoped} are the most",
        ),
        (NO_COMMAND, bool(missing), f"there is no command for {', '.join(missing)}"),
        (HIGH_TIER, tier >= HIGH_RISK, f"its tier is {tier}"),
    )
    against = [(reason, told) for reason, holds, told in verdicts if holds]
    if against:
        command = checks.fallback_command or doctor
        rationale = tuple(told for _, told in against)
    else:
        command = joined(dict.fromkeys(checks.commands_by_component[one] for one in reach.impacted))
        rationale = (f"it reaches {', '.join(reach.impacted)}, each with a command of its own",)
    return CheckSet(
        mode=checks.mode,
        required=reach.impacted,
        command=command,
        reason=against[0][0] if against else None,
        enforced=checks.mode == "enforce" and (not against or checks.fallback_command is not None),
        confidence=reach.confidence,
        rationale=rationale,
    )


def joined(commands: Collection[str]) -> str:
    """One command line that succeeds when all of them do."""
    several = tuple(commands)
    return several[0] if len(several) == 1 else " && ".join(f"( {command}\n)" for command in several)
