"""Where a partition is read from: the store's word, held against what Kafka has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.partitions import Bounds
from ingest.placing import Begin, Continue, Jump, Stop, place
from store.offsets import KnownPartition
from store.received import Span
from tests.ingest.arrived import OTHER_TOPIC_ID, source

RESET = "pointsman offsets reset --topic routing.traces"


@pytest.mark.parametrize("offset", [10, 11, 20])
def test_reads_on_where_the_store_stands(offset: int) -> None:
    """Anywhere that Kafka still holds, both ends of it included."""
    known = [KnownPartition(source(), offset)]
    assert place(source(), known, Bounds(10, 20)) == Continue(offset)


def test_a_partition_that_was_never_read_begins_with_what_kafka_has() -> None:
    """What Kafka deleted before our time is no gap."""
    assert place(source(), [], Bounds(10, 20)) == Begin(10)


def test_another_partition_says_nothing_about_this_one() -> None:
    """A topic may gain partitions: the new one begins, wherever the others stand."""
    known = [KnownPartition(source(1), 15)]
    assert place(source(2), known, Bounds(0, 4)) == Begin(0)


def test_messages_that_kafka_deleted_unread_are_a_gap() -> None:
    """The jump covers exactly what is gone."""
    known = [KnownPartition(source(), 4)]
    assert place(source(), known, Bounds(10, 20)) == Jump(Span(4, 10))


def test_an_emptied_partition_is_a_gap_up_to_its_end() -> None:
    """Retention may have deleted everything."""
    known = [KnownPartition(source(), 4)]
    assert place(source(), known, Bounds(10, 10)) == Jump(Span(4, 10))


def test_an_offset_past_the_end_stops_with_the_command() -> None:
    """Reading on from there would lose what comes until the end has caught up."""
    known = [KnownPartition(source(3), 21)]
    placing = place(source(3), known, Bounds(10, 20))
    assert isinstance(placing, Stop)
    assert "routing.traces/3 is stored up to offset 21, but Kafka's ends at 20" in placing.reason
    assert f"{RESET} --partition 3 --to start" in placing.reason


@pytest.mark.parametrize("partition", [0, 1], ids=["same partition", "another partition"])
@pytest.mark.parametrize("offset", [0, 15, 1000])
def test_a_recreated_topic_stops_with_the_command(partition: int, offset: int) -> None:
    """Its offsets count other messages, whatever they are and whichever partition is known."""
    known = [KnownPartition(source(partition, topic_id=OTHER_TOPIC_ID), offset)]
    placing = place(source(), known, Bounds(10, 20))
    assert isinstance(placing, Stop)
    assert str(OTHER_TOPIC_ID) in placing.reason
    assert f"{RESET} --to start" in placing.reason


def test_an_older_incarnation_beside_the_present_one_still_stops() -> None:
    """Nobody has said yet that the older one is done with."""
    known = [KnownPartition(source(), 15), KnownPartition(source(1, topic_id=OTHER_TOPIC_ID), 3)]
    assert isinstance(place(source(), known, Bounds(10, 20)), Stop)


@given(st.integers(0, 99), st.integers(0, 99), st.none() | st.integers(0, 99))
def test_nothing_is_read_outside_of_what_kafka_holds_and_nothing_is_passed_over(
    begin: int, length: int, stored: int | None
) -> None:
    """Whatever the store says: a partition is read on from there, or everything between is noted, or ingest stops."""
    bounds = Bounds(begin, begin + length)
    known = [] if stored is None else [KnownPartition(source(), stored)]
    match place(source(), known, bounds):
        case Continue(offset):
            assert offset == stored
            assert bounds.begin <= offset <= bounds.end
        case Begin(offset):
            assert stored is None
            assert offset == bounds.begin
        case Jump(gap):
            assert gap == (stored, bounds.begin)
            assert gap.first < gap.next
        case Stop():
            assert stored is not None
            assert stored > bounds.end
