"""What the tests of a replay share: a publisher that remembers, a clock that only sleeping moves, files of traces."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from pointsman_contract.decode import decode
from pointsman_contract.trace import Trace

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
LONG_AGO = datetime(2023, 11, 16, 18, 15, tzinfo=UTC)


class FakeClock:
    """Time passes only while somebody sleeps."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.naps: list[float] = []

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Nap and move the time."""
        self.naps.append(seconds)
        self.now += timedelta(seconds=seconds)


class FakePublisher:
    """Remembers what was published and when, and how often it was flushed; `fails` is raised by flush."""

    def __init__(self, clock: FakeClock | None = None, *, fails: Exception | None = None) -> None:
        self._clock = clock or FakeClock()
        self._fails = fails
        self.messages: list[tuple[str, bytes, bytes]] = []
        self.times: list[datetime] = []
        self.flushed_after: list[int] = []

    def publish(self, topic: str, key: bytes, value: bytes) -> None:
        """Remember the message."""
        self.messages.append((topic, key, value))
        self.times.append(self._clock())

    def flush(self, timeout_s: float) -> None:
        """Remember that everything so far is delivered."""
        assert timeout_s > 0
        if self._fails:
            raise self._fails
        self.flushed_after.append(len(self.messages))

    @property
    def traces(self) -> list[Trace]:
        """The published traces, read by the contract."""
        return [decode(Trace, value).message for _, _, value in self.messages]


def trace_id(number: int) -> UUID:
    """An id that is easy to tell apart."""
    return UUID(int=number, version=4)


def line(number: int = 1, **fields: Any) -> bytes:
    """A trace as a line of a file, started `number` seconds after the first."""
    message = {
        "kind": "pointsman.trace/1",
        "trace_id": str(trace_id(number)),
        "started_at": (LONG_AGO + timedelta(seconds=number)).isoformat(),
        "environment": "prod",
        "router_id": "router-1",
        "task_class": "extraction",
        "route": "invoices",
        "attempts": [{"role": "primary", "model": "m", "status": "ok", "input_tokens": 1234, "output_tokens": 321}],
    }
    return json.dumps(message | fields).encode()


def trace_file(directory: Path, lines: Iterable[bytes], *, end: bytes = b"\n") -> Path:
    """A file with these lines."""
    path = directory / "traces.jsonl"
    path.write_bytes(b"".join(content + end for content in lines))
    return path
