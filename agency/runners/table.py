"""The agents agency knows. Adding one is a module and a line."""

import os

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
