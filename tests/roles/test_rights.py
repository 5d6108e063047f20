"""What a role may not do is refused by the database itself, on each PostgreSQL that is supported."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import errors

from store import model_records
from store.rights import DASHBOARD, INGEST, OPERATE, READ, RIGHTS, ROLES, SEQUENCES, roles_sql
from store.tables import metadata
from tests.roles.conftest import OwnedDatabase, sessions_of
from tests.store.records import compiled, hash_of

_TODAY = f"{datetime.now(UTC):%Y%m%d}"
_INGEST_MAY_NOT = [
    "DELETE FROM traces",
    "UPDATE traces SET outcome = 'success'",
    "TRUNCATE traces",
    "DROP TABLE traces",
    "ALTER TABLE traces ADD COLUMN x int",
    "CREATE INDEX ON traces (route)",
    "CREATE TRIGGER t BEFORE INSERT ON traces EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    f"DELETE FROM traces_{_TODAY}",
    f"SELECT * FROM traces_{_TODAY}",
    f"DROP TABLE traces_{_TODAY}",
    f"ALTER TABLE traces DETACH PARTITION traces_{_TODAY}",
    "DELETE FROM attempts",
    "UPDATE attempts SET model = 'x'",
    "DELETE FROM outcomes",
    "UPDATE outcomes SET outcome = 'success'",
    "DELETE FROM heartbeats",
    "DELETE FROM dead_letters",
    "UPDATE dead_letters SET payload = NULL",
    "TRUNCATE dead_letters",
    "DELETE FROM ingest_offsets",
    "UPDATE ingest_offsets SET topic = 'x'",
    "DELETE FROM ingest_batches",
    "UPDATE ingest_batches SET stored = 0",
    "DELETE FROM ingest_gaps",
    "DELETE FROM admitted_routes",
    "INSERT INTO price_book DEFAULT VALUES",
    "UPDATE price_book SET withdrawn_at = now()",
    "DELETE FROM price_book",
    "INSERT INTO repriced_attempts DEFAULT VALUES",
    "SELECT content FROM model_records",
    "INSERT INTO model_records DEFAULT VALUES",
    "UPDATE rollouts SET state = 'promoted'",
    "INSERT INTO start_day_parity VALUES (1)",
    "SELECT setval('ingest_batch_numbers', 1)",
    "UPDATE alembic_version SET version_num = 'x'",
    "CREATE TABLE t (x int)",
    "CREATE TABLE traces_20300101 (LIKE traces)",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA s",
    "DROP FUNCTION make_days(date[])",
    "CREATE OR REPLACE FUNCTION make_days(wanted date[]) RETURNS date[] LANGUAGE sql AS 'SELECT wanted'",
    "ALTER FUNCTION make_days(date[]) SECURITY INVOKER",
    "CREATE ROLE another",
    "SET ROLE roles_owner",
    "COPY (SELECT 1) TO '/tmp/stolen'",
]
_OTHERS_MAY_NOT = [
    *((READ, statement) for statement in ("INSERT INTO ingest_gaps DEFAULT VALUES", "DELETE FROM dead_letters")),
    *((role, "DELETE FROM traces") for role in (READ, DASHBOARD)),
    *((OPERATE, f"{what} traces") for what in ("TRUNCATE", "DROP TABLE")),
    *((OPERATE, f"DELETE FROM {table}") for table in ("heartbeats", "ingest_batches", "ingest_gaps")),
    *(
        (OPERATE, f"{what} price_book{to}")
        for what, to in (("DELETE FROM", ""), ("UPDATE", " SET nanousd_per_hour = 0"))
    ),
    (READ, "INSERT INTO price_book DEFAULT VALUES"),
    (READ, "INSERT INTO repriced_attempts DEFAULT VALUES"),
    (READ, "INSERT INTO model_records DEFAULT VALUES"),
    *((OPERATE, f"{what} model_records{to}") for what, to in (("DELETE FROM", ""), ("UPDATE", " SET content = ''"))),
    *((OPERATE, statement) for statement in ("INSERT INTO rollouts DEFAULT VALUES", "UPDATE rollouts SET version = 1")),
    *((role, "SELECT make_days(ARRAY[current_date])") for role in (READ, DASHBOARD, OPERATE)),
    *((role, "CREATE TEMPORARY TABLE t (x int)") for role in (READ, DASHBOARD)),
    *((role, "CREATE TABLE t (x int)") for role in (READ, DASHBOARD, OPERATE)),
    *((DASHBOARD, f"SELECT {column} FROM dead_letters") for column in ("payload", "message_key", "detail", "*")),
]


def test_every_table_is_thought_of() -> None:
    """Who adds a table or a sequence says who may do what with it."""
    assert set(RIGHTS) == {*metadata.tables, "alembic_version"}
    assert set(SEQUENCES) == set(metadata._sequences)  # noqa: SLF001 - SQLAlchemy shows them nowhere else


@pytest.mark.parametrize("statement", _INGEST_MAY_NOT)
def test_ingest_may_not(shared: OwnedDatabase, statement: str) -> None:
    """The role that stores can neither change nor delete what is stored, nor what stores it."""
    with pytest.raises(errors.InsufficientPrivilege):
        shared.run(statement, role=INGEST)


@pytest.mark.parametrize(("role", "statement"), _OTHERS_MAY_NOT)
def test_others_may_not(shared: OwnedDatabase, role: str, statement: str) -> None:
    """Who reads cannot write, and a dashboard does not see what users may have written."""
    with pytest.raises(errors.InsufficientPrivilege):
        shared.run(statement, role=role)


class Undone(Exception):
    """Nothing of the transaction shall stay."""


def test_an_operator_applies_records(shared: OwnedDatabase) -> None:
    """A content, another one, and the first again; whoever reads sees what they say and where it stands."""
    with sessions_of(shared.of(OPERATE)) as sessions, suppress(Undone), sessions.write() as db:
        numbers = [
            model_records.apply(db, compiled(), content=content, revision=hash_of(content), by="ada").number
            for content in "ABA"
        ]
        assert numbers == [1, 2, 1]
        raise Undone
    with sessions_of(shared.of(READ)) as sessions, sessions.snapshot() as db:
        assert model_records.listed(db) == []
        assert model_records.traffic(db, "prod", "invoices", since=datetime.now(UTC) - timedelta(days=7)) is None


def test_a_dashboard_sees_the_rest(shared: OwnedDatabase) -> None:
    """Counts by reason, lags, routes: everything else is there to be drawn."""
    for table in set(RIGHTS) - {"dead_letters", "start_day_parity", "rollups_turn"}:
        shared.run(f"SELECT * FROM {table}", role=DASHBOARD)
    shared.run("SELECT reason, count(*), max(dead_at) FROM dead_letters GROUP BY 1", role=DASHBOARD)


def test_no_role_can_log_in_and_the_text_holds_no_password(shared: OwnedDatabase) -> None:
    """They are groups: a text that is printed and kept somewhere opens nothing."""
    found = shared.run("SELECT rolname FROM pg_roles WHERE rolname LIKE 'pointsman\\_%' AND NOT rolcanlogin")
    assert {name for (name,) in found} == set(ROLES)
    assert "PASSWORD '" not in roles_sql()


def test_a_second_run_changes_nothing_and_takes_back_what_is_too_much(owned: OwnedDatabase) -> None:
    """After an upgrade the rights are those of the code, whatever was granted by hand before."""
    rights = "SELECT relname, relacl::text FROM pg_class WHERE relacl IS NOT NULL ORDER BY 1"
    before = owned.run(rights)
    owned.run(f"GRANT DELETE, UPDATE ON traces TO {INGEST}; GRANT SELECT ON traces TO PUBLIC")
    assert owned.run(rights) != before
    owned.run(roles_sql())
    assert owned.run(rights) == before


def test_a_stranger_may_not_even_look(owned: OwnedDatabase, postgres: object) -> None:
    """Somebody with a login and without a role reads nothing and makes no temporary tables."""
    assert postgres
    with psycopg.connect(owned.url) as connection:
        connection.execute("DROP ROLE IF EXISTS stranger")
        connection.execute("CREATE ROLE stranger LOGIN")
    url = owned.url.replace("roles_owner@", "stranger@")
    for statement in ("SELECT FROM traces", "SELECT make_days(ARRAY[current_date])", "CREATE TEMPORARY TABLE t ()"):
        with psycopg.connect(url) as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement.encode())
