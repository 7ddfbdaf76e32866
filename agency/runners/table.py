"""The agents agency knows. Adding one is a module and a line."""

import os

from agency.domain.errors import AgencyError
from agency.domain.launch import Launch
from agency.domain.settings import RunnerSettings
from agency.runners.adapter import Adapter
from agency.runners.claude import Claude
from agency.runners.codex import Codex
from agency.runners.gemini import Gemini
from agency.runners.opencode import Opencode
from agency.runners.plain import Aider, Shell

ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter for adapter in (Claude(), Codex(), Gemini(), Opencode(), Aider(), Shell())
}

ANY_COMMAND = Adapter()


def adapter_of(name: str, program: str) -> Adapter:
    """The adapter of a runner: of that name, or of the agent that its program is; else that of any command."""
    return ADAPTERS.get(name) or ADAPTERS.get(os.path.basename(program)) or ANY_COMMAND


def adapter_of_launch(launch: Launch) -> Adapter | None:
    """The adapter of a runner that was started, without a look at the config: of one known from there, as much as the record
    keeps. None when it is not known any more."""
    if launch.known_by == "config":
        from agency.runners.configured import Configured

        kept = RunnerSettings(thread_pattern=launch.thread_pattern, state_patterns=launch.state_patterns)
        return Configured(launch.agent, kept)
    if launch.known_by == "entry point":
        from agency.runners.entrypoints import installed_adapter

        try:
            return installed_adapter(launch.agent)
        except AgencyError:  # the package broke since: what runs can still be looked at and ended
            return None
    return ADAPTERS.get(launch.agent)
