"""One batch at a time goes into the store, on a thread of its own."""

import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from ingest.storing import Storing, free_frames
from store.batches import BegunBatch
from store.errors import OffsetsMoved, StoreAway
from store.received import Batch, Counts, Span, StoredBatch
from tests.ingest.arrived import read, source

WAIT_S = 10.0
STORED = StoredBatch({source(): Counts(stored=1)})


def begun(first: int = 0) -> BegunBatch:
    """One message."""
    return BegunBatch(Batch([read(offset=first)], {source(): Span(first, first + 1)}))


def test_tells_what_became_of_a_batch_once() -> None:
    """Then nothing is under way, and there is nothing to tell."""
    storing = Storing(lambda _: STORED)
    sent = begun()
    storing.hand_over(sent)
    settled = storing.settled(WAIT_S)
    assert settled is not None
    assert (settled.batch, settled.stored) == (sent.batch, STORED)
    assert storing.settled(0.0) is None


def test_nothing_is_known_while_the_store_works() -> None:
    """The caller goes on reading meanwhile."""
    go_on = threading.Event()

    def store(_: BegunBatch) -> StoredBatch:
        assert go_on.wait(WAIT_S)
        return STORED

    storing = Storing(store)
    storing.hand_over(begun())
    assert storing.settled(0.0) is None
    assert storing.settled(0.05) is None
    assert storing.under_way
    go_on.set()
    assert storing.settled(WAIT_S) is not None


def test_raises_what_the_store_raised_and_goes_on() -> None:
    """To the thread that reads: it knows the way out. The next batch is stored as if nothing had been."""
    answers: Iterator[Exception | StoredBatch] = iter([OffsetsMoved("moved"), STORED])

    def store(_: BegunBatch) -> StoredBatch:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    storing = Storing(store)
    storing.hand_over(begun())
    with pytest.raises(OffsetsMoved, match="moved"):
        storing.settled(WAIT_S)
    assert not storing.under_way
    storing.hand_over(begun(1))
    assert storing.settled(WAIT_S) is not None


@pytest.mark.parametrize("fails", [OffsetsMoved, StoreAway])
@pytest.mark.usefixtures("uncollected")
def test_a_batch_that_fails_is_freed_at_once(fails: type[Exception]) -> None:
    """Cycles are collected every few seconds only, and a batch may be 16 MiB."""

    @contextmanager
    def translated() -> Iterator[None]:
        try:
            yield
        except LookupError as error:
            raise fails from error

    def store(_: BegunBatch) -> StoredBatch:
        with ExitStack() as transaction:
            transaction.enter_context(translated())
            raise LookupError

    storing = Storing(store)
    handed = begun()
    gone = weakref.ref(handed)
    storing.hand_over(handed)
    del handed
    with suppress(fails):
        storing.settled(WAIT_S)
    assert gone() is None


def test_whatever_led_to_a_failure_lets_go() -> None:
    """Its cause, and what was being handled when it was raised, and theirs; an error may lead to itself."""

    class Held:
        """In hand of a function that fails."""

    def fail(error: Exception, _: Held) -> None:
        raise error

    def failed() -> tuple[Exception, weakref.ref[Held]]:
        error, held = LookupError(), Held()
        with suppress(LookupError):
            fail(error, held)
        return error, weakref.ref(held)

    errors, gone = zip(*(failed() for _ in range(4)), strict=True)
    errors[0].__cause__, errors[0].__context__, errors[1].__context__ = errors[1], errors[2], errors[3]
    errors[3].__cause__ = errors[0]
    free_frames(errors[0])
    assert [one() for one in gone] == [None] * 4


def test_batches_are_stored_in_the_order_in_which_they_came() -> None:
    """On one thread: the second begins where the first ended."""
    seen: list[tuple[int, str]] = []

    def store(handed: BegunBatch) -> StoredBatch:
        seen.append((handed.batch.messages[0].offset, threading.current_thread().name))
        return STORED

    storing = Storing(store)
    for first in range(20):
        storing.hand_over(begun(first))
        assert storing.settled(WAIT_S) is not None
    assert seen == [(first, "storing") for first in range(20)]
