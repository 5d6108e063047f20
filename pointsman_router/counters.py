"""How many requests each arm was given: raised at dispatch, read for heartbeats. Source: design §3.

Nothing here waits for anything but another thread that raises a counter.
"""

import json
from collections.abc import Sequence
from threading import Lock
from time import monotonic
from typing import NamedTuple, get_args

from pointsman_contract.fields import MAX_INTEGER, MAX_TEXT
from pointsman_contract.vocabulary import Arm

_ARMS = frozenset(get_args(Arm))
# Names of fields, punctuation, and three integers of at most 19 digits.
_COUNTER_BYTES = 160


class Key(NamedTuple):
    """What is counted apart."""

    route: str
    arm: Arm
    task_class: str
    epoch: int


class Counter:
    """The requests of one key since boot. Both counts only rise; `finished` is read before `dispatched`."""

    __slots__ = ("acknowledged_at", "changed_at", "dispatched", "finished", "json_bytes", "key", "told_in")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.dispatched = 0
        self.finished = 0
        self.changed_at = 0.0
        self.json_bytes = len(json.dumps(key.route)) + len(json.dumps(key.task_class)) + _COUNTER_BYTES
        self.told_in = 0
        # When the newest heartbeat was begun that told it and that Kafka has.
        self.acknowledged_at = float("-inf")


class Reading(NamedTuple):
    """A counter as a heartbeat tells it."""

    key: Key
    dispatched: int
    finished: int


class DispatchCounters:
    """The counters of one boot, at most `max_counters` of them.

    A counter that has not changed for `quiet_s`, has nothing in flight and was acknowledged by Kafka in its last
    state is left out of the heartbeats; its totals stay here, so that it goes on from them when it comes back. Once
    its route also has a newer epoch it is forgotten, and requests of that epoch are not counted any more: they
    could only begin again at 0. `uncounted` says how many requests were left out for want of room or for that.
    """

    def __init__(self, max_counters: int, quiet_s: float) -> None:
        self._max_counters = max_counters
        self._quiet_s = quiet_s
        self._lock = Lock()
        self._table: dict[tuple[str, Arm, str, int], Counter] = {}
        self._newest: dict[str, int] = {}
        self._forgotten: dict[str, int] = {}
        self._uncounted = 0
        self._heartbeat = 0

    def __len__(self) -> int:
        return len(self._table)

    @property
    def uncounted(self) -> int:
        """Requests that no counter knows; only rises."""
        return self._uncounted

    def begin(self, key: tuple[str, Arm, str, int]) -> Counter | None:
        """One more request of a key is dispatched; None where it is not counted."""
        with self._lock:
            # A plain tuple is the same key, and a third of a microsecond cheaper to make.
            counter = self._table.get(key) or self._admit(Key(*key))
            if counter is None:
                self._uncounted += 1
                return None
            counter.dispatched += 1
            # Inside the lock: a reader that came later than this time has seen the count.
            counter.changed_at = monotonic()
            return counter

    def finish(self, counter: Counter) -> None:
        """One of its requests has ended."""
        with self._lock:
            counter.finished += 1
            counter.changed_at = monotonic()

    def applied(self, route: str, epoch: int) -> None:
        """The route has this epoch from now on: counters of older ones may be forgotten once they are quiet."""
        with self._lock:
            if route in self._newest or len(self._newest) < self._max_counters:
                self._newest[route] = max(epoch, self._newest.get(route, 0))

    def read(self, max_bytes: int) -> Sequence[Reading]:
        """What the next heartbeat tells, in at most `max_bytes` of JSON.

        Where there is not room for all, those come first that were not told for longest.
        """
        quiet_since = monotonic() - self._quiet_s
        with self._lock:
            counters = list(self._table.values())
        self._heartbeat += 1
        told = []
        if sum(counter.json_bytes for counter in counters) > max_bytes:
            counters.sort(key=lambda counter: counter.told_in)
        for counter in counters:
            reading = read_counter(counter)
            if reading.finished == reading.dispatched and _is_quiet(counter, quiet_since):
                self._forget_if_superseded(counter, quiet_since)
                continue
            max_bytes -= counter.json_bytes
            if max_bytes < 0:
                break
            counter.told_in = self._heartbeat
            told.append(reading)
        return told

    def acknowledged(self, told: Sequence[Reading], begun_at: float) -> None:
        """Kafka has the heartbeat that told these; it was begun at this monotonic time, and read them later."""
        for reading in told:
            counter = self._table.get(reading.key)
            if counter is not None:
                counter.acknowledged_at = max(counter.acknowledged_at, begun_at)

    def release(self) -> None:
        """For the child of a fork: another thread of the parent may have held the lock."""
        self._lock = Lock()

    def _admit(self, key: Key) -> Counter | None:
        if not is_countable(key) or len(self._table) >= self._max_counters:
            return None
        if key.epoch <= self._forgotten.get(key.route, -1):
            return None
        self._newest[key.route] = max(key.epoch, self._newest.get(key.route, 0))
        counter = self._table[key] = Counter(key)
        return counter

    def _forget_if_superseded(self, counter: Counter, quiet_since: float) -> None:
        route, epoch = counter.key.route, counter.key.epoch
        with self._lock:
            # A request may have come meanwhile: then nobody was told of it yet.
            if epoch < self._newest.get(route, 0) and _is_quiet(counter, quiet_since):
                del self._table[counter.key]
                self._forgotten[route] = max(epoch, self._forgotten.get(route, 0))


def _is_quiet(counter: Counter, since: float) -> bool:
    """Whether nothing happened since, and Kafka knows all that happened before."""
    return counter.changed_at < min(since, counter.acknowledged_at)


def read_counter(counter: Counter) -> Reading:
    """Both counts, in this order: a request that ends in between must not have ended without having begun."""
    finished = counter.finished
    return Reading(counter.key, counter.dispatched, finished)


def is_countable(key: Key) -> bool:
    """Whether a heartbeat can carry it: one bad name would make the heartbeat of all routes invalid."""
    names = all(is_name(name) for name in (key.route, key.task_class))
    return names and key.arm in _ARMS and type(key.epoch) is int and 0 <= key.epoch <= MAX_INTEGER


def is_name(text: object) -> bool:
    """Whether the contract takes it as a name."""
    if not isinstance(text, str) or not 1 <= len(text) <= MAX_TEXT or "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
