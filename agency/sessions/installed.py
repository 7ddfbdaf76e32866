"""Which version of an agent is installed, and what it therefore cannot do."""

import os
from dataclasses import replace

from agency.domain.errors import AgencyError
from agency.runners.flags import lacking, version_in
from agency.runners.resolve import Runner
from agency.sessions.consent import AllowedStart
from agency.sessions.context import Context
from agency.sessions.environment import without_run
from agency.store.programs import known_version, remember_version
from agency.tools.process import run

_PATIENCE = 10.0
"""Seconds that an agent may take to tell its version."""


def without_lacking(context: Context, start: AllowedStart) -> AllowedStart:
    """``start`` with a runner that knows which flags the installed version lacks, which is told.

    A version that lacks nothing is asked for once for each file of the program; one that lacks something again each time,
    so that an update behind a version manager's shim is seen. Programs of another name than the agent's are not asked:
    who knows what they do.
    """
    runner = start.runner
    flags = runner.adapter.flags
    if not flags or os.path.basename(runner.program) not in runner.adapter.command:
        return start
    known = known_version(context.paths, runner.program)
    if known is not None and not lacking(flags, version_in(known)):
        return start
    told = _ask(context, runner)
    lacked = lacking(flags, version_in(told))
    if told != known:
        remember_version(context.paths, runner.program, told)
    if lacked:
        words = "; ".join(f"no {flag.word}, so {flag.without}" for flag in lacked)
        numbers = ".".join(str(number) for number in version_in(told) or ())
        context.tell(f"{runner.name} is of version {numbers}: {words}")
    return replace(start, runner=replace(runner, lacking=frozenset(flag.word for flag in lacked)))


def _ask(context: Context, runner: Runner) -> str:
    """The first line of what it says; empty when it does not answer."""
    try:
        with context.busy(f"asking {runner.name} for its version"):
            done = run((runner.program, "--version"), env=without_run(runner.environ), timeout=_PATIENCE, cwd="/")
    except (AgencyError, OSError):
        return ""
    return done.out.decode("utf-8", "replace").strip().partition("\n")[0][:100]
