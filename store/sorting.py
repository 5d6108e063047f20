"""Sort a batch's messages by where they go, before any statement runs. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from store.received import Batch, DeadLetter, Received, Source

# One trace id names one trace over starts at most this far apart; over longer times ids may come again.
SAME_TRACE_WITHIN = timedelta(days=1)

RouteOfDay = tuple[date, str, str]
TraceKey = tuple[UUID, datetime]


class KeptDays(NamedTuple):
    """The days that the store takes, by the database's clock; both included."""

    now: datetime
    oldest: date
    newest: date


@dataclass
class Tally:
    """The counts of one partition while a batch is stored."""

    stored: int = 0
    duplicate: int = 0
    restamped: int = 0
    dead: int = 0
    starts: list[datetime] = field(default_factory=list)
    broker_times: list[datetime] = field(default_factory=list)


@dataclass
class SortedBatch:
    """A batch by destination. `traces` holds no id twice with one start; `restarted` are ids with several starts."""

    traces: dict[TraceKey, tuple[Received, Trace]] = field(default_factory=dict)
    outcomes: list[tuple[Received, Outcome]] = field(default_factory=list)
    heartbeats: dict[tuple[str, str, int], tuple[Received, Heartbeat]] = field(default_factory=dict)
    letters: list[tuple[Received, DeadLetter]] = field(default_factory=list)
    tallies: dict[Source, Tally] = field(default_factory=dict)
    restarted: set[UUID] = field(default_factory=set)

    def leave_out_duplicates(self, stored: Mapping[UUID, Sequence[datetime]]) -> list[TraceKey]:
        """Count and leave out traces that are stored already, or twice in this batch; returns which.

        In arrival order, and after the look-up: a start that is a duplicate itself hides no later one.
        """
        starts = {trace_id: list(stored.get(trace_id, ())) for trace_id in stored.keys() | self.restarted}
        gone = []
        for trace_id, start in [key for key in self.traces if key[0] in starts]:
            near = [at for at in starts[trace_id] if abs(at - start) <= SAME_TRACE_WITHIN]
            if near:
                message, _ = self.traces.pop((trace_id, start))
                tally = self.tallies[message.source]
                tally.duplicate += 1
                tally.restamped += start not in near
                gone.append((trace_id, start))
            else:
                starts[trace_id].append(start)
        return gone


def sort_batch(batch: Batch, *, kept: KeptDays, refused: Callable[[RouteOfDay], bool]) -> SortedBatch:
    """Where each message goes. `refused` says whether a day has no place for one more route."""
    result = SortedBatch(tallies={source: Tally() for source in batch.spans})
    ids: set[UUID] = set()
    for message in batch.messages:
        tally = result.tallies[message.source]
        tally.broker_times.append(message.broker_time)
        content = message.content
        if isinstance(content, Trace):
            letter = _refusal(content, kept, refused)
            if letter is None:
                _add_trace(result, tally, ids, message, content)
            else:
                result.letters.append((message, letter))
        elif isinstance(content, Outcome):
            result.outcomes.append((message, content))
        elif isinstance(content, Heartbeat):
            key = (content.router_id, content.boot_id, content.sequence)
            if key in result.heartbeats:
                tally.duplicate += 1
            else:
                result.heartbeats[key] = (message, content)
        else:
            result.letters.append((message, content))
    return result


def _add_trace(result: SortedBatch, tally: Tally, ids: set[UUID], message: Received, trace: Trace) -> None:
    key = (trace.trace_id, trace.started_at)
    if key in result.traces:
        tally.duplicate += 1
        return
    if trace.trace_id in ids:
        result.restarted.add(trace.trace_id)
    ids.add(trace.trace_id)
    result.traces[key] = (message, trace)


def _refusal(trace: Trace, kept: KeptDays, refused: Callable[[RouteOfDay], bool]) -> DeadLetter | None:
    day = utc_day(trace.started_at)
    if day < kept.oldest:
        detail = f"started on {day}, the oldest day kept is {kept.oldest}"
        return DeadLetter(DeadLetterReason.OLDER_THAN_RETENTION, detail, trace.environment, trace.route)
    if day > kept.newest:
        # The contract measures against the broker's timestamp, which a producer may have made up.
        detail = f"started_at: {day} is ahead of the database's clock"
        return DeadLetter(DeadLetterReason.FUTURE_TIME, detail, trace.environment, trace.route)
    if refused((day, trace.environment, trace.route)):
        detail = f"{day} already has its limit of routes; does a route's name carry an id?"
        return DeadLetter(DeadLetterReason.TOO_MANY_ROUTES, detail, trace.environment, trace.route)
    return None


def utc_day(moment: datetime) -> date:
    """The UTC day of an aware time."""
    offset = moment.utcoffset()
    return (moment - offset).date() if offset else moment.date()


def routes_of(batch: Batch, kept: KeptDays) -> set[RouteOfDay]:
    """The distinct (day, environment, route) of a batch's traces on days that are kept."""
    routes = {
        (utc_day(message.content.started_at), message.content.environment, message.content.route)
        for message in batch.messages
        if isinstance(message.content, Trace)
    }
    return {route for route in routes if kept.oldest <= route[0] <= kept.newest}


def halves(batch: Batch) -> tuple[Batch, Batch]:
    """Two batches that do the same in order; a partition's span is cut behind its last message of the first half."""
    middle = len(batch.messages) // 2
    first, second = batch.messages[:middle], batch.messages[middle:]
    reached: Mapping[Source, int] = {message.source: message.offset + 1 for message in first}
    later = {message.source for message in second}
    spans_first = {}
    spans_second = {}
    for source, span in batch.spans.items():
        cut = reached.get(source, span.first) if source in later else span.next
        if cut > span.first:
            spans_first[source] = span._replace(next=cut)
        if cut < span.next:
            spans_second[source] = span._replace(first=cut)
    return Batch(first, spans_first), Batch(second, spans_second)
