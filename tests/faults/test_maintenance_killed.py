"""Kill -9 of `pointsman up` inside of each step of partition maintenance: ingest goes on, the next `up` ends it."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import psycopg
import pytest

from store.days import DAYS_AHEAD, Days
from store.sessions import Sessions
from tests.faults.report import tell
from tests.faults.steps import Looker, held
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.ingest.ledger import Ledger

_TABLES = ("traces", "attempts")
_TODAY = datetime.now(UTC).date()
_OLD = _TODAY - timedelta(days=40)
_AHEAD = _TODAY + timedelta(days=5)


class Step(NamedTuple):
    """How a step comes to be next, what holds it up, what is seen of it, and whether others can store meanwhile."""

    prepared: str
    held: str
    shown: str
    others_store: bool = True


def named(day: date, table: str = "traces") -> str:
    """The table of a day."""
    return f"{table}_{day:%Y%m%d}"


_MISSING = "; ".join(f"DROP TABLE {named(_AHEAD, table)}" for table in _TABLES)
_DETACHING = f"query ~ '^ALTER TABLE traces DETACH PARTITION {named(_OLD)} CONCURRENTLY' AND wait_event_type = 'Lock'"
# One function makes the tables and attaches them; which of the two waits is decided by the lock.
_MAKING = "query ~ 'make_days' AND wait_event_type = 'Lock'"
_PENDING = "EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending)"
STEPS = {
    "create": Step(
        _MISSING,
        "LOCK TABLE ONLY traces IN ACCESS EXCLUSIVE MODE",
        _MAKING,
        others_store=False,
    ),
    "attach": Step(
        _MISSING,
        "LOCK TABLE ONLY traces IN SHARE UPDATE EXCLUSIVE MODE",
        _MAKING,
    ),
    "detach, first half": Step(
        "", "LOCK TABLE ONLY traces IN SHARE UPDATE EXCLUSIVE MODE", f"{_DETACHING} AND NOT {_PENDING}"
    ),
    "detach, second half": Step("", "SELECT count(*) FROM traces", f"{_DETACHING} AND {_PENDING}"),
    "drop": Step(
        "; ".join(f"ALTER TABLE {table} DETACH PARTITION {named(_OLD, table)}" for table in _TABLES),
        f"LOCK TABLE {named(_OLD)} IN ACCESS SHARE MODE",
        "query ~ '^DROP TABLE traces_' AND wait_event_type = 'Lock'",
    ),
}
_EVERY_DAY = ("detach, second half",)


def days_of(url: str, table: str) -> dict[date, str]:
    """Every day that has a table, and how it stands: whole, leaving, or loose."""
    rows = stored.rows(
        url,
        "SELECT relname, CASE WHEN inhrelid IS NULL THEN 'loose' WHEN inhdetachpending THEN 'leaving' ELSE 'whole' END"
        " AS state FROM pg_class LEFT JOIN pg_inherits ON inhrelid = oid WHERE relkind = 'r' AND relname ~ %s",
        rf"^{table}_\d{{8}}$",
    )
    return {datetime.strptime(row["relname"][-8:], "%Y%m%d").replace(tzinfo=UTC).date(): row["state"] for row in rows}


def make_old_day(url: str) -> None:
    """A day past retention, without a trace in it."""
    with closing(Sessions(url)) as sessions:
        Days(sessions, raw_retention=timedelta(days=60)).ensure([_OLD])


def idle(looker: Looker) -> Callable[[], bool]:
    """Whether nothing of the killed process is still at work in the database."""
    return lambda: not looker.shows("query ~ '^(ALTER|DROP|SELECT make_days)' AND state = 'active'")


@pytest.mark.parametrize(
    "name", [name if name in _EVERY_DAY else pytest.param(name, marks=pytest.mark.long) for name in STEPS]
)
def test_the_next_round_finishes(on_kafka: Deployment, name: str) -> None:
    """Whatever was half done is done, no day is lost, and ingest has not stood still."""
    step = STEPS[name]
    on_kafka.create_topics(partitions=2)
    ledger = Ledger(on_kafka)
    make_old_day(on_kafka.url)
    if step.prepared:
        with psycopg.connect(on_kafka.url) as operator:
            operator.execute(step.prepared.encode())
    beside = on_kafka.reading(consumer_group=f"{on_kafka.group}-beside")
    ledger.send(500)
    ledger.wait_stored()
    with Looker(on_kafka.url) as looker, ledger.under_load():
        with held(on_kafka.url, step.held):
            killed = on_kafka.start(command="up")
            looker.wait(lambda: looker.shows(step.shown), f"up in step {name}")
            killed.kill()
            if step.others_store:
                ledger.wait_more(200, beside.running)
                ledger.wait_stored()
        looker.wait(idle(looker), "end of what the killed process had begun")
        again = on_kafka.start(command="up")
        again.wait_for("maintained")
        for table in _TABLES:
            # Not the day on which the tests began: a long run goes over midnight.
            kept = [datetime.now(UTC).date() + timedelta(days=ahead) for ahead in range(-1, DAYS_AHEAD + 1)]
            assert days_of(on_kafka.url, table) == dict.fromkeys(kept, "whole")
    ledger.wait_stored()
    assert again.terminate() == 0
    assert beside.wait_health("reading")["status"] == 200
    assert not [process.output for process in on_kafka.processes if "Traceback" in process.output]
    tell(f"kill -9 in maintenance, {name}", ledger.audit())
