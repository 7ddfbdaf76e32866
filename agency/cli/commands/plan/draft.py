"""agency plan draft"""

import click

from agency.cli.options import allow_scripts, as_json, common, make_context
from agency.cli.plandraft import print_draft, read_plan_text, who_plans
from agency.domain.errors import AgencyError


@click.command("draft", short_help="Draft the tasks of a plan from a text.")
@click.argument("name", required=False)
@click.option(
    "--input", "-i", "source", metavar="FILE", type=click.Path(), help="The plan in free text; - for standard input."
)
@click.option("--runner", metavar="NAME", help="Who plans; the runner of the plan without it.")
@click.option("--model", metavar="MODEL", help="The model that the runner uses.")
@click.option(
    "--mock", is_flag=True, help="A stand-in plans: it says what MOCK_LLM_OUTPUT_PATH or MOCK_LLM_OUTPUT holds."
)
@click.option(
    "--from", "answer", metavar="FILE", type=click.Path(), help="Take the answer of a planner from a JSON file."
)
@click.option("--force", is_flag=True, help="Also in place of what was changed by hand, which is kept aside.")
@click.option("--dry-run", is_flag=True, help="Say what would be drafted, and write nothing.")
@allow_scripts
@as_json
@common
def command(
    name: str | None,
    source: str | None,
    runner: str | None,
    model: str | None,
    mock: bool,
    answer: str | None,
    force: bool,
    dry_run: bool,
    allow_scripts: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> None:
    """Draft the tasks of the plan NAME (called as the file without it) from a plan in free text.

    A runner plans, without a terminal, in a copy of the repo that goes afterwards. It is told the plan, the resources, the doctor
    and the lint of plan.yaml and the list of files. What it says is checked as agency plan check does; it may mend that once.
    Tasks that were drafted before and are no more in the plan go; what was changed by hand is replaced only with --force.
    """
    from agency.plans.draft import DraftRequest, draft_plan
    from agency.sessions.find import require_repo

    context = make_context("plan draft", lock_timeout, allow_scripts=allow_scripts, may_ask=not as_json)
    here = require_repo(context, repo)
    if source is None and answer is None:
        raise AgencyError("E_USAGE", "say what to plan", hint="agency plan draft --input plan.md")
    plan_name, text = read_plan_text(
        context, name, source if source is not None else answer, as_text=source is not None
    )
    request = DraftRequest(
        name=plan_name,
        text=text,
        source=source,
        planner=who_plans(runner=runner, model=model, mock=mock, file=answer),
        force=force,
        dry_run=dry_run,
    )
    print_draft(draft_plan(context, here, request), as_json=as_json, dry_run=dry_run)
