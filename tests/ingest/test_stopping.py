"""When ingest gives up by itself, and when it never does."""

from collections import Counter

import pytest

from ingest.errors import IngestStopped
from ingest.stopping import StopRules
from pointsman_contract.errors import DeadLetterReason
from store.received import Counts, Received, StoredBatch
from tests.ingest.arrived import dead, read, source

LIMIT_BYTES = 1_000_000
NOTHING = StoredBatch()


def rules(in_a_row: int = 3) -> StopRules:
    """Rules with a small limit."""
    return StopRules(in_a_row=in_a_row, storage_limit_bytes=LIMIT_BYTES)


def refused(count: int, *, stored: int = 0) -> StoredBatch:
    """A batch of which the database refused some messages."""
    return StoredBatch({source(): Counts(stored=stored, dead=count)}, Counter({DeadLetterReason.STORE_REFUSED: count}))


def note(stop: StopRules, message: Received) -> None:
    """One message was read."""
    stop.note(message.source.topic, [message])


def test_stops_at_the_limit_and_names_the_command() -> None:
    """The sentence says how many, where, why, and what to do."""
    stop = rules()
    for _ in range(3):
        note(stop, dead(detail="cut off"))
    assert stop.reached()
    with pytest.raises(IngestStopped) as stopped:
        stop.check_row()
    sentence = str(stopped.value)
    assert "3 messages in a row on routing.traces" in sentence
    assert "invalid_json: cut off" in sentence
    assert "pointsman dead-letters list --topic routing.traces" in sentence


def test_goes_on_below_the_limit() -> None:
    """One less is no reason."""
    stop = rules()
    note(stop, dead())
    note(stop, dead())
    assert not stop.reached()
    stop.check_row()


def test_one_good_message_starts_the_count_anew() -> None:
    """In a row means in a row."""
    stop = rules()
    for _ in range(5):
        note(stop, dead())
        note(stop, dead())
        note(stop, read())
    assert not stop.reached()
    stop.check_row()


def test_a_full_row_counts_wherever_a_poll_ends() -> None:
    """A good message right behind it comes too late: whether it was in the same poll is chance."""
    stop = rules()
    for _ in range(3):
        note(stop, dead())
    note(stop, read())
    assert stop.reached()
    with pytest.raises(IngestStopped):
        stop.check_row()


def test_topics_are_counted_apart() -> None:
    """Good traces do not hide that no outcome can be read."""
    stop = rules()
    for _ in range(3):
        note(stop, dead(at=source(topic="routing.outcomes")))
        note(stop, read())
    with pytest.raises(IngestStopped, match=r"routing\.outcomes"):
        stop.check_row()


def test_what_will_be_read_again_does_not_count() -> None:
    """A dropped batch comes a second time."""
    stop = rules()
    note(stop, dead())
    note(stop, dead())
    stop.forget()
    note(stop, dead())
    assert not stop.reached()


def test_traces_that_are_only_too_old_never_stop_it() -> None:
    """The store finds out that they are; to the reader they are good messages."""
    stop = rules()
    old = Counter({DeadLetterReason.OLDER_THAN_RETENTION: 100, DeadLetterReason.TOO_MANY_ROUTES: 100})
    for _ in range(10):
        note(stop, read())
        stop.check(StoredBatch({source(): Counts(dead=200)}, old), None)


def test_stops_where_the_database_refuses_everything() -> None:
    """A constraint that nothing passes is no trouble of single messages."""
    stop = rules()
    stop.check(refused(2), None)
    with pytest.raises(IngestStopped, match="dead-letters list --reason store_refused"):
        stop.check(refused(1), None)


def test_goes_on_where_the_database_refuses_some() -> None:
    """As long as others are stored in between."""
    stop = rules()
    for _ in range(10):
        stop.check(refused(2, stored=1), None)


@pytest.mark.parametrize("held", [None, 0, LIMIT_BYTES - 1])
def test_goes_on_while_there_is_room_for_letters(held: int | None) -> None:
    """Also where nobody looked."""
    rules().check(NOTHING, held)


def test_stops_at_the_storage_limit_and_names_the_settings() -> None:
    """Dead letters must not fill the disk that the good messages need."""
    with pytest.raises(IngestStopped) as stopped:
        rules().check(NOTHING, LIMIT_BYTES)
    assert "POINTSMAN_DEAD_LETTER_STORAGE_LIMIT_BYTES" in str(stopped.value)
    assert "pointsman dead-letters list" in str(stopped.value)
