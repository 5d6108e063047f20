"""What must be in the store once these messages were published: a pure model, which every audit is held against."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from tests.audit import Heart, Position


class Made(NamedTuple):
    """A message, and what it must be in the store: a trace, an outcome, a heartbeat, or (none of them) a dead letter.

    `attempts` belong to the trace: whoever sends its id again sends as many.
    """

    topic: str
    value: bytes | None
    trace_id: UUID | None = None
    attempts: int = 0
    heart: Heart | None = None
    outcome: bool = False

    @property
    def is_broken(self) -> bool:
        """Whether it must be a dead letter."""
        return self.trace_id is None and self.heart is None and not self.outcome


@dataclass(frozen=True)
class Expected:
    """Rows, dead letters and duplicates; together they are `messages`."""

    attempts: Mapping[UUID, int]
    outcomes: frozenset[Position]
    heartbeats: frozenset[Heart]
    dead: frozenset[Position]
    duplicates: int
    messages: int


def expected(published: Iterable[tuple[Position, Made]]) -> Expected:
    """A trace is stored once by its id, a heartbeat by router, boot and sequence; each outcome is a new word."""
    attempts: dict[UUID, int] = {}
    outcomes: set[Position] = set()
    hearts: set[Heart] = set()
    dead: set[Position] = set()
    became: Counter[str] = Counter()
    for place, made in published:
        at = (place[0], place[1], place[2])
        if made.trace_id is not None:
            became["duplicate" if made.trace_id in attempts else "stored"] += 1
            attempts[made.trace_id] = made.attempts
        elif made.heart is not None:
            became["duplicate" if made.heart in hearts else "stored"] += 1
            hearts.add(made.heart)
        else:
            became["stored" if made.outcome else "dead"] += 1
            (outcomes if made.outcome else dead).add(at)
    return Expected(
        attempts, frozenset(outcomes), frozenset(hearts), frozenset(dead), became["duplicate"], became.total()
    )
