"""The function that makes days as the owner does nothing else, whoever calls it and however."""

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from psycopg import errors

from store.rights import INGEST
from tests.roles.conftest import OwnedDatabase

_DAYS = (
    "SELECT c.relname, pg_get_userbyid(c.relowner), pg_get_expr(c.relpartbound, c.oid) FROM pg_class c"
    " JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent IN ('traces'::regclass, 'attempts'::regclass)"
    " WHERE c.relname ~ '_{day}$' ORDER BY 1"
)
_OLD = datetime.now(UTC).date() - timedelta(days=400)


def parts_of(database: OwnedDatabase, day: date) -> list[tuple[object, ...]]:
    """The partitions of a day, with their owners and bounds."""
    return database.run(_DAYS.replace("{day}", f"{day:%Y%m%d}"))


def test_a_day_belongs_to_the_owner(owned: OwnedDatabase) -> None:
    """Both of its tables are the owner's, in UTC, whatever zone and style of dates the caller has."""
    owned.run(
        f"SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'German, DMY'; SELECT make_days(ARRAY['{_OLD}'::date])",
        role=INGEST,
    )
    bounds = f"FOR VALUES FROM ('{_OLD} 00:00:00+00') TO ('{_OLD + timedelta(days=1)} 00:00:00+00')"
    with psycopg.connect(owned.url) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(_DAYS.replace("{day}", f"{_OLD:%Y%m%d}").encode()).fetchall()
    assert found == [(f"{table}_{_OLD:%Y%m%d}", "roles_owner", bounds) for table in ("attempts", "traces")]


@pytest.mark.parametrize(
    "wanted",
    [
        "NULL",
        "ARRAY[NULL::date]",
        "ARRAY['infinity'::date]",
        "ARRAY['-infinity'::date]",
        "ARRAY['0044-03-15 BC'::date]",
        "ARRAY['9999-12-31'::date]",
        "ARRAY[current_date + 9]",
        "ARRAY[current_date - 3653]",
        "ARRAY(SELECT current_date - n FROM generate_series(1, 31) AS n)",
        "ARRAY(SELECT current_date FROM generate_series(1, 1000000) AS n)",
    ],
)
def test_days_out_of_reach(shared: OwnedDatabase, wanted: str) -> None:
    """Who has the role cannot fill the catalogue with days that nobody keeps."""
    before = shared.run("SELECT count(*) FROM pg_class")
    with pytest.raises(errors.InvalidParameterValue, match="make_days takes up to 30 dates"):
        shared.run(f"SELECT make_days({wanted})", role=INGEST)
    assert shared.run("SELECT count(*) FROM pg_class") == before


@pytest.mark.parametrize("wanted", ["'traces; DROP TABLE traces'", "ARRAY['traces']", "ARRAY['2026-01-01; SELECT 1']"])
def test_what_is_no_date(shared: OwnedDatabase, wanted: str) -> None:
    """Names and statements have no way in: the argument is an array of dates."""
    with pytest.raises((errors.DataError, errors.UndefinedFunction)):
        shared.run(f"SELECT make_days({wanted})", role=INGEST)


def test_names_of_the_caller_are_not_looked_at(owned: OwnedDatabase) -> None:
    """Tables of the caller with the names that the function uses, first in its path, change nothing."""
    with psycopg.connect(owned.of(INGEST)) as connection:
        for name in ("traces", "attempts", f"traces_{_OLD:%Y%m%d}"):
            connection.execute(f"CREATE TEMPORARY TABLE {name} (x int)".encode())
        connection.execute("CREATE TEMPORARY TABLE pg_inherits AS SELECT * FROM pg_catalog.pg_inherits")
        connection.execute("CREATE TEMPORARY TABLE pg_class AS SELECT * FROM pg_catalog.pg_class")
        connection.execute("SET search_path = pg_temp, public")
        connection.execute("SET default_tablespace = 'pg_global'")
        assert connection.execute("SELECT public.make_days(ARRAY[%s::date])", [_OLD]).fetchone() == ([_OLD],)
    assert [name for name, *_ in parts_of(owned, _OLD)] == [
        f"{table}_{_OLD:%Y%m%d}" for table in ("attempts", "traces")
    ]


def test_a_table_of_somebody_else_is_not_attached(owned: OwnedDatabase) -> None:
    """A table that stands where a day belongs and is another's: refused, nothing is made."""
    name = f"traces_{_OLD:%Y%m%d}"
    owned.run(f"GRANT CREATE ON SCHEMA public TO {INGEST}")
    owned.run(f"CREATE TABLE {name} (LIKE traces)", role=INGEST)
    with pytest.raises(errors.InsufficientPrivilege):
        owned.run(f"SELECT make_days(ARRAY['{_OLD}'::date])", role=INGEST)
    assert parts_of(owned, _OLD) == []


def test_the_same_day_twice(owned: OwnedDatabase) -> None:
    """Named twice it is made once; asked for again there is nothing to make."""
    assert owned.run(f"SELECT make_days(ARRAY['{_OLD}', '{_OLD}']::date[])", role=INGEST) == [([_OLD],)]
    assert owned.run(f"SELECT make_days(ARRAY['{_OLD}']::date[])", role=INGEST) == [([],)]
    assert owned.run("SELECT make_days('{}')", role=INGEST) == [([],)]
