"""Two `pointsman steer` on one database: one leads, the other takes over, and nothing is counted twice."""

import random
import re
import signal
import sys
import time

import pytest

from tests.conftest import Scale
from tests.ingest import stored
from tests.ingest.process import IngestProcess
from tests.services.postgres import PostgresServer
from tests.steer.site import Site
from tests.store.feed import execute

_TAKE_OVER_S = 15.0
_HAND_OVER_S = 4.0


def say(sentence: str) -> None:
    """A measured figure, for people who run the tests with -s."""
    sys.stdout.write(f"\n{sentence}\n")


def tasks(process: IngestProcess) -> dict[str, dict[str, object]]:
    """What /healthz shows of each task."""
    shown: dict[str, dict[str, object]] = process.health()["steer"]["tasks"]
    return shown


def wait_status(process: IngestProcess, status: int) -> None:
    """Wait until /healthz answers with this."""
    process.wait_until(lambda: process.health()["status"] == status, f"status {status}")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_another_takes_over_within_15_s(site: Site, how: signal.Signals) -> None:
    """From the moment at which the leader is struck, inside of a tick, until the rollups hold what was stored by then.
    One that wakes up again stands by; every request is counted once.
    """
    first = site.leader()
    second = site.standby()
    with site.traffic():
        site.wait_rolled_up(site.sent + 1)
        with site.inside_a_tick():
            first.send(how)
        struck, by_then = time.monotonic(), site.sent
        site.wait_rolled_up(by_then + 1, within_s=_TAKE_OVER_S)
        took = time.monotonic() - struck
        assert took < _TAKE_OVER_S
        say(f"rollups go on {took:.1f} s after the leader was {how.name}ed inside of a tick")
        assert second.health()["state"] == "leading"
        if how == signal.SIGSTOP:
            first.resume()
            first.wait_health("standby")
            assert first.health()["status"] == 200
            assert first.metric("pointsman_leader") == 0
            # The database has ended its transaction meanwhile; nothing else may have gone wrong.
            ended = first.events("task_failed")
            assert ended
            for one in ended:
                assert re.search("idle-in-transaction|terminat|closed the connection", one["why"])
        assert second.metric("pointsman_leader") == 1
    site.audit()
    assert "Traceback" not in first.output + second.output


def test_sigterm_hands_over(site: Site) -> None:
    """The tick under way is finished, the lease is given up, and the other one goes on within 4 s; exit code 0."""
    first, second = site.leader(), site.standby()
    with site.traffic():
        site.wait_rolled_up(site.sent + 1)
        with site.inside_a_tick():
            first.send(signal.SIGTERM)
            asked = time.monotonic()
            time.sleep(0.3)
            assert first.running()
        second.wait_for("leading", within_s=_HAND_OVER_S)
        site.wait_rolled_up(site.sent + 1)
        took = time.monotonic() - asked
        say(f"handed over {took:.1f} s after SIGTERM")
    assert first.wait_ended() == 0
    assert took < _HAND_OVER_S
    assert not first.events("task_failed") + first.events("left_unfinished")
    site.audit()
    assert second.terminate() == 0


def test_what_it_tells(site: Site) -> None:
    """Health and metrics of a leader and of a stand-by, which names who leads."""
    first, second = site.leader(environment="stage"), site.standby()
    site.send(7)
    site.wait_rolled_up(7)
    first.wait_until(lambda: first.metric("pointsman_task_rows_total", task="rollups") == 7, "7 rows")
    first.wait_until(lambda: tasks(first)["partitions"]["last_success_at"], "partitions")
    health = first.health()
    assert (health["status"], health["state"], health["detail"]) == (200, "leading", "this process leads")
    assert health["steer"]["state"] == "leading"
    for task in ("rollups", "partitions"):
        last = first.metric("pointsman_task_last_success_timestamp_seconds", task=task)
        assert last is not None
        assert time.time() - last < 20
    fresh = first.metric("pointsman_rollups_fresh_timestamp_seconds")
    assert fresh is not None
    assert time.time() - fresh < 20
    assert first.metric("pointsman_partitions_ahead") is None
    other = second.health()
    assert (other["status"], other["state"]) == (200, "standby")
    holder = stored.one(site.url, "SELECT holder FROM leases WHERE name = 'steer'")
    assert other["detail"] == f"{holder} leads"
    assert second.metric("pointsman_rollups_fresh_timestamp_seconds") is None
    assert second.metric("pointsman_task_last_success_timestamp_seconds", task="rollups") is None
    assert stored.one(site.url, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pointsman steer'") > 1


def test_a_task_that_fails_is_in_healthz_and_recovers(site: Site) -> None:
    """A table is missing: the other task goes on, the failure is told with its reason, and ends with its cause."""
    leader = site.leader()
    site.send(5)
    site.wait_rolled_up(5)
    execute(site.sessions, "ALTER TABLE request_rollups_hour RENAME TO elsewhere")
    site.send(5)
    wait_status(leader, 503)
    health = leader.health()
    assert health["state"] == "leading"
    assert "rollups has failed since" in health["detail"]
    assert 'relation "request_rollups_hour" does not exist' in health["detail"]
    assert health["steer"]["tasks"]["partitions"]["failed"] is None
    failures = leader.metric("pointsman_task_failures_total", task="rollups")
    assert failures is not None
    assert failures >= 1
    execute(site.sessions, "ALTER TABLE elsewhere RENAME TO request_rollups_hour")
    wait_status(leader, 200)
    assert leader.wait_for("task_recovered")["task"] == "rollups"
    site.audit()


def test_a_database_that_comes_back(site: Site, postgres18: PostgresServer) -> None:
    """While it is away, leader and stand-by say so with the reason; both go on alone."""
    first, second = site.leader(), site.standby()
    site.send(5)
    site.wait_rolled_up(5)
    postgres18.stop()
    try:
        for process in (first, second):
            wait_status(process, 503)
            assert re.search("connect|terminat", process.health()["detail"])
        starting = site.steer()
        assert starting.wait_health("unsure")["status"] == 503
        starting.wait_until(lambda: "connection" in starting.health()["detail"], "the reason")
    finally:
        postgres18.start()
    site.send(5)
    site.wait_rolled_up(10)
    for process in (first, second, starting):
        wait_status(process, 200)
    states = sorted(process.health()["state"] for process in (first, second, starting))
    assert states == ["leading", "standby", "standby"]
    site.audit()
    for process in (second, first, starting):
        assert process.terminate() == 0
        assert "Traceback" not in process.output


@pytest.mark.long
def test_a_database_that_hangs_holds_up_no_end(site: Site, postgres18: PostgresServer) -> None:
    """SIGTERM is heard within 10 s also where no statement comes back; the lease is left to run out."""
    leader = site.leader()
    postgres18.suspend()
    try:
        time.sleep(3.5)
        assert leader.terminate() == 0
    finally:
        postgres18.resume()
    assert leader.events("lease_left_to_run_out")


@pytest.mark.long
def test_leaders_come_and_go(site: Site, scale: Scale) -> None:
    """Three processes under traffic, of which whoever leads is killed, frozen or ended at any moment, again and again:
    rollups always go on within 15 s, and every request is counted once.
    """
    chance = random.Random(20261128)
    processes = [site.steer() for _ in range(3)]
    frozen: list[IngestProcess] = []
    with site.traffic():
        site.wait_rolled_up(1)
        for _ in range(scale(long=12, small=3)):
            time.sleep(chance.uniform(0.0, 3.0))
            able = [process for process in processes if process.running() and process not in frozen]
            leading = [process for process in able if process.health()["state"] == "leading"]
            struck = chance.choice(leading or able)
            how = chance.choice([signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
            struck.send(how)
            by_then = site.sent
            took = site.wait_rolled_up(by_then + 1, within_s=_TAKE_OVER_S)
            say(f"rollups go on {took:.1f} s after {how.name}")
            while frozen:
                frozen.pop().resume()
            if how == signal.SIGSTOP:
                frozen.append(struck)
            else:
                assert struck.wait_ended() == (0 if how == signal.SIGTERM else -signal.SIGKILL)
                processes.append(site.steer())
    for process in frozen:
        process.resume()
    site.audit()
