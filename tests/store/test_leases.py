"""One holder at a time, by the database's clock; terms that rise."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from store import leases
from store.errors import LeaseLost, StoreAway
from store.leases import Lease
from store.sessions import Sessions
from tests.services.postgres import PostgresServer
from tests.store.conftest import OpenSessions
from tests.store.feed import execute, one

SHORT = timedelta(milliseconds=300)


def acquire(sessions: Sessions, holder: str, life: timedelta = leases.LIFE, name: str = "steer") -> Lease | None:
    """Try to take it."""
    with sessions.write() as db:
        return leases.acquire(db, name, holder, life=life)


def taken(sessions: Sessions, holder: str, life: timedelta = leases.LIFE) -> Lease:
    """Take it; it must be free."""
    lease = acquire(sessions, holder, life)
    assert lease is not None
    return lease


def renew(sessions: Sessions, lease: Lease) -> Lease:
    """Hold it longer."""
    with sessions.write() as db:
        return leases.renew(db, lease)


def test_one_holder_and_rising_terms(sessions: Sessions) -> None:
    """Nobody takes what is held, not even its holder; who gives up makes room at once, for a higher term."""
    first = taken(sessions, "a")
    assert acquire(sessions, "b") is None
    assert acquire(sessions, "a") is None
    renewed = renew(sessions, first)
    assert (renewed.term, renewed.expires_at > first.expires_at) == (1, True)
    with sessions.write() as db:
        leases.release(db, renewed)
        leases.release(db, renewed)
    assert taken(sessions, "b").term == 2
    with sessions.read() as db:
        holder = leases.holder_of(db, "steer")
    assert holder is not None
    assert (holder.holder, holder.term) == ("b", 2)


def test_leases_do_not_know_each_other(sessions: Sessions) -> None:
    """Each name has a holder and terms of its own."""
    taken(sessions, "a")
    assert acquire(sessions, "b", name="other") is not None


def test_who_is_late_finds_out(sessions: Sessions) -> None:
    """A lease that ran out is neither renewed nor acted on, also where nobody wants it; then it is another's."""
    old = taken(sessions, "a", SHORT)
    time.sleep(0.4)
    with pytest.raises(LeaseLost, match="the lease steer of term 1 ran out"):
        renew(sessions, old)
    new = taken(sessions, "b")
    with pytest.raises(LeaseLost), sessions.write() as db:
        leases.fence(db, old)
    with sessions.write() as db:
        leases.fence(db, new)
        leases.release(db, old)
    assert acquire(sessions, "c") is None


def test_who_acts_is_not_overtaken(open_sessions: OpenSessions) -> None:
    """A take-over waits for the transaction that passed the fence, although the lease runs out meanwhile."""
    acting, other = open_sessions(), open_sessions()
    lease = taken(acting, "a", SHORT)
    with ThreadPoolExecutor(1) as threads, acting.write() as db:
        leases.fence(db, lease)
        time.sleep(0.5)
        overtaking = threads.submit(taken, other, "b")
        time.sleep(0.5)
        assert not overtaking.done()
        db.commit()
        assert overtaking.result(5).term == 2


def test_never_two_at_one_moment(open_sessions: OpenSessions, sessions: Sessions) -> None:
    """Six race for leases that hardly live; no holding begins before the one before it had run out."""
    execute(sessions, "CREATE TABLE held (term bigint PRIMARY KEY, began timestamptz, ended timestamptz)")
    pools = [open_sessions() for _ in range(6)]

    def race(number: int) -> int:
        moments, won = random.Random(number), 0
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            lease = acquire(pools[number], f"holder-{number}", timedelta(milliseconds=moments.randint(1, 60)))
            if lease is not None:
                won += 1
                insert = "INSERT INTO held SELECT :term, clock_timestamp(), :ends"
                execute(pools[number], insert, term=lease.term, ends=lease.expires_at)
        return won

    with ThreadPoolExecutor(len(pools)) as threads:
        won = sum(threads.map(race, range(len(pools))))
    assert won > 20
    assert one(sessions, "SELECT max(term) FROM held") == won
    # A holding is seen a little after it began: this asks for more than is promised.
    overlapping = "SELECT count(*) FROM held a JOIN held b ON b.term = a.term + 1 WHERE b.began < a.ended"
    assert one(sessions, overlapping) == 0


def test_leases_outlive_the_database(sessions: Sessions, postgres: PostgresServer) -> None:
    """After a restart the holder renews, and a kill -9 of the server forgets no term."""
    lease = taken(sessions, "a", timedelta(minutes=1))
    postgres.restart()
    assert renew(sessions, lease).term == 1
    postgres.kill()
    with pytest.raises(StoreAway):
        renew(sessions, lease)
    postgres.start()
    assert acquire(sessions, "b") is None
    assert renew(sessions, lease).term == 1
