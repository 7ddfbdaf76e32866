"""Sends metrics to StatsD over UDP, so that a host that is slow, dead or wrong costs a run nothing.

A datagram is one line, written by :mod:`agency.domain.metrics`. Of the packages for it, ``statsd`` and ``python-statsd`` know
no tags, ``statshog`` does and is no longer kept, and all three wait for DNS where they are made; ``datadog`` does all of it and
takes longer to import, with ``requests``, than most commands of agency take.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from agency.domain.frozen import frozen
from agency.domain.metrics import Metric, datagram

if TYPE_CHECKING:
    import socket

DEFAULT_PORT = 8125
DEFAULT_PREFIX = "agency"
SHORTEST_PAUSE = 5.0
LONGEST_PAUSE = 60.0


@frozen
class Collector:
    """Where metrics go to, and what their names begin with."""

    host: str
    port: int = DEFAULT_PORT
    prefix: str = DEFAULT_PREFIX


def collector_of(environ: Mapping[str, str]) -> Collector | None:
    """The collector that the environment names, None for no metrics: no host is named, or a port that is none."""
    host = (environ.get("SPEC_WORKFLOW_METRICS_HOST") or environ.get("STATSD_HOST") or "").strip()
    port = (environ.get("SPEC_WORKFLOW_METRICS_PORT") or environ.get("STATSD_PORT") or str(DEFAULT_PORT)).strip()
    if not host or not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536):
        return None
    return Collector(host=host, port=int(port[:6]), prefix=environ.get("STATSD_PREFIX", DEFAULT_PREFIX).strip())


class Statsd:
    """Sends to one collector, or, without one, nowhere and without opening anything. Never waits and never raises.

    The host is looked up in the background; until it is found metrics are dropped. After an error they are dropped for
    :data:`SHORTEST_PAUSE` seconds, after each further one for twice as long, up to :data:`LONGEST_PAUSE`.
    """

    def __init__(self, collector: Collector | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._collector = collector
        self._clock = clock
        self._socket: socket.socket | None = None
        self._pause = 0.0
        self._silent_until = clock()
        self._is_looking_up = False
        if collector is not None:
            self._look_up(collector)

    def send(self, metrics: Iterable[Metric]) -> None:
        """Send each of ``metrics``, or drop it."""
        collector = self._collector
        if collector is None or self._is_looking_up or self._clock() < self._silent_until:
            return
        if self._socket is None:
            self._look_up(collector)
        try:
            for metric in metrics:
                if self._socket is None:
                    return
                self._socket.send(datagram(metric, collector.prefix))
        except BlockingIOError:
            return
        except Exception:
            self._fall_silent()

    def close(self) -> None:
        """Send nothing any more."""
        self._collector = None
        self._drop_socket()

    def _look_up(self, collector: Collector) -> None:
        """Open the socket at once to an address, in the background to a name."""
        import socket

        try:
            self._open(collector, socket.AI_NUMERICHOST)
        except socket.gaierror:
            import threading

            self._is_looking_up = True
            try:
                threading.Thread(target=self._look_up_name, args=(collector,), daemon=True, name="statsd host").start()
            except RuntimeError:  # no thread is to be had
                self._is_looking_up = False
                self._fall_silent()
        except Exception:
            self._fall_silent()

    def _look_up_name(self, collector: Collector) -> None:
        try:
            self._open(collector, 0)
        except Exception:
            self._fall_silent()
        finally:
            self._is_looking_up = False
            if self._collector is None:
                self._drop_socket()

    def _open(self, collector: Collector, flags: int) -> None:
        import socket

        found = socket.getaddrinfo(collector.host, collector.port, type=socket.SOCK_DGRAM, flags=flags)
        family, kind, protocol, _, address = found[0]
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setblocking(False)
            opened.connect(address)  # so that the kernel tells when nobody listens there
        except BaseException:
            opened.close()
            raise
        self._socket = opened

    def _fall_silent(self) -> None:
        now = self._clock()
        is_first = now - self._silent_until > LONGEST_PAUSE
        self._pause = SHORTEST_PAUSE if is_first or not self._pause else min(2 * self._pause, LONGEST_PAUSE)
        self._silent_until = now + self._pause
        self._drop_socket()

    def _drop_socket(self) -> None:
        opened, self._socket = self._socket, None
        if opened is not None:
            opened.close()
