"""What has arrived, for people who watch: not for measures, which read rollups."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select, text

from store.tables import ingest_batches

_BY_ROUTE = """
SELECT t.environment, t.route, t.traces, t.attempts, coalesce(a.input_tokens, 0), coalesce(a.output_tokens, 0),
       coalesce(a.cost, 0), coalesce(a.priced, 0)
FROM (
    SELECT environment, route, count(*) AS traces, sum(attempt_count) AS attempts
    FROM traces GROUP BY environment, route
) t
LEFT JOIN (
    SELECT environment, route, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
           sum(prefill_cost_nanousd + cache_cost_nanousd + generation_cost_nanousd + tools_cost_nanousd) AS cost,
           count(prefill_cost_nanousd) AS priced
    FROM attempts JOIN traces USING (trace_id, started_at) GROUP BY environment, route
) a USING (environment, route)
ORDER BY t.traces DESC, t.environment, t.route
"""


class RouteArrivals(NamedTuple):
    """What is stored of one route. `cost_nanousd` sums the attempts that carry a cost, `priced` counts them."""

    environment: str
    route: str
    traces: int
    attempts: int
    input_tokens: int
    output_tokens: int
    cost_nanousd: int
    priced: int


class TopicAccount(NamedTuple):
    """What became of a topic's messages: stored + duplicate + dead is all of them; `restamped` are duplicates."""

    topic: str
    stored: int
    duplicate: int
    restamped: int
    dead: int

    @property
    def messages(self) -> int:
        """All messages that were read."""
        return self.stored + self.duplicate + self.dead


class PartitionAccount(NamedTuple):
    """The offsets that batches cover in one partition, and the messages that they account for."""

    partition: int
    first: int
    next: int
    messages: int

    @property
    def without_message(self) -> int:
        """Offsets without a message: markers and compaction, or a reader that passed one over."""
        return self.next - self.first - self.messages


def by_route(db: Connection) -> Sequence[RouteArrivals]:
    """Every route that has traces, the busiest first. Reads all raw rows: for small stores."""
    rows = db.execute(text(_BY_ROUTE))
    return [RouteArrivals(row[0], row[1], *(int(value) for value in row[2:])) for row in rows]


def by_partition(db: Connection, topic: str) -> Sequence[PartitionAccount]:
    """What batches cover of a topic, partition by partition."""
    batches = ingest_batches.c
    messages = func.sum(batches.stored + batches.duplicate + batches.dead)
    query = select(batches.partition, func.min(batches.first), func.max(batches.next), messages)
    rows = db.execute(query.where(batches.topic == topic).group_by(batches.partition).order_by(batches.partition))
    return [PartitionAccount(*(int(value) for value in row)) for row in rows]


def account(db: Connection) -> Sequence[TopicAccount]:
    """What became of everything that was read, by topic."""
    columns = (ingest_batches.c.stored, ingest_batches.c.duplicate, ingest_batches.c.restamped, ingest_batches.c.dead)
    query = select(ingest_batches.c.topic, *(func.sum(column) for column in columns))
    rows = db.execute(query.group_by(ingest_batches.c.topic).order_by(ingest_batches.c.topic))
    return [TopicAccount(row[0], *(int(value) for value in row[1:])) for row in rows]
