"""What was sent and must be found: traces, outcomes and heartbeats, repeats and broken messages among them; the audit.

Every test of a fault ends here: whatever was published is in the store exactly once, as a row, a duplicate or a dead
letter, and nothing else is.
"""

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count as numbers
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

from pointsman_contract.decode import encode
from tests.audit import Audited, audit
from tests.builders import attempt
from tests.ingest import stored
from tests.ingest.broken import ALL_WAYS, broken
from tests.ingest.deployment import Deployment, Place
from tests.ingest.expected import Made, expected
from tests.ingest.traffic import ago, fresh_heartbeat, fresh_outcome, fresh_trace

_MOST_ATTEMPTS = 3
_BATCH_BYTES = 128 * 1024
_PLACEHOLDER = b"01234567-89ab-cdef-0123-456789abcdef"
# A broker may be away for all of a fault; what was handed over meanwhile is delivered once, and in order.
PATIENT = {
    "enable_idempotence": True,
    "linger_ms": 20,
    "batch_size": _BATCH_BYTES,
    "delivery_timeout_ms": 900_000,
    "max_block_ms": 900_000,
    "reconnect_backoff_max_ms": 2_000,
}
_ACKNOWLEDGED_S = 900


class Ledger:
    """Sends to one deployment. In a hundred messages: two outcomes, two heartbeats, a repeat, another one with a later
    start, a broken one; the rest are new traces.
    """

    def __init__(self, deployment: Deployment, seed: int = 1) -> None:
        self._deployment = deployment
        self._random = random.Random(seed)
        self._ways = _ways()
        self._router = f"router-{seed}"
        self._sequence = numbers()
        self._traces: list[Made] = []
        self.sent: list[tuple[Place, Made]] = []

    @property
    def places(self) -> list[Place]:
        """Where everything is that Kafka has acknowledged."""
        return [place for place, _ in self.sent]

    def send(self, count: int, client: Any = None) -> None:
        """Send so many messages, and wait until Kafka has them."""
        made = self.make(count)
        if client is not None:
            self.acknowledged(client, made)
            return
        with self._deployment.producer(linger_ms=20, batch_size=_BATCH_BYTES) as once:
            self.acknowledged(once, made)

    def acknowledged(self, client: Any, made: Sequence[Made]) -> None:
        """Send these by a producer, and note them once Kafka has them."""
        self.note(self.delivered(client, made), made)

    def delivered(self, client: Any, made: Sequence[Made]) -> list[Place]:
        """Send these by a producer; where Kafka has them."""
        futures = [client.send(one.topic, one.value, b"tombstone" if one.value is None else None) for one in made]
        found = [future.get(_ACKNOWLEDGED_S) for future in futures]
        return [Place(one.topic, one.partition, one.offset) for one in found]

    def note(self, places: Iterable[Place], made: Iterable[Made]) -> None:
        """These must be in the store."""
        self.sent += zip(places, made, strict=True)

    def take_in(self, other: "Ledger") -> None:
        """What another ledger of the same deployment sent must be in the store too."""
        self.sent += other.sent

    @contextmanager
    def under_load(self, *, each: int = 100, pause_s: float = 0.2) -> Iterator[None]:
        """Messages come all the while, by a producer that survives whatever happens to its broker."""
        done = threading.Event()
        failures: list[BaseException] = []

        def send() -> None:
            try:
                with self._deployment.producer(**PATIENT) as client:
                    while not done.wait(pause_s):
                        self.send(each, client)
            except BaseException as error:  # noqa: BLE001 - raised again where the test waits
                failures.append(error)

        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
        if failures:
            raise failures[0]

    def wait_more(self, count: int, holds: Callable[[], object], *, within_s: float = 60.0) -> None:
        """Wait until Kafka has so many more messages than now; fails where `holds` no longer does."""
        goal = len(self.sent) + count
        self._deployment.wait_until(lambda: len(self.sent) >= goal or not holds(), f"{count} more", within_s=within_s)
        assert len(self.sent) >= goal, "what was to last did not"

    def wait_stored(self, *, within_s: float = 60.0) -> None:
        """Wait until the store is past everything that was sent."""
        self._deployment.wait_stored(self.places, within_s=within_s)

    def audit(self, *, gaps: int = 0) -> Audited:
        """Everything exactly once, everything broken a dead letter, and the books agree; the figures.

        What lies inside of a noted gap was deleted unread; `gaps` says how many of those there should be.
        """
        noted = stored.gaps(self._deployment.url)
        gone = {(topic, partition, at) for topic, partition, first, end, _ in noted for at in range(first, end)}
        wanted = expected((place, made) for place, made in self.sent if place not in gone)
        figures = audit(
            self._deployment.url,
            attempts=wanted.attempts,
            dead=wanted.dead,
            messages=wanted.messages,
            outcomes=wanted.outcomes,
            heartbeats=wanted.heartbeats,
        )
        assert (figures.duplicates, figures.gaps) == (wanted.duplicates, gaps)
        return figures

    def make(self, count: int) -> list[Made]:
        """The next messages, not sent yet."""
        forms, later = _forms(1.0), _forms(0.5)
        return [self._message(forms, later) for _ in range(count)]

    def _message(self, forms: Sequence[bytes], later: Sequence[bytes]) -> Made:
        chance = self._random.random()
        topic = self._deployment.traces
        if chance < 0.01:
            return Made(topic, broken(next(self._ways)))
        if chance < 0.03 and self._traces:
            earlier = self._random.choice(self._traces)
            return earlier if chance < 0.02 else self._trace(later, earlier.trace_id or uuid4(), earlier.attempts)
        if chance < 0.05:
            return Made(self._deployment.outcomes, encode(fresh_outcome()), outcome=True)
        if chance < 0.07:
            beat = fresh_heartbeat(router_id=self._router, sequence=next(self._sequence))
            return Made(self._deployment.heartbeats, encode(beat), heart=(beat.router_id, beat.boot_id, beat.sequence))
        self._traces.append(self._trace(forms, uuid4(), self._random.randrange(len(forms))))
        return self._traces[-1]

    def _trace(self, forms: Sequence[bytes], trace_id: UUID, attempts: int) -> Made:
        value = forms[attempts].replace(_PLACEHOLDER, str(trace_id).encode())
        return Made(self._deployment.traces, value, trace_id, attempts)


def _forms(age_s: float) -> list[bytes]:
    """A trace of this moment with each number of attempts; to build each one anew would take most of a test's time."""
    placeholder = UUID(_PLACEHOLDER.decode())
    return [
        encode(fresh_trace(trace_id=placeholder, started_at=ago(age_s), attempts=(attempt(),) * attempts))
        for attempts in range(_MOST_ATTEMPTS + 1)
    ]


def _ways() -> Iterator[str]:
    """All twenty in turn; those of 2 MB only the first time."""
    yield from ALL_WAYS
    yield from cycle(way for way in ALL_WAYS if way != "2 MB")
