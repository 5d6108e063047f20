"""The days of `traces` and `attempts` are made by a function, so that a role that may only insert can have them made.

ATTACH needs ownership. The function runs as the owner of the tables (SECURITY DEFINER) and does nothing else than make
whole days, of dates that no setting puts out of reach. Whoever calls it chooses dates, never a name or a statement.

Revision: 0003_making_days, follows 0002_operators.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_making_days"
down_revision = "0002_operators"
branch_labels = None
depends_on = None

# 3650 days is the longest retention there is, seven days are made ahead; one more on each side for clocks at midnight.
# SQLSTATE 55006 is "object in use": try again later. The number of the droppers' lock is the one that
# store/days.py takes too.
_MAKE_DAYS = """
CREATE FUNCTION make_days(wanted date[]) RETURNS date[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = {schema}, pg_temp
SET default_tablespace = ''
SET default_table_access_method = 'heap'
SET client_min_messages = 'warning'
AS $make_days$
DECLARE
    home constant text := {literal};
    parents constant text[] := ARRAY['traces', 'attempts'];
    today constant date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
    made date[];
    one date;
    parent text;
    day_table text;
BEGIN
    IF wanted IS NULL OR cardinality(wanted) > 30 OR array_position(wanted, NULL) IS NOT NULL
       OR EXISTS (SELECT FROM unnest(wanted) AS w(day) WHERE w.day < today - 3651 OR w.day > today + 8) THEN
        RAISE EXCEPTION 'make_days takes up to 30 dates from % to %', today - 3651, today + 8
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Who comes second finds the days made. Both locks go with the transaction.
    PERFORM pg_advisory_xact_lock({making});
    SELECT coalesce(array_agg(DISTINCT w.day ORDER BY w.day), '{{}}') INTO made
    FROM unnest(wanted) AS w(day)
    WHERE EXISTS (
        SELECT FROM unnest(parents) AS p(name)
        WHERE NOT EXISTS (
            SELECT FROM pg_inherits i
            WHERE i.inhrelid = to_regclass(format('%I.%I', home, p.name || to_char(w.day, '_YYYYMMDD')))
              AND i.inhparent = to_regclass(format('%I.%I', home, p.name)) AND NOT i.inhdetachpending
        )
    );
    -- A day that has a table already was detached, or is being: whoever drops days must not take it away meanwhile.
    IF EXISTS (
        SELECT FROM unnest(made) AS m(day), unnest(parents) AS p(name)
        WHERE to_regclass(format('%I.%I', home, p.name || to_char(m.day, '_YYYYMMDD'))) IS NOT NULL
    ) AND NOT pg_try_advisory_xact_lock({dropping}) THEN
        RAISE EXCEPTION 'a day that was detached is to come back, and old days are being dropped just now'
            USING ERRCODE = '55006';
    END IF;
    FOREACH parent IN ARRAY parents LOOP
        FOREACH one IN ARRAY made LOOP
            day_table := parent || to_char(one, '_YYYYMMDD');
            CONTINUE WHEN EXISTS (
                SELECT FROM pg_inherits i
                WHERE i.inhrelid = to_regclass(format('%I.%I', home, day_table))
                  AND i.inhparent = to_regclass(format('%I.%I', home, parent)) AND NOT i.inhdetachpending
            );
            IF EXISTS (
                SELECT FROM pg_inherits i
                WHERE i.inhrelid = to_regclass(format('%I.%I', home, day_table)) AND i.inhdetachpending
            ) THEN
                EXECUTE format('ALTER TABLE %I.%I DETACH PARTITION %I.%I FINALIZE', home, parent, home, day_table);
            END IF;
            EXECUTE format(
                'CREATE TABLE IF NOT EXISTS %I.%I'
                ' (LIKE %I.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)',
                home, day_table, home, parent
            );
            IF parent = 'traces' THEN
                EXECUTE format(
                    'CREATE UNIQUE INDEX IF NOT EXISTS %I ON %I.%I (trace_id)',
                    'uq_' || day_table || '_trace_id', home, day_table
                );
            END IF;
            EXECUTE format(
                'ALTER TABLE %I.%I ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)',
                home, parent, home, day_table,
                to_char(one, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(one + 1, 'YYYY-MM-DD') || ' 00:00:00+00'
            );
        END LOOP;
    END LOOP;
    RETURN made;
END
$make_days$
"""
_MAKING_DAYS = 0x706F_696E_7473
_DROPPING_DAYS = _MAKING_DAYS + 1


def upgrade() -> None:
    """Create the function, for its owner alone: `pointsman migrate --print-roles` says who else may call it."""
    # The schema is written into the function: names that a caller puts in front of it are never looked at.
    name = op.get_bind().execute(sa.text("SELECT current_schema()")).scalar_one()
    schema, literal = (
        op.get_bind().execute(sa.text(f"SELECT {quote}(:name)"), {"name": name}).scalar_one()
        for quote in ("quote_ident", "quote_literal")
    )
    op.execute(_MAKE_DAYS.format(schema=schema, literal=literal, making=_MAKING_DAYS, dropping=_DROPPING_DAYS))
    op.execute("REVOKE ALL ON FUNCTION make_days(date[]) FROM PUBLIC")


def downgrade() -> None:
    """Drop the function; the days stay."""
    op.execute("DROP FUNCTION make_days(date[])")
