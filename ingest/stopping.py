"""When ingest gives up by itself: a stream that is broken through and through, or no room for dead letters."""

from collections import Counter
from collections.abc import Iterable

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

    def note(self, topic: str, messages: Iterable[Received]) -> None:
        """Messages of a topic were read, in this order.

        What an operator replayed says nothing about the stream that it stands in.
        """
        unread = self._unread[topic]
        for message in messages:
            if message.replay_of is not None:
                continue
            if isinstance(message.content, DeadLetter):
                unread += 1
                self._last[topic] = f"{message.content.reason.value}: {message.content.detail}"
            elif unread < self._limit:
                # A row that is long enough stays so until `check_row`, wherever a poll happens to end.
                unread = 0
        self._unread[topic] = unread

    def reached(self) -> bool:
        """Whether `check_row` would raise, so that what is pending is to be stored first."""
        return any(count >= self._limit for count in self._unread.values())

    def forget(self) -> None:
        """What was read and not stored will be read again."""
        self._unread.clear()

    def check_row(self) -> None:
        """After everything that was read is stored: raises IngestStopped where a row is too long."""
        for topic, count in self._unread.items():
            if count >= self._limit:
                raise IngestStopped(
                    f"{count:,} messages in a row on {topic} could not be read (the last: {self._last[topic]});"
                    f" they are kept. Look at them: pointsman dead-letters list --topic {topic};"
                    " then start ingest again"
                )

    def check(self, stored: StoredBatch, letters_bytes: int | None) -> None:
        """After a batch was stored: raises IngestStopped where a limit is reached.

        `letters_bytes` is what dead letters take on disk, None where nobody looked.
        """
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
