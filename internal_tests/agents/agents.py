"""The real agents, and the little that differs between them in tests: how each is pointed at the model server and gets past
its first questions."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from internal_tests.agents.model_server import ModelServer
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

INSTALLED = Path(__file__).resolve().parents[1] / ".agents" / "node_modules" / ".bin"


@dataclass(frozen=True)
class Agent:
    """A real agent.

    ``prepare`` points it at the model server, ``words`` is its command line, ``ready`` what its screen shows when it waits for
    input, ``gate`` what it asks before anything else (answered with Enter). ``allowing`` are words with which it runs commands
    without asking, ``shell`` the name of its tool for that and the key of the command. ``everywhere``: CI installs it.
    """

    name: str
    words: tuple[str, ...]
    prepare: Callable[[World, ModelServer], None]
    ready: str
    gate: str | None = None
    allowing: tuple[str, ...] = ()
    shell: tuple[str, str] = ("", "")
    everywhere: bool = True

    @property
    def program(self) -> Path:
        """Where it is installed: by ``internal_tests/run``, or else somewhere on PATH."""
        here = INSTALLED / self.name
        found = None if here.exists() or self.everywhere else shutil.which(self.name)
        return Path(found) if found is not None else here

    def configure(self, world: World, server: ModelServer) -> None:
        """Make it the default runner of the world's repo, talking to ``server``."""
        command = json.dumps([str(self.program), *self.words])
        config = f"version: 1\ndefaults: {{runner: {self.name}}}\nrunners:\n  {self.name}: {{command: {command}}}\n"
        self.prepare(world, server)
        world.commit({"agency.yaml": config}, "use a real agent")

    def until(self, run: SeenRun, condition: Callable[[], object], what: str) -> None:
        """Wait for ``condition``, answering what the agent asks before anything else whenever it asks."""

        def met() -> bool:
            if self.gate is not None and self.gate in run.screen():
                run.world.tmux_ask("send-keys", "-t", f"={run.session}:", "Enter")
            return bool(condition())

        wait_for(met, what, 60, every=0.5)

    def is_ready(self, run: SeenRun) -> bool:
        """Whether its screen shows that it waits for input."""
        screen = run.screen()
        return self.ready in screen and (self.gate is None or self.gate not in screen)


def _prepare_claude(world: World, server: ModelServer) -> None:
    world.env.update(
        ANTHROPIC_BASE_URL=server.url,
        ANTHROPIC_API_KEY="anything",
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
        DISABLE_AUTOUPDATER="1",
    )
    settings = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": ["anything"], "rejected": []},
        "projects": {str(world.repo): {"hasTrustDialogAccepted": True}},
    }
    (world.home / ".claude.json").write_text(json.dumps(settings))


def _prepare_codex(world: World, server: ModelServer) -> None:
    home = world.home / ".codex"
    home.mkdir()
    world.env.update(CODEX_HOME=str(home), MOCK_KEY="anything")
    (home / "config.toml").write_text(
        f"""model = "mock"
model_provider = "mock"
[model_providers.mock]
name = "mock"
base_url = "{server.url}/v1"
wire_api = "responses"
env_key = "MOCK_KEY"
"""
    )


def _prepare_gemini(world: World, server: ModelServer) -> None:
    world.env.update(
        GOOGLE_GEMINI_BASE_URL=server.url,
        GEMINI_API_KEY="anything",
        GEMINI_CLI_TRUST_WORKSPACE="true",
        COLORTERM="truecolor",
    )
    (world.home / ".gemini").mkdir()
    settings = {"security": {"auth": {"selectedType": "gemini-api-key"}}, "general": {"disableAutoUpdate": True}}
    (world.home / ".gemini" / "settings.json").write_text(json.dumps(settings))


def _prepare_opencode(world: World, server: ModelServer) -> None:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"{server.url}/v1", "apiKey": "anything"},
        "models": {"mock": {}},
    }
    config = {"model": "mock/mock", "provider": {"mock": provider}, "autoupdate": False, "share": "disabled"}
    world.env.update(
        OPENCODE_CONFIG_CONTENT=json.dumps(config),
        OPENCODE_DISABLE_MODELS_FETCH="1",
        OPENCODE_DISABLE_LSP_DOWNLOAD="1",
    )


CLAUDE = Agent(
    name="claude",
    words=(),
    prepare=_prepare_claude,
    ready="? for shortcuts",
    allowing=("--allowedTools", "Bash"),
    shell=("Bash", "command"),
)
CODEX = Agent(
    name="codex",
    words=("--no-daemon",),
    prepare=_prepare_codex,
    ready="Ask Codex to do anything",
    gate="Trust this folder?",
    allowing=("-a", "never", "-s", "danger-full-access"),
    shell=("exec_command", "cmd"),
)
GEMINI = Agent(
    name="gemini",
    words=("-m", "gemini-2.5-flash"),
    prepare=_prepare_gemini,
    ready="Type your message",
    allowing=("--approval-mode", "yolo"),
    shell=("run_shell_command", "command"),
)
# 354 MB, and most of a minute for two turns on a busy machine: only where somebody has it.
OPENCODE = Agent(
    name="opencode",
    words=(),
    prepare=_prepare_opencode,
    ready="ctrl+p commands",
    shell=("bash", "command"),
    everywhere=False,
)
AGENTS = (CLAUDE, CODEX)
ALL_AGENTS = (CLAUDE, CODEX, GEMINI, OPENCODE)


def in_ci() -> bool:
    """Whether a missing agent is a failure."""
    return bool(os.environ.get("CI")) and not os.environ.get("AGENCY_TESTS_WITHOUT_AGENTS")
