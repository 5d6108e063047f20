"""A database as a careful operator has it: owned by no superuser, its roles from `pointsman migrate --print-roles`."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg
import pytest
from psycopg import sql

from pointsman.embedded.cluster import SUPERUSER
from store.rights import ROLES
from store.sessions import Sessions
from tests.cli.command import pointsman
from tests.services.postgres import PostgresServer

_OWNER = "roles_owner"


class OwnedDatabase(NamedTuple):
    """A database; `url` is its owner's address."""

    url: str

    def of(self, role: str) -> str:
        """The address of a login that has this role and nothing else."""
        return self.url.replace(f"{_OWNER}@", f"login_of_{role}@")

    def run(self, statement: str, *, role: str | None = None) -> list[tuple[object, ...]]:
        """One statement, or several, of the owner or of a login with a role; what the last one found."""
        with psycopg.connect(self.url if role is None else self.of(role)) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []


def make_owned(server: PostgresServer) -> OwnedDatabase:
    """A new database with the schema and the roles, and a login for each role."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for login, attributes in ((_OWNER, "LOGIN CREATEROLE"), *((f"login_of_{role}", "LOGIN") for role in ROLES)):
            if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [login]).fetchall():
                connection.execute(sql.SQL(f"CREATE ROLE {{}} {attributes}").format(sql.Identifier(login)))
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(_OWNER)))
    database = OwnedDatabase(server.url(name).replace(f"{SUPERUSER}@", f"{_OWNER}@"))
    with psycopg.connect(server.url(name)) as connection:
        connection.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(sql.Identifier(_OWNER)))
    migrated = pointsman("migrate", settings={"database_url": database.url})
    assert migrated.code == 0, migrated.err
    database.run(pointsman("migrate", "--print-roles").out)
    for role in ROLES:
        database.run(f"GRANT {role} TO login_of_{role}")
    return database


@contextmanager
def owned_database(server: PostgresServer) -> Iterator[OwnedDatabase]:
    """`make_owned`, dropped with the block."""
    database = make_owned(server)
    try:
        yield database
    finally:
        name = database.url.rpartition("/")[2]
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def owned(postgres: PostgresServer) -> Iterator[OwnedDatabase]:
    """A database of each PostgreSQL in turn."""
    with owned_database(postgres) as database:
        yield database


@pytest.fixture(scope="module")
def shared(postgres: PostgresServer) -> Iterator[OwnedDatabase]:
    """The same for all tests of a module, which change nothing in it."""
    with owned_database(postgres) as database:
        database.run("SELECT make_days(ARRAY[current_date])")
        yield database


@contextmanager
def sessions_of(url: str) -> Iterator[Sessions]:
    """Connections, closed with the block."""
    opened = Sessions(url)
    try:
        yield opened
    finally:
        opened.close()
