"""A process that stores a storyline. With --stop it halts itself (SIGSTOP) in the middle of its first batch.

It writes "ready" when it begins, and at its end how its last batch went.
"""

import argparse
import os
import signal
import sys
from typing import Any
from uuid import UUID

from pointsman_contract.trace import Trace
from store.errors import StoreError
from store.received import Batch
from store.sessions import Sessions
from tests.store.feed import Feed, partition
from tests.store.storyline import batch_of, tell

# What is asked for once the row was made: the number of the id in COPY, and the start when the rows are counted, behind
# the compare-and-set and the INSERT.
STOPS = {"copy": "int", "inserted": "started_at"}


class Stop:
    """Halts the process when a name is asked for, once it is armed."""

    is_armed = False
    at = ""

    @classmethod
    def asked_for(cls, name: str) -> None:
        """Halt, once."""
        if cls.is_armed and name == cls.at:
            cls.is_armed = False
            os.kill(os.getpid(), signal.SIGSTOP)


class StoppingId(UUID):
    """An id that may halt the process when its number is asked for."""

    def __getattribute__(self, name: str) -> Any:
        """The attribute; after SIGCONT where it halts."""
        Stop.asked_for(name)
        return super().__getattribute__(name)


class ArmingTrace(Trace):
    """A trace that arms the stop when its row is made: its revision stands in rows only."""

    def __getattribute__(self, name: str) -> Any:
        """The attribute; after SIGCONT where it halts."""
        if name == "record_revision":
            Stop.is_armed = True
        Stop.asked_for(name)
        return super().__getattribute__(name)


def with_stop(batch: Batch) -> Batch:
    """The batch with a stopping id in its middle; rows are copied in the order of their ids."""
    bare = {
        message.content.trace_id.int: (message, message.content)
        for message in batch.messages
        if isinstance(message.content, Trace) and not message.content.attempts
    }
    number = sorted(bare)[len(bare) // 2]
    middle, content = bare[number]
    stopping = ArmingTrace.model_construct(**{**dict(content), "trace_id": StoppingId(int=number)})
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
    Stop.at = STOPS[chosen.stop]
    batch = with_stop(batch_of(feed, [partition()], size=chosen.size, end=chosen.end))
    try:
        feed.store.store(batch)
    except StoreError as error:
        say(type(error).__name__)
    else:
        say("stored")
    feed.sessions.close()


if __name__ == "__main__":
    main()
