"""Programs without conversations: a resume starts them afresh."""

from collections.abc import Mapping

from agency.runners.adapter import Adapter, Scene, Words


class Shell(Adapter):
    """The caller's shell."""

    name = "shell"
    command = ("{shell}",)
    takes_prompt = False


class Aider(Adapter):
    """aider, whose only prompt option ends it after the answer."""

    name = "aider"
    command = ("aider",)
    takes_prompt = False


class Gemini(Adapter):
    """Gemini CLI. ``--session-id UUID`` begins a conversation under an id of our choice, but ``--resume`` takes only
    ``latest`` or a number from a list (help of 0.61.0), which may mean another conversation by the time it is typed: so it
    starts afresh."""

    name = "gemini"
    command = ("gemini",)
    dialogs = (("Do you trust this folder", "trust dialog"), ("How would you like to authenticate", "login dialog"))
    state_patterns: Mapping[str, tuple[str, ...]] = {
        "working": (r"^ *[⠀-⣿] (.*) \(esc to cancel",),
        "waiting": (r"^│ (Allow execution of .*\?)", r"^│ (Apply this change\?)", r"^│ (Do you want to proceed\?)"),
        "done": (r"^ > {2,}Type your message",),
    }

    def start(self, scene: Scene, extra: tuple[str, ...], prompt: str | None) -> Words:
        """The prompt goes with the option that stays interactive."""
        return Words(words=(*extra, *(("--prompt-interactive", prompt) if prompt is not None else ())))
