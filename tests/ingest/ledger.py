"""What was sent and must be found: traces with repeats and broken messages among them, and the audit of them."""

import random
from collections.abc import Iterator, Sequence
from itertools import cycle
from uuid import UUID, uuid4

from pointsman_contract.decode import encode
from tests.audit import Audited, Position, audit
from tests.builders import attempt
from tests.ingest.broken import WAYS, broken
from tests.ingest.deployment import Deployment, Place
from tests.ingest.traffic import fresh_trace

_MOST_ATTEMPTS = 3
_BATCH_BYTES = 128 * 1024
_PLACEHOLDER = b"01234567-89ab-cdef-0123-456789abcdef"


class Ledger:
    """Sends to one deployment. One message in a hundred repeats an earlier one, one in a hundred is broken."""

    def __init__(self, deployment: Deployment, seed: int = 1) -> None:
        self._deployment = deployment
        self._random = random.Random(seed)
        self._sent: list[bytes] = []
        self._ways = _ways()
        self.attempts: dict[UUID, int] = {}
        self.dead: set[Position] = set()
        self.places: list[Place] = []
        self.repeats = 0

    def send(self, count: int) -> None:
        """Send so many messages to the topic of traces, and wait until Kafka has them."""
        forms = _forms()
        made = [self._message(forms) for _ in range(count)]
        places = self._deployment.publish(
            self._deployment.traces, [value for value, _ in made], linger_ms=20, batch_size=_BATCH_BYTES
        )
        self.dead.update(place for place, (_, is_broken) in zip(places, made, strict=True) if is_broken)
        self.places += places

    def wait_stored(self, *, within_s: float = 60.0) -> None:
        """Wait until the store is past everything that was sent."""
        self._deployment.wait_stored(self.places, within_s=within_s)

    def audit(self) -> Audited:
        """Everything exactly once, everything broken a dead letter, and the books agree; the figures."""
        figures = audit(self._deployment.url, attempts=self.attempts, dead=self.dead, messages=len(self.places))
        assert figures.duplicates == self.repeats
        assert figures.gaps == 0
        return figures

    def _message(self, forms: Sequence[bytes]) -> tuple[bytes | None, bool]:
        chance = self._random.random()
        if chance < 0.01:
            return broken(next(self._ways)), True
        if chance < 0.02 and self._sent:
            self.repeats += 1
            return self._random.choice(self._sent), False
        attempts = self._random.randrange(len(forms))
        trace_id = uuid4()
        self.attempts[trace_id] = attempts
        value = forms[attempts].replace(_PLACEHOLDER, str(trace_id).encode())
        self._sent.append(value)
        return value, False


def _forms() -> list[bytes]:
    """A trace of this moment with each number of attempts; to build each one anew would take most of a test's time."""
    placeholder = UUID(_PLACEHOLDER.decode())
    return [
        encode(fresh_trace(trace_id=placeholder, attempts=(attempt(),) * attempts))
        for attempts in range(_MOST_ATTEMPTS + 1)
    ]


def _ways() -> Iterator[str]:
    """All fourteen in turn; those of 2 MB only the first time."""
    yield from WAYS
    yield from cycle(way for way in WAYS if way != "2 MB")
