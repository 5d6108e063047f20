"""What is under way is bounded, each wait ends, and the first error is never forgotten."""

from threading import Thread

from ingest.deliveries import Deliveries


def test_room_is_taken_and_given_back() -> None:
    """Messages are under way until they are acknowledged; only then is there room for more."""
    deliveries = Deliveries(max_pending_bytes=100)
    assert deliveries.begin(60, 0.0)
    assert not deliveries.begin(60, 0.0)
    deliveries.acknowledged(60)
    assert deliveries.begin(60, 0.0)
    assert (deliveries.pending, deliveries.delivered, deliveries.failed) == (1, 1, 0)


def test_a_message_larger_than_all_the_room_goes_alone() -> None:
    """It waits for the others to be settled, not for ever."""
    deliveries = Deliveries(max_pending_bytes=100)
    assert deliveries.begin(10, 0.0)
    assert not deliveries.begin(500, 0.0)
    deliveries.acknowledged(10)
    assert deliveries.begin(500, 0.0)
    assert not deliveries.begin(1, 0.0)


def test_who_waits_for_room_is_woken() -> None:
    """An acknowledgement from another thread ends the wait at once, long before the time is over."""
    deliveries = Deliveries(max_pending_bytes=100)
    assert deliveries.begin(100, 0.0)
    other = Thread(target=deliveries.acknowledged, args=(100,))
    other.start()
    assert deliveries.begin(100, 60.0)
    other.join()


def test_nobody_waits_for_room_after_a_loss() -> None:
    """Whoever waits hears of the first error at once, not when there is room."""
    deliveries = Deliveries(max_pending_bytes=100)
    assert deliveries.begin(90, 0.0)
    assert deliveries.begin(10, 0.0)
    other = Thread(target=deliveries.lost, args=(10, ValueError("lost")))
    other.start()
    assert deliveries.begin(80, 60.0)
    assert deliveries.first_error is not None
    other.join()


def test_the_first_error_stays() -> None:
    """Later errors and later successes do not replace it; lost messages are counted and free their room."""
    deliveries = Deliveries(max_pending_bytes=100)
    first = ValueError("first")
    for size in (30, 30, 30):
        assert deliveries.begin(size, 0.0)
    deliveries.lost(30, first)
    deliveries.lost(30, ValueError("second"))
    assert not deliveries.settled(0.0)
    deliveries.acknowledged(30)
    assert deliveries.settled(0.0)
    assert deliveries.first_error is first
    assert (deliveries.delivered, deliveries.failed) == (1, 2)


def test_a_withdrawn_message_was_never_under_way() -> None:
    """What the client refused at once is neither delivered nor lost: the caller has the error."""
    deliveries = Deliveries(max_pending_bytes=100)
    assert deliveries.begin(100, 0.0)
    deliveries.withdraw(100)
    assert deliveries.settled(0.0)
    assert (deliveries.delivered, deliveries.failed, deliveries.first_error) == (0, 0, None)
