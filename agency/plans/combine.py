"""Finished tasks on the newest commit of the branch: combined one after the other, then judged by the doctor of the plan."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agency.plans.active import ActivePlan
from agency.plans.commands import run_line
from agency.plans.integration import stand_on
from agency.sessions.context import Context
from agency.tools.git.command import LONG, Git, git_failed


def try_together(
    context: Context, plan: ActivePlan, work: Sequence[tuple[str, str]], onto: str, tell: Callable[[str], None]
) -> Mapping[str, Any]:
    """Combine tasks, each given by its id and its commit, with ``onto``, and judge what comes of it.

    Gives ``onto``, ``new`` (the commit that the branch may move to; ``onto`` itself when there is nothing to add), ``commits``
    (each task's own on the way there), ``conflicts`` (the paths, for each task that could not be combined), ``doctor`` and
    ``canary`` (None where they were not asked). Raises E_GIT_FAILED, E_SCRIPT_FAILED.
    """
    git = Git(environ=context.environ, git_dir=plan.repo.git_dir)
    tip, commits, conflicts = onto, {}, {}
    for task_id, commit in work:
        tree, paths = merged_tree(git, tip, commit)
        if paths:
            conflicts[task_id] = paths
            continue
        if tree != git.say("rev-parse", f"{tip}^{{tree}}"):
            message = git.do("log", "-1", "--format=%B", commit).out
            tip = git.do("commit-tree", tree, "-p", tip, "-F", "-", stdin=message).text
        commits[task_id] = tip
    if len(commits) > 1:
        tip = _joined(git, onto, tip, list(commits))
    result: dict[str, Any] = {
        "onto": onto,
        "new": tip,
        "commits": commits,
        "conflicts": conflicts,
        "doctor": None,
        "canary": None,
    }
    if tip != onto:
        place = stand_on(context, plan, tip, tell)
        result |= _judged(context, plan, place, "-".join(commits))
    return result


def _judged(context: Context, plan: ActivePlan, place: str, label: str) -> dict[str, Any]:
    settings = plan.settings
    doctor = settings.doctor
    assert doctor is not None  # a plan without one is not begun
    name = label[:80]

    def ask(log: str, more: Mapping[str, str] | None = None) -> dict[str, Any]:
        ended = run_line(
            doctor,
            directory=place,
            environ=context.environ,
            owner=plan.plan_id,
            timeout=settings.doctor_timeout,
            log=plan.log_file(log),
            more=more,
        )
        return {
            "exit_code": ended.exit_code,
            "said": ended.said,
            "log": ended.log,
            "duration_ms": int(ended.seconds * 1000),
        }

    seen = ask(f"doctor-{name}.log")
    asked = seen["exit_code"] == 0 and settings.canary.enabled
    return {
        "doctor": seen,
        "canary": ask(f"canary-{name}.log", {settings.canary.variable: "1"}) if asked else None,
    }


def merged_tree(git: Git, ours: str, theirs: str) -> tuple[str, list[str]]:
    """The tree of two commits combined, and the paths that git could not combine. Raises E_GIT_FAILED."""
    words = ("merge-tree", "--write-tree", "--name-only", "-z", "--no-messages", ours, theirs)
    done = git.ask(*words, timeout=LONG)
    if done.code not in (0, 1):
        raise git_failed(words, done)
    tree, *paths = [item.decode("utf-8", "surrogateescape") for item in done.out.split(b"\0") if item]
    return tree, paths if done.code == 1 else []


def _joined(git: Git, onto: str, tip: str, tasks: Sequence[str]) -> str:
    """A merge commit with which several tasks, judged together alone, become one step of the branch."""
    message = f"Merge tasks {', '.join(tasks)}\n"
    tree = git.say("rev-parse", f"{tip}^{{tree}}")
    return git.do("commit-tree", tree, "-p", onto, "-p", tip, "-F", "-", stdin=message.encode()).text
