"""What a report says beyond its template: the sections in which something was written, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from agency.domain.report import said_in
from agency.sessions.templates import template

TEMPLATE = template("report.md")
HEADINGS = [line.removeprefix("## ") for line in TEMPLATE.splitlines() if line.startswith("## ")]
names = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True)
words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=40).map(
    str.strip
)
lines = words.filter(lambda text: any(c.isalnum() for c in text) and text[0].isalpha())
texts = st.lists(lines, min_size=1, max_size=4).map("\n".join)


def filled(name: str, said: dict[str, str]) -> str:
    """The template of a run, with text in some of its sections."""
    report = TEMPLATE.replace("{name}", name)
    for heading, text in said.items():
        report = report.replace(f"## {heading}\n\n-\n", f"## {heading}\n\n{text}\n", 1)
    return report


@given(name=names, said=st.dictionaries(st.sampled_from(HEADINGS), texts), windows=st.booleans())
def test_exactly_what_was_written_is_left(name: str, said: dict[str, str], windows: bool) -> None:
    report = filled(name, said)
    expected = [f"## {heading}\n\n{said[heading]}" for heading in HEADINGS if heading in said]
    result = said_in(report.replace("\n", "\r\n") if windows else report, TEMPLATE)
    assert result == ("\n\n".join(expected) + "\n" if expected else None)


@given(name=names, blanks=st.lists(st.sampled_from(["", " ", "-", "- ", "*", "1.", "\t-"]), max_size=6))
def test_blank_lines_and_empty_bullets_say_nothing(name: str, blanks: list[str]) -> None:
    assert said_in(filled(name, {heading: "\n".join(blanks) for heading in HEADINGS}), TEMPLATE) is None


@given(text=st.text())
def test_any_text_is_read_and_nothing_is_made_up(text: str) -> None:
    result = said_in(text, TEMPLATE)
    assert result is None or all(line in text.replace("\r\n", "\n").split("\n") for line in result.split("\n") if line)


def test_an_empty_report_says_nothing() -> None:
    assert said_in("", TEMPLATE) is None
    assert said_in("\n\n", TEMPLATE) is None


def test_a_report_that_was_written_anew_is_left_whole() -> None:
    report = "# Add the login page\n\nIt has two fields.\n\n### Details\n\n- one\n"
    assert said_in(report, TEMPLATE) == report


def test_headings_within_a_block_of_code_belong_to_the_block() -> None:
    report = filled("feature", {"How to test": "```sh\n## not a heading\n-\nmake test\n```"})
    assert said_in(report, TEMPLATE) == "## How to test\n\n```sh\n## not a heading\n-\nmake test\n```\n"


def test_sections_that_the_agent_added_are_kept() -> None:
    assert said_in(f"{filled('feature', {})}\n## Numbers\n\n12 % faster\n", TEMPLATE) == "## Numbers\n\n12 % faster\n"
