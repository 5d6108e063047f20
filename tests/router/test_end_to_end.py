"""From a router's block of code to rows in PostgreSQL: what was routed is what is stored."""

import threading
from uuid import UUID

from pointsman_router import TraceEmitter
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.ingest.traffic import fresh_outcome
from tests.router.routing import route_many
from tests.router.topics import wait_until


def test_what_a_router_emits_is_stored(on_kafka: Deployment) -> None:
    """Traces, attempts, outcomes and heartbeats are rows, none of them a dead letter, and the counters agree."""
    on_kafka.create_topics(partitions=2)
    on_kafka.reading()
    url = on_kafka.url
    ids: list[UUID] = []
    with TraceEmitter(
        on_kafka.bootstrap, environment="prod", router_id="router-7", topic_prefix=on_kafka.prefix
    ) as emitter:
        emitter.policy_applied("invoices", 17)

        def route(arm: str) -> None:
            ids.extend(route_many(emitter, 200, arm=arm))

        threads = [threading.Thread(target=route, args=(arm,)) for arm in ("baseline", "canary")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        route_many(emitter, 3, probe="golden", arm="baseline")
        emitter.emit_outcome(fresh_outcome(trace_id=ids[0]))
    wait_until(lambda: stored.count(url, "traces") == 403, "traces in the store", within_s=30)
    final = "SELECT count(*) FROM heartbeats WHERE emitted = 403"
    wait_until(lambda: stored.one(url, final) and stored.count(url, "outcomes") == 1, "the last heartbeat, outcome")
    assert stored.letters(url) == []
    assert {row["trace_id"] for row in stored.rows(url, "SELECT trace_id FROM traces WHERE probe = ''")} == set(ids)
    assert stored.count(url, "attempts") == 403
    beats = stored.rows(url, "SELECT boot_id, epochs, counters, dropped FROM heartbeats ORDER BY sequence")
    assert {(row["boot_id"], row["dropped"]) for row in beats} == {(emitter.boot_id, 0)}
    assert {row["epochs"]["invoices"]["epoch"] for row in beats} == {17}
    counted = {one["arm"]: (one["dispatched"], one["finished"]) for one in beats[-1]["counters"]}
    assert counted == {"baseline": (200, 200), "canary": (200, 200)}
