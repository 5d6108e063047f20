"""A day takes at most 1,000 routes: a router that puts an id into a route's name must not grow every rollup."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import count

import pytest

from pointsman_contract.errors import DeadLetterReason
from store.errors import StoreAway
from store.received import Counts
from store.routes import AdmittedRoutes
from store.sessions import Sessions
from tests.builders import NOON, trace
from tests.store.conftest import OpenSessions
from tests.store.feed import TRACES_0, Feed, execute, one, rows

TODAY = NOON.date()
OLDER = TODAY - timedelta(days=1)


def routes(number: int, *, day: date = TODAY, environment: str = "prod") -> list[tuple[date, str, str]]:
    """So many routes of a day."""
    return [(day, environment, f"route-{each:06}") for each in range(number)]


def admitted(sessions: Sessions, day: date = TODAY) -> int:
    """How many routes the day has."""
    return int(one(sessions, "SELECT count(*) FROM admitted_routes WHERE day = :day", day=day))


def test_a_thousand_and_not_one_more(feed: Feed, sessions: Sessions) -> None:
    """The thousandth route is stored, the next is a dead letter; a route that is known stays so."""
    feed.routes.admit(routes(999))
    assert feed.send(trace(route="the last one")) == Counts(stored=1)
    stored = feed.send_batch(feed.batch({TRACES_0: [trace(route="one too many"), trace(route="route-000007")]}))
    assert stored.counts[TRACES_0] == Counts(stored=1, dead=1)
    assert stored.reasons == {DeadLetterReason.TOO_MANY_ROUTES: 1}
    assert rows(sessions, "SELECT environment, route, reason FROM dead_letters") == [
        ("prod", "one too many", "too_many_routes")
    ]
    assert admitted(sessions) == 1000


def test_the_limit_within_one_batch(sessions: Sessions) -> None:
    """Room for two of three new routes: two are stored, all of the third's messages are dead letters."""
    feed = Feed(sessions, routes_a_day=2)
    assert feed.send(*(trace(route=route) for route in "abcabc")) == Counts(stored=4, dead=2)
    assert feed.send(trace(route="c"), trace(route="d"), trace(route="a")) == Counts(stored=1, dead=2)


def test_environments_count_apart(sessions: Sessions) -> None:
    """The same name in two environments is two routes."""
    feed = Feed(sessions, routes_a_day=1)
    assert feed.send(trace(environment="prod"), trace(environment="staging")) == Counts(stored=1, dead=1)


def test_another_day_has_room_again(sessions: Sessions) -> None:
    """Each day counts its own routes, the day before as well as the next."""
    feed = Feed(sessions, routes_a_day=1)
    starts = [NOON, NOON + timedelta(days=1), NOON - timedelta(days=1)]
    assert feed.send(trace(route="a"), trace(route="b")) == Counts(stored=1, dead=1)
    assert feed.send(*(trace(route="b", started_at=start) for start in starts)) == Counts(stored=2, dead=1)


def test_a_restart_forgets_nothing(open_sessions: OpenSessions) -> None:
    """The admitted routes are in the store: another process takes those, and no others."""
    for _ in range(2):
        feed = Feed(open_sessions(), routes_a_day=1)
        assert feed.send(trace(route="a"), trace(route="b")) == Counts(stored=1, dead=1)


def test_a_commit_that_fails_admits_no_route(feed: Feed) -> None:
    """What a process remembers as admitted is in the store: else the day would get more routes than it has place for,
    and a restart would refuse what was stored before.
    """
    sessions = feed.sessions
    execute(sessions, "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE admin_shutdown; END'")
    execute(
        sessions,
        "CREATE CONSTRAINT TRIGGER gone AFTER INSERT ON admitted_routes DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION gone()",
    )
    with pytest.raises(StoreAway):
        feed.send(trace(route="a"))
    assert len(feed.routes) == 0
    execute(sessions, "DROP TRIGGER gone ON admitted_routes")
    assert feed.send(trace(route="a")) == Counts(stored=1)
    assert one(sessions, "SELECT count(*) FROM admitted_routes") == 1


def test_admission_of_known_routes_asks_nobody(sessions: Sessions) -> None:
    """Ingest admits the routes of every batch: what it knows, full days included, costs no statement."""
    ours = AdmittedRoutes(sessions, limit=3)
    ours.admit(routes(5))
    sessions.close()
    held = sessions._engine.pool.checkedout()  # type: ignore[attr-defined]  # noqa: SLF001
    ours.admit(routes(5))
    assert (held, sessions._engine.pool.checkedin()) == (0, 0)  # type: ignore[attr-defined]  # noqa: SLF001
    assert [ours.refused(route) for route in routes(5)] == [False, False, False, True, True]


def test_two_processes_never_admit_more_than_the_limit(open_sessions: OpenSessions, sessions: Sessions) -> None:
    """Both find room and fill it at the same moment, each with routes of its own."""
    limit, new = 50, count()
    lock = threading.Lock()

    def fill() -> int:
        ours = AdmittedRoutes(open_sessions(), limit=limit)
        mine = []
        for _ in range(20):
            with lock:
                mine.append([(TODAY, "prod", f"route-{next(new)}") for _ in range(4)])
            ours.admit(mine[-1])
        return sum(not ours.refused(route) for each in mine for route in each)

    with ThreadPoolExecutor(4) as threads:
        known = [threads.submit(fill) for _ in range(4)]
    assert admitted(sessions) == limit
    assert sum(each.result() for each in known) == limit


def test_memory_is_bounded(sessions: Sessions) -> None:
    """Of a million names that are refused none is remembered; of the admitted ones a bounded number."""
    ours = AdmittedRoutes(sessions, limit=10)
    for begin in range(0, 1_000_000, 50_000):
        ours.admit((TODAY, "prod", f"route-{number}") for number in range(begin, begin + 50_000))
    assert len(ours) == 10


def test_forgetting_refuses_nobody(sessions: Sessions) -> None:
    """When memory is full it is emptied, and all that a batch brings is admitted anew: a route that was stored before
    is no dead letter because a hundred days have gone by.
    """
    ours = AdmittedRoutes(sessions, limit=30, remembered=50)
    ours.admit(routes(30, day=OLDER))
    ours.admit(routes(30))
    batch = [*routes(3, day=OLDER), *routes(3), (TODAY + timedelta(days=1), "prod", "new")]
    ours.admit(batch)
    assert not any(map(ours.refused, batch))
    assert len(ours) == 30 + 30 + 1
    ours.admit([(TODAY + timedelta(days=2), "prod", "newer")])
    assert len(ours) == 1
