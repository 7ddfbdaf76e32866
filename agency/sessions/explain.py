"""``agency explain``: the status of a run, the rule behind it, and what was seen."""

from dataclasses import asdict

from agency.domain.run import BrokenRun, Run
from agency.domain.status import RULES
from agency.sessions.context import Context
from agency.sessions.observe import observe


def explain_run(context: Context, run: Run | BrokenRun) -> dict[str, object]:
    """The verdict, the sentence of its rule, the rules that were passed over, and the evidence."""
    seen = observe(context, run)
    names = [rule.name for rule in RULES]
    facts = asdict(seen.facts)
    return {
        "run_id": run.run_id,
        "name": run.name if isinstance(run, Run) else None,
        "status": seen.verdict.status,
        "rule": seen.verdict.rule,
        "because": next(rule.says for rule in RULES if rule.name == seen.verdict.rule),
        "passed_over": names[: names.index(seen.verdict.rule)],
        "evidence": {
            **facts,
            "launch": asdict(seen.launch) if seen.launch is not None else None,
            "panes": [asdict(pane) for pane in seen.panes],
            "last_event": seen.journal.last_event,
            "last_event_at": seen.journal.last_event_at,
            "attention_since": seen.journal.attention_since,
        },
    }
