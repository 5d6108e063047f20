"""Counters and histograms of the current UTC day, from the rollups of days."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any

from prometheus_client import Metric
from prometheus_client.utils import floatToGoString

from analytics.scrape import families
from analytics.scrape.bounds import Labels, Places, placed
from store.rollups.keys import ANSWER_ROLES
from store.rollups.reading import Database, Part, Wanted, read_bins, read_sums

_NANO = 1e9
_MICRO = 1e6
_REQUEST_COLUMNS = ("requests", "known", *families.OUTCOMES.values(), *families.EVENTS.values(), "duration_us")
_TOKEN_COLUMNS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
_SPENT_COLUMNS = ("attempts", "priced", "unpriced", *_TOKEN_COLUMNS, *families.PARTS.values())
_ATTEMPT_COLUMNS = ("attempts", *families.STATUSES.values(), "ttft_us", "duration_us")
_KEYS = (*families.ATTEMPT, "role", "probe")
_LES = (*map(floatToGoString, families.EDGES_S), "+Inf")

Row = Mapping[Any, Any]
Sums = dict[Labels, Counter[str]]
Times = dict[Labels, Counter[int]]


class Today:
    """Reads the day and remembers which sets of labels have a place in it."""

    def __init__(self, *, most: int = families.MOST_SETS, most_times: int = families.MOST_WIDE_SETS) -> None:
        narrow, wide = ("requests", "attempts", "spend"), ("request_times", "attempt_times")
        self._places = {name: Places(most) for name in narrow} | {name: Places(most_times) for name in wide}

    @property
    def folded(self) -> Mapping[str, int]:
        """How many sets of each kind were without a place at the last reading."""
        return {name: places.folded for name, places in self._places.items()}

    def read(self, db: Database, now: datetime) -> tuple[list[Metric], int]:
        """Every family of the day, and how many rows they were made from."""
        begin = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        day, parts = begin.date(), [Part("day", begin, begin + timedelta(days=1))]
        user, everything = Wanted(), Wanted(traffic="all", answers_only=False)
        requests = read_sums(db, "request", parts, families.REQUEST, user, columns=_REQUEST_COLUMNS)
        attempts = read_sums(db, "attempt", parts, _KEYS, everything, columns={*_ATTEMPT_COLUMNS, *_SPENT_COLUMNS})
        durations = read_bins(db, ["duration"], parts, families.ROUTE, user)
        times = read_bins(db, ["attempt_ttft", "attempt_duration"], parts, families.ATTEMPT_TIMES, user)
        spent: list[Row] = [{**row, "traffic": _traffic(row)} for row in attempts]
        answers = [row for row in spent if row["role"] in ANSWER_ROLES and row["traffic"] == "user"]
        metrics = [
            *_of_requests(self._placed("requests", day, _summed(requests, families.REQUEST, _REQUEST_COLUMNS))),
            _of_attempts(self._placed("attempts", day, _summed(answers, families.ATTEMPT, _ATTEMPT_COLUMNS))),
            *_of_spend(self._placed("spend", day, _summed(spent, families.SPENT, _SPENT_COLUMNS))),
            *self._of_times("request_times", day, _summed(requests, families.ROUTE, _REQUEST_COLUMNS), durations),
            *self._of_times("attempt_times", day, _summed(answers, families.ATTEMPT_TIMES, _ATTEMPT_COLUMNS), times),
        ]
        return metrics, len(requests) + len(attempts) + len(durations) + len(times)

    def _placed(self, name: str, day: date, sums: Sums) -> Sums:
        size = "requests" if name.startswith("request") else "attempts"
        self._places[name].give(day, {labels: one[size] for labels, one in sums.items()})
        return placed(sums.items(), self._places[name].taken)

    def _of_times(self, name: str, day: date, sums: Sums, bins: Iterable[Row]) -> list[Metric]:
        totals = self._placed(name, day, sums)
        metrics = []
        for kind, family, column in _TIMES[name]:
            times: Times = {}
            for row in bins:
                if row["kind"] == kind:
                    times.setdefault(_values(row, family.labels), Counter())[row["bin"]] += int(row["count"])
            metrics.append(_histogram(family, placed(times.items(), self._places[name].taken), totals, column))
        return metrics


# The kind of the bins, the family, and the column that sums these times.
_TIMES = {
    "request_times": (("duration", families.DURATION, "duration_us"),),
    "attempt_times": (
        ("attempt_ttft", families.TTFT, "ttft_us"),
        ("attempt_duration", families.ATTEMPT_DURATION, "duration_us"),
    ),
}


def _traffic(row: Row) -> str:
    if row["probe"]:
        return "probe"
    return "shadow" if row["arm"] == "shadow" else "user"


def _values(row: Row, labels: Sequence[str]) -> Labels:
    return tuple(str(row[name]) for name in labels)


def _summed(rows: Iterable[Row], labels: Sequence[str], columns: Sequence[str]) -> Sums:
    found: Sums = {}
    for row in rows:
        sums = found.setdefault(_values(row, labels), Counter())
        for column in columns:
            sums[column] += int(row[column])
    return found


def _add(metric: Metric, family: families.Family, labels: Labels, value: float) -> None:
    metric.add_sample(family.name, dict(zip(family.labels, labels, strict=True)), value)


def _of_requests(rows: Sums) -> list[Metric]:
    requests, today, events = (
        family.empty() for family in (families.REQUESTS, families.REQUESTS_TODAY, families.REQUEST_EVENTS)
    )
    for labels, sums in rows.items():
        _add(requests, families.REQUESTS, labels, sums["requests"])
        for outcome, column in families.OUTCOMES.items():
            _add(today, families.REQUESTS_TODAY, (*labels, outcome), sums[column])
        _add(today, families.REQUESTS_TODAY, (*labels, "unknown"), sums["requests"] - sums["known"])
        for event, column in families.EVENTS.items():
            _add(events, families.REQUEST_EVENTS, (*labels, event), sums[column])
    return [requests, today, events]


def _of_attempts(rows: Sums) -> Metric:
    metric = families.ATTEMPTS.empty()
    for labels, sums in rows.items():
        for status, column in families.STATUSES.items():
            _add(metric, families.ATTEMPTS, (*labels, status), sums[column])
        told = sum(sums[column] for column in families.STATUSES.values())
        _add(metric, families.ATTEMPTS, (*labels, "other"), sums["attempts"] - told)
    return metric


def _of_spend(rows: Sums) -> list[Metric]:
    tokens, spend, unpriced = (family.empty() for family in (families.TOKENS, families.SPEND, families.UNPRICED))
    for labels, sums in rows.items():
        cached = sums["cache_read_tokens"] + sums["cache_write_tokens"]
        of_type = {
            "input_uncached": sums["input_tokens"] - cached,
            "input_cache_read": sums["cache_read_tokens"],
            "input_cache_write": sums["cache_write_tokens"],
            "output_visible": sums["output_tokens"] - sums["reasoning_tokens"],
            "output_reasoning": sums["reasoning_tokens"],
        }
        for type_, count in of_type.items():
            _add(tokens, families.TOKENS, (*labels, type_), count)
        # An unknown cost is counted beside it, and is no cost of 0.
        for part, column in families.PARTS.items() if sums["priced"] else ():
            _add(spend, families.SPEND, (*labels, part), sums[column] / _NANO)
        _add(unpriced, families.UNPRICED, labels, sums["unpriced"])
    return [tokens, spend, unpriced]


def _histogram(family: families.Family, rows: Times, totals: Sums, column: str) -> Metric:
    metric = family.empty()
    for labels, bins in rows.items():
        in_bucket = [0] * len(_LES)
        for number, count in bins.items():
            in_bucket[bisect_left(families.LAST_BINS, number)] += count
        named = dict(zip(family.labels, labels, strict=True))
        for le, count in zip(_LES, accumulate(in_bucket), strict=True):
            metric.add_sample(f"{family.name}_bucket", {**named, "le": le}, count)
        metric.add_sample(f"{family.name}_count", named, sum(in_bucket))
        metric.add_sample(f"{family.name}_sum", named, totals[labels][column] / _MICRO)
    return metric
