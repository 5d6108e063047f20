"""The closed list of what Prometheus is told of routes; docs/metrics.md is made from it.

A counter holds what can only rise within a day: what a trace says for good. What a later outcome may change is a gauge.
Open labels are those whose values traffic brings: at most MOST_SETS or MOST_WIDE_SETS combinations of them have a place
of their own, each once for every value of the family's closed label; the others are together under `other`.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from prometheus_client import Metric

from analytics.bins import last_bin_within

Type = Literal["counter", "gauge", "histogram"]

# Source: conventions of OpenTelemetry for generative AI, and 15 to 60 s for models that reason.
EDGES_S = (
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75,
    1.0, 2.5, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0,
)  # fmt: skip
# The last bin of each bucket: the bins hold a time to 1 %, and so do these edges.
LAST_BINS = tuple(last_bin_within(edge) for edge in EDGES_S)

WINDOW_MINUTES = 15
MOST_SETS = 1_000
# Of families that have many series for each set.
MOST_WIDE_SETS = 300

ROUTE = ("environment", "route", "arm")
REQUEST = ("environment", "route", "route_kind", "task_class", "arm")
ATTEMPT = ("environment", "route", "arm", "model", "provider")
SPENT = (*ATTEMPT, "traffic")
ATTEMPT_TIMES = (*ROUTE, "model")
# `q` is a quantile of a measure that has some, else empty: "quantile" is for summaries alone, and promtool says so.
MEASURED = (*ROUTE, "measure", "q")

# Values of the closed labels, and the columns of the rollups that they show.
EVENTS: Mapping[str, str] = {
    "cached": "cached",
    "escalation": "escalated",
    "human_escalation": "human_escalated",
    "retry": "retried",
    "fallback": "fell_back",
    "fail_open": "failed_open",
    "fail_closed": "failed_closed",
    "timeout": "timed_out",
    "undelivered": "undelivered",
    "injection_detected": "injection_detected",
    "injection_succeeded": "injection_succeeded",
}
OUTCOMES: Mapping[str, str] = {"success": "succeeded", "failure": "failed", "abandoned": "abandoned"}
STATUSES: Mapping[str, str] = {
    "ok": "ok",
    "error": "errors",
    "timeout": "timeouts",
    "rate_limited": "rate_limited",
    "cancelled": "cancelled",
}
PARTS: Mapping[str, str] = {
    "prefill": "prefill_cost_nanousd",
    "cache": "cache_cost_nanousd",
    "generation": "generation_cost_nanousd",
    "tools": "tools_cost_nanousd",
}
# The measures that are shown, with their quantiles where they have some.
HEADLINES: Mapping[str, tuple[float, ...]] = {
    "task_success_rate": (),
    "eventual_success_rate": (),
    "cost_per_success": (),
    "attempt_error_rate": (),
    "request_error_rate": (),
    "escalation_rate": (),
    "first_attempt_schema_adherence": (),
    "refusal_rate": (),
    "ttft": (0.5, 0.95),
    "duration": (0.5, 0.95, 0.99),
    "tokenizer_compression": (),
    "prompt_cache_ratio": (),
    "gateway_cache_hit_rate": (),
    "injection_succeeded": (),
}


class Family(NamedTuple):
    """One metric as a scrape shows it."""

    name: str
    type: Type
    labels: tuple[str, ...]
    meaning: str

    def empty(self) -> Metric:
        """Without samples."""
        return Metric(self.name.removesuffix("_total"), self.meaning, self.type)


REQUESTS = Family(
    "pointsman_requests_total", "counter", REQUEST, "User-facing requests of this UTC day, by when they started."
)
REQUESTS_TODAY = Family(
    "pointsman_requests_today",
    "gauge",
    (*REQUEST, "outcome"),
    "User-facing requests of this UTC day by their outcome, as far as known: success, failure, abandoned, unknown.",
)
REQUEST_EVENTS = Family(
    "pointsman_request_events_total",
    "counter",
    (*REQUEST, "event"),
    f"User-facing requests of this UTC day in which something happened, once each: {', '.join(EVENTS)}.",
)
ATTEMPTS = Family(
    "pointsman_attempts_total",
    "counter",
    (*ATTEMPT, "status"),
    "Answer attempts of user-facing requests of this UTC day, by status.",
)
TOKENS = Family(
    "pointsman_tokens_total",
    "counter",
    (*SPENT, "type"),
    "Tokens of all attempts of this UTC day, each under one type: input_uncached, input_cache_read, input_cache_write,"
    " output_visible, output_reasoning. Traffic is user, shadow or probe.",
)
SPEND = Family(
    "pointsman_spend_usd_total",
    "counter",
    (*SPENT, "part"),
    f"US dollars that all attempts of this UTC day cost, by part: {', '.join(PARTS)}; left out where no cost is known.",
)
UNPRICED = Family(
    "pointsman_unpriced_attempts_today",
    "gauge",
    SPENT,
    "Attempts of this UTC day without a known cost by now; `prices reprice` lowers it.",
)
DURATION = Family(
    "pointsman_request_duration_seconds",
    "histogram",
    ROUTE,
    "Durations of user-facing requests of this UTC day; edges are exact to 1 %.",
)
TTFT = Family(
    "pointsman_attempt_ttft_seconds",
    "histogram",
    ATTEMPT_TIMES,
    "Times to first token of answer attempts of this UTC day; edges are exact to 1 %.",
)
ATTEMPT_DURATION = Family(
    "pointsman_attempt_duration_seconds",
    "histogram",
    ATTEMPT_TIMES,
    "Durations of answer attempts of this UTC day; edges are exact to 1 %.",
)
VALUE = Family(
    "pointsman_measure",
    "gauge",
    MEASURED,
    f"A measure over the last {WINDOW_MINUTES} whole minutes; left out where there is no data. A quantile stands in q"
    " (0.5, 0.95, 0.99), which is empty for all others.",
)
LOW = Family("pointsman_measure_low", "gauge", MEASURED, "The lower end of its 95 % interval.")
HIGH = Family("pointsman_measure_high", "gauge", MEASURED, "The upper end of its 95 % interval.")
COVERAGE = Family(
    "pointsman_measure_coverage", "gauge", MEASURED, "The share of requests or attempts of which its input is known."
)
SAMPLES = Family("pointsman_measure_samples", "gauge", MEASURED, "How many requests or attempts it is of.")
REFRESHED = Family(
    "pointsman_measures_refreshed_timestamp_seconds",
    "gauge",
    (),
    "When all of these were read from the rollups (Unix time); shown by who leads, and for two minutes.",
)
FOLDED = Family(
    "pointsman_measures_folded_sets",
    "gauge",
    ("of",),
    "Combinations of labels without a place of their own, together under other: of requests, attempts, spend,"
    " request_times, attempt_times, measures.",
)

FAMILIES = (
    REQUESTS,
    REQUESTS_TODAY,
    REQUEST_EVENTS,
    ATTEMPTS,
    TOKENS,
    SPEND,
    UNPRICED,
    DURATION,
    TTFT,
    ATTEMPT_DURATION,
    VALUE,
    LOW,
    HIGH,
    COVERAGE,
    SAMPLES,
    REFRESHED,
    FOLDED,
)
