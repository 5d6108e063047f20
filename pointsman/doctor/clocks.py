"""Do this machine, the database and the broker agree on the time?"""

from collections.abc import Iterator
from datetime import timedelta

from pointsman.doctor.findings import Finding, Observed, ok, problem, warning
from pointsman_contract.decode import MAX_AHEAD
from store.inspection import ServerFacts

_NOTICED = timedelta(seconds=1)
_FIX = "let every machine follow NTP"


def check_clocks(seen: Observed) -> Iterator[Finding]:
    """The database against this machine; the broker against the database, as far as batches tell.

    Kafka tells its clock by the times of messages alone. A batch that was committed before the broker's time of its
    newest message proves that the broker is ahead; that it is behind looks like an ingest that was behind.
    """
    if not isinstance(seen.server, ServerFacts):
        return
    found = [*_database(seen.clock_ahead), *_broker(None if seen.store is None else seen.store.quickest_commit)]
    yield from found or [ok("clock", f"the database is {abs(seen.clock_ahead).total_seconds():.1f} s away from here")]


def _database(ahead: timedelta) -> Iterator[Finding]:
    if abs(ahead) <= _NOTICED:
        return
    away = f"the database's clock is {_told(ahead)} this machine's"
    yield problem("clock", away, _FIX) if abs(ahead) > MAX_AHEAD else warning("clock", away, _FIX)


def _broker(quickest: timedelta | None) -> Iterator[Finding]:
    if quickest is None:
        return
    if quickest < -_NOTICED:
        away = f"the broker's clock is at least {_told(-quickest)} the database's"
        yield problem("clock", away, _FIX) if quickest < -MAX_AHEAD else warning("clock", away, _FIX)
    elif quickest > MAX_AHEAD:
        away = f"the broker's clock may be {_told(-quickest)} the database's, unless ingest was so late"
        yield warning("clock", away, _FIX)


def _told(ahead: timedelta) -> str:
    seconds = abs(ahead).total_seconds()
    amount = f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:,.0f} minutes"
    return f"{amount} {'ahead of' if ahead > timedelta() else 'behind'}"
