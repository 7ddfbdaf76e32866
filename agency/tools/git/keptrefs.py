"""The refs that keep checkpoints of runs alive: ``refs/agency/checkpoints/RUN_ID/NUMBER`` those of the whole worktree,
``refs/agency/steps/RUN_ID/INDEX`` those of the steps of a job."""

import os
from collections.abc import Iterable

from agency.tools.git.command import Git

CHECKPOINTS = "refs/agency/checkpoints"
STEPS = "refs/agency/steps"


def checkpoint_ref(run_id: str, number: int) -> str:
    """The ref of checkpoint ``number`` of a run, which counts from 1."""
    return f"{CHECKPOINTS}/{run_id}/{number}"


def step_ref(run_id: str, index: int, label: str = "") -> str:
    """The ref of what step ``index``, which counts from 0, left behind. ``label`` tells one that no longer counts."""
    return f"{STEPS}/{run_id}/{index:04d}{label}"


def kept_refs(git: Git, run_id: str) -> list[str]:
    """Every ref of both kinds that a run has. Raises E_GIT_FAILED."""
    places = (f"{CHECKPOINTS}/{run_id}/", f"{STEPS}/{run_id}/")
    return git.say("for-each-ref", "--format=%(refname)", *places).splitlines()


def locked_refs(git_dir: str, run_id: str) -> list[str]:
    """Those of them that a git has locked, or had when it was killed."""
    found = []
    for place in (f"{CHECKPOINTS}/{run_id}", f"{STEPS}/{run_id}"):
        names = os.listdir(f"{git_dir}/{place}") if os.path.isdir(f"{git_dir}/{place}") else []
        found += [f"{place}/{name.removesuffix('.lock')}" for name in sorted(names) if name.endswith(".lock")]
    return found


def runs_with_refs(git: Git) -> set[str]:
    """The runs that have such refs. Raises E_GIT_FAILED."""
    found = git.say("for-each-ref", "--format=%(refname:lstrip=3)", CHECKPOINTS, STEPS).splitlines()
    return {name.partition("/")[0] for name in found}


def drop_refs(git: Git, refs: Iterable[str]) -> None:
    """Let go of refs, in one go. Hold the repo lock. Raises E_GIT_FAILED."""
    lines = "".join(f"delete {ref}\n" for ref in refs)
    if lines:
        git.do("update-ref", "--stdin", stdin=lines.encode())
