"""Programs without conversations: a resume starts them afresh."""

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
    starts afresh. ``--skip-trust`` trusts the worktree for one start."""

    name = "gemini"
    command = ("gemini",)
    dialogs = (("Do you trust this folder", "trust dialog"), ("How would you like to authenticate", "login dialog"))

    def start(self, scene: Scene, extra: tuple[str, ...], prompt: str | None) -> Words:
        """The prompt goes with the option that stays interactive."""
        trust = ("--skip-trust",) if scene.trusted else ()
        return Words(words=(*trust, *extra, *(("--prompt-interactive", prompt) if prompt is not None else ())))
