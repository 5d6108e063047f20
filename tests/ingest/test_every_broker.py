"""What ingest promises on every broker: each valid message once, each broken one a dead letter, whatever its way.

One ingest reads throughout, so each test counts only what it sent itself.
"""

import random
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from tests.cli.command import pointsman
from tests.ingest import stored
from tests.ingest.broken import WAYS, broken, unreadable
from tests.ingest.deployment import Deployment, Place
from tests.ingest.stored import Letter
from tests.ingest.traffic import (
    NoText,
    ago,
    bytes_of,
    fresh_heartbeat,
    fresh_outcome,
    fresh_trace,
    fresh_traces,
    ids_of,
)

CODECS = ["plain", "gzip", "snappy", "lz4", "zstd"]


def letters_at(url: str, places: Iterable[Place]) -> list[Letter]:
    """The dead letters of these messages."""
    wanted = set(places)
    return [letter for letter in stored.letters(url) if letter[1:] in wanted]


def test_every_codec_is_read(reading_on_each_broker: Deployment) -> None:
    """Routers choose their own: plain, gzip, snappy, lz4 and zstd arrive alike, on one topic."""
    deployment = reading_on_each_broker
    sent = {codec: fresh_traces(40, tenant=codec) for codec in CODECS}
    places: list[Place] = []
    for codec, traces in sent.items():
        compression = None if codec == "plain" else codec
        places += deployment.publish(deployment.traces, bytes_of(traces), compression_type=compression, linger_ms=100)
    deployment.wait_stored(places)
    for codec, traces in sent.items():
        found = stored.rows(deployment.url, "SELECT trace_id FROM traces WHERE tenant = %s", codec)
        assert len(found) == 40
        assert {row["trace_id"] for row in found} == ids_of(traces)


def test_whatever_stands_beside_a_message(reading_on_each_broker: Deployment) -> None:
    """A key and headers are their sender's own, and may be any bytes: the trace is stored all the same."""
    deployment = reading_on_each_broker
    headers = [(NoText(b"\xff\xc3("), b"\xff"), ("", b""), ("\0", b"\0"), *[("many", b"x" * 100)] * 200]
    traces = fresh_traces(len(headers), tenant="beside")
    with deployment.producer(linger_ms=100) as client:
        sent = [
            client.send(deployment.traces, value, b"\xff\0", headers=[header])
            for value, header in zip(bytes_of(traces), headers, strict=True)
        ]
        sent.append(client.send(deployment.traces, b"{", b"\xff\0", headers=headers))
        sent.append(client.send(deployment.traces, b"[", b"\xff\0", headers=[("", b"")] * 200_000))
        places = [Place(one.topic, one.partition, one.offset) for one in (future.get(60) for future in sent)]
    deployment.wait_stored(places)
    found = stored.rows(deployment.url, "SELECT trace_id FROM traces WHERE tenant = 'beside'")
    assert {row["trace_id"] for row in found} == ids_of(traces)
    assert {Place(*letter[1:]) for letter in letters_at(deployment.url, places)} == set(places[-2:])


def test_all_three_topics_are_read_and_repeats_count_as_duplicates(reading_on_each_broker: Deployment) -> None:
    """A trace repeats by its id, a heartbeat by router, boot and sequence; an outcome is a new word each time."""
    deployment = reading_on_each_broker
    traces = fresh_traces(30, tenant="three topics")
    outcomes = [fresh_outcome(trace_id=trace.trace_id) for trace in traces[:20]]
    heartbeats = [fresh_heartbeat(sequence=sequence) for sequence in range(10)]
    before = Counter(stored.tallies(deployment.url))
    places = deployment.publish(deployment.outcomes, bytes_of([*outcomes, *outcomes[:3]]))
    places += deployment.publish(deployment.traces, bytes_of([*traces, *traces[:7]]))
    places += deployment.publish(deployment.heartbeats, bytes_of([*heartbeats, *heartbeats[:2]]))
    deployment.wait_stored(places)
    url = deployment.url
    assert stored.one(url, "SELECT count(*) FROM traces WHERE tenant = 'three topics'") == 30
    assert (
        stored.one(url, "SELECT count(*) FROM attempts JOIN traces USING (trace_id) WHERE tenant = 'three topics'")
        == 30
    )
    assert (stored.count(url, "outcomes"), stored.count(url, "heartbeats")) == (23, 10)
    assert Counter(stored.tallies(url)) - before == Counter(stored=63, duplicate=9)


def test_one_percent_broken_in_fourteen_ways(reading_on_each_broker: Deployment) -> None:
    """Each is a dead letter with its reason and its place; each of the others is stored, and nothing stops."""
    deployment = reading_on_each_broker
    good = fresh_traces(1386, tenant="one percent")
    values: list[tuple[str | None, bytes | None]] = [(None, value) for value in bytes_of(good)]
    values += [(way, broken(way)) for way in WAYS]
    random.Random(14).shuffle(values)
    before = Counter(stored.tallies(deployment.url))
    places = deployment.publish(deployment.traces, [value for _, value in values])
    deployment.wait_stored(places)
    expected = [Letter(WAYS[way].reason, *place) for (way, _), place in zip(values, places, strict=True) if way]
    assert letters_at(deployment.url, places) == sorted(expected, key=lambda letter: letter[1:])
    found = stored.rows(deployment.url, "SELECT trace_id FROM traces WHERE tenant = 'one percent'")
    assert len(found) == 1386
    assert {row["trace_id"] for row in found} == ids_of(good)
    assert Counter(stored.tallies(deployment.url)) - before == Counter(stored=1386, dead=14)
    assert deployment.processes[-1].running()


def test_an_id_with_another_start_is_a_restamped_duplicate(reading_on_each_broker: Deployment) -> None:
    """No dead letter, also over a midnight, also when the first was stored long before; over a day apart it is new."""
    deployment = reading_on_each_broker
    first = ago(3 * 86_400)
    originals = fresh_traces(20, started_at=first, tenant="restamped")
    deployment.wait_stored(deployment.publish(deployment.traces, bytes_of(originals)))
    before = Counter(stored.tallies(deployment.url))
    hours = [-24, -12, -1, 1, 12, 24]
    again = [
        trace.model_copy(update={"started_at": first + timedelta(hours=hour)}) for trace in originals for hour in hours
    ]
    new = originals[0].model_copy(update={"started_at": first + timedelta(hours=49)})
    places = deployment.publish(deployment.traces, bytes_of([*again, new, *originals]))
    deployment.wait_stored(places)
    assert Counter(stored.tallies(deployment.url)) - before == Counter(stored=1, duplicate=140, restamped=120)
    assert letters_at(deployment.url, places) == []
    found = stored.rows(deployment.url, "SELECT trace_id, started_at FROM traces WHERE tenant = 'restamped'")
    expected = Counter((trace.trace_id, trace.started_at) for trace in [*originals, new])
    assert Counter((row["trace_id"], row["started_at"]) for row in found) == expected


def test_traces_past_retention_never_stop_it(reading_on_each_broker: Deployment) -> None:
    """Somebody replays an old topic: three times the limit in dead letters, and the reading goes on."""
    deployment = reading_on_each_broker
    places = deployment.publish(deployment.traces, bytes_of(fresh_traces(300, started_at=ago(40 * 86_400))))
    places += deployment.publish(deployment.traces, bytes_of([fresh_trace(tenant="after the old")]))
    deployment.wait_stored(places)
    letters = letters_at(deployment.url, places)
    assert (len(letters), {letter.reason for letter in letters}) == (300, {"older_than_retention"})
    assert stored.one(deployment.url, "SELECT count(*) FROM traces WHERE tenant = 'after the old'") == 1
    assert deployment.processes[-1].running()


def test_a_thousand_in_a_row_stop_it(on_each_broker: Deployment) -> None:
    """All of them are kept; the process ends with 1 and one sentence that names the command."""
    deployment = on_each_broker
    deployment.create_topics(partitions=1)
    deployment.publish(deployment.traces, unreadable(1000))
    ingest = deployment.start()
    assert ingest.wait_ended() == 1
    sentence = ingest.output.splitlines()[-1]
    assert "1,000 messages in a row" in sentence
    assert f"pointsman dead-letters list --topic {deployment.traces}" in sentence
    assert "Traceback" not in ingest.output
    assert stored.letters(deployment.url) == [
        Letter("invalid_json", deployment.traces, 0, offset) for offset in range(1000)
    ]


def test_an_operator_moves_the_offsets_of_an_ingest_that_runs(on_each_broker: Deployment) -> None:
    """To where the partition ends is nowhere else, though the embedded broker tells ends that are short; to the start
    reads all of it again, without waiting for a message or a restart, and stores nothing twice. A member that comes
    and goes meanwhile stops nobody.
    """
    deployment = on_each_broker
    deployment.create_topics(partitions=1)
    ingest = deployment.reading()
    deployment.wait_stored(deployment.publish(deployment.traces, bytes_of(fresh_traces(30)), linger_ms=200))

    def reset(to: str, *flags: str) -> str:
        arguments = ["offsets", "reset", "--topic", deployment.traces, "--to", to, *flags]
        said = pointsman(*arguments, settings=deployment.settings)
        assert said.code == 0, said.err
        return said.out

    assert reset("end") == f"{deployment.traces}/0: stays at 30\n"
    assert stored.gaps(deployment.url) == []
    assert reset("start", "--dry-run") == f"{deployment.traces}/0: 30 -> 0\n"
    assert reset("start") == f"{deployment.traces}/0: 30 -> 0\n"
    ingest.wait_until(lambda: stored.tallies(deployment.url)["duplicate"] == 30, "everything was read again")
    assert ingest.events("reading_anew")
    guest = deployment.start()
    guest.wait_until(lambda: guest.events("rebalanced") or guest.health()["state"] == "reading", "the guest has joined")
    assert guest.terminate() == 0
    deployment.wait_stored(deployment.publish(deployment.traces, bytes_of(fresh_traces(5))), within_s=60)
    assert stored.count(deployment.url, "traces") == 35
    assert ingest.running()
