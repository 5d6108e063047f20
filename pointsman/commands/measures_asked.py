"""What somebody asks of `pointsman measures`, from words to what a report takes. Raises UsageError for what is none."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pointsman.exits import UsageError
from pointsman.moments import moment_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.report import Asked
    from pointsman_contract.measures import MeasureMeant
    from store.sessions import Sessions

_STEPS = ("minute", "hour", "day")


class Words(NamedTuple):
    """The flags that say what to read, as they were written."""

    environment: str
    route: str | None
    since: str
    until: str | None
    by: str
    traffic: Any


class Span(NamedTuple):
    """From when to when, how far of it is counted, and since when there are minutes."""

    since: datetime
    until: datetime
    counted_until: datetime
    minutes_from: datetime


def asked_for(sessions: "Sessions", words: Words, chosen: "Sequence[MeasureMeant]") -> "Asked":
    """Of the measures that were chosen, or of all."""
    from analytics.frames import ALL_KEYS, BUCKET
    from analytics.report import Asked
    from store.rollups.reading import cover

    span = _span(sessions, words)
    names = [name.strip() for name in words.by.split(",") if name.strip()]
    steps: list[Any] = [name for name in names if name in _STEPS]
    keys = [name for name in names if name not in _STEPS]
    known = sorted(ALL_KEYS - {BUCKET})
    if unknown := [name for name in keys if name not in known]:
        raise UsageError(f"--by: there is no {', '.join(unknown)}; there are {', '.join([*_STEPS, *known])}")
    if len(steps) > 1 or len(set(names)) < len(names):
        raise UsageError("--by: each key once, and one of minute, hour and day")
    step = steps[0] if steps else None
    if step == "minute" and span.since < span.minutes_from:
        raise UsageError(f"--by minute: minutes are kept since {span.minutes_from:%Y-%m-%d} only")
    where = {"environment": words.environment} | ({"route": words.route} if words.route else {})
    parts = cover(span.since, span.until, minutes_from=span.minutes_from, coarsest=step or "day")
    only = list(dict.fromkeys(one.measure.name for one in chosen)) or None
    return Asked(parts, keys, step, where, words.traffic, only, span.counted_until)


def _span(sessions: "Sessions", words: Words) -> Span:
    """What has not come yet is not part of any span: nothing can be counted of it."""
    from store.rollups.freshness import clock, read_freshness

    with sessions.read() as db:
        now, minutes_from = clock(db)
        behind = read_freshness(db).behind
    since = moment_of(words.since, "--since", now=now)
    until = now if words.until is None else moment_of(words.until, "--until", now=now)
    if since >= now:
        raise UsageError(f"--since: expected a time before now, not {words.since!r}")
    if until <= since:
        raise UsageError("--until: expected a time after --since")
    return Span(since, min(until, now), now - behind, minutes_from)


def chosen_of(texts: "Sequence[str]") -> "list[MeasureMeant]":
    """The measures that these texts name, each with its quantile where a text says one."""
    from pointsman_contract.measures import closest_measures, measure_named

    found = []
    for text in texts:
        meant = measure_named(text)
        if meant is None:
            near = closest_measures(text)
            hint = f"; near it: {', '.join(near)}" if near else "; docs/measures.md lists them"
            raise UsageError(f"--measure: there is no {text!r}{hint}")
        found.append(meant)
    return list(dict.fromkeys(found))
