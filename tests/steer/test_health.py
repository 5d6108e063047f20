"""What /healthz says of the tasks: a pure rule over who leads and what is remembered."""

from datetime import timedelta

from pointsman.steer.health import steer_health
from pointsman.steer.standing import Standing
from pointsman.steer.task import Records, Task

ROLLUPS = Task("rollups", timedelta(seconds=2), lambda: 0)
PARTITIONS = Task("partitions", timedelta(minutes=10), lambda: 0)
_TASKS = (ROLLUPS, PARTITIONS)


def leading(since: float) -> Standing:
    """In its first term."""
    return Standing("leading", "this process leads", 1, since)


def test_who_does_not_know_is_not_well() -> None:
    """The database is away: its reason is the sentence, also for the seconds in which the lease still holds."""
    why = "PostgreSQL: connection refused"
    for standing in (Standing("unsure", why, trouble=why), leading(0.0)._replace(trouble=why)):
        health = steer_health(_TASKS, Records(), standing, 0.0)
        assert (health.well, health.state, health.detail) == (False, standing.state, why)


def test_who_stands_by_is_well_for_ever() -> None:
    """It has nothing to do; it says who has."""
    health = steer_health(_TASKS, Records(), Standing("standby", "db-2/17/ab12 leads"), 1e6)
    assert (health.well, health.detail) == (True, "db-2/17/ab12 leads")
    assert health.body["state"] == "standby"


def test_patience_counts_from_when_it_began_to_lead() -> None:
    """A minute, or ten rounds of a task: what another one had done before is not known."""
    assert (ROLLUPS.patience, PARTITIONS.patience) == (timedelta(minutes=1), timedelta(minutes=100))
    assert steer_health(_TASKS, Records(), leading(since=1000.0), 1059.0).well
    health = steer_health(_TASKS, Records(), leading(since=1000.0), 1061.0)
    assert (health.well, health.state) == (False, "leading")
    assert health.detail == "rollups has had no success for 61 s"


def test_every_trouble_is_named() -> None:
    """With the first one mended, nobody shall have to find the second."""
    health = steer_health(_TASKS, Records(), leading(since=0.0), 6060.0)
    assert health.detail == "rollups has had no success for 6060 s; partitions has had no success for 6060 s"


def test_a_new_reason_is_news_and_the_beginning_stays() -> None:
    """Failures one after the other are one trouble; the same reason again is not logged again."""
    records = Records()
    assert records.failed(ROLLUPS, "a", term=1, is_away=False)
    first = records.of(ROLLUPS).failed
    assert not records.failed(ROLLUPS, "a", term=1, is_away=False)
    assert records.failed(ROLLUPS, "b", term=1, is_away=True)
    second = records.of(ROLLUPS).failed
    assert first is not None
    assert second is not None
    assert (second.since, second.why) == (first.since, "b")
    assert records.failed(ROLLUPS, "b", term=2, is_away=True)
    assert records.succeeded(ROLLUPS, 3) is not None
    assert records.succeeded(ROLLUPS, 3) is None
