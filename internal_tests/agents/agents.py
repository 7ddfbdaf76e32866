"""The real agents, and the little that differs between them in tests: how each is pointed at the model server and gets past
its first questions."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from internal_tests.agents.model_server import Answer, ModelServer
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

PACKAGES = Path(__file__).resolve().parents[1] / ".agents" / "node_modules"
OPTIONAL = "only where somebody has it"
_PINNED = json.loads(Path(__file__).with_name("package.json").read_text())["dependencies"]


@dataclass(frozen=True, kw_only=True)
class Agent:
    """A real agent in one version.

    ``package`` is where npm puts it, ``prepare`` points it at the model server, ``words`` are the rest of its command line.
    ``ready`` is what its screen shows when it waits for input, ``gate`` what the end of its screen shows when it asks something
    before anything else, ``question`` when it asks for a permission (both answered with Enter). ``shell`` is the name of its tool
    for commands and the key of the command, ``asking`` what a call holds besides for it to ask a person first, ``allowing`` are
    words with which it never asks. ``edit`` makes the calls that replace a line of a file. ``everywhere``: CI installs it.
    """

    name: str
    package: str
    words: tuple[str, ...]
    prepare: Callable[[World, ModelServer], None]
    ready: str
    shell: tuple[str, str]
    question: str = ""
    edit: Callable[[str, str, str], tuple[Answer, ...]] = lambda file, old, new: ()
    asking: Mapping[str, str] = field(default_factory=dict)
    gate: str | None = None
    allowing: tuple[str, ...] = ()
    everywhere: bool = True

    @property
    def label(self) -> str:
        """What tells it from other versions of the same agent."""
        return self.package if self.package.endswith("-older") else self.name

    @property
    def version(self) -> str:
        """The version that is pinned."""
        return str(_PINNED[self.package]).rpartition("@")[2]

    @property
    def program(self) -> Path:
        """Where it is installed, by ``internal_tests/run`` or else somewhere on PATH; the place is named even when it is not."""
        package = PACKAGES / self.package
        try:
            words = json.loads((package / "package.json").read_text())["bin"]
        except OSError:
            return Path((not self.everywhere and shutil.which(self.name)) or package)
        return package / str(words[self.name])

    def require(self) -> None:
        """Skip the test where it is not installed."""
        if not self.program.is_file():
            how = "internal_tests/run does that" if self.everywhere else OPTIONAL
            pytest.skip(f"{self.label} is not installed in {PACKAGES}: {how}")

    def configure(self, world: World, server: ModelServer) -> None:
        """Make it the default runner of the world's repo, talking to ``server``. Where it is not installed the test skips."""
        self.require()
        command = json.dumps([str(self.program), *self.words])
        config = f"version: 1\ndefaults: {{runner: {self.name}}}\nrunners:\n  {self.name}: {{command: {command}}}\n"
        self.prepare(world, server)
        world.commit({"agency.yaml": config}, "use a real agent")

    def run_command(self, command: str, *, returns: str = "", asks: bool = False) -> Answer:
        """The tool call of a command: one that it runs at once, or that it ``asks`` for first."""
        tool, key = self.shell
        return Answer(tool=tool, arguments={key: command, **(self.asking if asks else {})}, returns=returns)

    def until(self, run: SeenRun, condition: Callable[[], object], what: str) -> None:
        """Wait for ``condition``, answering what the agent asks before anything else whenever it asks."""

        def met() -> bool:
            if self._is_at_the_gate(run):
                self.press_enter(run)
            return bool(condition())

        wait_for(met, what, 60, every=0.2)

    def until_done(self, run: SeenRun, answer: str) -> None:
        """Wait until ``agency ls`` says that the agent is done, and that ``answer`` was the last it said."""

        def done() -> bool:
            row = run.row()
            return row["derived_status"] == "done" and answer in (row["summary"] or "")

        self.until(run, done, f"{run.name} to be done with {answer!r}")

    def press_enter(self, run: SeenRun) -> None:
        """What a person at its terminal does to say yes."""
        run.world.tmux_ask("send-keys", "-t", f"={run.session}:", "Enter")

    def is_ready(self, run: SeenRun) -> bool:
        """Whether its screen shows that it waits for input."""
        return self.ready in run.screen() and not self._is_at_the_gate(run)

    def _is_at_the_gate(self, run: SeenRun) -> bool:
        lines = [line for line in run.screen().splitlines() if line.strip()]
        return self.gate is not None and any(self.gate in line for line in lines[-4:])


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
    allowed = {"permissions": {"allow": ["Edit", "Bash(cat:*)"]}}
    (world.home / ".claude").mkdir()
    (world.home / ".claude" / "settings.json").write_text(json.dumps(allowed))


def _claude_edit(file: str, old: str, new: str) -> tuple[Answer, ...]:
    change = {"file_path": file, "old_string": old, "new_string": new}
    return (
        Answer(tool="Read", arguments={"file_path": file}, returns=old),
        Answer(tool="Edit", arguments=change, returns="updated"),
    )


def _prepare_codex(world: World, server: ModelServer) -> None:
    home = world.home / ".codex"
    home.mkdir()
    # Below the directory for temporary files it would not make the helper that its sandbox consists of.
    world.env["TMPDIR"] = str(world.root / "tmp")
    (world.root / "tmp").mkdir(exist_ok=True)
    world.env.update(CODEX_HOME=str(home), MOCK_KEY="anything")
    (home / "config.toml").write_text(
        f"""approval_policy = "on-request"
sandbox_mode = "workspace-write"
model = "mock"
model_provider = "mock"
[model_providers.mock]
name = "mock"
base_url = "{server.url}/v1"
wire_api = "responses"
env_key = "MOCK_KEY"
"""
    )


def _codex_edit(file: str, old: str, new: str) -> tuple[Answer, ...]:
    patch = f"*** Begin Patch\n*** Update File: {file}\n@@\n-{old}\n+{new}\n*** End Patch\n"
    return (Answer(tool="exec_command", arguments={"cmd": f"apply_patch <<'EOF'\n{patch}EOF\n"}, returns="Success"),)


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
        "models": {"mock": {}, "asked-for": {}},
    }
    config = {"model": "mock/mock", "provider": {"mock": provider}, "autoupdate": False, "share": "disabled"}
    world.env.update(
        OPENCODE_CONFIG_CONTENT=json.dumps(config),
        OPENCODE_DISABLE_MODELS_FETCH="1",
        OPENCODE_DISABLE_LSP_DOWNLOAD="1",
    )


CLAUDE = Agent(
    name="claude",
    package="@anthropic-ai/claude-code",
    words=("--permission-mode", "default"),
    prepare=_prepare_claude,
    ready="? for shortcuts",
    question="Do you want to proceed?",
    allowing=("--allowedTools", "Bash"),
    shell=("Bash", "command"),
    edit=_claude_edit,
)
CODEX = Agent(
    name="codex",
    package="@openai/codex",
    words=("--no-daemon",),
    prepare=_prepare_codex,
    ready="Ask Codex to do anything",
    gate="1. Trust and continue",
    question="Would you like to run the following command?",
    allowing=("-a", "never", "-s", "danger-full-access"),
    shell=("exec_command", "cmd"),
    asking={"sandbox_permissions": "require_escalated", "justification": "may I?"},
    edit=_codex_edit,
)
GEMINI = Agent(
    name="gemini",
    package="@google/gemini-cli",
    words=("-m", "gemini-2.5-flash"),
    prepare=_prepare_gemini,
    ready="Type your message",
    allowing=("--approval-mode", "yolo"),
    shell=("run_shell_command", "command"),
)
# 354 MB, and most of a minute for two turns on a busy machine: only where somebody has it.
OPENCODE = Agent(
    name="opencode",
    package="opencode-ai",
    words=(),
    prepare=_prepare_opencode,
    ready="ctrl+p commands",
    shell=("bash", "command"),
    everywhere=False,
)
OLDER_CLAUDE = replace(CLAUDE, package="claude-older")
OLDER_CODEX = replace(CODEX, package="codex-older", words=(), gate="1. Yes, continue")
"""It knows no ``--no-daemon`` and leaves no server behind."""

ALLOWING = {"claude": ("--permission-mode", "acceptEdits"), "codex": ("--sandbox", "workspace-write")}
"""Words that let an agent write files without asking anybody, as the README has them."""
AGENTS = (CLAUDE, CODEX)
EVERY_VERSION = (*AGENTS, OLDER_CLAUDE, OLDER_CODEX)
ALL_AGENTS = (*AGENTS, GEMINI, OPENCODE)
