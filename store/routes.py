"""The routes that a day may have.

A route's name is a key of every rollup, so a day takes at most 1,000 pairs of environment and route. Admission is a
transaction of its own, ahead of the batch: an admitted route without traces does no harm.
"""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from store.sessions import Sessions
from store.sorting import RouteOfDay
from store.tables import admitted_routes

ROUTES_A_DAY = 1000
_REMEMBERED = 100_000


class AdmittedRoutes:
    """Admits routes and remembers them; bounded, since a full day is remembered as full and not by its refusals."""

    def __init__(self, sessions: Sessions, *, limit: int = ROUTES_A_DAY, remembered: int = _REMEMBERED) -> None:
        """`limit` routes a day are taken; about `remembered` are kept in memory."""
        self._sessions = sessions
        self._limit = limit
        self._remembered = remembered
        self._known: set[RouteOfDay] = set()
        self._full: set[date] = set()

    def __len__(self) -> int:
        """How many routes are in memory."""
        return len(self._known)

    def refused(self, route: RouteOfDay) -> bool:
        """Whether the route's day had no place for it."""
        return route not in self._known

    def admit(self, routes: Iterable[RouteOfDay]) -> None:
        """Take in the routes that are new and that their days have place for. Raises StoreAway."""
        wanted = set(routes)
        new = sorted(route for route in wanted if route not in self._known and route[0] not in self._full)
        if not new:
            return
        if len(self._known) > self._remembered:
            self._known.clear()
            self._full.clear()
            new = sorted(wanted)
        known: set[RouteOfDay] = set()
        full: set[date] = set()
        with self._sessions.write() as db:
            # Two processes that count at the same time would both find room.
            db.execute(text("LOCK TABLE admitted_routes IN SHARE ROW EXCLUSIVE MODE"))
            for day in sorted({route[0] for route in new}):
                there = {
                    (day, row.environment, row.route)
                    for row in db.execute(select(admitted_routes).where(admitted_routes.c.day == day))
                }
                asking = [route for route in new if route[0] == day and route not in there]
                taken = asking[: max(0, self._limit - len(there))]
                if taken:
                    rows = [{"day": d, "environment": environment, "route": route} for d, environment, route in taken]
                    # One statement, as in `offsets.record_batches`.
                    db.execute(insert(admitted_routes).values(rows))
                known |= there | set(taken)
                if len(taken) < len(asking):
                    full.add(day)
        # Only once it is true: the commit may fail.
        self._known |= known
        self._full |= full
