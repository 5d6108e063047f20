"""Every table of the store, on one metadata with one naming convention."""

from store.tables.attempts import attempts
from store.tables.base import metadata
from store.tables.leases import leases
from store.tables.messages import dead_letters, heartbeats, outcomes
from store.tables.offsets import ingest_batches, ingest_gaps, ingest_offsets
from store.tables.prices import price_book, repriced_attempts
from store.tables.traces import admitted_routes, start_day_parity, traces

__all__ = [
    "admitted_routes",
    "attempts",
    "dead_letters",
    "heartbeats",
    "ingest_batches",
    "ingest_gaps",
    "ingest_offsets",
    "leases",
    "metadata",
    "outcomes",
    "price_book",
    "repriced_attempts",
    "start_day_parity",
    "traces",
]
