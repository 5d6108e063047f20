"""A scrape shows the last refresh as a whole, or nothing."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, Counter

from analytics.scrape.collector import STALE_AFTER_S, MeasureMetrics
from analytics.scrape.families import FAMILIES, HEADLINES, WINDOW_MINUTES
from analytics.scrape.window import Window
from store.errors import StoreAway
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import attempt
from tests.scrape.shown import ROUTE, Shown, paid, recent
from tests.store.feed import Feed, execute


class Fake:
    """A clock that stands, and a leader's word."""

    now = 1000.0
    leads = True


@pytest.fixture
def fake() -> Fake:
    """As at the beginning."""
    return Fake()


@pytest.fixture
def metrics(sessions: Sessions, fake: Fake) -> tuple[MeasureMetrics, CollectorRegistry]:
    """On a registry of their own."""
    registry = CollectorRegistry()
    return MeasureMetrics(sessions, registry, leads=lambda: fake.leads, clock_s=lambda: fake.now), registry


Made = tuple[MeasureMetrics, CollectorRegistry]


def test_measures_of_the_last_minutes(feed: Feed, sessions: Sessions, metrics: Made) -> None:
    """As analytics computes them, with interval, samples and coverage; what is older than the window is outside."""
    feed.send(
        recent(outcome="success", duration_s=1.0, attempts=(paid("1", output_chars=1284, ttft_s=0.25),)),
        recent(outcome="failure", duration_s=3.0, attempts=(paid("2", status="error"),)),
        recent(started_at=datetime.now(UTC) - timedelta(minutes=WINDOW_MINUTES + 2), attempts=(attempt(refused=True),)),
        recent(arm="shadow", attempts=(attempt(refused=True),)),
        recent(probe="golden", attempts=(attempt(refused=True),)),
    )
    tick(sessions)
    made, registry = metrics
    assert made.refresh() > 0
    seen = Shown(registry)
    values = {
        (one.labels["measure"], one.labels["q"]): one.value for one in seen.samples if one.name == "pointsman_measure"
    }
    assert values.pop(("duration", "0.5")) == pytest.approx(1, rel=0.01)
    assert values.pop(("duration", "0.95")) == values.pop(("duration", "0.99")) == pytest.approx(3, rel=0.01)
    assert values.pop(("ttft", "0.5")) == values.pop(("ttft", "0.95")) == pytest.approx(0.25, rel=0.01)
    assert values == {
        ("task_success_rate", ""): 0.5,
        ("eventual_success_rate", ""): 0.5,
        ("cost_per_success", ""): pytest.approx(3),
        ("attempt_error_rate", ""): 0.5,
        ("request_error_rate", ""): 0.5,
        ("escalation_rate", ""): 0,
        ("tokenizer_compression", ""): 4,
        ("gateway_cache_hit_rate", ""): 0,
    }
    rate = ROUTE | {"measure": "attempt_error_rate"}
    assert seen.value("pointsman_measure_low", **rate) < 0.5 < seen.value("pointsman_measure_high", **rate)
    assert seen.value("pointsman_measure_samples", **rate) == 2
    assert seen.value("pointsman_measure_coverage", **ROUTE, measure="tokenizer_compression") == 0.5
    # No data is no sample, and is told as such.
    refusals = ROUTE | {"measure": "refusal_rate"}
    assert seen.values("pointsman_measure", **refusals) == []
    assert seen.value("pointsman_measure_samples", **refusals) == 0


def test_wrong_sums_of_one_route_hide_no_other(feed: Feed, sessions: Sessions, metrics: Made) -> None:
    """It has no sample of the measures that read them; all else is refreshed."""
    feed.send(recent(outcome="success"), recent(outcome="success", route="wrong"))
    tick(sessions)
    of_it = "(SELECT key_id FROM request_keys WHERE route = 'wrong')"
    execute(sessions, f"UPDATE request_rollups_minute SET succeeded = known + 1 WHERE key_id IN {of_it}")
    made, registry = metrics
    assert made.refresh() > 0
    seen = Shown(registry)
    assert seen.value("pointsman_measure", **ROUTE, measure="eventual_success_rate") == 1
    wrong = ROUTE | {"route": "wrong"}
    assert seen.values("pointsman_measure", **wrong, measure="eventual_success_rate") == []
    assert seen.value("pointsman_measure", **wrong, measure="escalation_rate") == 0


def test_only_what_is_listed_is_shown(feed: Feed, sessions: Sessions, metrics: Made) -> None:
    """Every family of the list appears, with its labels and no others; nothing else does."""
    feed.send(recent(outcome="success", duration_s=1.0, attempts=(paid("1", ttft_s=0.5, duration_s=0.9),)))
    tick(sessions)
    made, registry = metrics
    made.refresh()
    listed = {family.name: family for family in FAMILIES}
    found = set()
    for one in Shown(registry).samples:
        parts = [one.name.removesuffix(end) for end in ("_bucket", "_count", "_sum")]
        (name,) = {name for name in (one.name, *parts) if name in listed}
        assert set(one.labels) - {"le"} == set(listed[name].labels)
        assert one.labels.get("measure", "ttft") in HEADLINES
        found.add(name)
    assert found == set(listed)


def test_no_name_is_taken_twice(metrics: Made) -> None:
    """Another collector of the process cannot show a metric of the list."""
    _, registry = metrics
    with pytest.raises(ValueError, match="Duplicated"):
        Counter("pointsman_requests", "Of somebody else.", registry=registry)


def test_nothing_before_the_first_refresh_and_nothing_old(
    feed: Feed, sessions: Sessions, fake: Fake, metrics: Made
) -> None:
    """Two minutes after the last refresh began its figures are gone, not repeated; the next one brings them back."""
    feed.send(recent())
    tick(sessions)
    made, registry = metrics
    assert Shown(registry).samples == []
    made.refresh()
    fake.now += STALE_AFTER_S
    assert Shown(registry).total("pointsman_requests_total") == 1
    fake.now += 1
    assert Shown(registry).samples == []
    made.refresh()
    assert Shown(registry).total("pointsman_requests_total") == 1


def test_who_leads_no_more_shows_nothing(feed: Feed, sessions: Sessions, fake: Fake, metrics: Made) -> None:
    """From that moment, not from the next refresh: another process may show its own by then."""
    feed.send(recent())
    tick(sessions)
    made, registry = metrics
    made.refresh()
    fake.leads = False
    assert Shown(registry).samples == []


def test_a_database_that_is_away_changes_nothing(fake: Fake) -> None:
    """A scrape is answered without it; the refresh says so, and its task is tried again."""
    nowhere = Sessions("postgresql://x@127.0.0.1:1/x")
    registry = CollectorRegistry()
    made = MeasureMetrics(nowhere, registry, clock_s=lambda: fake.now)
    with pytest.raises(StoreAway):
        made.refresh()
    assert Shown(registry).samples == []
    nowhere.close()


def test_small_groups_are_measured_together(feed: Feed, sessions: Sessions) -> None:
    """Beyond its places a window has one group more, `other`: measured over the sums, not a mean of measures."""
    feed.send(
        recent(route="large", duration_s=1.0),
        recent(route="large", duration_s=1.0),
        recent(route="small-1", duration_s=5.0, attempts=(attempt(status="error"),)),
        recent(route="small-2", duration_s=7.0),
    )
    tick(sessions)
    registry = CollectorRegistry()
    MeasureMetrics(sessions, registry, window=Window(most=1)).refresh()
    seen = Shown(registry)
    rate = {"measure": "attempt_error_rate"}
    assert seen.value("pointsman_measure", route="large", **rate) == 0
    assert seen.value("pointsman_measure", route="other", **rate) == 0.5
    median = seen.value("pointsman_measure", route="other", measure="duration", q="0.5")
    assert median == pytest.approx(5, rel=0.01)
    assert seen.value("pointsman_measures_folded_sets", of="measures") == 2
    assert {one.labels["route"] for one in seen.samples if one.name == "pointsman_measure"} == {"large", "other"}


def test_a_scrape_sees_one_refresh(feed: Feed, sessions: Sessions, metrics: Made) -> None:
    """However they overlap: all samples of a scrape are of the same reading."""
    made, registry = metrics
    feed.send(recent())
    tick(sessions)
    made.refresh()
    torn: list[tuple[float, float]] = []
    done = threading.Event()

    def scrape() -> None:
        while not done.is_set():
            seen = Shown(registry)
            pair = seen.total("pointsman_requests_total"), seen.total("pointsman_attempts_total")
            if pair[0] != pair[1]:
                torn.append(pair)

    thread = threading.Thread(target=scrape)
    thread.start()
    for _ in range(10):
        feed.send(recent())
        tick(sessions)
        made.refresh()
    done.set()
    thread.join()
    assert torn == []
    assert Shown(registry).total("pointsman_requests_total") == 11
