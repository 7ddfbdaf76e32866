"""Every help text is a snapshot, and what README.md says about commands and errors is what the program says.

After a wanted change: ``UPDATE_SNAPSHOTS=1 internal_tests/run internal_tests/e2e/test_help.py``, and
``python -m internal_tests.docs.reference --write`` for README.md.
"""

import os
from pathlib import Path

from internal_tests.docs.reference import README, WIDTH, command_reference, commands, complaint, render
from internal_tests.support.world import World

SNAPSHOT = Path(__file__).with_name("snapshots") / "help.txt"


def _help_texts(world: World) -> str:
    """What ``--help`` of every installed command prints on a wide terminal, one after the other."""
    texts = []
    for context in commands():
        words = context.command_path.split()[1:]
        result = world.agency(*words, "--help", env={"COLUMNS": str(WIDTH + 2)})
        assert result.code == 0, f"{context.command_path} --help: {result.err}"
        assert result.err == ""
        texts.append(f"$ {context.command_path} --help\n{result.out}")
    return "\n".join(texts)


def test_every_help_text_is_as_its_snapshot(world: World) -> None:
    texts = _help_texts(world)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(texts)
    assert texts == SNAPSHOT.read_text(), f"update {SNAPSHOT.name} with UPDATE_SNAPSHOTS=1 if this is wanted"


def test_the_line_of_a_command_in_the_overview_is_the_only_summary_it_has(world: World) -> None:
    overview = world.ok("--help").out
    for context in commands():
        if context.command_path.count(" ") == 1:
            assert f"\n  {context.info_name} " in overview


def test_minus_h_is_help_for_every_command(world: World) -> None:
    for context in commands():
        words = context.command_path.split()[1:]
        assert world.ok(*words, "-h").out == world.ok(*words, "--help").out, context.command_path


def test_bare_agency_prints_the_overview(world: World) -> None:
    assert world.agency().out == world.ok("--help").out


def test_the_reference_in_the_readme_is_current() -> None:
    assert complaint(README) == ""


def test_the_reference_holds_the_help_text_that_the_installed_command_prints(world: World) -> None:
    reference = command_reference()
    for text in _help_texts(world).split("$ agency")[1:]:
        assert text.split("\n", 1)[1].strip() in reference


def test_a_reference_that_is_out_of_date_is_told_with_the_remedy(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(
        "# a\n<!-- reference:begin -->\nold\n<!-- reference:end -->\n<!-- errors:begin --><!-- errors:end -->\n"
    )
    assert "python -m internal_tests.docs.reference --write" in complaint(readme)
    assert "-old" in complaint(readme)


def test_rewriting_the_reference_makes_it_current_and_keeps_the_rest(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    text = "# a\n<!-- reference:begin -->\n<!-- reference:end -->\nb\n<!-- errors:begin -->\n<!-- errors:end -->\nc\n"
    readme.write_text(render(text))
    assert complaint(readme) == ""
    assert render(readme.read_text()) == readme.read_text()
    assert readme.read_text().startswith("# a\n<!-- reference:begin -->\n\n### agency\n")
    assert readme.read_text().endswith("<!-- errors:end -->\nc\n")
    assert "\nb\n" in readme.read_text()


def test_a_readme_without_the_markers_is_told(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# a\n<!-- reference:begin -->\n<!-- reference:end -->\n")
    assert complaint(readme) == "README.md lacks the lines <!-- errors:begin --> and <!-- errors:end -->, in this order"
