"""The least rights that each process needs, and the SQL that grants them.

The roles cannot log in and hold no password: they are granted to whoever logs in. What owns the tables is no role here:
`migrate` makes them, and whoever drops days has to own them (ATTACH and DETACH ask for that), so `pointsman up` and
`pointsman steer` log in as the owner, or as a member of it. A new table gets a line in `RIGHTS`: a test compares them
with the tables that are.
"""

from collections.abc import Mapping
from typing import NamedTuple

INGEST, OPERATE, READ, DASHBOARD = (
    "pointsman_ingest",
    "pointsman_operate",
    "pointsman_read",
    "pointsman_dashboard",
)
ROLES: Mapping[str, str] = {
    INGEST: "`pointsman ingest`: stores, and can change or delete nothing that is stored",
    OPERATE: "the commands of an operator that change something, and all that `pointsman_read` may",
    READ: "`doctor`, and the commands that only list, show or check; people who look into everything",
    DASHBOARD: "Grafana: everything but what dead letters hold of messages (bytes, key, hash, detail)",
}

# What a dashboard may see of a dead letter: not the payload, and not the key.
_LETTER_COLUMNS = (
    'id, topic, topic_id, "partition", "offset", batch_id, broker_time, dead_at, environment, route, reason,'
    " payload_bytes"
)


class Right(NamedTuple):
    """What a role may do with a table (or one of its columns)."""

    role: str
    may: str


_STORED = (Right(INGEST, "SELECT, INSERT"), Right(READ, "SELECT"), Right(DASHBOARD, "SELECT"))

# `forget` deletes raw rows, outcomes and dead letters of a session or a tenant.
_FORGETTABLE = (*_STORED, Right(OPERATE, "DELETE"))

_ROLLUPS = (
    Right(OPERATE, "INSERT, UPDATE, DELETE"),
    Right(READ, "SELECT"),
    Right(DASHBOARD, "SELECT"),
)
_ROLLUP_TABLES = (
    *(f"{family}_rollups_{level}" for family in ("request", "attempt", "shadow", "latency", "mix")
      for level in ("minute", "hour", "day")),
    "latency_rollups_week", "closed_weeks", "tenant_rollups_day", "request_keys", "attempt_keys", "tenant_keys",
    "shadow_keys", "shadows_before", "admitted_values",
)  # fmt: skip

# LOCK TABLE in a mode that excludes others asks for UPDATE: `start_day_parity` never holds a row, and the routes of a
# day are names that ingest itself brought.
RIGHTS: Mapping[str, tuple[Right, ...]] = {
    "traces": _FORGETTABLE,
    "attempts": _FORGETTABLE,
    "outcomes": _FORGETTABLE,
    "heartbeats": _STORED,
    "dead_letters": (
        Right(INGEST, "SELECT, INSERT"),
        Right(OPERATE, "UPDATE (replay_began_at, replayed_at), DELETE"),
        Right(READ, "SELECT"),
        Right(DASHBOARD, f"SELECT ({_LETTER_COLUMNS})"),
    ),
    "admitted_routes": (Right(INGEST, "SELECT, INSERT, UPDATE"), Right(READ, "SELECT"), Right(DASHBOARD, "SELECT")),
    "start_day_parity": (Right(INGEST, "UPDATE"),),
    "ingest_offsets": (
        Right(INGEST, "SELECT, INSERT, UPDATE (next_offset, updated_at)"),
        Right(OPERATE, "INSERT, UPDATE (next_offset, updated_at), DELETE"),
        Right(READ, "SELECT"),
        Right(DASHBOARD, "SELECT"),
    ),
    "ingest_batches": _STORED,
    "ingest_gaps": (*_STORED, Right(OPERATE, "INSERT")),
    # `rollups rebuild` and `forget` write what steer writes, which owns the tables.
    **dict.fromkeys(_ROLLUP_TABLES, _ROLLUPS),
    "incomplete_days": (Right(OPERATE, "INSERT"), Right(READ, "SELECT"), Right(DASHBOARD, "SELECT")),
    "rollups_turn": (Right(OPERATE, "UPDATE"),),
    "cursors": (Right(READ, "SELECT"), Right(DASHBOARD, "SELECT")),
    # Entries are added and withdrawn, never changed.
    "price_book": (
        Right(INGEST, "SELECT"),
        Right(OPERATE, "INSERT, UPDATE (withdrawn_at)"),
        Right(READ, "SELECT"),
        Right(DASHBOARD, "SELECT"),
    ),
    # Repricing writes them, `forget` deletes them.
    "repriced_attempts": (
        Right(OPERATE, "INSERT, UPDATE, DELETE"),
        Right(READ, "SELECT"),
        Right(DASHBOARD, "SELECT"),
    ),
    # A revision is added and becomes the current one again; what it says never changes.
    "model_records": (
        Right(OPERATE, "INSERT, UPDATE (turn, last_applied_at, last_applied_by)"),
        Right(READ, "SELECT"),
        Right(DASHBOARD, "SELECT"),
    ),
    # Decided by the process that leads, which owns the tables.
    "rollouts": (Right(READ, "SELECT"), Right(DASHBOARD, "SELECT")),
    # Taken by the process that leads, which owns the tables.
    "leases": (Right(READ, "SELECT"), Right(DASHBOARD, "SELECT")),
    "alembic_version": (Right(INGEST, "SELECT"), Right(READ, "SELECT"), Right(DASHBOARD, "SELECT")),
}
SEQUENCES: Mapping[str, tuple[Right, ...]] = {"ingest_batch_numbers": (Right(INGEST, "USAGE"),)}
FUNCTIONS: Mapping[str, tuple[Right, ...]] = {"make_days(date[])": (Right(INGEST, "EXECUTE"),)}
# Ingest copies into temporary tables first; `rollups verify` and `rebuild` compute in them.
DATABASE: tuple[Right, ...] = (
    *(Right(role, "CONNECT") for role in ROLES),
    Right(INGEST, "TEMPORARY"),
    Right(OPERATE, "TEMPORARY"),
)
MEMBERS: tuple[tuple[str, str], ...] = ((READ, OPERATE),)


def roles_sql() -> str:
    """Statements that make the roles and give them these rights and no others; a second run changes nothing.

    To be run as the owner of database and tables who may also create roles (or as a superuser), in the database and
    with the search path that Pointsman uses.
    """
    parts = [
        "-- The roles of Pointsman: groups, without a login and without a password. Run this as the owner of its",
        "-- database and tables, with CREATEROLE, after the first `pointsman migrate` and after each new version's.",
        "-- To use one:",
        f"--   CREATE ROLE ingest_1 LOGIN; GRANT {INGEST} TO ingest_1;",
        "-- and give the login its password with psql's \\password, which keeps it out of logs and histories.",
        "BEGIN;",
        *(_make_role(role, meaning) for role, meaning in ROLES.items()),
        *(f"GRANT {group} TO {member};" for group, member in MEMBERS),
        _on_database(),
        *(_on("", name, rights) for name, rights in RIGHTS.items()),
        *(_on("SEQUENCE ", name, rights) for name, rights in SEQUENCES.items()),
        *(_on("FUNCTION ", name, rights) for name, rights in FUNCTIONS.items()),
        "COMMIT;",
    ]
    return "\n".join(parts) + "\n"


def _make_role(role: str, meaning: str) -> str:
    return (
        f"\n-- {role}: {meaning}\n"
        "DO $$ BEGIN\n"
        f"    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN\n"
        f"        CREATE ROLE {role} NOLOGIN;\n"
        "    END IF;\n"
        "END $$;"
    )


def _on_database() -> str:
    """Names of database and schema are asked for: the text is the same for every deployment."""
    statements = [
        "EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());",
        "EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());",
    ]
    for role in ROLES:
        may = ", ".join(right.may for right in DATABASE if right.role == role)
        statements += [
            f"EXECUTE format('REVOKE ALL ON DATABASE %I FROM {role}', current_database());",
            f"EXECUTE format('REVOKE ALL ON SCHEMA %I FROM {role}', current_schema());",
            f"EXECUTE format('GRANT {may} ON DATABASE %I TO {role}', current_database());",
            f"EXECUTE format('GRANT USAGE ON SCHEMA %I TO {role}', current_schema());",
        ]
    return "\nDO $$ BEGIN\n" + "".join(f"    {statement}\n" for statement in statements) + "END $$;"


def _on(kind: str, name: str, rights: tuple[Right, ...]) -> str:
    revoked = f"\nREVOKE ALL ON {kind}{name} FROM PUBLIC, {', '.join(ROLES)};"
    return "\n".join([revoked, *(f"GRANT {right.may} ON {kind}{name} TO {right.role};" for right in rights)])
