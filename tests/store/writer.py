"""A process that stores a storyline. With --stop it halts itself (SIGSTOP) in the middle of its first batch.

It writes "ready" when it begins, and at its end how its last batch went.
"""

import argparse
import os
import signal
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pointsman_contract.trace import Trace
from store.errors import StoreError
from store.received import Batch
from store.sessions import Sessions
from tests.store.feed import Feed, partition
from tests.store.storyline import batch_of, tell

# What is done to the start of the trace: COPY asks for its number last, and the record of the batch, behind the
# compare-and-set and the INSERT, compares it.
STOPS = ("copy", "inserted")
# The number of an id is asked for by who stages, sorts and orders, and then in COPY.
_ASKED_BEFORE_COPY = 2


class Stop:
    """Halts the process, once."""

    where = ""
    asked = 0

    @classmethod
    def here(cls, where: str) -> None:
        """Halt where that is wanted."""
        if where == cls.where:
            cls.where = ""
            os.kill(os.getpid(), signal.SIGSTOP)


class StoppingId(UUID):
    """An id that may halt the process in COPY."""

    def __getattribute__(self, name: str) -> Any:
        """The attribute; after SIGCONT where it halts."""
        if name in ("int", "bytes"):
            Stop.asked += 1
            if Stop.asked > _ASKED_BEFORE_COPY:
                Stop.here("copy")
        return super().__getattribute__(name)


class StoppingTime(datetime):
    """A start that may halt the process when it is compared."""

    def __lt__(self, other: Any) -> bool:
        """Whether it is earlier; after SIGCONT where it halts."""
        Stop.here("inserted")
        return bool(super().__lt__(other))

    def __gt__(self, other: Any) -> bool:
        """Whether it is later; after SIGCONT where it halts."""
        Stop.here("inserted")
        return bool(super().__gt__(other))


def with_stop(batch: Batch) -> Batch:
    """The batch with a stopping id in its middle; rows are copied in the order of their ids."""
    bare = {
        message.content.trace_id.int: (message, message.content)
        for message in batch.messages
        if isinstance(message.content, Trace) and not message.content.attempts
    }
    number = sorted(bare)[len(bare) // 2]
    middle, content = bare[number]
    start = content.started_at
    at = StoppingTime(*start.timetuple()[:6], start.microsecond, UTC)
    stopping = Trace.model_construct(**{**dict(content), "trace_id": StoppingId(int=number), "started_at": at})
    others = [message if message is not middle else message._replace(content=stopping) for message in batch.messages]
    return Batch(others, batch.spans)


def say(word: str) -> None:
    """Tell the test that waits for it."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    """Store, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--partitions", type=int, default=1)
    parser.add_argument("--end", type=int, required=True, help="store so many messages of each partition")
    parser.add_argument("--size", type=int, required=True, help="messages of each partition in a batch")
    parser.add_argument("--stop", choices=STOPS)
    chosen = parser.parse_args()
    feed = Feed(Sessions(chosen.url))
    say("ready")
    if chosen.stop is None:
        tell(feed, partitions=chosen.partitions, end=chosen.end, size=chosen.size)
        return
    batch = with_stop(batch_of(feed, [partition()], size=chosen.size, end=chosen.end))
    Stop.asked = 0
    Stop.where = chosen.stop
    try:
        feed.store.store(batch)
    except StoreError as error:
        say(type(error).__name__)
    else:
        say("stored")
    feed.sessions.close()


if __name__ == "__main__":
    main()
