"""A router whose clock is wrong by an hour: ahead of the broker's time are dead letters, behind is stored."""

from datetime import timedelta

from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.message import Message
from tests.audit import audit
from tests.faults.report import tell
from tests.ingest import stored
from tests.ingest.deployment import Deployment, Place
from tests.ingest.stored import Letter
from tests.ingest.traffic import ago, bytes_of, fresh_heartbeat, fresh_outcome, fresh_trace, fresh_traces

_HOUR = 3600.0
# Nearer to the five minutes a slow machine could decide.
_ALLOWED = -290.0
_REFUSED = -330.0


def test_a_router_an_hour_off(on_kafka: Deployment) -> None:
    """Five minutes ahead are let pass; the producer's own timestamps change nothing, the broker's count. An hour behind
    is stored under its own start, also where that was the day before.
    """
    deployment = on_kafka
    deployment.create_topics(partitions=1)
    ingest = deployment.reading()
    refused: list[Place] = []
    hour_ahead_ms = round(ago(-_HOUR).timestamp() * 1000)
    with deployment.producer() as client:

        def send(message: Message, topic: str) -> Place:
            value = bytes_of([message])[0]
            sent = client.send(topic, value, timestamp_ms=hour_ahead_ms).get(20)
            return Place(sent.topic, sent.partition, sent.offset)

        for seconds in (-_HOUR, _REFUSED):
            refused += [
                send(fresh_trace(started_at=ago(seconds)), deployment.traces),
                send(fresh_outcome(observed_at=ago(seconds)), deployment.outcomes),
                send(fresh_heartbeat(at=ago(seconds), sequence=1), deployment.heartbeats),
            ]
        behind = [fresh_trace(started_at=ago(seconds)) for seconds in (_ALLOWED, 0.0, _HOUR, 23 * _HOUR, 25 * _HOUR)]
        good = [*behind, *fresh_traces(50)]
        places = [send(one, deployment.traces) for one in good]
        outcomes = [send(fresh_outcome(observed_at=ago(_HOUR)), deployment.outcomes)]
        send(fresh_heartbeat(router_id="behind", at=ago(_HOUR), sequence=2), deployment.heartbeats)
    deployment.wait_stored([*refused, *places])
    ingest.wait_until(lambda: stored.count(deployment.url, "heartbeats") == 1, "the heartbeat")
    letters = [Letter(DeadLetterReason.FUTURE_TIME, *place) for place in refused]
    assert sorted(stored.letters(deployment.url)) == sorted(letters)
    days = {
        row["day"]
        for row in stored.rows(deployment.url, "SELECT (started_at AT TIME ZONE 'UTC')::date AS day FROM traces")
    }
    assert {(one.started_at).date() for one in behind} <= days
    late = stored.one(deployment.url, "SELECT max(started_at) FROM traces")
    assert late - ago(_ALLOWED) < timedelta(seconds=5)
    figures = audit(
        deployment.url,
        attempts={one.trace_id: 1 for one in good},
        dead=refused,
        outcomes=outcomes,
        heartbeats=[("behind", "boot-1", 2)],
        messages=len(refused) + len(good) + 2,
    )
    tell("clock an hour off", figures)
    assert ingest.wait_health("reading")["status"] == 200
