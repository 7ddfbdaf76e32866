"""Screens of Gemini CLI 0.61.0 and opencode 1.18.33, as they showed them, and what their patterns read off them."""

import pytest

from agency.domain.screen import doing_on_screen
from agency.runners.table import ADAPTERS

FOOT = """
────────────────────────────────────────────────────────────────────────
 Shift+Tab to accept edits
 >   Type your message or @path/to/file
 workspace (/directory)            sandbox                         /model
 /work                             no sandbox                        Auto
"""
READY = f"""
 ▝▜▄     Gemini CLI v0.61.0
   ▝▜▄
  ▗▟▀    Authenticated with gemini-api-key /auth
 ▝▀
                                                          ? for shortcuts{FOOT}"""
WORKING = f"""
 > think slowly
 ⠴ Thinking... (esc to cancel, 3s)                        ? for shortcuts{FOOT}"""
ASKING = """
 > run ls please
╭──────────────────────────────────────────────────────────────────────╮
│ ? Shell  touch made.txt                                              │
│ ╭──────────────────────────────────────────────────────────────────╮ │
│ │ touch made.txt                                                   │ │
│ ╰──────────────────────────────────────────────────────────────────╯ │
│ Allow execution of [Shell]?                                          │
│                                                                      │
│ ● 1. Allow once                                                      │
│   2. Allow for this session                                          │
│   3. No, suggest changes (esc)                                       │
╰──────────────────────────────────────────────────────────────────────╯
"""
ANSWERED = f"""
╭──────────────────────────────────────────────────────────────────────╮
│ ✓  Shell touch made.txt                                              │
╰──────────────────────────────────────────────────────────────────────╯
✦ all good, the answer is 42
                                                          ? for shortcuts{FOOT}"""
TYPED = FOOT.replace("  Type your message or @path/to/file", "half a question")

OPENCODE_READY = """
  ┃  Ask anything… "Fix a TODO in the codebase"
  ┃
  ┃  Build · GPT-5 OpenAI
  ╹▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀
                 tab agents  ctrl+p commands
"""
OPENCODE_WORKING = """
  ┃  think slowly
     ▣  Build · GPT-5
  ┃  Build · GPT-5 OpenAI
  ╹▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀
   ⬝■■■■■■⬝  esc interrupt      tab agents  ctrl+p commands
"""
OPENCODE_ASKING = """
     $ touch made.txt
     ▣  Build · GPT-5
  ┃  △ Permission required
  ┃    # Shell command
  ┃
  ┃  $ touch made.txt
  ┃
  ┃   Allow once   Allow always   Reject       ctrl+f fullscreen  ⇆ select  enter confirm
  ┃
"""


@pytest.mark.parametrize(
    ("screen", "expected"),
    [
        (OPENCODE_READY, ("done", "")),
        (OPENCODE_WORKING, ("working", "")),
        (OPENCODE_ASKING, ("waiting", "Permission required")),
    ],
    ids=["ready", "working", "asking"],
)
def test_screen_of_opencode(screen: str, expected: tuple[str, str]) -> None:
    seen = doing_on_screen(screen, ADAPTERS["opencode"].state_patterns, 60.0)
    assert seen is not None
    assert (seen.what, seen.detail) == expected


@pytest.mark.parametrize(
    ("screen", "expected"),
    [
        (READY, ("done", "")),
        (WORKING, ("working", "Thinking...")),
        (ASKING, ("waiting", "Allow execution of [Shell]?")),
        (ANSWERED, ("done", "")),
        (TYPED, None),
    ],
    ids=["ready", "working", "asking", "answered", "typed into"],
)
def test_screen_of_gemini(screen: str, expected: tuple[str, str] | None) -> None:
    seen = doing_on_screen(screen, ADAPTERS["gemini"].state_patterns, 60.0)
    assert (None if seen is None else (seen.what, seen.detail)) == expected
