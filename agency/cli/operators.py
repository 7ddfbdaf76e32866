"""What the commands share that ask the worker of a headless run for something."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from agency.cli.options import make_context
from agency.cli.output import note, print_json, print_line
from agency.domain.errors import EXIT_DONE, EXIT_ERROR

F = TypeVar("F", bound=Callable[..., Any])


def operator_options(step: str | None) -> Callable[[F], F]:
    """``--reason`` and ``--wait``, and with a text for it ``--step``."""

    def decorate(command: F) -> F:
        wrapped = click.option("--wait", is_flag=True, help="Until the worker has carried it out.")(command)
        wrapped = click.option("--reason", metavar="TEXT", help="Why, for the record and the next attempt.")(wrapped)
        if step is not None:
            wrapped = click.option("--step", metavar="ID|#N", help=step)(wrapped)
        return wrapped

    return decorate


def ask(
    action: str,
    ref: str,
    *,
    step: str | None = None,
    reason: str | None,
    wait: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> int:
    """Ask, print what became of it, and return the exit code: 1 when the worker could not carry it out."""
    from agency.sessions.find import require_run
    from agency.worker.operate import Request, operate

    context = make_context(action.replace("_", "-"), lock_timeout)
    run = require_run(context, ref, repo=repo)
    done = operate(context, run, Request(action=action, step=step, reason=reason, wait=wait))
    if as_json:
        result = {"run_id": run.run_id, "name": run.name, "command_id": done.command_id, "action": done.action}
        named = {"step_id": done.step.step_id, "step_index": done.step.index} if done.step is not None else {}
        print_json("data", {**result, **named, "state": done.state, "error": done.error})
    else:
        what = done.action.replace("_", " ")
        print_line(f"{done.state}: {what}" + (f" {done.step.step_id}" if done.step is not None else ""))
        if done.error:
            note(done.error)
    return EXIT_ERROR if done.state == "failed" else EXIT_DONE
