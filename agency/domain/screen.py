"""What the screen of an agent tells of its state, for agents that tell it in no other way."""

import re
from collections.abc import Mapping

from agency.domain.facts import Doing

LAST_LINES = 20
"""Lines from the end of the screen, blank ones not counted, that are looked at: what stands above them is past."""

QUIET = 2.0
"""Seconds without output after which a prompt counts as the end of a turn. tmux tells whole seconds, so one has passed."""

_BORDERS = "│┃║|╭╮╰╯┌┐└┘─━═▌▐▀▄█ \t"


def doing_on_screen(screen: str, patterns: Mapping[str, tuple[str, ...]], activity_age: float) -> Doing | None:
    """What the agent does, by the first of these that has a pattern for one of the last lines; None when none has.

    ``waiting``: a question needs a person even while something still moves beside it, and agents take it away once it is
    answered. ``working``: many agents show the line to type in, which tells ``done``, all the time, but that they work only
    while they do. ``done`` only after :data:`QUIET` seconds without output, ``working`` until then: a line to type in also
    stands there for a moment before an agent begins, and while it prints its answer.

    The detail is the lowest line that fits, or its first group where the pattern has one; of ``done`` only such a group,
    because a line to type in says nothing. What is shown has stood since the
    last output, ``activity_age`` seconds ago.
    """
    lines = [line for line in screen.splitlines() if line.strip()][-LAST_LINES:]
    for what in ("waiting", "working", "done"):
        match = _lowest(lines, patterns.get(what, ()))
        if match is None:
            continue
        if what == "done" and activity_age < QUIET:
            return Doing(what="working", detail="", age=activity_age)
        group = match[1] if match.re.groups else None
        told = group if group is not None else match.string if what != "done" else ""
        return Doing(what=what, detail=_gist(told), age=activity_age)
    return None


def _lowest(lines: list[str], patterns: tuple[str, ...]) -> re.Match[str] | None:
    """What fits on the lowest line that a pattern fits."""
    for line in reversed(lines):
        for pattern in patterns:
            try:
                match = re.search(pattern, line.rstrip())
            except re.error:  # a record that was changed by hand
                continue
            if match is not None:
                return match
    return None


def _gist(text: str) -> str:
    """``text`` without the frame around it; nothing when no word is left, as of a bare prompt."""
    gist = " ".join(text.strip(_BORDERS).split())
    return gist if any(char.isalnum() for char in gist) else ""
