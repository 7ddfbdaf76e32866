"""What an attempt that ended comes to: the evidence is gathered, the rules of :mod:`agency.domain` give the verdict, and both go
into its record."""

import os
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from agency.domain.failures import ErrorRule, Evidence, FailureClass, classify
from agency.domain.healing import backoff, choose_strategy
from agency.domain.retryafter import retry_after
from agency.domain.signature import failure_signature
from agency.store.eventlog import now
from agency.worker.ended import Ended
from agency.worker.trees import changed_paths, tree_before, tree_of
from agency.worker.work import Work

_CLASS_OF_REFUSAL: dict[str, FailureClass] = {
    "E_CONSENT_REQUIRED": "deterministic_policy",
    "E_RUNNER_NOT_FOUND": "deterministic_contract",
    "E_RUNNER_NOT_CONFIGURED": "deterministic_contract",
    "E_RUNNER_BROKEN": "deterministic_contract",
    "E_HEADLESS_UNSUPPORTED": "deterministic_contract",
    "E_ISOLATION_UNSUPPORTED": "deterministic_contract",
    "E_INVALID_CONFIG": "deterministic_contract",
    "E_USAGE": "deterministic_contract",
    "E_NO_REPO": "deterministic_repo",
    "E_GIT_FAILED": "deterministic_repo",
}
_INTERRUPTIONS = {
    "stop": "stopped with Ctrl-C",
    "takeover": "a person took over",
    "recovery": "an operator asked for something else",
}
_MOST_SUMMARY = 500


def judge(work: Work, record: dict[str, Any], ended: Ended, rules: Sequence[ErrorRule] = ()) -> dict[str, Any]:
    """The finished record of an attempt, written. What follows from it is carried out by :func:`agency.worker.settle.settle`."""
    before = tree_before(work)
    after = tree_of(work)
    record |= {
        "pid": ended.pid,
        "usage": asdict(ended.usage) if ended.usage.total else None,
        "cost": ended.cost,
        "wallClockSeconds": round(ended.seconds, 3),
        "idleSeconds": round(ended.end.idle, 3),
        "exitCode": ended.end.exit_code,
        "signal": ended.end.signal,
        "checkExitCode": ended.check_code,
        "diffHash": after if after != before else None,
        "changedFiles": changed_paths(work, before, after),
        "lastCommand": ended.last_command,
        "threadRefused": ended.tried_thread and not ended.told_anything and not ended.well,
        "finishedAt": now(),
    }
    if ended.well:
        record |= {"outcome": "success", "summary": _gist(ended.said)}
    elif ended.end.interrupted is not None:
        record |= {"outcome": "cancelled", "failureSummary": _INTERRUPTIONS[ended.end.interrupted]}
    elif ended.asked is not None:
        record |= {"outcome": "needs_attention", "failureSummary": f"it needs an answer: {ended.asked}"}
    else:
        record |= _verdict(work, ended, record["diffHash"], rules)
    work.keep_attempt(record)
    return record


def _verdict(work: Work, ended: Ended, diff: str | None, rules: Sequence[ErrorRule]) -> Mapping[str, Any]:
    end, state, budgets = ended.end, work.state, work.budgets
    own = (*ended.complaints, *([ended.failed_turn] if ended.failed_turn else []))
    text = "\n".join(_error_text(ended, own))
    signature = failure_signature(
        text,
        step_id=work.step.step_id,
        exit_code=ended.check_code or end.exit_code,
        hint=end.timeout or end.signal or ("check" if ended.check_code else None),
        kept_roots=(work.run.worktree, os.path.expanduser("~")),
        temporary_roots=(tempfile.gettempdir(),),
    )
    wait = retry_after(own)
    evidence = Evidence(
        timeout=end.timeout,  # type: ignore[arg-type]
        exit_code=end.exit_code,
        signal=end.signal,
        structured_class=_CLASS_OF_REFUSAL.get(ended.refused.code, "transient_runtime") if ended.refused else None,
        retry_after=wait,
        error_lines=() if ended.check_code else tuple(own),
        signature=signature,
        diff=diff,
    )
    window = state.step.window.after(signature, diff)
    verdict = choose_strategy(
        classify(evidence, rules),
        attempt=state.step.consumed + 1,
        no_progress=window,
        resets=state.resets_used,
        budgets=budgets,
    )
    outcome = {"soft_reset": "retrying", "hard_reset": "retrying", "queue_retry": "queue_retry"}
    delay = backoff(
        state.step.consumed + 1,
        jitter=random.random(),
        timeout=end.timeout,  # type: ignore[arg-type]
        retry_after=wait,
    )
    return {
        "outcome": outcome.get(verdict.strategy, "failed"),
        "failureClass": verdict.failure_class,
        "failureSummary": _summary(ended, own),
        "failureSignature": signature.text if signature is not None else None,
        "failureSignatureHash": signature.hash if signature is not None else None,
        "strategy": verdict.strategy,
        "retryable": verdict.retryable,
        "reason": verdict.exhausted,
        "idleTimeoutTriggered": end.timeout == "idle",
        "wallTimeoutTriggered": end.timeout == "wall",
        "noProgressCount": window.count,
        "noProgressWindow": asdict(window),
        "delaySeconds": round(delay, 3) if outcome.get(verdict.strategy) == "retrying" else 0.0,
    }


def _error_text(ended: Ended, own: Sequence[str]) -> Sequence[str]:
    """The lines that a failure is known by."""
    if ended.refused is not None:
        return (ended.refused.code, ended.refused.message)
    if ended.check_code:
        return ended.check_lines
    return own or ended.printed


def _summary(ended: Ended, own: Sequence[str]) -> str:
    """One paragraph on what went wrong."""
    end = ended.end
    if ended.refused is not None:
        return _gist(f"{ended.refused.code}: {ended.refused.message}")
    told = reversed([line.strip() for line in _error_text(ended, own)])
    said = " ".join(reversed(list(dict.fromkeys(told))[:6]))  # of what is told more than once, the last
    if end.timeout == "idle":
        return _gist(f"no sign of progress for {end.idle:.0f} s" + (f"; it said last: {said}" if said else ""))
    if end.timeout == "wall":
        return _gist(f"not done after {ended.seconds:.0f} s" + (f"; it said last: {said}" if said else ""))
    if ended.check_code:
        return _gist(f"the check failed with exit code {ended.check_code}" + (f": {said}" if said else ""))
    how = f"ended by {end.signal}" if end.signal else f"ended with exit code {end.exit_code}"
    return _gist(f"the runner {how}" + (f": {said}" if said else ""))


def _gist(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _MOST_SUMMARY else f"{flat[: _MOST_SUMMARY - 3]}..."
