"""The rollups as they should be, computed from contract values alone: no SQL, and nothing that the store computes.

Tables are dictionaries from a row's key (bucket, the values of its key, kind, value) to its sums, bins or count.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from pointsman_contract.attempt import Attempt
from pointsman_contract.trace import Trace
from tests.rollups import oracle_sums
from tests.rollups.oracle_facts import ANSWERS, Request, Told, inter_token, micros
from tests.rollups.oracle_shadows import Shadow, of_shadow, shadow_key, shadows_of

Row = dict[Any, int]
Tables = dict[str, dict[tuple[Any, ...], Row]]
# What a column of a day's key calls a value: the day, the column's name, the value.
Fold = Callable[[date, str, Any], Any]

CAPPED = {
    "record_revision",
    "policy_epoch",
    "task_class",
    "model",
    "provider",
    "effort",
    "language",
    "tenant",
    "baseline_model",
}
LN_GAMMA = math.log(1.01 / 0.99)
_CONTEXTS = ((4096, "4k"), (32_768, "32k"), (131_072, "128k"))


def bin_of(micros_: int) -> int:
    """The log bin of a time."""
    return math.ceil(math.log(max(micros_, 1)) / LN_GAMMA)


def as_it_is(day: date, name: str, value: Any) -> Any:
    """No value is too much."""
    return value


def bucket_of(moment: datetime, level: str) -> datetime:
    """The beginning of the minute, hour or day in UTC."""
    start = moment.astimezone(UTC).replace(second=0, microsecond=0)
    if level != "minute":
        start = start.replace(minute=0)
    return start.replace(hour=0) if level == "day" else start


def request_key(trace: Trace, model: str) -> dict[str, Any]:
    """The key of a request whose final model this is."""
    revision = trace.record_revision
    return {
        "environment": trace.environment,
        "route": trace.route,
        "route_kind": trace.route_kind or "",
        "arm": trace.arm,
        "record_revision": "" if revision is None else str(revision),
        "policy_epoch": trace.policy_epoch,
        "protocol": trace.protocol or "",
        "task_class": trace.task_class,
        "risk": trace.risk or "",
        "model": model,
        "probe": trace.probe or "",
    }


def attempt_key(trace: Trace, attempt: Attempt) -> dict[str, Any]:
    """The key of an attempt."""
    context = next((name for most, name in _CONTEXTS if attempt.input_tokens <= most), "over")
    return {
        "environment": trace.environment,
        "route": trace.route,
        "arm": trace.arm,
        "role": attempt.role,
        "model": attempt.model,
        "provider": attempt.provider or "",
        "effort": attempt.effort or "",
        "enforcement": attempt.enforcement or "",
        "call_mode": attempt.call_mode or "",
        "language": trace.language or "",
        "task_class": trace.task_class,
        "context": context,
        "probe": trace.probe or "",
    }


def tenant_key(trace: Trace, model: str, provider: str, token_type: str) -> dict[str, Any]:
    """The key of a tenant's row."""
    return {
        "environment": trace.environment,
        "tenant": trace.tenant or "",
        "route": trace.route,
        "model": model,
        "provider": provider,
        "token_type": token_type,
    }


def keys_of(trace: Trace) -> Iterator[dict[str, Any]]:
    """All keys that a trace has rows under."""
    request = Request(trace, ())
    yield request_key(trace, request.final.model if request.final else "")
    yield from (attempt_key(trace, attempt) for attempt in trace.attempts)
    yield from (tenant_key(trace, model, provider, part) for model, provider, part, _ in oracle_sums.of_tenant(request))


class Admission:
    """The first values of a day's columns, tick by tick and within one by their code points; others are `other`.

    What was not given needs no place.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: dict[tuple[date, str], set[str]] = {}
        self._all: list[Trace] = []

    def take(self, traces: Iterable[Trace]) -> None:
        """One tick's traces."""
        asking: dict[tuple[date, str], set[str]] = {}
        new = list(traces)
        self._all += new
        keys = [(trace, key) for trace in new for key in keys_of(trace)]
        # A pair is there as soon as both of its traces are.
        keys += [(shadow.trace, shadow_key(shadow)) for shadow in shadows_of(self._all) if set(shadow) & set(new)]
        for trace, key in keys:
            for name in CAPPED & key.keys():
                if key[name] not in ("", 0):
                    asking.setdefault((_day(trace), name), set()).add(str(key[name]))
        for place, values in asking.items():
            taken = self._taken.setdefault(place, set())
            taken.update(sorted(values - taken)[: self.most - len(taken)])

    def fold(self, day: date, name: str, value: Any) -> Any:
        """The value as the rollups call it."""
        if value in ("", 0) or str(value) in self._taken.get((day, name), ()):
            return value
        return -1 if name == "policy_epoch" else "other"


def _day(trace: Trace) -> date:
    return trace.started_at.astimezone(UTC).date()


class Expected:
    """Adds up what traces and outcomes say."""

    def __init__(self, minutes_from: datetime, fold: Fold) -> None:
        self.tables: Tables = {}
        self._minutes_from = minutes_from
        self._fold = fold

    def add(self, request: Request) -> None:
        """One trace with all that belongs to it."""
        trace, final = request.trace, request.final
        key = self._folded(trace, request_key(trace, final.model if final else ""))
        self._sum("request_rollups", trace, key, oracle_sums.of_request(request))
        self._time(trace, key, {"duration": micros(trace.duration_s), "ttft": request.ttft})
        self._mix(trace, key, {"failure_mode": trace.failure_mode, "recovery": trace.recovery})
        first = next((at for at, attempt in enumerate(trace.attempts) if attempt.role in ANSWERS), None)
        for at, attempt in enumerate(trace.attempts):
            key = self._folded(trace, attempt_key(trace, attempt))
            self._sum("attempt_rollups", trace, key, oracle_sums.of_attempt(trace, attempt, first=at == first))
            times = {
                "attempt_duration": micros(attempt.duration_s),
                "attempt_ttft": micros(attempt.ttft_s),
                "inter_token": inter_token(attempt),
            }
            self._time(trace, key, times)
            self._mix(trace, key, {"attempt_failure_mode": attempt.failure_mode})
        for model, provider, token_type, sums in oracle_sums.of_tenant(request):
            key = self._folded(trace, tenant_key(trace, model, provider, token_type))
            _add(self.tables, "tenant_rollups_day", (bucket_of(trace.started_at, "day"), *key), sums)

    def add_shadow(self, shadow: Shadow) -> None:
        """A shadow request beside what it shadows."""
        key = self._folded(shadow.trace, shadow_key(shadow))
        self._sum("shadow_rollups", shadow.trace, key, of_shadow(shadow))

    def _folded(self, trace: Trace, key: dict[str, Any]) -> tuple[Any, ...]:
        day = _day(trace)
        return tuple(self._fold(day, name, value) if name in CAPPED else value for name, value in key.items())

    def _buckets(self, trace: Trace) -> Iterator[tuple[str, datetime]]:
        for level in ("minute", "hour", "day"):
            if level != "minute" or trace.started_at >= self._minutes_from:
                yield level, bucket_of(trace.started_at, level)

    def _sum(self, table: str, trace: Trace, key: tuple[Any, ...], sums: Row) -> None:
        for level, bucket in self._buckets(trace):
            _add(self.tables, f"{table}_{level}", (bucket, *key), sums)

    def _time(self, trace: Trace, key: tuple[Any, ...], times: dict[str, int | None]) -> None:
        for level, bucket in self._buckets(trace):
            for kind, taken in times.items():
                if taken is not None:
                    _add(self.tables, f"latency_rollups_{level}", (bucket, *key, kind), {bin_of(taken): 1})

    def _mix(self, trace: Trace, key: tuple[Any, ...], values: dict[str, str | None]) -> None:
        for level, bucket in self._buckets(trace):
            for kind, value in values.items():
                if value is not None:
                    _add(self.tables, f"mix_rollups_{level}", (bucket, *key, kind, value), {"count": 1})


def _add(tables: Tables, table: str, key: tuple[Any, ...], more: Row) -> None:
    row = tables.setdefault(table, {}).setdefault(key, {})
    for name, value in more.items():
        row[name] = row.get(name, 0) + value


def expected_tables(
    traces: Iterable[Trace], told: Sequence[Told], *, minutes_from: datetime, fold: Fold = as_it_is
) -> Tables:
    """Every row of every rollup table, of these traces and outcomes."""
    expected = Expected(minutes_from, fold)
    by_trace: dict[Any, list[Told]] = {}
    for one in told:
        by_trace.setdefault(one.outcome.trace_id, []).append(one)
    traces = list(traces)
    for trace in traces:
        expected.add(Request(trace, by_trace.get(trace.trace_id, ())))
    for shadow in shadows_of(traces):
        expected.add_shadow(shadow)
    return expected.tables
