"""When ingest gives up by itself: a stream that is broken through and through, or no room for dead letters."""

from collections import Counter

from ingest.errors import IngestStopped
from pointsman_contract.errors import DeadLetterReason
from store.received import DeadLetter, Received, StoredBatch

IN_A_ROW = 1_000


class StopRules:
    """Counts what could not be read in a row, by topic. Letters that are only too old never count, nor do replays."""

    def __init__(self, *, in_a_row: int = IN_A_ROW, storage_limit_bytes: int) -> None:
        self._limit = in_a_row
        self._storage_limit = storage_limit_bytes
        self._unread: Counter[str] = Counter()
        self._refused = 0
        self._last: dict[str, str] = {}

    def note(self, message: Received) -> None:
        """A message was read. What an operator replayed says nothing about the stream that it stands in."""
        if message.replay_of is not None:
            return
        topic = message.source.topic
        if isinstance(message.content, DeadLetter):
            self._unread[topic] += 1
            self._last[topic] = f"{message.content.reason.value}: {message.content.detail}"
        elif self._unread[topic] < self._limit:
            # A row that is long enough stays so until `check`, wherever a poll happens to end.
            self._unread[topic] = 0

    def reached(self) -> bool:
        """Whether the next `check` raises, so that what is pending is to be stored first."""
        return any(count >= self._limit for count in self._unread.values())

    def forget(self) -> None:
        """What was read and not stored will be read again."""
        self._unread.clear()

    def check(self, stored: StoredBatch, letters_bytes: int | None) -> None:
        """After a batch was stored: raises IngestStopped where a limit is reached.

        `letters_bytes` is what dead letters take on disk, None where nobody looked.
        """
        for topic, count in self._unread.items():
            if count >= self._limit:
                raise IngestStopped(
                    f"{count:,} messages in a row on {topic} could not be read (the last: {self._last[topic]});"
                    f" they are kept. Look at them: pointsman dead-letters list --topic {topic};"
                    " then start ingest again"
                )
        refused = stored.reasons[DeadLetterReason.STORE_REFUSED]
        taken = sum(counts.stored for counts in stored.counts.values())
        self._refused = 0 if taken else self._refused + refused
        if self._refused >= self._limit:
            raise IngestStopped(
                f"the database refused {self._refused:,} messages in a row; they are kept."
                " Look at them: pointsman dead-letters list --reason store_refused"
            )
        if letters_bytes is not None and letters_bytes >= self._storage_limit:
            raise IngestStopped(
                f"dead letters hold {letters_bytes:,} bytes, the limit is {self._storage_limit:,}."
                " Look at them: pointsman dead-letters list; then raise POINTSMAN_DEAD_LETTER_STORAGE_LIMIT_BYTES,"
                " or keep hashes only with POINTSMAN_DEAD_LETTER_PAYLOAD=hash"
            )
