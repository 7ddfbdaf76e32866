"""What the agent of a run spent: from what the agent wrote, with what was kept of it when its files may be gone."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from agency.config.load import load_settings
from agency.domain.cost import Bill, bill
from agency.domain.durations import moment_of
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.launch import Launch
from agency.domain.run import BrokenRun, Run
from agency.domain.settings import Settings
from agency.domain.thread import Thread
from agency.domain.usage import Price, Spending, Start, each_once
from agency.runners.adapter import Adapter, Scene
from agency.sessions.context import Context
from agency.sessions.place import config_root
from agency.store.launches import list_starts, read_launch
from agency.store.threads import read_thread
from agency.store.usage import read_spendings, write_spendings

_SLACK = 1.0
"""Seconds that a file may seem older than the launch that wrote it, by the coarse clocks of file systems."""


@frozen
class RunUsage:
    """What a run spent, each answer once, oldest first; when its launches were made; what tokens cost in its repo."""

    spent: tuple[Spending, ...]
    starts: tuple[Start, ...]
    prices: Mapping[str, Price]

    @property
    def bill(self) -> Bill:
        """All of it."""
        return bill(self.spent, self.prices)

    def since(self, moment: float) -> "RunUsage":
        """What was spent at or after ``moment``, in seconds since 1970."""
        return replace(self, spent=tuple(one for one in self.spent if one.at >= moment))


def usages_of(context: Context, runs: Iterable[Run | BrokenRun]) -> dict[str, RunUsage]:
    """Run id -> what the run spent, without those whose agent does not tell. Writes nothing. Where the config of a repo cannot
    be read its prices count as unknown, which is told."""
    settings: dict[str, Settings] = {}
    found: dict[str, RunUsage] = {}
    for run in runs:
        if not isinstance(run, Run) or _adapter_of(run) is None:
            continue
        if run.repo_id not in settings:
            settings[run.repo_id] = _settings_of(context, run)
        spent = _spendings(context, run, settings[run.repo_id])
        prices = settings[run.repo_id].prices
        found[run.run_id] = RunUsage(spent=spent, starts=tuple(_starts(run)), prices=prices)
    return found


def keep_usage(context: Context, run: Run, settings: Settings | None = None) -> None:
    """Keep what the run spent beside its record, from where it is told when the files of the agent are gone. ``settings`` are
    read when not given. Hold the repo lock. Raises E_DISK_FULL or E_STORE_FAILED."""
    if _adapter_of(run) is None:
        return
    spent = _spendings(context, run, settings or _settings_of(context, run))
    if spent != read_spendings(run.directory):
        write_spendings(run.directory, spent)


def _settings_of(context: Context, run: Run) -> Settings:
    """The settings in the repo of a run; where they cannot be read, which is told, none."""
    try:
        return load_settings(config_root(context, run), context.paths.config)
    except AgencyError as error:
        context.tell(f"going on without the config, so without its prices: {error.message}")
        return Settings()


def _spendings(context: Context, run: Run, settings: Settings) -> tuple[Spending, ...]:
    """What is kept and what the agent's files tell, from the first launch of the run on: a fork begins with a copy of what
    another run spent."""
    from agency.runners.resolve import environment_of

    launch, thread, adapter = read_launch(run.directory), read_thread(run.directory), _adapter_of(run)
    kept = read_spendings(run.directory)
    if adapter is None:
        return kept
    scene = Scene(
        worktree=launch.worktree if launch is not None else run.worktree,
        directory=run.directory,
        environ=environment_of(settings, run.runner, context.environ),
    )
    told = [
        one for thread_id in _threads(run, adapter, scene, launch, thread) for one in _told(adapter, scene, thread_id)
    ]
    copied = _told(adapter, scene, thread.forked_from) if thread is not None and thread.forked_from else ()
    not_ours = {one.key for one in copied if one.key}
    begun = _begun(run)
    return each_once((*kept, *(one for one in told if one.at >= begun and one.key not in not_ours)))


def _threads(run: Run, adapter: Adapter, scene: Scene, launch: Launch | None, thread: Thread | None) -> tuple[str, ...]:
    """Every conversation that belongs to the run."""
    recorded = (*thread.earlier, thread.thread_id) if thread is not None else ()
    found = adapter.find_thread(scene, launch.epoch - _SLACK) if launch is not None and not run.archived else None
    every = dict.fromkeys((*recorded, *adapter.threads(scene), *((found,) if found is not None else ())))
    foreign = thread.forked_from if thread is not None else None
    return tuple(thread_id for thread_id in every if thread_id != foreign)


def _told(adapter: Adapter, scene: Scene, thread_id: str) -> tuple[Spending, ...]:
    try:
        return adapter.spendings(scene, thread_id)
    except OSError:
        return ()


def _adapter_of(run: Run) -> Adapter | None:
    """The adapter of the agent, when it tells its usage; None too when there never was an agent."""
    from agency.runners.table import ADAPTERS

    thread, launch = read_thread(run.directory), read_launch(run.directory)
    name = thread.agent if thread is not None else launch.agent if launch is not None else ""
    adapter = ADAPTERS.get(name)
    return adapter if adapter is not None and adapter.tells_usage else None


def _starts(run: Run) -> list[Start]:
    """When each launch was made; the last one may have been killed before that was noted."""
    starts, launch = list_starts(run.directory), read_launch(run.directory)
    if launch is not None and launch.number not in {start.number for start in starts}:
        starts.append(Start(number=launch.number, at=launch.epoch))
    return starts


def _begun(run: Run) -> float:
    """When the first launch was made, or the run, where that was not noted."""
    first = next((start.at for start in _starts(run) if start.number == 1), None)
    return first if first is not None else moment_of(run.created_at)
