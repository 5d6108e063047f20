"""`price_book`: one row for each price of an entry; `repriced_attempts`: costs that replace those in `attempts`."""

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Uuid,
    func,
)

from store.tables.base import integer, key_text, metadata, moment

# The rows of one `price_id` are one entry and alike in all that follows `above_input_tokens` but their prices. An entry
# is never changed: it is withdrawn, so that the costs that came from it can always be explained.
price_book = Table(
    "price_book",
    metadata,
    Column("price_id", BigInteger, nullable=False),
    # What is counted: store/price_entries.py has the list.
    key_text("unit"),
    # The price holds where an attempt has more input tokens than this; 0: for every attempt without a higher tier.
    Column("above_input_tokens", BigInteger, nullable=False),
    # '' is any provider. A model is a name, or a pattern with `*`; '' where no model has the price (human review).
    key_text("provider"),
    key_text("model"),
    integer("nanousd_per_million"),
    integer("nanousd_per_hour"),
    # For GPU hours: how many serve the model, and the batch size of attempts that do not tell theirs.
    Column("gpus", Integer),
    Column("assumed_batch_size", Integer),
    moment("valid_from", nullable=False),
    # Not included; NULL: without end.
    moment("valid_to"),
    key_text("source"),
    moment("imported_at", nullable=False, server_default=func.now()),
    moment("withdrawn_at"),
    # The migration adds checks: ingest reads what is here, whoever wrote it.
    PrimaryKeyConstraint("price_id", "unit", "above_input_tokens"),
)

# A row here stands for the costs and the `price_id` of its attempt, NULLs too: it was priced anew.
repriced_attempts = Table(
    "repriced_attempts",
    metadata,
    Column("trace_id", Uuid, nullable=False),
    moment("started_at", nullable=False),
    # The attempt's; -1: `generation_cost_nanousd` is what the trace's own human review cost.
    Column("position", SmallInteger, nullable=False),
    integer("prefill_cost_nanousd"),
    integer("cache_cost_nanousd"),
    integer("generation_cost_nanousd"),
    integer("tools_cost_nanousd"),
    integer("price_id"),
    moment("repriced_at", nullable=False, server_default=func.now()),
    PrimaryKeyConstraint("started_at", "trace_id", "position"),
)
