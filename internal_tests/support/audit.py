"""What must hold of every world after every test: readable records, events that follow the registry, in order."""

import json
from pathlib import Path

import msgspec

from agency.domain.events import kind_of


def check_event_logs(data: Path) -> None:
    """Every event log under ``data``: known names, data of the registered shape, ``seq`` rising by one."""
    for log in data.glob("repos/*/*/*/events.jsonl"):
        last = 0
        for line in log.read_bytes().split(b"\n"):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            kind = kind_of(event["event"])
            assert kind is not None, f"{log}: unknown event {event['event']}"
            msgspec.convert(event["data"], kind.data, strict=True)
            unknown = set(event["data"]) - set(kind.data.__annotations__)
            assert not unknown, f"{log}: {event['event']} has unregistered data {unknown}"
            assert event["seq"] == last + 1, f"{log}: seq {event['seq']} after {last}"
            last = event["seq"]
