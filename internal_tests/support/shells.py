"""What real shells complete with the script that ``agency completion`` prints."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from internal_tests.support.terminal import Terminal
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import AGENCY, World

_LOAD = {
    "bash": 'eval "$(agency completion bash)"',
    "zsh": 'autoload -Uz compinit; compinit -D -u; eval "$(agency completion zsh)"',
    "fish": "agency completion fish | source",
}
_PROMPT = {"bash": "PS1='> '", "zsh": "PS1='> '", "fish": "function fish_prompt; echo -n '> '; end"}
_START = {"bash": ("bash", "--norc", "--noprofile"), "zsh": ("zsh", "-f"), "fish": ("fish", "--no-config")}
_BASH = """
{load}
complete -p agency > /dev/null || exit 1
COMP_WORDS=({line})
[[ '{line}' == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_agency_completion agency "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


class Shell:
    """A shell with the completion of agency loaded."""

    def __init__(self, world: World, name: str) -> None:
        """Skip the test where the shell is not installed; fail it in CI."""
        if shutil.which(name) is None:
            if os.environ.get("CI"):
                pytest.fail(f"{name} is not installed")
            pytest.skip(f"{name} is not installed")
        self._world = world
        self.name = name
        self._env = {"PATH": f"{Path(AGENCY).parent}:{world.env['PATH']}"}

    def expect(self, line: str, *words: str, cwd: Path | None = None) -> None:
        """Insist that the shell offers exactly ``words`` for what is typed in ``line``."""
        if self.name == "zsh":
            with self.terminal(cwd) as terminal:
                terminal.press("-l", line)
                terminal.press("C-d")
                try:
                    wait_for(lambda: _listed(terminal.screen, line) == set(words), "it")
                except AssertionError:
                    raise AssertionError(f"expected {words}, and zsh lists:\n{terminal.screen}") from None
            return
        script = (
            _BASH.format(load=_LOAD["bash"], line=line)
            if self.name == "bash"
            else f"{_LOAD['fish']}; complete -C '{line}'"
        )
        done = subprocess.run(
            [*_START[self.name], "-c", script],
            env={**self._world.env, **self._env},
            cwd=cwd or self._world.repo,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
        offered = [found.partition("\t")[0] for found in done.stdout.splitlines() if found]
        assert sorted(offered) == sorted(words)

    def terminal(self, cwd: Path | None = None) -> Terminal:
        """The shell in a terminal, reading a line after the prompt ``> ``."""
        terminal = Terminal(self._world, *_START[self.name], "-i", cwd=cwd, env=self._env)
        terminal.type(f"{_LOAD[self.name]}; {_PROMPT[self.name]}; clear")
        # Before the prompt is there the terminal itself would take Ctrl-D and Tab.
        wait_for(lambda: terminal.screen.strip() == ">", f"the prompt of {self.name}")
        return terminal


def _listed(screen: str, line: str) -> set[str]:
    """The words that zsh lists below the line: one with its description, or several in columns."""
    words: set[str] = set()
    below = screen.partition(f"> {line}")[2].splitlines()[1:]
    for row in below:
        word, described, _ = row.partition(" -- ")
        words |= {word.strip()} if described else set(row.split())
    return words
