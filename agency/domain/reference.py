"""Which run a reference means: a name, a run id, or the unique beginning of an id."""

from collections.abc import Sequence

from agency.domain.frozen import frozen
from agency.domain.ids import is_run_id_prefix
from agency.domain.run import BrokenRun, Run


@frozen
class Match:
    """The run that was meant."""

    run: Run | BrokenRun


@frozen
class Ambiguous:
    """Several runs fit."""

    candidates: tuple[Run | BrokenRun, ...]


@frozen
class NotFound:
    """Nothing fits; the names that come nearest."""

    nearest: tuple[str, ...]


def resolve(ref: str, groups: Sequence[Sequence[Run | BrokenRun]]) -> Match | Ambiguous | NotFound:
    """Find ``ref`` in ``groups``, each group going before the next: a name in any group wins over an id in any."""
    ref = ref.strip()
    for fits in (_has_name, _has_id, _has_prefix):
        for group in groups:
            found = tuple(run for run in group if fits(run, ref))
            if len(found) == 1:
                return Match(run=found[0])
            if found:
                return Ambiguous(candidates=tuple(sorted(found, key=lambda run: (run.run_id, run.repo_id))))
    names = [run.name for group in groups for run in group if isinstance(run, Run)]
    return NotFound(nearest=nearest(ref, names))


def named(ref: str, runs: Sequence[Run | BrokenRun]) -> Match | Ambiguous | NotFound:
    """Find the name ``ref`` among ``runs`` alone, so that nothing else need be read when it is there."""
    found = tuple(run for run in runs if _has_name(run, ref.strip()))
    if not found:
        return NotFound(nearest=())
    return Match(run=found[0]) if len(found) == 1 else Ambiguous(candidates=found)


def nearest(word: str, known: Sequence[str], most: int = 3) -> tuple[str, ...]:
    """The entries of ``known`` that look most like ``word``, best first."""
    import difflib

    return tuple(dict.fromkeys(difflib.get_close_matches(word, known, n=most, cutoff=0.5)))


def _has_name(run: Run | BrokenRun, ref: str) -> bool:
    return isinstance(run, Run) and run.name == ref


def _has_id(run: Run | BrokenRun, ref: str) -> bool:
    return run.run_id == ref


def _has_prefix(run: Run | BrokenRun, ref: str) -> bool:
    return is_run_id_prefix(ref) and run.run_id.startswith(ref)
