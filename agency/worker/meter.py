"""What one attempt spent: what the runner tells of its turn; where it tells that of the whole conversation, or was ended before
it could tell, what it wrote down, less what stood there before."""

from agency.domain.output import UsageTold
from agency.domain.usage import Usage, total_usage
from agency.runners.adapter import Adapter, Scene


class Meter:
    """Reads off before and after one attempt in the conversation ``thread_id``, None for one that is yet to begin. ``cost`` is
    US dollars as the runner tells them, None when it does not."""

    def __init__(self, adapter: Adapter, scene: Scene, thread_id: str | None) -> None:
        self._adapter, self._scene, self._thread = adapter, scene, thread_id
        self._before = self._written()
        self._turns: Usage | None = None
        self._whole: Usage | None = None
        self.cost: float | None = None

    def turned_to(self, thread_id: str) -> None:
        """The runner is in this conversation. One that it did not go on with counts from its beginning."""
        if thread_id != self._thread:
            self._thread, self._before = thread_id, Usage()

    def take(self, told: UsageTold) -> None:
        """What the runner tells."""
        if told.whole_thread:
            self._whole = told.usage
        else:
            self._turns = (self._turns or Usage()) + told.usage
        if told.cost is not None:
            self.cost = told.cost if told.whole_thread else (self.cost or 0.0) + told.cost

    @property
    def usage(self) -> Usage:
        """Tokens of this attempt alone."""
        if self._turns is not None:
            return self._turns
        whole = self._whole if self._whole is not None else self._written()
        new = whole - self._before
        return new if min(new.input, new.cached_input, new.output) >= 0 else whole  # totals may begin anew

    def _written(self) -> Usage:
        if self._thread is None or not self._adapter.tells_usage:
            return Usage()
        try:
            return total_usage(self._adapter.spendings(self._scene, self._thread))
        except OSError:  # whoever cannot be asked has spent nothing that we know of
            return Usage()
