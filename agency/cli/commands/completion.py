"""agency completion"""

import click

from agency.cli.output import print_line


@click.command("completion", short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that completes commands, options, run names and ids in SHELL.

    \b
    bash: eval "$(agency completion bash)"       in ~/.bashrc
    zsh:  eval "$(agency completion zsh)"        in ~/.zshrc
    fish: agency completion fish | source        in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    from agency.cli.main import agency

    kind = get_completion_class(shell)
    assert kind is not None
    print_line(kind(agency, {}, "agency", "_AGENCY_COMPLETE").source())
