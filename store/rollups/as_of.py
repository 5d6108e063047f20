"""Cursors as values of a statement: what it sees is as of them, and not of what was stored since."""

from collections.abc import Mapping
from uuid import UUID

Place = tuple[UUID, int]
# How far a job has read each partition.
Cursors = Mapping[Place, int]

# A table of the parameters that `as_arrays` makes.
CURSORS = (
    "unnest(CAST(:topics AS uuid[]), CAST(:partitions AS integer[]), CAST(:read AS bigint[]))"
    " AS c(topic_id, partition, batch_id)"
)


def as_arrays(cursors: Cursors) -> dict[str, list[object]]:
    """As the parameters of a statement that reads CURSORS."""
    return {
        "topics": [topic_id for topic_id, _ in cursors],
        "partitions": [partition for _, partition in cursors],
        "read": list(cursors.values()),
    }
