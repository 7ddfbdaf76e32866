"""agency config"""

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import print_json, print_line, table


@click.group("config", short_help="Explain the configuration.", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Explain the configuration: agency.yaml at the root of the repo, over config.yaml in your config directory."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("explain")
@as_json
@common
def explain(as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Print every effective value and where it came from."""
    from agency.config.explain import explain as explain_settings
    from agency.config.load import load_settings
    from agency.sessions.find import find_repo

    context = make_context("config explain", lock_timeout)
    here = find_repo(context, repo)
    settings = load_settings(here.checkout or here.root if here is not None else None, context.paths.config)
    rows = explain_settings(settings)
    if as_json:
        print_json("data", [{"key": key, "value": value, "origin": origin} for key, value, origin in rows])
    else:
        print_line(table(("KEY", "VALUE", "FROM"), rows))


@command.command("schema")
@click.option("--user", is_flag=True, help="The schema of config.yaml instead of agency.yaml.")
def schema(user: bool) -> None:
    """Print the JSON Schema of agency.yaml."""
    import json

    from agency.config.schema import repo_schema, user_schema

    print_line(json.dumps(user_schema() if user else repo_schema(), indent=2))
