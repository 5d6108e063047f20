"""Tasks run by the clock while this process leads; what fails is told and tried again."""

import re
import time
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from pointsman.steer.metrics import SteerMetrics
from pointsman.steer.schedule import Schedule
from pointsman.steer.task import Task
from store.errors import StoreAway, StoreDenied
from tests.steer.fakes import OFTEN, SELDOM, FakeLeads, Fates, running


def test_a_task_comes_again_and_is_counted() -> None:
    """Its last success, the time that it took and its rows are metrics, and in the health."""
    runs = Fates(3)
    with running(Task("rollups", OFTEN, runs)) as steer:
        steer.until(
            lambda: runs.runs >= 3 and steer.metric("pointsman_task_rows_total", task="rollups") == 3 * runs.runs
        )
        last = steer.metric("pointsman_task_last_success_timestamp_seconds", task="rollups")
        assert last is not None
        assert time.time() - last < 5
        count = steer.metric("pointsman_task_duration_seconds_count", task="rollups")
        assert count is not None
        assert count >= 3
        assert steer.metric("pointsman_task_failures_total", task="rollups") == 0
        assert steer.health.well
        shown = steer.health.tasks["rollups"]
        assert shown["rows"] == 3
        assert shown["failed"] is None
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", shown["last_success_at"])


def test_nothing_is_known_before_the_first_run() -> None:
    """Counters stand at 0, so that the first failure is a rise; an unknown time is left out: it is not 1970."""
    with running(Task("rollups", SELDOM, Fates(1)), leads=FakeLeads(None)) as steer:
        steer.until(lambda: steer.metric("pointsman_leader") == 0)
        assert steer.metric("pointsman_task_last_success_timestamp_seconds", task="rollups") is None
        assert steer.metric("pointsman_rollups_fresh_timestamp_seconds") is None
        assert steer.metric("pointsman_task_failures_total", task="rollups") == 0
        assert steer.metric("pointsman_task_stale_after_seconds", task="rollups") == 36_000
        assert steer.health.tasks == {"rollups": {"last_success_at": None, "rows": 0, "failed": None}}


def test_who_stands_by_does_nothing_and_begins_at_once_when_it_leads() -> None:
    """Also what comes once an hour: nobody has done it for an unknown time."""
    runs = Fates(1)
    with running(Task("partitions", SELDOM, runs), leads=FakeLeads(None)) as steer:
        time.sleep(0.3)
        assert runs.runs == 0
        assert steer.health.well
        assert (steer.health.state, steer.health.detail) == ("standby", "other/1/ab leads")
        steer.leads.become(7)
        steer.until(lambda: runs.runs == 1, within_s=1.0)
        assert steer.metric("pointsman_leader") == 1
        steer.leads.become(None)
        time.sleep(0.2)
        steer.leads.become(9)
        steer.until(lambda: runs.runs == 2, within_s=1.0)


def test_who_loses_the_lease_begins_no_more_runs() -> None:
    """From one run to the next."""
    runs = Fates(1)
    with running(Task("rollups", OFTEN, runs)) as steer:
        steer.until(lambda: runs.runs)
        steer.leads.become(None)
        time.sleep(0.2)
        before = runs.runs
        time.sleep(0.3)
        assert runs.runs == before


@pytest.mark.parametrize("error", [StoreDenied("permission denied for table traces"), RuntimeError("a bug")])
def test_a_task_that_fails_says_so_and_tries_again(error: Exception) -> None:
    """In /healthz with its reason and since when, and in the metrics; then it recovers, and all is well again."""
    runs = Fates(error, error, 5)
    with running(Task("rollups", timedelta(seconds=0.3), runs)) as steer:
        steer.until(lambda: steer.metric("pointsman_task_failures_total", task="rollups") == 1)
        health = steer.health
        assert not health.well
        assert health.state == "leading"
        assert re.fullmatch(rf"rollups has failed since \d\d:\d\d:\d\d UTC: (RuntimeError: )?{error}", health.detail)
        assert str(error) in health.tasks["rollups"]["failed"]
        steer.until(lambda: steer.health.well)
        assert runs.runs == 3
        assert steer.metric("pointsman_task_failures_total", task="rollups") == 2
        assert steer.health.tasks["rollups"]["failed"] is None
    assert not steer.failures


def test_a_database_that_is_away_is_waited_for() -> None:
    """It is counted and shown; who leads is unwell for it only once it has lasted, for a lock is soon let go."""
    runs = Fates(StoreAway("canceling statement due to lock timeout"))
    with running(Task("rollups", OFTEN, runs)) as steer:
        steer.until(lambda: runs.runs >= 3)
        assert steer.health.well
        assert steer.health.tasks["rollups"]["failed"] == "canceling statement due to lock timeout"
        late = steer.health_in(timedelta(seconds=61))
        assert not late.well
        assert re.fullmatch(r"rollups has had no success for 6\d s: canceling .*", late.detail)


def test_what_another_leader_did_not_mend_is_not_this_ones_failure() -> None:
    """A failure from before somebody else led is forgotten."""
    with running(Task("rollups", timedelta(seconds=30), Fates(RuntimeError("a bug"), 1))) as steer:
        steer.until(lambda: not steer.health.well)
        steer.leads.become(None)
        assert steer.health.well
        assert steer.health.tasks["rollups"]["failed"] is None


@pytest.mark.parametrize("error", [KeyboardInterrupt("no exception"), SystemExit(3)], ids=repr)
def test_what_is_no_exception_ends_the_process(error: BaseException) -> None:
    """APScheduler would log it and go on."""
    with running(Task("rollups", OFTEN, Fates(error))) as steer:
        steer.until(steer.stopping.asked.is_set)
    assert len(steer.failures) == 1
    assert repr(error) in str(steer.failures[0]) or steer.failures[0] is error


def test_runs_of_a_task_do_not_pile_up_and_hold_up_no_other() -> None:
    """While one runs no other begins; the other task goes on."""
    long, short = Fates(0.8), Fates(1)
    with running(Task("rollups", OFTEN, long), Task("partitions", OFTEN, short)) as steer:
        steer.until(lambda: short.runs > 5)
        assert long.runs == 1


def test_a_run_that_hangs_is_told() -> None:
    """After ten of its rounds and at least a minute, with how long it has been; also where another leads by then."""
    with running(Task("rollups", timedelta(seconds=8), Fates(2.0))) as steer:
        steer.until(lambda: steer.schedule.records.running(steer.schedule.tasks))
        assert steer.health_in(timedelta(seconds=78)).well
        hanging = steer.health_in(timedelta(seconds=85))
        assert (hanging.well, hanging.detail) == (False, "rollups has been running for 85 s")
        steer.leads.become(None)
        assert not steer.health_in(timedelta(seconds=85)).well


def test_a_run_under_way_is_finished() -> None:
    """Before the lease is given up, which waits for the end of the schedule."""
    with running(Task("rollups", OFTEN, Fates(0.6))) as steer:
        steer.until(lambda: steer.schedule.records.running(steer.schedule.tasks))
        assert not steer.ended.is_set()
        assert steer.stop() < 2
        assert steer.ended.is_set()
        assert not steer.schedule.records.running(steer.schedule.tasks)
        assert steer.metric("pointsman_task_failures_total", task="rollups") == 0


def test_what_waits_for_others_holds_up_no_end() -> None:
    """A detach waits as long as somebody reads; it may be cut at any point."""
    with running(Task("partitions", OFTEN, Fates(30.0), left_at_end=True)) as steer:
        steer.until(lambda: steer.schedule.records.running(steer.schedule.tasks))
        assert steer.stop() < 1
    assert not steer.failures


def test_a_clock_that_was_set_is_noticed() -> None:
    """APScheduler would wait until a clock that was set back by an hour is where it was."""
    ahead = time.time() - time.monotonic()
    schedule = Schedule((), FakeLeads(), SteerMetrics(CollectorRegistry()))
    assert not schedule._clock_was_set()  # noqa: SLF001 - the machine's clock cannot be set by a test
    schedule._wall_clock_ahead = ahead + 3600  # noqa: SLF001 - it was an hour ahead until now
    assert schedule._clock_was_set()  # noqa: SLF001
    assert not schedule._clock_was_set()  # noqa: SLF001
