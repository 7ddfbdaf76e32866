"""What a headless run tells the outside: never a secret, and of every attempt its metrics."""

import base64
import json
import re
import socket
import urllib.parse
from collections.abc import Iterator

import pytest

from internal_tests.support.jobs import FAILS, HANGS, JobRun, begin, deeds, impatient, step, writes
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

SECRET = "open-sesame/0123456789+x"
FORMS = (SECRET, base64.b64encode(SECRET.encode()).decode(), urllib.parse.quote(SECRET, safe=""))


@pytest.fixture
def ear(world: World) -> Iterator[socket.socket]:
    """A socket that the workers of this world send their metrics to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.setblocking(False)
        world.env.update(STATSD_HOST="127.0.0.1", STATSD_PORT=str(listening.getsockname()[1]))
        yield listening


def heard(ear: socket.socket) -> list[str]:
    """The datagrams that have come and were not heard yet."""
    lines = []
    while True:
        try:
            lines.append(ear.recv(4096).decode())
        except BlockingIOError:
            return lines


@pytest.mark.case(53, "DOC-REQ-012")
@pytest.mark.case(54, "DOC-REQ-012")
@pytest.mark.case(3, "DOC-REQ-012")
def test_a_secret_is_in_no_record_no_event_no_metric_and_not_on_the_screen(world: World, ear: socket.socket) -> None:
    world.env.update(DEMO_AGENT_SECRET=SECRET, X_AUTH="1")
    leaks = [["leak", how, stream] for stream in ("stdout", "stderr") for how in ("plain", "split", "base64", "url")]
    plan = {
        "form": [
            deeds(
                *leaks,
                ["say", "I found {secret}."],
                ["run", "printenv", "DEMO_AGENT_SECRET"],
                ["write", f"{SECRET[:11]}-1.txt", "plain words 1\n"],
                ["fail", "no answer from the server to {secret} at line 1"],
            ),
            deeds(["run", "cat", ".agency/retry-context.md"], ["write", "form.html", "1\n"]),
        ]
    }
    run = begin(
        world,
        plan,
        steps=[step("form", check=["sh", "-c", "printenv DEMO_AGENT_SECRET; test -e form.html"])],
        budgets={"max_attempts": 1},
    ).ended("needs_attention")
    run.ask("retry-step", "--reason", f"It has to be {SECRET}, attempt 1")
    wait_for(lambda: run.status() == "done", "the job to be done")
    context = (run.worktree / ".agency/retry-context.md").read_text()
    seen = {
        str(path.relative_to(run.directory)): path.read_text(errors="replace")
        for path in run.directory.rglob("*")
        if path.is_file()
    }
    seen |= {"screen": run.screen(), "context": context, "metrics": "\n".join(heard(ear))}
    for words in (("attempts", "job", "--json"), ("events", "job"), ("show", "job"), ("logs", "job"), ("ls", "--json")):
        result = world.agency(*words)
        seen[" ".join(words)] = result.out + result.err
    leaked = [name for name, text in seen.items() for form in FORMS if form in text]
    assert not leaked, leaked
    assert "[REDACTED]" in run.attempt(0, 1)["failureSummary"] and "redacted" in run.attempt(0, 1)["failureSignature"]
    assert "at line 1" in run.attempt(0, 1)["failureSummary"], "what is no secret is left alone"
    for name in ("logs/attempt-0000-0001.log", "screen", "context", "control.jsonl", "metrics"):
        assert seen[name], name
    assert seen["logs/attempt-0000-0001.log"].count("[REDACTED]") >= 9
    assert "[REDACTED], attempt 1" in context
    assert json.loads(seen["control.jsonl"].splitlines()[0])["reason"] == "It has to be [REDACTED], attempt 1"


@pytest.mark.case(51, "DOC-REQ-011")
@pytest.mark.case(7, "DOC-REQ-011")
def test_every_attempt_is_counted_with_its_class_and_what_follows(world: World, ear: socket.socket) -> None:
    plan = {"wall": [deeds(["chat"]), writes("1")], "idle": [HANGS, writes("2")], "stuck": [FAILS]}
    run = begin(
        world,
        plan,
        steps=[step("wall", timeout="1s"), impatient("idle"), "stuck"],
        budgets={"max_resets": 0},
    ).ended("needs_attention")
    wait_for(lambda: run.pane()["dead"] == "1", "the worker to end")
    lines = heard(ear)
    counts = [line for line in lines if "duration_seconds" not in line]
    times = [line for line in lines if "duration_seconds" in line]
    soft = "class:transient_runtime,strategy:soft_reset"
    name = "agency.task.self_heal"
    assert sorted(counts) == sorted(
        [
            f"{name}.attempts_total:1|c|#{soft},outcome:retrying,step:wall,attempt:1",
            "agency.task.step.wall_timeout_total:1|c|#step:wall,attempt:1",
            f"{name}.attempts_total:1|c|#strategy:soft_reset,outcome:success,step:wall,attempt:2",
            f"{name}.recovered_total:1|c|#{soft},step:wall,attempt:2",
            f"{name}.attempts_total:1|c|#{soft},outcome:retrying,step:idle,attempt:1",
            "agency.task.step.idle_timeout_total:1|c|#step:idle,attempt:1",
            f"{name}.attempts_total:1|c|#strategy:soft_reset,outcome:success,step:idle,attempt:2",
            f"{name}.recovered_total:1|c|#{soft},step:idle,attempt:2",
            f"{name}.attempts_total:1|c|#{soft},outcome:retrying,step:stuck,attempt:1",
            f"{name}.attempts_total:1|c|#class:stuck_no_progress,strategy:queue_retry,outcome:queue_retry,step:stuck,attempt:2",
            f"{name}.exhausted_total:1|c|#class:stuck_no_progress,strategy:queue_retry,step:stuck,attempt:2",
            "agency.task.step.no_progress_total:1|c|#step:stuck,attempt:2",
        ]
    )
    assert len(times) == 6
    assert all(
        re.fullmatch(r"agency\.task\.step\.duration_seconds:\d+\|ms\|#step:\w+,attempt:\d", one) for one in times
    )
    (wall,) = [line for line in times if line.endswith("step:wall,attempt:1")]
    assert 1000 <= int(wall.split(":")[1].split("|")[0]) < 2500
    assert run.outcomes(2) == ["retrying", "queue_retry"]


_IN_PIECES = """#!/bin/sh
if [ "$1" = --version ]; then echo 0.61.0; exit; fi
cat >/dev/null
say() { printf '{"type":"message","role":"assistant","content":"%s","delta":true}\\n' "$1"; }
echo '{"type":"init","session_id":"11111111-2222-4333-8444-555555555555"}'
say 'I looked.\\nIt is open-ses'
say 'ame/01234'
say '56789+x, that'
say ' is all.'
echo '{"type":"result","status":"success","stats":{"input_tokens":5,"output_tokens":2}}'
"""


@pytest.mark.case(53, "DOC-REQ-012")
def test_a_secret_that_pieces_of_a_message_share_is_masked_and_the_message_is_told_as_one(world: World) -> None:
    world.env.update(DEMO_AGENT_SECRET=SECRET, PATH=f"{world.root / 'bin'}:{world.env['PATH']}")
    (world.root / "bin").mkdir()
    program = world.root / "bin/gemini"
    program.write_text(_IN_PIECES)
    program.chmod(0o755)
    made = world.ok("run", "job", "--headless", "--prompt", "Look", "--runner", "gemini", "--detached").pairs["run_id"]
    run = JobRun(world, world.find(made).directory).ended()
    assert run.attempt(0, 1)["summary"] == "I looked. It is [REDACTED], that is all."
    assert "I looked.\nIt is [REDACTED], that is all.\n" in run.screen()
