"""Programs without conversations: a resume starts them afresh."""

from agency.runners.adapter import Adapter


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
