"""Counters and histograms of a UTC day, from messages over rollups."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector

from analytics.scrape.today import Today
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import NOON, attempt, outcome, trace
from tests.scrape.shown import REQUEST, ROUTE, Shown, paid
from tests.store.feed import OUTCOMES_0, Feed

EVENING = NOON + timedelta(hours=9)
MODEL = ROUTE | {"model": "qwen-3.5-72b", "provider": ""}


class _Fixed(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def shown(sessions: Sessions, today: Today | None = None, *, days: int = 0) -> Shown:
    """What is shown in the evening of that day, after a tick."""
    tick(sessions)
    with sessions.snapshot() as db:
        metrics, _ = (today or Today()).read(db, EVENING + timedelta(days=days))
    registry = CollectorRegistry()
    registry.register(_Fixed(metrics))
    return Shown(registry)


def test_requests_and_what_happened_in_them(feed: Feed, sessions: Sessions) -> None:
    """Probes, shadows and other days are no user-facing requests of this day."""
    feed.send(
        trace(outcome="success", cache="exact", attempts=()),
        trace(outcome="failure", attempts=(attempt(status="timeout"), attempt(role="fallback", model="gpt-5.4"))),
        trace(recovery="fail_closed", attempts=(attempt(injection="succeeded"),)),
        trace(probe="golden"),
        trace(arm="shadow"),
        trace(started_at=NOON - timedelta(days=1)),
    )
    seen = shown(sessions)
    assert seen.value("pointsman_requests_total", **REQUEST) == 3
    outcomes = {
        name: seen.value("pointsman_requests_today", **REQUEST, outcome=name)
        for name in ("success", "failure", "abandoned", "unknown")
    }
    assert outcomes == {"success": 1, "failure": 1, "abandoned": 0, "unknown": 1}
    events = {one.labels["event"]: one.value for one in seen.samples if one.name == "pointsman_request_events_total"}
    happened = {"cached", "timeout", "fallback", "fail_closed", "undelivered"}
    happened |= {"injection_detected", "injection_succeeded"}
    assert {event for event, count in events.items() if count} == happened
    assert len(events) == 11


def test_an_outcome_that_changes_takes_no_counter_back(feed: Feed, sessions: Sessions) -> None:
    """A person corrects a success: the gauge falls, the requests stay."""
    told = trace(outcome="success")
    feed.send(told)
    assert shown(sessions).value("pointsman_requests_today", outcome="success") == 1
    feed.send(outcome(trace_id=told.trace_id, outcome="failure"), to=OUTCOMES_0)
    seen = shown(sessions)
    assert seen.value("pointsman_requests_today", outcome="success") == 0
    assert seen.value("pointsman_requests_today", outcome="failure") == 1
    assert seen.value("pointsman_requests_total") == 1


def test_attempts_are_answers_and_spend_is_of_all(feed: Feed, sessions: Sessions) -> None:
    """Judges, shadows and probes cost money too; it is told whose it was, and no cost is not a cost of 0."""
    feed.send(
        trace(attempts=(paid("1", cache_read_tokens=1000), attempt(role="judge", model="judge-1"))),
        trace(attempts=(paid("2", status="error", reasoning_tokens=21),)),
        trace(probe="golden", attempts=(paid("4"),)),
        trace(arm="shadow", attempts=(paid("8"),)),
    )
    seen = shown(sessions)
    assert seen.total("pointsman_attempts_total") == 2
    assert seen.value("pointsman_attempts_total", **MODEL, status="error") == 1
    spend = {
        traffic: seen.total("pointsman_spend_usd_total", traffic=traffic, part="generation")
        for traffic in ("user", "probe", "shadow")
    }
    assert spend == {"user": 3, "probe": 4, "shadow": 8}
    assert seen.values("pointsman_spend_usd_total", model="judge-1") == []
    assert seen.value("pointsman_unpriced_attempts_today", model="judge-1") == 1
    tokens = {
        name: seen.value("pointsman_tokens_total", **MODEL, traffic="user", type=name)
        for name in ("input_uncached", "input_cache_read", "output_visible", "output_reasoning")
    }
    assert tokens == {
        "input_uncached": 1468,
        "input_cache_read": 1000,
        "output_visible": 621,
        "output_reasoning": 21,
    }
    assert seen.total("pointsman_tokens_total") == 5 * (1234 + 321)


def test_histograms(feed: Feed, sessions: Sessions) -> None:
    """Buckets are cumulative, what is longer than the last edge is in +Inf, the sum is exact."""
    feed.send(
        *(trace(duration_s=seconds, attempts=(attempt(duration_s=seconds, ttft_s=0.3),)) for seconds in (0.2, 3, 90)),
        trace(attempts=(attempt(role="judge", duration_s=1.0),)),
    )
    seen = shown(sessions)
    buckets = {
        one.labels["le"]: one.value for one in seen.samples if one.name == "pointsman_request_duration_seconds_bucket"
    }
    assert [buckets[le] for le in ("0.1", "0.25", "2.5", "5.0", "60.0", "+Inf")] == [0, 1, 1, 2, 2, 3]
    assert seen.value("pointsman_request_duration_seconds_count", **ROUTE) == 3
    assert seen.value("pointsman_request_duration_seconds_sum", **ROUTE) == pytest.approx(93.2)
    of_model = ROUTE | {"model": "qwen-3.5-72b"}
    assert seen.value("pointsman_attempt_duration_seconds_count", **of_model) == 3
    assert seen.value("pointsman_attempt_ttft_seconds_sum", **of_model) == pytest.approx(0.9)
    assert seen.value("pointsman_attempt_ttft_seconds_bucket", **of_model, le="0.25") == 0
    assert seen.value("pointsman_attempt_ttft_seconds_bucket", **of_model, le="0.5") == 3


def test_the_next_day_begins_with_nothing(feed: Feed, sessions: Sessions) -> None:
    """At midnight UTC counters begin anew, which Prometheus takes for a restart."""
    feed.send(trace(duration_s=1.0))
    assert shown(sessions).total("pointsman_requests_total") == 1
    assert shown(sessions, days=1).samples == []


def test_labels_do_not_grow_with_traffic(feed: Feed, sessions: Sessions) -> None:
    """Beyond its places, traffic is counted under `other`, in each family; and it is told."""
    feed.send(*(trace(route=f"route-{number}", duration_s=1.0) for number in range(5)), trace(route="route-4"))
    today = Today(most=2, most_times=1)
    seen = shown(sessions, today)
    routes = {one.labels["route"] for one in seen.samples if one.name == "pointsman_requests_total"}
    assert routes == {"route-4", "route-0", "other"}
    for name in ("pointsman_requests_total", "pointsman_attempts_total", "pointsman_unpriced_attempts_today"):
        assert seen.total(name) == 6
        assert seen.total(name, route="other") == 3
    assert seen.value("pointsman_request_duration_seconds_count", route="other") == 4
    assert seen.value("pointsman_request_duration_seconds_sum", route="other") == pytest.approx(4)
    assert dict(today.folded) == {"requests": 3, "attempts": 3, "spend": 3, "request_times": 4, "attempt_times": 4}


def test_no_label_names_anybody(feed: Feed, sessions: Sessions) -> None:
    """What a trace says of a person is in no label."""
    feed.send(trace(tenant="tenant-1", session_id="session-1", prompt_version="prompt-1"))
    values = {value for one in shown(sessions).samples for value in one.labels.values()}
    assert values.isdisjoint({"tenant-1", "session-1", "prompt-1"})
