"""The table of cases and requirements, and the tests that show them."""

from pathlib import Path

import pytest

from internal_tests.docs.requirements import NOT_OF_JOBS, collect, missing, missing_of_plans, tables


@pytest.mark.filterwarnings("ignore::pytest.PytestAssertRewriteWarning")
def test_the_markers_of_tests_become_a_table(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.case(13, 'DOC-REQ-001', 'DOC-REQ-004')\n"
        "@pytest.mark.parametrize('number', [1, 2])\n"
        "def test_hang(number): pass\n"
        "@pytest.mark.case(13, 'DOC-REQ-001')\n"
        "@pytest.mark.plan_case(9)\n"
        "def test_other(): pass\n"
        "def test_unmarked(): pass\n"
    )
    shown = collect(tmp_path)
    assert {number: len(tests) for number, tests in shown.cases.items()} == {13: 2}
    lines, of_plans = (part.splitlines() for part in tables(shown).split("| case of plans |"))
    (row,) = [line for line in lines if line.startswith("| 13 |")]
    assert row.count("test_it.py::") == 2 and "| DOC-REQ-001, DOC-REQ-004 |" in row
    assert next(line for line in lines if line.startswith("| DOC-REQ-004 |")).count("::test_hang") == 1
    assert next(line for line in of_plans if line.startswith("| 9 |")).endswith("test_it.py::test_other |")
    assert 9 not in missing_of_plans(shown) and 10 in missing_of_plans(shown)
    assert 13 not in missing(shown) and 12 in missing(shown) and not set(NOT_OF_JOBS) & set(missing(shown))
