"""``agency verify``: the verify script of the repo judges the work, and what it found is kept as evidence.

The evidence names the commit and the tree it holds for. It is stale as soon as the worktree holds another tree.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.eventdata import ScriptStarted, VerifyFinished
from agency.domain.events import VERIFY_FINISHED, VERIFY_STARTED
from agency.domain.frozen import frozen
from agency.domain.run import Run
from agency.domain.settings import ScriptSettings
from agency.sessions.consent import allows_script
from agency.sessions.context import Context
from agency.sessions.place import config_root, scratch_of
from agency.sessions.scripts import ScriptResult, end_leftover, finished_data, json_path_of, run_script, script_failed
from agency.sessions.whole import require_idle, require_whole
from agency.sessions.worktree import git_in
from agency.store.eventlog import now
from agency.store.runs import log_of, update_meta
from agency.store.verify import read_verify_record, verify_record_path, write_verify_record
from agency.tools.git.discover import discover
from agency.tools.git.snapshot import write_tree
from agency.tools.git.worktree import resolve
from agency.tools.identity import this_process
from agency.tools.signals import shielded


@frozen
class Subject:
    """What is verified: the files in the directory ``place``, which are ``tree`` as git sees them, on top of ``commit``."""

    place: str
    commit: str
    tree: str


@frozen
class Evidence:
    """What the last verify found. ``stale``: the worktree no longer holds what it was found for."""

    ok: bool
    cancelled: bool
    finished_at: str
    commit: str
    summary: str | None
    stale: bool

    @property
    def word(self) -> str:
        """It in a word or two."""
        word = "ok" if self.ok else "cancelled" if self.cancelled else "failed"
        return word + (" (stale)" if self.stale else "")


def verify_run(
    context: Context, run: Run, *, timeout: float | None, show: Callable[[bytes], None]
) -> ScriptResult | None:
    """Run the verify script in the worktree and keep what it found. ``timeout`` in seconds replaces the configured one.

    A failure calls for attention, a success ends that call. No lock is held while it runs. Raises E_WORKTREE_MISSING, E_RUN_BUSY,
    E_RUN_INCOMPLETE, E_SCRIPT_NOT_FOUND when none is configured or it is not there, E_CONSENT_REQUIRED, E_SCRIPT_FAILED with the
    last lines of its output, E_SCRIPT_TIMEOUT, E_INTERRUPTED.
    """
    git_in(context, run)
    journal = require_whole(run)
    script = verify_script(context, run)
    if script is None:
        raise AgencyError(
            "E_SCRIPT_NOT_FOUND",
            "no verify script is configured",
            hint="add scripts.verify to agency.yaml; agency init makes a stub",
            run_id=run.run_id,
        )
    if timeout is not None:
        script = replace(script, timeout=timeout)
    if not allows_script(context, run, "verify", script):
        return None
    if journal.operation is not None and journal.operation.kind == "verify":
        require_idle(run, journal)
        end_leftover(run, "verify", journal.operation)
    subject = what_stands(context, run, scratch=scratch_of(context, run.repo_id))

    def begin(event: ScriptStarted) -> None:
        with context.lock(run.repo_id):
            git_in(context, run)
            require_idle(run, require_whole(run))
            record_start(context, run, subject, event)

    result = verify_subject(context, run, subject, script, begun=begin, show=show)
    if not result.ok:
        raise verify_failed(run, result, again=f"agency verify {run.name}")
    _tell_of_changes(context, run, subject)
    return result


def _tell_of_changes(context: Context, run: Run, subject: Subject) -> None:
    """Tell when the evidence is stale as soon as it is there. Where that cannot be seen, the next look at the run will tell."""
    with suppress(AgencyError):
        if what_stands(context, run, scratch=scratch_of(context, run.repo_id)).tree != subject.tree:
            context.tell("files changed while the script ran, so that what it found is stale already")


def verify_script(context: Context, run: Run) -> ScriptSettings | None:
    """The verify script that the repo's config names for the run, or None."""
    return load_settings(config_root(context, run), context.paths.config).scripts.get("verify")


def what_stands(context: Context, run: Run, *, scratch: str | None = None) -> Subject:
    """The worktree of the run as it is now, uncommitted and untracked files too. ``scratch`` is a directory for what is needed
    meanwhile (None: the system's). Raises E_WORKTREE_MISSING, E_GIT_FAILED."""
    git = git_in(context, run)
    place = discover(run.worktree)
    commit = resolve(git, "HEAD")
    if place is None or commit is None:
        raise AgencyError(
            "E_GIT_FAILED",
            f"git finds no commit in {run.worktree}",
            hint=f"agency restore {run.name}",
            run_id=run.run_id,
        )
    tree = write_tree(git, place.git_dir, scratch=scratch, partial=True)
    return Subject(place=run.worktree, commit=commit, tree=tree)


def record_start(context: Context, run: Run, subject: Subject, event: ScriptStarted) -> None:
    """Append the event that tells what is about to be verified, and by whom."""
    log_of(run).append(
        VERIFY_STARTED(
            {
                **event,
                "commit": subject.commit,
                "tree": subject.tree,
                "verify_json_path": json_path_of(replace(run, worktree=subject.place), "verify"),
                "operator": this_process(context.command),
            }
        )
    )


def verify_subject(
    context: Context,
    run: Run,
    subject: Subject,
    script: ScriptSettings,
    *,
    begun: Callable[[ScriptStarted], None],
    show: Callable[[bytes], None],
) -> ScriptResult:
    """Run the verify script on ``subject`` and keep what it found in ``verify_record.json``, the record and the events.

    ``begun`` records that it starts, as :func:`record_start` does.
    """
    started_at = now()
    at_place = replace(run, worktree=subject.place)
    result = run_script(context, at_place, "verify", script, begun=begun, show=show)
    finished_at = now()
    with shielded():
        write_verify_record(
            run,
            {
                "schema_version": "1.0",
                "repo_id": run.repo_id,
                "run_id": run.run_id,
                "commit": subject.commit,
                "tree": subject.tree,
                "place": subject.place,
                "script_path": script.path,
                "command": result.command,
                "started_at": started_at,
                "finished_at": finished_at,
                "duration_ms": result.duration_ms,
                "timeout_ms": int(script.timeout * 1000),
                "timed_out": result.timed_out,
                "cancelled": result.cancelled,
                "exit_code": result.exit_code,
                "signal": result.signal,
                "error": result.problem,
                "ok": result.ok,
                "verify_json_path": result.json_path,
                "log_path": result.log_path,
                "summary": result.summary,
            },
        )
        data: VerifyFinished = {
            **finished_data(result),
            "verify_record_path": verify_record_path(run),
            "verify_json_path": result.json_path,
        }
        log_of(run).append(VERIFY_FINISHED(data), durable=True)
        _note_time(context, run, finished_at)
    return result


def _note_time(context: Context, run: Run, finished_at: str) -> None:
    """Put the time into the record too. What was found stands without that, also when the lock is not to be had."""
    try:
        with context.lock(run.repo_id):
            update_meta(run, {"last_verify_at": finished_at})
    except AgencyError as error:
        context.tell(f"the record does not tell when it was verified: {error.message}")


def verify_failed(run: Run, result: ScriptResult, *, again: str) -> AgencyError:
    """The error for work that did not pass; ``again`` is what to type once it does."""
    return script_failed(run, "verify", result, hint=f"agency logs {run.name} verify shows all of it; then {again}")


def evidence_of(context: Context, run: Run) -> Evidence | None:
    """What the last verify found, and whether it still holds; None when there was none. Changes nothing."""
    record = read_verify_record(run)
    if record is None:
        return None
    try:
        stale = record.get("tree") != what_stands(context, run).tree
    except AgencyError:
        stale = True
    summary = record.get("summary")
    return Evidence(
        ok=record.get("ok") is True,
        cancelled=record.get("cancelled") is True,
        finished_at=str(record.get("finished_at", "")),
        commit=str(record.get("commit", "")),
        summary=summary if isinstance(summary, str) else None,
        stale=stale,
    )
