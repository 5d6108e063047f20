"""Heartbeats: their time before the counters, the counters before the request's, and never too large."""

import random
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from pointsman_contract.decode import decode, encode
from pointsman_contract.fields import MAX_MESSAGE_BYTES
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.vocabulary import Arm
from pointsman_router import Request
from pointsman_router.boot import Boot
from pointsman_router.counters import Counter, DispatchCounters, Key, Reading
from tests.conftest import Scale
from tests.router.boots import KEY, beats_of, ended, new_boot, told


class DispatchedWhileReading(DispatchCounters):
    """Another thread dispatches a request just when the counters have been read."""

    boot: Boot

    def read(self, max_bytes: int) -> Sequence[Reading]:
        """The counters, and behind them the request."""
        found = super().read(max_bytes)
        self.late = Request(self.boot, KEY).__enter__()
        return found


def test_a_heartbeat_takes_its_time_before_the_counters() -> None:
    """A request that is dispatched behind the reading of the counters has started after the heartbeat's time."""
    boot = new_boot()
    counters = DispatchedWhileReading(10, 600)
    counters.boot = boot
    boot.counters = counters
    heartbeat = beats_of(boot).next().message
    assert heartbeat.counters == ()
    assert counters.late.started_at > heartbeat.at


class ReadWhileDispatching(DispatchCounters):
    """A heartbeat is made just when a request is about to raise its counter."""

    boot: Boot
    beat: Heartbeat | None = None

    def begin(self, key: tuple[str, Arm, str, int]) -> Counter | None:
        """The heartbeat, and behind it the count."""
        self.beat = beats_of(self.boot).next().message
        return super().begin(key)


def test_a_request_takes_its_time_after_the_counter() -> None:
    """A heartbeat that is made before the counter rises has an earlier time than the request's start."""
    boot = new_boot()
    counters = ReadWhileDispatching(10, 600)
    counters.boot = boot
    boot.counters = counters
    with Request(boot, KEY) as request:
        assert counters.beat is not None
        assert counters.beat.counters == ()
        assert request.started_at > counters.beat.at


def test_every_request_on_record_is_in_the_counters(scale: Scale) -> None:
    """With eight threads at once: the requests that started by a heartbeat's time are at most those dispatched."""
    boot = new_boot()
    starts: list[datetime] = []
    beats: list[Heartbeat] = []
    over = threading.Event()

    def route(seed: int) -> None:
        rng = random.Random(seed)
        while not over.is_set():
            with Request(boot, KEY) as request:
                starts.append(request.started_at)
                if rng.random() < 0.1:
                    over.wait(0.0001)

    threads = [threading.Thread(target=route, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    made = beats_of(boot)
    for _ in range(scale(long=5_000, small=300)):
        beats.append(made.next().message)
        over.wait(0.0005)
    over.set()
    for thread in threads:
        thread.join()
    starts.sort()
    before, finished_before = 0, 0
    position = 0
    for beat in beats:
        while position < len(starts) and starts[position] <= beat.at:
            position += 1
        dispatched = sum(counter.dispatched for counter in beat.counters)
        finished = sum(counter.finished for counter in beat.counters)
        assert position <= dispatched
        assert finished <= dispatched <= finished + 8
        assert (dispatched, finished) >= (before, finished_before)
        assert finished >= finished_before
        before, finished_before = dispatched, finished
    assert told(boot.counters)[KEY] == (len(starts), len(starts))


@pytest.mark.parametrize(
    "key",
    [
        KEY._replace(route=""),
        KEY._replace(route="x" * 257),
        KEY._replace(route="nul\x00"),
        KEY._replace(task_class="\ud800"),
        KEY._replace(epoch=-1),
        KEY._replace(epoch=2**63),
        Key("invoices", "cannary", "extraction", 17),  # type: ignore[arg-type]
        Key("invoices", "canary", None, 17),  # type: ignore[arg-type]
        Key("invoices", "canary", "extraction", 1.5),  # type: ignore[arg-type]
    ],
)
def test_what_no_heartbeat_can_carry_is_uncounted(key: Key) -> None:
    """One bad name must not make the heartbeat of every route invalid."""
    boot = new_boot()
    ended(boot.counters, key)
    ended(boot.counters, KEY)
    beat = decode(Heartbeat, encode(beats_of(boot).next().message)).message
    assert [(counter.route, counter.dispatched) for counter in beat.counters] == [("invoices", 1)]
    assert boot.counters.uncounted == 1


def test_a_heartbeat_stays_below_the_limit_and_tells_all_in_turn() -> None:
    """With more long names than a message holds, each one is told by one of the next heartbeats."""
    boot = new_boot(max_counters=3_000)
    wide = "\U0001f689" * 250
    for number in range(2_000):
        ended(boot.counters, Key(f"{wide}{number}", "baseline", wide, number))
        boot.apply(f"{wide}{number}", number + 1)
    made = beats_of(boot)
    routes: set[str] = set()
    epochs: set[str] = set()
    for _ in range(40):
        value = encode(made.next().message)
        assert len(value) <= MAX_MESSAGE_BYTES
        beat = decode(Heartbeat, value).message
        routes |= {counter.route for counter in beat.counters}
        epochs |= beat.epochs.keys()
    assert len(routes) == len(epochs) == 2_000


def test_applied_epochs_keep_their_time() -> None:
    """Told once more, an epoch keeps the moment since when the router follows it."""
    boot = new_boot()
    boot.apply("invoices", 17)
    first = boot.epochs()["invoices"].applied_at
    boot.apply("invoices", 17)
    assert boot.epochs()["invoices"].applied_at == first <= datetime.now(UTC)
    boot.apply("invoices", 18)
    assert boot.epochs()["invoices"].applied_at > first


def test_ids_are_unique_whoever_made_them(scale: Scale) -> None:
    """Those that were made beforehand, those for which none was ready, and those of another boot: none comes twice."""
    boots = [new_boot(), new_boot()]
    count = scale(long=100_000, small=2_000)
    taken = set()
    for number in range(count):
        boot = boots[number % 2]
        if number % 700 == 0:
            boot.prepare_ids()
        taken.add(boot.new_id())
    assert len(taken) == count
    assert {made.version for made in taken} == {4}
