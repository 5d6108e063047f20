"""Many broken messages among valid ones, and a thousand in a row: all are kept, and only the row stops it."""

import random

import pytest

from tests.conftest import Scale
from tests.faults.report import tell
from tests.ingest import stored
from tests.ingest.broken import ALL_WAYS, broken, unreadable
from tests.ingest.deployment import Deployment
from tests.ingest.expected import Made
from tests.ingest.ledger import PATIENT, Ledger

# Few of these, so that what is measured is not the network.
_HEAVY, _FEW = "2 MB", 10


@pytest.mark.timeout(600)
def test_a_tenth_is_broken_in_twenty_ways(on_kafka: Deployment, scale: Scale) -> None:
    """10,000 among 100,000 valid ones (--long): each is a dead letter with its reason, each other one is stored."""
    valid = scale(long=100_000, small=5_000)
    on_kafka.create_topics(partitions=3)
    ledger = Ledger(on_kafka, 13)
    ingest = on_kafka.reading()
    ways = [_HEAVY] * _FEW
    light = [way for way in ALL_WAYS if way != _HEAVY]
    ways += [light[number % len(light)] for number in range(valid // 10 - _FEW)]
    assert len(ALL_WAYS) == 20
    made = [(way, Made(on_kafka.traces, broken(way))) for way in ways]
    made += [("", one) for one in ledger.make(valid)]
    random.Random(13).shuffle(made)
    with on_kafka.producer(**PATIENT) as client:
        places = ledger.delivered(client, [one for _, one in made])
    ledger.note(places, (one for _, one in made))
    reasons = {place: ALL_WAYS[way].reason for place, (way, _) in zip(places, made, strict=True) if way}
    ledger.wait_stored(within_s=120)
    tell("twenty kinds", ledger.audit(), broken=len(ways))
    found = {letter[1:]: letter.reason for letter in stored.letters(on_kafka.url)}
    assert reasons.items() <= found.items()
    assert ingest.wait_health("reading")["status"] == 200


def test_a_thousand_in_a_row_stop_it_and_the_next_start_goes_on(on_kafka: Deployment) -> None:
    """The process ends with 1 and a sentence that names the command; every letter is kept; started again, it reads on
    behind them.
    """
    on_kafka.create_topics(partitions=1)
    ledger = Ledger(on_kafka)
    ingest = on_kafka.reading()
    ledger.send(300)
    ledger.wait_stored()
    with on_kafka.producer(**PATIENT) as client:
        ledger.acknowledged(client, [Made(on_kafka.traces, value) for value in unreadable(1_000)])
    assert ingest.wait_ended() == 1
    *_, sentence = ingest.output.splitlines()
    assert "messages in a row" in sentence
    assert f"pointsman dead-letters list --topic {on_kafka.traces}" in sentence
    assert "Traceback" not in ingest.output
    assert len(stored.letters(on_kafka.url)) >= 1_000
    ledger.send(300)
    again = on_kafka.reading()
    ledger.wait_stored()
    tell("a thousand in a row", ledger.audit())
    assert again.wait_health("reading")["status"] == 200
