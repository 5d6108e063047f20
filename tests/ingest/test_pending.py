"""The batch between two commits: when it is due, what it spans, and what is left when partitions go."""

import pytest

from ingest.pending import BatchLimits, PendingBatch
from store.received import Batch, Span
from tests.ingest.arrived import read, source

FIRST, SECOND = source(0), source(1)
FOREVER = float("inf")


def pending(*, max_messages: int = 5, max_bytes: int = 1000, max_age_s: float = 2.0) -> PendingBatch:
    """A batch that reads two partitions, from 10 and from 20 on."""
    batch = PendingBatch(BatchLimits(max_messages=max_messages, max_bytes=max_bytes, max_age_s=max_age_s))
    batch.begin(FIRST, 10)
    batch.begin(SECOND, 20)
    return batch


def test_nothing_is_due_while_nothing_came() -> None:
    """An idle ingest writes nothing."""
    batch = pending()
    batch.reach(FIRST, 10, now=100.0)
    assert batch.due_in(1e9) == FOREVER
    assert batch.is_empty()
    assert not batch.hand_over().spans


def test_is_due_at_its_age() -> None:
    """The age counts from the first offset, not from the last."""
    batch = pending(max_age_s=2.0)
    batch.reach(FIRST, 11, now=100.0)
    batch.reach(FIRST, 12, now=101.5)
    assert batch.due_in(101.5) == pytest.approx(0.5)
    assert batch.due_in(102.0) == 0.0
    assert batch.due_in(200.0) == 0.0


@pytest.mark.parametrize(("messages", "due"), [(4, False), (5, True)])
def test_is_due_at_its_count(messages: int, due: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """However young it is; and it says how many more would fit."""
    batch = pending(max_messages=5)
    for number in range(messages):
        batch.add([read(FIRST, offset=10 + number)])
    batch.reach(FIRST, 10 + messages, now=100.0)
    assert (batch.due_in(100.0) == 0.0) is due
    assert batch.room() == max(1, 5 - messages)


@pytest.mark.parametrize(("payload", "key", "due"), [(999, None, False), (1000, None, True), (990, b"x" * 10, True)])
def test_is_due_at_its_bytes(payload: int, key: bytes | None, due: bool) -> None:  # noqa: FBT001 - see above
    """Keys count too: both are kept in memory."""
    batch = pending(max_bytes=1000)
    batch.add([read(FIRST, offset=10, payload=b"x" * payload, key=key)])
    batch.reach(FIRST, 11, now=100.0)
    assert (batch.due_in(100.0) == 0.0) is due


def test_a_span_covers_offsets_without_a_message() -> None:
    """Markers, aborted transactions and compacted messages move the offset too: else lag would never be 0."""
    batch = pending()
    batch.add([read(FIRST, offset=12)])
    batch.reach(FIRST, 15, now=100.0)
    batch.reach(SECOND, 23, now=100.0)
    assert batch.due_in(100.0) == pytest.approx(2.0)
    assert batch.hand_over().spans == {FIRST: Span(10, 15), SECOND: Span(20, 23)}


def test_a_partition_that_did_not_move_is_not_in_the_batch() -> None:
    """It would cost a row of ingest_batches each time."""
    batch = pending()
    batch.reach(SECOND, 21, now=100.0)
    assert batch.hand_over().spans == {SECOND: Span(20, 21)}


def test_goes_on_behind_what_was_handed_over() -> None:
    """The next spans begin where the others ended, and the age counts anew."""
    batch = pending()
    batch.add([read(FIRST, offset=10)])
    batch.reach(FIRST, 11, now=100.0)
    assert batch.begins_at(FIRST) == 10
    handed = batch.hand_over()
    assert batch.begins_at(FIRST) == 11
    assert batch.due_in(1e9) == FOREVER
    assert batch.is_empty()
    batch.reach(FIRST, 12, now=200.0)
    assert batch.due_in(200.0) == pytest.approx(2.0)
    assert batch.hand_over() == Batch([], {FIRST: Span(11, 12)})
    assert handed.spans == {FIRST: Span(10, 11)}
    assert [message.offset for message in handed.messages] == [10]


def test_dropped_partitions_take_their_messages_along() -> None:
    """They are somebody else's now; the others keep theirs, their order and their age."""
    batch = pending()
    for offset in (10, 11):
        batch.add([read(FIRST, offset=offset)])
        batch.add([read(SECOND, offset=offset + 10)])
    batch.reach(FIRST, 12, now=100.0)
    batch.reach(SECOND, 22, now=101.0)
    batch.drop([FIRST])
    assert batch.begins_at(SECOND) == 20
    assert batch.due_in(101.0) == pytest.approx(1.0)
    handed = batch.hand_over()
    assert [message.offset for message in handed.messages] == [20, 21]
    assert handed.spans == {SECOND: Span(20, 22)}


def test_dropped_messages_make_room() -> None:
    """Count and bytes of what is gone no longer make the batch due."""
    batch = pending(max_messages=2, max_bytes=100)
    batch.add([read(FIRST, offset=10, payload=b"x" * 200)])
    batch.add([read(FIRST, offset=11)])
    batch.reach(FIRST, 12, now=100.0)
    assert batch.due_in(100.0) == 0.0
    batch.drop([FIRST])
    assert batch.due_in(1e9) == FOREVER
    assert batch.room() == 2


def test_a_partition_may_come_back() -> None:
    """Placed anew it begins where the store stands then, wherever that is."""
    batch = pending()
    batch.reach(FIRST, 15, now=100.0)
    batch.drop([FIRST])
    batch.begin(FIRST, 12)
    batch.reach(FIRST, 13, now=101.0)
    assert batch.hand_over().spans == {FIRST: Span(12, 13)}
