"""The class of a failure, from the evidence."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.failures import RULES, ErrorRule, Evidence, FailureClass, classify

SAID = {"error: Unauthorized": "deterministic_policy", "fatal: not a git repository": "deterministic_repo"}


def said(*lines: str) -> FailureClass:
    """The class of a failure whose error are these lines."""
    return classify(Evidence(exit_code=1, error_lines=lines))


@pytest.mark.case(24, "DOC-REQ-003")
@pytest.mark.parametrize(
    "line",
    [
        "ERROR: unexpected status 401 Unauthorized: Missing bearer token",
        'API Error: 403 {"type":"error","error":{"type":"permission_error","message":"no"}}',
        "Invalid API key · Please run /login",
        "Missing environment variable: `OPENAI_API_KEY`.",
        "ANTHROPIC_API_KEY is not set",
        "fatal: Authentication failed for 'https://github.com/o/r.git/'",
        "git@github.com: Permission denied (publickey).",
        "Credit balance is too low",
        '{"error":{"code":401,"message":"no"}}',
        "HTTP 403",
        "error:401",
        "Error: blocked by policy",
    ],
)
def test_what_is_not_allowed_is_policy(line: str) -> None:
    assert said(line) == "deterministic_policy"


@pytest.mark.case(24, "DOC-REQ-003")
@pytest.mark.parametrize(
    "line",
    [
        "error: unexpected argument '--frob' found",
        "error: unknown option '--frob'",
        "error: the following required arguments were not provided:",
        "error: invalid value 'x' for '--model <MODEL>'",
        "schema validation failed at steps[0].id",
        '{"error":{"type":"invalid_request_error","message":"no such model"}}',
        "sh: 1: codexx: not found",
        "bash: line 1: codexx: command not found",
    ],
)
def test_a_wrong_job_or_command_line_is_contract(line: str) -> None:
    assert said(line) == "deterministic_contract"


@pytest.mark.case(24, "DOC-REQ-003")
@pytest.mark.parametrize(
    "line",
    [
        "fatal: not a git repository (or any of the parent directories): .git",
        "CONFLICT (content): Merge conflict in a.txt",
        "CONFLICT (modify/delete): a.txt deleted in HEAD",
        "Automatic merge failed; fix conflicts and then commit the result.",
        "error: could not apply 12ab34c... change",
        "error: patch failed: a.txt:1",
        "fatal: couldn't find remote ref nope",
        "fatal: invalid reference: nope",
        "error: pathspec 'nope' did not match any file(s) known to git",
        "fatal: repository 'https://x/y.git/' not found",
        "remote: Repository not found.",
    ],
)
def test_what_the_repo_does_not_allow_is_repo(line: str) -> None:
    assert said(line) == "deterministic_repo"


@pytest.mark.case(24, "DOC-REQ-003")
@pytest.mark.parametrize(
    "line",
    [
        "stream disconnected before completion: 503 after a permission denied",
        "HTTP 429 Too Many Requests",
        "Error: read ECONNRESET",
        "API Error: 529 overloaded_error",
        "Connection refused",
        "Request timed out",
        # Words that only look like a reason.
        "I created the branch, fixed the schema and removed the required token from git",
        "FAILED tests/test_auth.py::test_forbidden_token",
        "3 of 401 tests failed",
        "error: 401 tests failed",
        "tests/test_x.py:401: error",
        "errors 403 and forbidden words",
        "the policy module has 403 lines",
        "AssertionError: expected 'Unauthorized' in body",
        "E       required field",
        "",
    ],
)
def test_all_else_may_go_better_next_time(line: str) -> None:
    assert said(line) == "transient_runtime"


def test_the_last_thing_said_decides() -> None:
    denied, lost = "error: Permission denied", "error: stream disconnected before completion"
    assert said(denied, lost) == "transient_runtime"
    assert said(lost, denied) == "deterministic_policy"
    assert said(denied, "and a line that says nothing") == "deterministic_policy"


def test_on_one_line_the_order_of_the_rules_decides() -> None:
    assert said("error: upstream timed out, unauthorized") == "deterministic_policy"
    order = list(dict.fromkeys(rule.failure_class for rule in RULES))
    assert order == ["deterministic_policy", "deterministic_contract", "deterministic_repo", "transient_runtime"]


def test_only_the_last_lines_count_and_colours_do_not() -> None:
    assert said("\x1b[31merror:\x1b[0m Unauthorized") == "deterministic_policy"
    assert said("error: Unauthorized", *["more"] * 20) == "transient_runtime"
    assert said("spinning...\rerror: Unauthorized\r\n") == "deterministic_policy"


def test_rules_of_the_config_come_first() -> None:
    extra = (ErrorRule(failure_class="deterministic_repo", pattern=r"^lfs quota\b"),)
    assert classify(Evidence(error_lines=("LFS quota exceeded",)), extra) == "deterministic_repo"
    spared = (ErrorRule(failure_class="transient_runtime", pattern="unauthorized"),)
    assert classify(Evidence(error_lines=("error: Unauthorized",)), spared) == "transient_runtime"
    with pytest.raises(re.error):
        classify(Evidence(error_lines=("x",)), (ErrorRule(failure_class="deterministic_repo", pattern="("),))


@pytest.mark.case(13, "DOC-REQ-001", "DOC-REQ-003")
@given(
    st.builds(
        Evidence,
        timeout=st.sampled_from([None, "idle", "wall"]),
        signal=st.sampled_from([None, "SIGKILL"]),
        lost=st.booleans(),
        structured_class=st.sampled_from([None, "deterministic_contract", "transient_runtime"]),
        error_lines=st.lists(
            st.sampled_from(["error: Unauthorized", "fatal: not a git repository", "hm"]), max_size=20
        ).map(tuple),
    )
)
def test_a_verdict_of_the_runner_counts_before_its_end_and_that_before_its_words(evidence: Evidence) -> None:
    found = classify(evidence)
    if evidence.structured_class is not None:
        assert found == evidence.structured_class
    elif evidence.timeout or evidence.signal or evidence.lost:
        assert found == "transient_runtime"
    else:
        telling = [line for line in evidence.error_lines if line != "hm"]
        assert found == (SAID[telling[-1]] if telling else "transient_runtime")


@pytest.mark.parametrize("part", ["repository ", ": ", "error ", "a", "conflict (", "\x1b[", "A_", "401 "])
def test_hostile_lines_cost_little(part: str) -> None:
    started = time.process_time()
    said(*[part * (65536 // len(part))] * 20)
    assert time.process_time() - started < 2
