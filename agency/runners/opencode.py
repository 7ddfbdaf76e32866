"""opencode.

Facts, from the help of 1.18.33: ``--session ID`` goes on with a conversation, ``--prompt`` takes the first prompt.
"""

from collections.abc import Mapping

from agency.runners.adapter import Adapter, Scene, Words


class Opencode(Adapter):
    """opencode, whose conversation ids are in a database of its own: they are not read, so a resume starts it afresh."""

    name = "opencode"
    command = ("opencode",)
    state_patterns: Mapping[str, tuple[str, ...]] = {
        "working": (r"() esc interrupt",),
        "waiting": (r"△ (Permission required)",),
        "done": (r"ctrl\+p commands$",),
    }

    def start(self, scene: Scene, extra: tuple[str, ...], prompt: str | None) -> Words:
        """The prompt goes with its option."""
        return Words(words=(*extra, *(("--prompt", prompt) if prompt is not None else ())))
