"""Sort a batch's messages by where they go, before any statement runs. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.outcome import Outcome
from store.received import Batch, DeadLetter, Received, Source, StagedTrace
from store.same_trace import SAME_TRACE_WITHIN

RouteOfDay = tuple[date, str, str]


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
    """A batch by destination.

    `traces` are in arrival order and hold no id twice with one start; `starts` are the starts of each id (as an
    integer: UUID hashes slowly), `days` those that traces go to, `restarted` the ids with several starts.
    """

    traces: list[tuple[Received, StagedTrace]] = field(default_factory=list)
    starts: dict[int, list[datetime]] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)
    restarted: set[int] = field(default_factory=set)
    outcomes: list[tuple[Received, Outcome]] = field(default_factory=list)
    heartbeats: dict[tuple[str, str, int], tuple[Received, Heartbeat]] = field(default_factory=dict)
    letters: list[tuple[Received, DeadLetter]] = field(default_factory=list)
    tallies: dict[Source, Tally] = field(default_factory=dict)

    def leave_out_duplicates(self, stored: Mapping[UUID, Sequence[datetime]]) -> list[StagedTrace]:
        """Count and leave out traces that are stored already, or twice in this batch; returns which.

        In arrival order, and after the look-up: a start that is a duplicate itself hides no later one.
        """
        starts = {trace_id.int: list(there) for trace_id, there in stored.items()}
        for trace_id in self.restarted:
            starts.setdefault(trace_id, [])
        if not starts:
            return []
        kept: list[tuple[Received, StagedTrace]] = []
        gone: list[StagedTrace] = []
        for message, trace in self.traces:
            known = starts.get(trace.trace_id.int)
            if known is not None:
                near = [at for at in known if abs(at - trace.started_at) <= SAME_TRACE_WITHIN]
                if near:
                    tally = self.tallies[message.source]
                    tally.duplicate += 1
                    tally.restamped += trace.started_at not in near
                    gone.append(trace)
                    continue
                known.append(trace.started_at)
            kept.append((message, trace))
        self.traces = kept
        return gone


def places_of(batch: Batch) -> list[RouteOfDay | None]:
    """For each message, the day and route that its trace belongs to; None where it is no trace."""
    return [
        (utc_day(content.started_at), content.environment, content.route) if isinstance(content, StagedTrace) else None
        for content in (message.content for message in batch.messages)
    ]


def kept_routes(places: Iterable[RouteOfDay | None], kept: KeptDays) -> set[RouteOfDay]:
    """The distinct places on days that are kept."""
    return {place for place in set(places) if place is not None and kept.oldest <= place[0] <= kept.newest}


def sort_batch(
    batch: Batch, places: Sequence[RouteOfDay | None], *, kept: KeptDays, refused: Callable[[RouteOfDay], bool]
) -> SortedBatch:
    """Where each message goes. `refused` says whether a day has no place for one more route."""
    result = SortedBatch(tallies={source: Tally() for source in batch.spans})
    refusals = {place: _refusal(place, kept, refused) for place in set(places) if place is not None}
    for message, place in zip(batch.messages, places, strict=True):
        tally = result.tallies[message.source]
        tally.broker_times.append(message.broker_time)
        content = message.content
        if isinstance(content, StagedTrace):
            letter = refusals[place] if place is not None else None
            if letter is None:
                _add_trace(result, tally, message, content)
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
        elif isinstance(content, DeadLetter):
            result.letters.append((message, content))
        else:
            raise TypeError("a trace comes here as the parts of its rows")
    result.days = {place[0] for place, letter in refusals.items() if letter is None}
    return result


def _add_trace(result: SortedBatch, tally: Tally, message: Received, trace: StagedTrace) -> None:
    starts = result.starts.setdefault(trace.trace_id.int, [])
    if trace.started_at in starts:
        tally.duplicate += 1
        return
    starts.append(trace.started_at)
    if len(starts) > 1:
        result.restarted.add(trace.trace_id.int)
    result.traces.append((message, trace))


def _refusal(place: RouteOfDay, kept: KeptDays, refused: Callable[[RouteOfDay], bool]) -> DeadLetter | None:
    day, environment, route = place
    if day < kept.oldest:
        detail = f"started on {day}, the oldest day kept is {kept.oldest}"
        return DeadLetter(DeadLetterReason.OLDER_THAN_RETENTION, detail, environment, route)
    if day > kept.newest:
        # The contract measures against the broker's timestamp, which a producer may have made up.
        detail = f"started_at: {day} is ahead of the database's clock"
        return DeadLetter(DeadLetterReason.FUTURE_TIME, detail, environment, route)
    if refused(place):
        detail = f"{day} already has its limit of routes; does a route's name carry an id?"
        return DeadLetter(DeadLetterReason.TOO_MANY_ROUTES, detail, environment, route)
    return None


def utc_day(moment: datetime) -> date:
    """The UTC day of an aware time."""
    offset = moment.utcoffset()
    return (moment - offset).date() if offset else moment.date()


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
