"""Send dead letters back, some at a time: note, send, wait until Kafka has them, mark. Prints nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ingest.replay_header import replay_headers
from pointsman_contract.errors import PointsmanError
from store import replays
from store.replays import FREE, Asked, Refused, WholeLetter
from store.sessions import Sessions

# What a kill may send twice. With 64 KiB each they fit into what the publisher keeps under way.
_AT_ONCE = 100
_FLUSH_TIMEOUT_S = 30.0
# What only a letter's own id asks for.
_REPLAYED = ("replayed_before", "came_back")


class ReplayUnderWay(PointsmanError):
    """Somebody else replays just now."""


class LetterPublisher(Protocol):
    """Where letters go."""

    def publish(
        self, topic: str, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]] | None = None
    ) -> None:
        """Take one message over."""

    def flush(self, timeout_s: float) -> None:
        """Return when every message is acknowledged; raise if one was not, or not in time."""


@dataclass
class LetterReplay:
    """A replay: what it found when it began, and how far it is."""

    asked: Asked
    at_most: int
    found: dict[str, Refused] = field(default_factory=dict)
    missing: list[int] = field(default_factory=list)
    cut_short: int = 0
    under_way: int = 0
    replayed: int = 0

    @property
    def free(self) -> int:
        """Letters that are free to go."""
        return self.found[FREE].letters if FREE in self.found else 0

    @property
    def to_send(self) -> int:
        """Letters that this replay sends."""
        return min(self.free, self.at_most)

    @property
    def refused(self) -> dict[str, Refused]:
        """Letters that were asked for and are not sent.

        With filters, those that were replayed before were not asked for.
        """
        passed = () if self.asked.ids is not None else _REPLAYED
        return {name: self.found[name] for name in replays.REFUSALS if name in self.found and name not in passed}

    @property
    def passed_over(self) -> int:
        """Letters that pass the filters and were replayed before, or are replays that came back."""
        if self.asked.ids is not None:
            return 0
        return sum(self.found[name].letters for name in _REPLAYED if name in self.found)

    def look(self, sessions: Sessions) -> None:
        """Count what is to be sent and what is refused. Raises StoreAway."""
        with sessions.read() as db:
            self.found = replays.fates(db, self.asked)
            self.cut_short = replays.cut_short(db, self.asked)
            if self.asked.ids is not None:
                self.missing = sorted(set(self.asked.ids) - replays.known(db, self.asked.ids))

    def letters(self, sessions: Sessions, *, after: int, limit: int) -> list[WholeLetter]:
        """The next that would be sent. Raises StoreAway."""
        with sessions.read() as db:
            return replays.next_whole(db, self.asked, after=after, limit=limit)

    def run(self, sessions: Sessions, publisher: LetterPublisher, progress: Callable[[int], None]) -> None:
        """Send them; `progress` is told the count so far.

        Raises StoreAway, DeliveryFailed: `replayed` are then marked, and `under_way` may be in Kafka without a mark.
        Raises ReplayUnderWay.
        """
        with replays.alone(sessions) as alone:
            if not alone:
                raise ReplayUnderWay("another replay of dead letters is under way; try again when it has ended")
            after = 0
            while self.replayed < self.at_most:
                some = self.letters(sessions, after=after, limit=min(_AT_ONCE, self.at_most - self.replayed))
                if not some:
                    return
                self._send(sessions, publisher, some)
                after = some[-1].id
                progress(self.replayed)

    def _send(self, sessions: Sessions, publisher: LetterPublisher, some: list[WholeLetter]) -> None:
        ids = [letter.id for letter in some]
        with sessions.write() as db:
            replays.begin(db, ids)
        self.under_way = len(ids)
        for letter in some:
            headers = replay_headers(letter.topic, letter.partition, letter.offset)
            publisher.publish(letter.topic, letter.key, letter.value, headers)
        publisher.flush(_FLUSH_TIMEOUT_S)
        with sessions.write() as db:
            replays.finish(db, ids)
        self.replayed += len(ids)
        self.under_way = 0
