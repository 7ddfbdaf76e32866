"""Which tests show which case of the healing reference, which requirement, and which case of the reference on plans: three
tables, made from the markers of the tests.

python -m internal_tests.docs.requirements         print them; exit code 1 when a case of jobs or of plans has no test
"""

import contextlib
import io
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
CASES = range(1, 61)
PLAN_CASES = range(1, 23)
NOT_OF_JOBS = {
    6: "nothing is cloned; worktrees stand at absolute paths of our own",
    43: "of the HTTP face",
    49: "of the HTTP face",
}
"""Cases that no test of a job can show, and why."""


@dataclass
class Shown:
    """Case -> the tests that show it, requirement -> the same, and case of plans -> the same."""

    cases: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    requirements: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    of_case: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    plan_cases: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take in the markers of all tests that were collected."""
        for item in session.items:
            test = item.nodeid.partition("[")[0]
            for mark in item.iter_markers("case"):
                number, *requirements = mark.args
                self.cases[number].add(test)
                self.of_case[number].update(requirements)
                for requirement in requirements:
                    self.requirements[requirement].add(test)
            for mark in item.iter_markers("plan_case"):
                for number in mark.args:
                    self.plan_cases[number].add(test)


def collect(tests: Path = TESTS) -> Shown:
    """The markers of all tests below a directory. Raises RuntimeError when they cannot be collected."""
    shown = Shown()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        options = ["--collect-only", "-qq", "-p", "no:cacheprovider", "--rootdir", str(TESTS.parent)]
        code = pytest.main([*options, str(tests)], plugins=[shown])
    if code != pytest.ExitCode.OK:
        raise RuntimeError(f"the tests cannot be collected:\n{said.getvalue()}")
    return shown


def missing(shown: Shown) -> list[int]:
    """The cases that some test of a job should show and none does."""
    return [number for number in CASES if number not in shown.cases and number not in NOT_OF_JOBS]


def missing_of_plans(shown: Shown) -> list[int]:
    """The cases of plans that no test shows."""
    return [number for number in PLAN_CASES if number not in shown.plan_cases]


def tables(shown: Shown) -> str:
    """All tables, as markdown."""
    cases = {
        str(number): (", ".join(sorted(shown.of_case[number])), shown.cases.get(number) or [_reason(number)])
        for number in CASES
    }
    return "\n\n".join(
        (
            _table(("case", "requirements", "tests"), {(key, said): tests for key, (said, tests) in cases.items()}),
            _table(("requirement", "tests"), {(key,): shown.requirements[key] for key in sorted(shown.requirements)}),
            _table(
                ("case of plans", "tests"),
                {(str(number),): shown.plan_cases.get(number) or ["no test"] for number in PLAN_CASES},
            ),
        )
    )


def _reason(number: int) -> str:
    return NOT_OF_JOBS.get(number, "no test")


def _table(head: Iterable[str], rows: Mapping[tuple[str, ...], Iterable[str]]) -> str:
    """A row for each key, with the tests on lines of their own within the cell."""
    names = list(head)
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join((*key, "<br>".join(sorted(tests)))) + " |" for key, tests in rows.items()]
    return "\n".join(lines)


def main() -> int:
    """Print the tables; 1 when a case lacks a test, which is then named on standard error."""
    shown = collect()
    print(tables(shown))
    lacking = missing(shown)
    if lacking:
        print(f"no test shows case {', '.join(map(str, lacking))}", file=sys.stderr)
    of_plans = missing_of_plans(shown)
    if of_plans:
        print(f"no test shows case {', '.join(map(str, of_plans))} of plans", file=sys.stderr)
    return 1 if lacking or of_plans else 0


if __name__ == "__main__":
    sys.exit(main())
