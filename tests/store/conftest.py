"""A migrated database for each test: copied from one that was migrated once for each server."""

import secrets
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from migrations.schema import migrate
from store.sessions import Sessions
from tests.services.postgres import PostgresServer
from tests.store.feed import Feed

OpenSessions = Callable[[], Sessions]


@pytest.fixture(scope="session")
def migrated_template(postgres: PostgresServer) -> str:
    """The name of a database with the schema and nothing else."""
    # Of its own each time: pytest may come back to a server after it was at the other one.
    name = f"schema_{secrets.token_hex(6)}"
    _as_superuser(postgres, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    sessions = Sessions(postgres.url(name))
    migrate(sessions)
    sessions.close()
    return name


@pytest.fixture
def store_url(postgres: PostgresServer, migrated_template: str) -> Iterator[str]:
    """The URL of a new database with the schema, on each PostgreSQL in turn."""
    database = f"test_{secrets.token_hex(6)}"
    name = sql.Identifier(database)
    _as_superuser(postgres, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(migrated_template)))
    yield postgres.url(database)
    _as_superuser(postgres, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _as_superuser(postgres: PostgresServer, statement: sql.Composed) -> None:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture
def open_sessions(store_url: str) -> Iterator[OpenSessions]:
    """Opens one more pool of connections to the test's database, as another process would."""
    opened: list[Sessions] = []

    def open_one() -> Sessions:
        opened.append(Sessions(store_url))
        return opened[-1]

    yield open_one
    for sessions in opened:
        sessions.close()


@pytest.fixture
def sessions(open_sessions: OpenSessions) -> Sessions:
    """Connections to the test's database."""
    return open_sessions()


@pytest.fixture
def feed(sessions: Sessions) -> Feed:
    """A consumer of the test's database."""
    return Feed(sessions)
