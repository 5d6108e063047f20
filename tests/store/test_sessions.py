"""Connections: an address that is wrong is told from a server that is away, and every wait has an end."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import text

from migrations.schema import migrate
from store.errors import AddressUnreadable, DayMissing, StatementTooSlow, StoreAway, StoreDenied, StoreRefused
from store.revision import require_revision
from store.sessions import CONNECT_TIMEOUT_S, Sessions, translate
from tests.services.postgres import PostgresServer
from tests.store.feed import execute, one


def fate_of(url: str) -> Exception:
    """How a first connection to this address ends."""
    sessions = None
    try:
        sessions = Sessions(url)
        with sessions.read():
            pass
    except Exception as error:  # noqa: BLE001 - the test looks at what it is
        return error
    finally:
        if sessions is not None:
            sessions.close()
    pytest.fail("it connected")


def told(error: BaseException) -> str:
    """Everything that a traceback of this error would show."""
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in seen:
        seen.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return "\n".join(map(str, seen))


@pytest.mark.parametrize(
    "url",
    [
        "secret",
        "mysql://user:secret@host/name",
        "postgresql+psycopg://user:secret@host/name",
        "postgresql://user:sec ret@host/name",
        "postgresql://user:%zzsecret@host/name",
        "postgresql://user:secret@[::1/name",
        "postgresql://user:secret@host/name?nonsense=1",
        "postgresql://user:secret@host:port/name",
        "postgresql://user:secret@127.0.0.1:65536/name",
        "postgresql://user:secret@host:5432,other:0/name",
        "postgresql://user:secret@127.0.0.1/name?connect_timeout=soon",
        "postgresql://user:more@secret@127.0.0.1/name",
    ],
)
def test_an_unreadable_address(url: str) -> None:
    """Told at once, before any connection, without a word of the address: it may hold the password."""
    with pytest.raises(AddressUnreadable, match="the database URL cannot be read: ") as caught:
        Sessions(url)
    for word in ("secret", "sec ret", "more"):
        assert word not in told(caught.value)


def test_readable_addresses() -> None:
    """Libpq's own forms are all taken: several hosts, keywords, nothing at all where PGHOST says it."""
    for url in (
        "postgresql://user:p%40ss@one:5432,two/name?target_session_attrs=read-write",
        "postgres:///name?host=/run/postgresql",
        "host=one,two port=5432,5433 dbname=name",
        "",
    ):
        Sessions(url).close()


def test_a_port_where_nobody_listens() -> None:
    """Refused at once: StoreAway, the server may come."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        error = fate_of(f"postgresql://user:secret@127.0.0.1:{bound.getsockname()[1]}/name")
    assert isinstance(error, StoreAway)
    assert "secret" not in str(error)


def test_a_server_that_never_answers() -> None:
    """The wait for a connection has an end."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        error = fate_of(f"postgresql://user@127.0.0.1:{silent.getsockname()[1]}/name")
    assert isinstance(error, StoreAway)
    assert time.monotonic() - began < CONNECT_TIMEOUT_S + 3


def test_a_wrong_name(store_url: str) -> None:
    """A database or a role that is not there: waiting does not help."""
    assert isinstance(fate_of(f"{store_url}_other"), StoreDenied)
    assert isinstance(fate_of(store_url.replace("pointsman@", "nobody:secret@")), StoreDenied)


def test_a_wrong_option(store_url: str) -> None:
    """A parameter that libpq or the server does not know."""
    assert isinstance(fate_of(f"{store_url}?sslmode=bogus"), StoreDenied)
    assert isinstance(fate_of(f"{store_url}?options=-c%20nonsense%3D1"), StoreDenied)
    assert isinstance(fate_of(f"{store_url}?sslmode=require"), StoreDenied)


@pytest.fixture
def roles(postgres: PostgresServer, sessions: Sessions) -> Iterator[Sessions]:
    """A role with a password that the server asks for, and one that it never lets in."""
    execute(sessions, "CREATE ROLE guarded LOGIN PASSWORD 'right'")
    execute(sessions, "CREATE ROLE shut LOGIN")
    execute(sessions, "CREATE ROLE nologin")
    hba = Path(one(sessions, "SHOW hba_file"))
    before = hba.read_text()
    hba.write_text(f"host all guarded all scram-sha-256\nhost all shut all reject\n{before}")
    execute(sessions, "SELECT pg_reload_conf()")
    yield sessions
    hba.write_text(before)
    for role in ("guarded", "shut", "nologin"):
        execute(sessions, f"DROP ROLE {role}")
    execute(sessions, "SELECT pg_reload_conf()")


def test_a_role_without_rights(roles: Sessions, store_url: str) -> None:
    """It may come in and may do nothing: the settings are wrong, and the sentence says what was denied."""
    execute(roles, "ALTER ROLE nologin LOGIN")
    weak = Sessions(store_url.replace("pointsman@", "nologin@"))
    with pytest.raises(StoreDenied, match="permission denied for table traces"):
        one(weak, "SELECT count(*) FROM traces")
    with pytest.raises(StoreDenied, match="permission denied for"):
        migrate(weak)
    weak.close()


def test_a_wrong_password(roles: Sessions, store_url: str) -> None:
    """Or none, or a role that may not come in: StoreDenied in one sentence that does not hold the password."""
    deadline = time.monotonic() + 5
    while not isinstance(error := fate_of(store_url.replace("pointsman@", "shut@")), StoreDenied):
        assert time.monotonic() < deadline, f"the server has not read its new rules: {error}"
    for user in ("guarded:secret@", "guarded@", "shut@", "nologin@"):
        error = fate_of(store_url.replace("pointsman@", user))
        assert isinstance(error, StoreDenied), f"{user} {error}"
        assert "secret" not in told(error)
    Sessions(store_url.replace("pointsman@", "guarded:right@")).close()


def test_reading_cannot_write(sessions: Sessions) -> None:
    """Neither a row nor a table, nor by asking for it."""
    for statement in (
        "DELETE FROM ingest_offsets",
        "CREATE TABLE t (id int)",
        "SELECT nextval('ingest_batch_numbers')",
    ):
        with pytest.raises(StoreAway, match="read-only transaction"), sessions.read() as db:
            db.execute(text(statement))
    execute(sessions, "CREATE TABLE t (id int)")


def test_a_failed_block_writes_nothing(sessions: Sessions) -> None:
    """A transaction ends with its block, well or not at all."""
    with pytest.raises(RuntimeError), sessions.write() as db:  # noqa: PT012 - the block is what is tested
        db.execute(text("CREATE TABLE t (id int)"))
        raise RuntimeError
    execute(sessions, "CREATE TABLE t (id int)")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_does_not_hold_every_text(postgres: PostgresServer, encoding: str) -> None:
    """A route's name in it would end the process again and again: neither migrated nor read."""
    name = f"encoded_{encoding.lower()}"
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        sessions = Sessions(postgres.url(name))
        for attempt in (lambda: migrate(sessions), lambda: require_revision(sessions, "1", frozenset())):
            with pytest.raises(StoreDenied, match=f"has the encoding {encoding}"):
                attempt()
        sessions.close()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_every_wait_is_bounded(store_url: str) -> None:
    """Whatever the address or the server's settings say, our sessions wait so long and tell their times in UTC."""
    sessions = Sessions(
        f"{store_url}?options=-c%20lock_timeout%3D0%20-c%20work_mem%3D5MB", application="pointsman test"
    )
    names = ("idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout", "timezone", "work_mem")
    assert [one(sessions, f"SHOW {name}") for name in names] == ["5s", "3s", "1min", "UTC", "5MB"]
    assert one(sessions, "SHOW application_name") == "pointsman test"
    assert one(sessions, "SHOW tcp_user_timeout") is not None
    with sessions.read() as db:
        driver: Any = db.connection.driver_connection
        parameters = driver.info.get_parameters()
    assert parameters["tcp_user_timeout"] == "10000"
    sessions.close()


def test_an_empty_pool_is_not_waited_for_long(database18: str) -> None:
    """All connections are in use: StoreAway after the time that a connection may take."""
    sessions = Sessions(database18, pool_size=1)
    began = time.monotonic()
    with sessions.autocommit(), pytest.raises(StoreAway, match="no free connection"), sessions.read():
        pass
    assert time.monotonic() - began < CONNECT_TIMEOUT_S + 3
    sessions.close()


@pytest.mark.parametrize(
    ("sqlstate", "fate"),
    [
        pytest.param("53100", StoreAway, id="disk full"),
        pytest.param("53300", StoreAway, id="too many connections"),
        pytest.param("53200", StoreAway, id="out of memory"),
        pytest.param("57P01", StoreAway, id="shut down by a person"),
        pytest.param("57P03", StoreAway, id="starting up"),
        pytest.param("57014", StatementTooSlow, id="statement time-out"),
        pytest.param("55P03", StoreAway, id="lock time-out"),
        pytest.param("40P01", StoreAway, id="deadlock"),
        pytest.param("40001", StoreAway, id="serialization"),
        pytest.param("25P03", StoreAway, id="idle in transaction"),
        pytest.param("25006", StoreAway, id="a standby"),
        pytest.param("08006", StoreAway, id="connection lost"),
        pytest.param("23502", StoreRefused, id="not null"),
        pytest.param("23505", StoreRefused, id="unique"),
        # No constraint is named: only a row without a partition is refused so.
        pytest.param("23514", DayMissing, id="no partition"),
    ],
)
def test_the_fate_of_an_sqlstate(sqlstate: str, fate: type[Exception]) -> None:
    """Three fates: try again, the data, or (below) the end."""
    error = errors.lookup(sqlstate)("some words\nDETAIL: more words")
    found = translate(error, RuntimeError())
    assert type(found) is fate
    assert "some words" in str(found)
    assert "more words" not in str(found)


@pytest.mark.parametrize(
    ("sqlstate", "name"), [("22P05", "UntranslatableCharacter"), ("22003", "NumericValueOutOfRange")]
)
def test_a_data_error_quotes_no_value(sqlstate: str, name: str) -> None:
    """Its words go into dead letters, and those may have to keep no word of their message."""
    found = translate(errors.lookup(sqlstate)('value "secret" is no number'), RuntimeError())
    assert isinstance(found, StoreRefused)
    assert str(found) == f"{name} (SQLSTATE {sqlstate})"


@pytest.mark.parametrize("sqlstate", ["42P01", "XX000", "XX001", "58030", "0A000"])
def test_anything_else_ends_the_process(sqlstate: str) -> None:
    """A missing table, a broken page: the error itself goes up."""
    fallback = RuntimeError()
    assert translate(errors.lookup(sqlstate)("some words"), fallback) is fallback


def test_a_connection_that_breaks_is_away() -> None:
    """Without an SQLSTATE: the server cannot have said anything."""
    assert isinstance(translate(psycopg.OperationalError("server closed the connection"), RuntimeError()), StoreAway)
    assert isinstance(translate(psycopg.OperationalError(), RuntimeError()), StoreAway)
