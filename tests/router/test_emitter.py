"""What goes through an emitter is in Kafka, once, with counters and heartbeats that agree."""

import asyncio
import threading
import time
from collections import Counter
from uuid import uuid4

import pytest

from pointsman_router import EmitterLimits
from tests.conftest import Scale
from tests.ingest.traffic import fresh_outcome, fresh_trace
from tests.router.routing import route_many, route_one
from tests.router.topics import Topics, wait_until
from tests.services.broker import Broker


@pytest.fixture
def topics(broker: Broker) -> Topics:
    """Topics of the test's own on each broker in turn."""
    return Topics(broker.bootstrap)


@pytest.fixture
def on_tansu(tansu: str) -> Topics:
    """The same on Tansu alone, for what no broker changes."""
    return Topics(tansu)


def test_every_request_arrives_once_and_is_counted(topics: Topics, scale: Scale) -> None:
    """After `close` all traces of eight threads are in the topic once, and the last heartbeat counts each of them."""
    each = scale(long=2_000, small=250)
    with topics.emitter() as emitter:
        threads = [threading.Thread(target=route_many, args=(emitter, each)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    arrived = topics.read(traces=8 * each, heartbeats=1)
    assert len(set(arrived.ids())) == len(arrived.traces) == 8 * each
    last = max(arrived.heartbeats, key=lambda beat: beat.sequence)
    assert [(one.dispatched, one.finished) for one in last.counters] == [(8 * each, 8 * each)]
    assert (last.emitted, last.dropped) == (8 * each, 0)
    assert emitter.stats().delivered == 8 * each


def test_heartbeats_come_each_second_and_at_once_for_a_policy(topics: Topics) -> None:
    """One a second while nothing happens; one more within half a second of `policy_applied`, with its epoch."""
    with topics.emitter() as emitter:
        wait_until(lambda: emitter.stats().heartbeats >= 2, "second heartbeat")
        before = emitter.stats().heartbeats
        began = time.monotonic()
        emitter.policy_applied("invoices", 17)
        wait_until(lambda: emitter.stats().heartbeats > before, "heartbeat")
        assert time.monotonic() - began < 0.5
        time.sleep(1.5)
    beats = sorted(topics.read(heartbeats=5).heartbeats, key=lambda beat: beat.sequence)
    assert [beat.sequence for beat in beats] == list(range(1, len(beats) + 1))
    assert {(beat.router_id, beat.boot_id, beat.environment) for beat in beats} == {
        ("router-3", emitter.boot_id, "prod")
    }
    assert 0.9 < (beats[1].at - beats[0].at).total_seconds() < 1.5
    assert [list(beat.epochs) for beat in beats[:3]] == [[], [], ["invoices"]]
    assert beats[2].epochs["invoices"].epoch == 17
    assert beats[1].at < beats[2].epochs["invoices"].applied_at <= beats[2].at


def test_a_probe_is_emitted_and_not_counted(on_tansu: Topics) -> None:
    """Test traffic is on record with its kind, and in no counter."""
    with on_tansu.emitter() as emitter:
        probe = route_one(emitter, probe="golden")
        request = route_one(emitter)
        emitter.emit(fresh_trace(probe="needle"))
    arrived = on_tansu.read(traces=3, heartbeats=1)
    kinds = {trace.trace_id: trace.probe for trace in arrived.traces}
    assert (kinds[probe], kinds[request], len(kinds)) == ("golden", None, 3)
    assert [one.dispatched for one in arrived.heartbeats[-1].counters] == [1]


def test_a_request_that_fails_is_emitted_with_what_is_known(on_tansu: Topics) -> None:
    """An exception in the block comes out, the request counts as finished, and the attempts so far are on record."""
    emitter = on_tansu.emitter()
    request = emitter.dispatch(route="invoices", task_class="extraction", arm="canary", epoch=17)

    def failing() -> None:
        with request:
            request.attempt(role="primary", model="m", status="timeout", input_tokens=7, output_tokens=0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    emitter.close()
    arrived = on_tansu.read(traces=1, heartbeats=1)
    (trace,) = arrived.traces
    assert (trace.trace_id, trace.started_at) == (request.trace_id, request.started_at)
    assert (trace.route, trace.arm, trace.policy_epoch, trace.outcome) == ("invoices", "canary", 17, "unknown")
    assert [(one.status, one.input_tokens) for one in trace.attempts] == [("timeout", 7)]
    assert trace.duration_s is not None
    assert [(one.dispatched, one.finished) for one in arrived.heartbeats[-1].counters] == [(1, 1)]


def test_a_trace_of_the_routers_own_replaces_the_blocks(on_tansu: Topics) -> None:
    """Whether it is given to `emit` in the block or withheld: no request has two traces."""
    with on_tansu.emitter() as emitter:
        with emitter.dispatch(route="a", task_class="t") as request:
            emitter.emit(fresh_trace(trace_id=request.trace_id, started_at=request.started_at, route="emitted"))
        with emitter.dispatch(route="a", task_class="t") as request:
            request.withhold()
    arrived = on_tansu.read(traces=1, heartbeats=1)
    assert [trace.route for trace in arrived.traces] == ["emitted"]
    assert [(one.dispatched, one.finished) for one in arrived.heartbeats[-1].counters] == [(2, 2)]


def test_tasks_of_one_thread_are_independent(on_tansu: Topics) -> None:
    """A hundred requests of one event loop are in flight together, cancelled ones end too, and nothing waits."""

    async def route(emitter: object, number: int) -> None:
        with emitter.dispatch(route="invoices", task_class="t", arm="canary", epoch=number % 2) as request:  # type: ignore[attr-defined]
            request.finish(tenant=f"tenant-{number}")
            await asyncio.sleep(60 if number % 10 == 0 else 0.05)

    async def main() -> None:
        tasks = [asyncio.create_task(route(emitter, number)) for number in range(100)]
        await asyncio.wait([task for number, task in enumerate(tasks) if number % 10], timeout=10)
        assert sum(not task.done() for task in tasks) == 10
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    with on_tansu.emitter() as emitter:
        asyncio.run(main())
    arrived = on_tansu.read(traces=100, heartbeats=1)
    assert {trace.tenant for trace in arrived.traces} == {f"tenant-{number}" for number in range(100)}
    assert Counter(trace.policy_epoch for trace in arrived.traces) == {0: 50, 1: 50}
    counters = {one.epoch: (one.dispatched, one.finished) for one in arrived.heartbeats[-1].counters}
    assert counters == {0: (50, 50), 1: (50, 50)}


def test_outcomes_arrive_under_the_id_of_their_trace(topics: Topics) -> None:
    """What becomes known later is a message of its own."""
    outcome = fresh_outcome(trace_id=uuid4())
    with topics.emitter() as emitter:
        emitter.emit_outcome(outcome)
        wait_until(lambda: emitter.stats().outcomes_delivered, "outcome")
    assert list(topics.read(heartbeats=1).outcomes) == [outcome]


def test_a_full_buffer_drops_the_oldest_and_says_so(on_tansu: Topics) -> None:
    """Sent are the newest; the last heartbeat has emitted and dropped, which together are all."""
    emitter = on_tansu.emitter(limits=EmitterLimits(max_buffered=50, max_unacknowledged=10))
    # Faster than the thread can be: it wakes twenty times a second.
    ids = route_many(emitter, 1_000)
    emitter.close()
    arrived = on_tansu.read(traces=50, heartbeats=1)
    last = arrived.heartbeats[-1]
    assert last.dropped > 0
    assert last.emitted + last.dropped == 1_000
    assert last.emitted == len(set(arrived.ids())) == len(arrived.traces)
    assert set(ids[-50:]) <= set(arrived.ids())


def test_misuse_is_told_where_it_is_written(on_tansu: Topics) -> None:
    """A misspelt field, a second use and a late word raise; the request is emitted all the same."""
    with on_tansu.emitter() as emitter:
        with emitter.dispatch(route="a", task_class="t") as request:
            with pytest.raises(TypeError, match="unexpected keyword argument 'ouput_chars'"):
                request.attempt(role="primary", model="m", status="ok", input_tokens=1, output_tokens=1, ouput_chars=2)  # type: ignore[call-arg]
            with pytest.raises(TypeError, match="unexpected keyword argument 'result'"):
                request.finish(result="success")  # type: ignore[call-arg]
        with pytest.raises(RuntimeError, match="inside of the block"):
            request.finish(outcome="success")
        with pytest.raises(RuntimeError, match="dispatched once"), request:
            pass
        with pytest.raises(TypeError, match=r"uuid\.UUID"):
            emitter.dispatch(route="a", task_class="t", trace_id="0d4c")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="epoch from 0"):
            emitter.policy_applied("a", -1)
    assert on_tansu.read(traces=1).ids() == [request.trace_id]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"acks": 1}, "acks is set by the emitter"),
        ({"sasl_plain_pasword": "secret"}, "has no setting sasl_plain_pasword"),
    ],
)
def test_a_setting_that_can_never_work_is_refused(settings: dict[str, object], problem: str) -> None:
    """With its name, at once, and without its value."""
    with pytest.raises(ValueError, match=problem) as refused:
        Topics("127.0.0.1:1", create=False).emitter(kafka_settings=settings)
    assert "secret" not in str(refused.value)


def test_close_leaves_no_thread(on_tansu: Topics) -> None:
    """Neither the emitter's nor the producer's; later requests are dropped and counted, and raise nothing."""
    before = set(threading.enumerate())
    with on_tansu.emitter() as emitter:
        route_one(emitter)
        wait_until(lambda: emitter.stats().delivered, "trace")
    wait_until(lambda: set(threading.enumerate()) <= before, "end of the threads", within_s=2)
    route_one(emitter)
    emitter.close()
    assert (emitter.stats().delivered, emitter.stats().dropped) == (1, 1)
