"""Every table of the store, on one metadata with one naming convention."""

from store.tables.attempts import attempts
from store.tables.base import metadata
from store.tables.leases import leases
from store.tables.messages import dead_letters, heartbeats, outcomes
from store.tables.offsets import ingest_batches, ingest_gaps, ingest_offsets
from store.tables.prices import price_book, repriced_attempts
from store.tables.records import model_records
from store.tables.rollouts import rollouts
from store.tables.rollups import (
    admitted_values,
    attempt_keys,
    attempt_rollups,
    closed_weeks,
    cursors,
    incomplete_days,
    latency_rollups,
    mix_rollups,
    request_keys,
    request_rollups,
    rollups_turn,
    shadow_keys,
    shadow_rollups,
    shadows_before,
    tenant_keys,
    tenant_rollups,
)
from store.tables.traces import admitted_routes, start_day_parity, traces

__all__ = [
    "admitted_routes",
    "admitted_values",
    "attempt_keys",
    "attempt_rollups",
    "attempts",
    "closed_weeks",
    "cursors",
    "dead_letters",
    "heartbeats",
    "incomplete_days",
    "ingest_batches",
    "ingest_gaps",
    "ingest_offsets",
    "latency_rollups",
    "leases",
    "metadata",
    "mix_rollups",
    "model_records",
    "outcomes",
    "price_book",
    "repriced_attempts",
    "request_keys",
    "request_rollups",
    "rollouts",
    "rollups_turn",
    "shadow_keys",
    "shadow_rollups",
    "shadows_before",
    "start_day_parity",
    "tenant_keys",
    "tenant_rollups",
    "traces",
]
