"""Dispatch counters: never going back, bounded, and left out only where nobody misses them."""

from collections.abc import Sequence
from time import monotonic

from hypothesis import given
from hypothesis import strategies as st

from pointsman_router.counters import Counter, DispatchCounters, Key, read_counter
from tests.router.boots import AT_ONCE, KEY, ended, told


class EndingWhileRead(Counter):
    """A request begins and ends just when `dispatched` has been read."""

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun = 0
        super().__init__(KEY)

    @property
    def dispatched(self) -> int:
        """The count before it."""
        self._begun += 1
        self.finished += 1
        return self._begun - 1

    @dispatched.setter
    def dispatched(self, count: int) -> None:
        self._begun = count


def test_no_more_requests_end_than_begin() -> None:
    """A request that ends while its counter is read is not told as ended without having begun."""
    counter = EndingWhileRead()
    for _ in range(3):
        reading = read_counter(counter)
        assert reading.finished <= reading.dispatched


def test_a_quiet_counter_is_left_out_once_kafka_has_it() -> None:
    """Quiet and settled is not enough: until a heartbeat with its last state is acknowledged it is told again."""
    counters = DispatchCounters(10, quiet_s=AT_ONCE)
    ended(counters, KEY)
    assert told(counters) == {KEY: (1, 1)}
    assert told(counters, acknowledged=True) == {}


def test_a_counter_in_flight_is_never_left_out() -> None:
    """However old its epoch: a request that has not ended may still end."""
    counters = DispatchCounters(10, quiet_s=AT_ONCE)
    counter = counters.begin(KEY)
    counters.applied("invoices", 18)
    assert told(counters, acknowledged=True) == {KEY: (1, 0)}
    assert counter is not None
    counters.finish(counter)
    assert told(counters, acknowledged=True) == {}


def test_a_counter_that_comes_back_goes_on() -> None:
    """What was left out and is dispatched again tells its old total and one more."""
    counters = DispatchCounters(10, quiet_s=AT_ONCE)
    for _ in range(3):
        ended(counters, KEY)
    assert told(counters, acknowledged=True) == {}
    ended(counters, KEY)
    assert told(counters) == {KEY: (4, 4)}


def test_a_superseded_epoch_is_forgotten_and_never_begins_anew() -> None:
    """Once a newer epoch is there, a quiet counter makes room; a straggler of it is uncounted, not counted from 1."""
    counters = DispatchCounters(10, quiet_s=AT_ONCE)
    ended(counters, KEY)
    ended(counters, KEY._replace(epoch=18))
    assert told(counters, acknowledged=True) == {}
    assert len(counters) == 1
    ended(counters, KEY)
    ended(counters, KEY._replace(epoch=18))
    assert told(counters) == {KEY._replace(epoch=18): (2, 2)}
    assert counters.uncounted == 1


def test_names_that_are_ids_do_not_grow_for_ever() -> None:
    """Behind the limit of counters a request is uncounted, and that is counted; those that are known go on."""
    counters = DispatchCounters(100, quiet_s=600)
    for number in range(1_000):
        ended(counters, KEY._replace(route=f"user-{number}"))
    ended(counters, KEY._replace(route="user-7"))
    assert len(counters) == 100
    assert counters.uncounted == 900
    assert told(counters)[KEY._replace(route="user-7")] == (2, 2)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from(["begin", "end", "read", "ack"]))))
def test_counts_only_rise_whatever_happens(steps: Sequence[tuple[str, int, str]]) -> None:
    """In any order of dispatches, ends, readings and acknowledgements no told count is lower than one before it."""
    counters = DispatchCounters(6, quiet_s=AT_ONCE)
    open_requests: list[Counter] = []
    highest: dict[Key, tuple[int, int]] = {}
    begun: dict[Key, int] = {}
    for route, epoch, step in steps:
        key = Key(route, "baseline", "t", epoch)
        if step == "begin" and (counter := counters.begin(key)) is not None:
            open_requests.append(counter)
            begun[key] = begun.get(key, 0) + 1
        elif step == "end" and open_requests:
            counters.finish(open_requests.pop(0))
        for found, counts in told(counters, acknowledged=step == "ack").items():
            before = highest.get(found, (0, 0))
            assert counts[0] >= before[0]
            assert counts[1] >= before[1]
            assert counts[0] == begun[found]
            highest[found] = counts
    assert len(counters) <= 6


def test_a_counter_that_had_no_room_is_told_after_an_outage() -> None:
    """A heartbeat that Kafka has says nothing about the counters that it did not hold: they are told until one does."""
    counters = DispatchCounters(10, quiet_s=AT_ONCE)
    other = KEY._replace(route="mail")
    for key in (KEY, other):
        ended(counters, key)
    room_for_one = max(len(KEY.route), len(other.route)) + len(KEY.task_class) + 200
    begun_at = monotonic()
    first = counters.read(room_for_one)
    assert len(first) == 1
    counters.acknowledged(first, begun_at)
    assert {one.key for one in counters.read(room_for_one)} == {KEY, other} - {first[0].key}
