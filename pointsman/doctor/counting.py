"""Does somebody lead, are the rollups up to date, and has what was counted a price?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pointsman.doctor.findings import Finding, Observed, ok, problem, warning
from pointsman.lateness import SLOW, STANDS
from pointsman.wording import counted

_START = "pointsman up, or: pointsman steer; one of them must always run"
_MOST_NAMED = 3
_EMPTY = "the price book is empty"
_FAR = timedelta(hours=1)


def check_leadership(seen: Observed) -> Iterator[Finding]:
    """One process of all holds the lease: without it nothing is counted, no day is made and none is dropped."""
    if seen.counting is None:
        return
    lease, now = seen.counting.lease, seen.counting.freshness.now
    if lease is None:
        yield problem("leadership", "nobody leads, and nobody ever did: nothing is counted", _START)
    elif lease.expires_at <= now:
        detail = f"nobody has led for {_told(now, lease.expires_at)} ({lease.holder} was the last): nothing is counted"
        yield problem("leadership", detail, f"{_START}; a stand-by takes over within 15 s")
    else:
        left = (lease.expires_at - now).total_seconds()
        yield ok("leadership", f"{lease.holder} leads, the lease lives for another {left:.0f} s (term {lease.term})")


def check_rollups(seen: Observed) -> Iterator[Finding]:
    """What is stored is counted, within seconds."""
    if seen.counting is None:
        return
    fresh = seen.counting.freshness
    if fresh.stored_at is None:
        yield ok("rollups", "nothing is stored yet")
    elif fresh.behind <= SLOW and fresh.read_until is not None:
        newest = f", the newest message is {_told(fresh.now, fresh.read_until)} old"
        yield ok("rollups", f"all is counted{newest}" if not fresh.behind else "counted but for the last seconds")
    else:
        waits = f"{_told(fresh.now, fresh.now - fresh.behind)} behind"
        until = "nothing was ever counted" if fresh.read_until is None else f"counted up to {_moment(fresh.read_until)}"
        fix = "/healthz of who leads says whether its task rollups fails, waits or catches up; nobody leads: start one"
        stands = fresh.behind > STANDS or fresh.read_until is None
        yield (problem if stands else warning)("rollups", f"{waits}, {until}: measures and status are as old", fix)


def check_prices(seen: Observed) -> Iterator[Finding]:
    """What models cost is known, by their routers or by the price book."""
    if seen.counting is None:
        return
    entries, unpriced = seen.counting.price_entries, seen.counting.unpriced
    book = f"the price book has {entries:,} {'entry' if entries == 1 else 'entries'}" if entries else _EMPTY
    if seen.counting.freshness.read_until is None:
        yield ok("prices", f"{book}; nothing is counted yet that could lack a price")
        return
    if not unpriced:
        yield ok("prices", f"{book}, and every attempt that was counted in 24 h has a cost")
        return
    names = ", ".join(f"{one.provider or 'any provider'}/{one.model}" for one in unpriced[:_MOST_NAMED])
    more = f" and {len(unpriced) - _MOST_NAMED:,} more" if len(unpriced) > _MOST_NAMED else ""
    lacking = f"{counted(sum(one.attempts for one in unpriced), 'attempt')} in 24 h without a cost: {names}{more}"
    if entries:
        yield warning("prices", f"{book}, {lacking}", "pointsman prices check says what it lacks")
    else:
        fix = "pointsman prices import FILE (docs/prices.md), then: pointsman prices reprice --since 24h"
        yield warning("prices", f"{book}, {lacking}", fix)


def _told(now: datetime, then: datetime) -> str:
    span = now - then
    if span < _FAR:
        return f"{max(0.0, span.total_seconds()):,.0f} s"
    hours = span.total_seconds() / 3600
    return f"{hours:,.0f} h" if hours < 48 else f"{hours / 24:,.0f} days"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
