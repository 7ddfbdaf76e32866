"""Metrics over real UDP, and what a collector that is away costs."""

import socket
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from agency.domain.metrics import AttemptEnd, Metric, attempt_metrics
from agency.domain.redaction import Redactor
from agency.tools.statsd import Collector, Statsd, collector_of
from internal_tests.support.waiting import wait_for

ONE = Metric(name="one", kind="counter", value=1)
NEVER_FOUND = "no-such-host.invalid"


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    """A socket on loopback that hears datagrams."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(20)
        yield listening


def port_of(listening: socket.socket) -> int:
    """Where it hears."""
    port = listening.getsockname()[1]
    assert isinstance(port, int)
    return port


class Clock:
    """A clock that stands still until it is set."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.case(51, "DOC-REQ-011")
def test_all_seven_metrics_arrive(ear: socket.socket) -> None:
    sender = Statsd(collector_of({"STATSD_HOST": "127.0.0.1", "STATSD_PORT": str(port_of(ear))}))
    ends = [
        AttemptEnd(step="a", attempt=1, outcome="failed", duration=1, timeout="wall", no_progress=True, exhausted=True),
        AttemptEnd(step="a", attempt=2, outcome="succeeded", duration=1, timeout="idle", recovered=True),
    ]
    sent = [metric for end in ends for metric in attempt_metrics(end, Redactor())]
    sender.send(sent)
    heard = {ear.recv(2048).decode().partition(":")[0] for _ in sent}
    sender.close()
    assert heard == {
        "agency.task.self_heal.attempts_total",
        "agency.task.self_heal.recovered_total",
        "agency.task.self_heal.exhausted_total",
        "agency.task.step.duration_seconds",
        "agency.task.step.wall_timeout_total",
        "agency.task.step.idle_timeout_total",
        "agency.task.step.no_progress_total",
    }


def test_a_name_is_looked_up_and_then_heard() -> None:
    family, kind, _, _, address = socket.getaddrinfo("localhost", 0, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as ear:
        ear.bind(address)
        ear.setblocking(False)
        sender = Statsd(Collector(host="localhost", port=port_of(ear), prefix=""))

        def is_heard() -> bool:
            sender.send([ONE])
            try:
                return ear.recv(2048) == b"one:1|c"
            except BlockingIOError:
                return False

        wait_for(is_heard, "the first metric after the name was found")
        sender.close()


@pytest.mark.case(51, "DOC-REQ-011")
def test_without_a_host_no_socket_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    sender = Statsd(collector_of({"STATSD_PORT": "8125"}))
    sender.send([ONE])
    sender.close()


@pytest.mark.case(51, "DOC-REQ-011")
def test_a_collector_that_is_away_costs_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        dead = port_of(taken)
    for collector in (
        Collector(host="127.0.0.1", port=dead),
        Collector(host="192.0.2.1"),
        Collector(host=NEVER_FOUND),
        Collector(host="\ud800\0 not a name"),
        Collector(host="127.0.0.1", port=70000),
    ):
        started = time.thread_time(), time.monotonic()
        sender = Statsd(collector)
        for _ in range(200):
            sender.send([ONE])
        sender.close()
        assert time.thread_time() - started[0] < 0.2
        assert time.monotonic() - started[1] < 2.0


def test_a_slow_look_up_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    found = threading.Event()
    real = socket.getaddrinfo

    def slow(host: str, port: int, **how: int) -> object:
        if how.get("flags"):
            return real(host, port, **how)
        found.wait(60)
        raise socket.gaierror("none")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    started = time.monotonic()
    sender = Statsd(Collector(host=NEVER_FOUND))
    sender.send([ONE])
    assert time.monotonic() - started < 30
    assert not found.is_set()
    sender.close()
    found.set()


def test_after_an_error_it_is_silent_for_longer_and_longer() -> None:
    clock = Clock()
    opened: list[float] = []

    class Failing(Statsd):
        def _open(self, collector: Collector, flags: int) -> None:
            opened.append(clock.now)
            raise OSError("no route")

    sender = Failing(Collector(host="127.0.0.1"), clock)
    for _ in range(300):
        clock.now += 1
        sender.send([ONE])
    pauses = [later - earlier for earlier, later in pairwise(opened)]
    assert pauses == [5, 10, 20, 40, 60, 60, 60]


def test_after_a_pause_it_is_heard_again(ear: socket.socket) -> None:
    clock = Clock()
    sender = Statsd(Collector(host="127.0.0.1", port=port_of(ear), prefix=""), clock)
    sender._fall_silent()
    sender.send([ONE])
    clock.now += 5
    sender.send([Metric(name="two", kind="timer", value=3, tags=(("a", "b"),))])
    assert ear.recv(2048) == b"two:3|ms|#a:b"
    sender.close()


@pytest.mark.parametrize(
    ("environ", "collector"),
    [
        ({}, None),
        ({"STATSD_HOST": " "}, None),
        ({"STATSD_HOST": "a"}, Collector(host="a", port=8125, prefix="agency")),
        ({"STATSD_HOST": "a", "STATSD_PORT": "1", "STATSD_PREFIX": ""}, Collector(host="a", port=1, prefix="")),
        (
            {
                "STATSD_HOST": "a",
                "STATSD_PORT": "1",
                "SPEC_WORKFLOW_METRICS_HOST": "b",
                "SPEC_WORKFLOW_METRICS_PORT": "2",
            },
            Collector(host="b", port=2),
        ),
        *(({"STATSD_HOST": "a", "STATSD_PORT": port}, None) for port in ("x", "0", "65536", "-1", "1" * 5000, "²")),
    ],
)
def test_the_environment_names_the_collector(environ: dict[str, str], collector: Collector | None) -> None:
    assert collector_of(environ) == collector
