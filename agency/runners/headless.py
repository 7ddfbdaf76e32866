"""The command line that has a runner answer one prompt without a terminal."""

from agency.domain.errors import AgencyError
from agency.runners.adapter import Scene, Words
from agency.runners.resolve import Runner, require_prompt_fits


def headless_words(runner: Runner, scene: Scene, prompt: str, thread_id: str | None) -> Words:
    """The words that have ``runner`` work on ``prompt`` and end, going on with ``thread_id`` where one is given. A program
    without conversations gets the prompt as its last word.

    Raises E_HEADLESS_UNSUPPORTED when it cannot work so, E_USAGE when its command line cannot take the prompt.
    """
    adapter = runner.adapter
    words = adapter.headless(scene, runner.extra, prompt, thread_id)
    if words is not None:
        return words
    if adapter.has_threads or not adapter.takes_prompt:
        hint = f"set runners.{runner.name}.headless in agency.yaml, or choose another runner with --runner"
        message = f"runner {runner.name} cannot work without a terminal"
        raise AgencyError("E_HEADLESS_UNSUPPORTED", message, hint=hint, runner=runner.name)
    require_prompt_fits(runner, prompt)
    return adapter.start(scene, runner.extra, prompt)
