"""The buffer keeps its bounds and loses nothing uncounted."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from pointsman_router.buffer import Buffer, Waiting

ITEMS = st.lists(st.tuples(st.sampled_from(["put", "take", "back", "close"]), st.integers(1, 60)), max_size=60)


@given(ITEMS)
def test_everything_is_in_it_taken_or_counted(steps: Sequence[tuple[str, int]]) -> None:
    """At most 5 items and 100 bytes, in order, and each item is in the buffer, was taken, or counts as dropped."""
    buffer: Buffer[int] = Buffer(5, 100)
    put, taken, held = 0, 0, 0
    last = -1
    for step, size in steps:
        if step == "put":
            buffer.put(put, size)
            put += 1
        elif step == "close":
            buffer.close()
        elif (found := buffer.take()) is not None:
            if step == "take":
                assert found.item > last
                last = found.item
                taken += 1
            else:
                buffer.put_back(found)
        held = len(buffer)
        assert held <= 5
        assert held + taken + buffer.dropped == put


def test_the_oldest_make_room_for_the_newest() -> None:
    """What is left of ten in a buffer of three are the last three."""
    buffer: Buffer[int] = Buffer(3, 1_000)
    for number in range(10):
        buffer.put(number, 1)
    assert [buffer.take() for _ in range(4)] == [Waiting(7, 1), Waiting(8, 1), Waiting(9, 1), None]
    assert buffer.dropped == 7


def test_bytes_bound_it_too() -> None:
    """A large item drops as many small ones as it needs, and one that is larger than all the room drops itself."""
    buffer: Buffer[str] = Buffer(100, 10)
    for name in "abc":
        buffer.put(name, 3)
    buffer.put("large", 7)
    buffer.put("too large", 11)
    assert [buffer.take(), buffer.take(), buffer.take()] == [Waiting("c", 3), Waiting("large", 7), None]
    assert buffer.dropped == 3
