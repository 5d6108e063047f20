"""`sslmode` in the database's URL: what is to be verified is verified, and what is wrong is told in one sentence."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from store.sessions import Sessions
from tests.cli.command import Said, pointsman
from tests.services.postgres import PostgresServer, fresh_database
from tests.services.tls_postgres import TlsPostgres
from tests.store.feed import one

_ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


def migrate(url: str, **parameters: object) -> Said:
    """`pointsman migrate` on this address with these parameters of libpq."""
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return pointsman("migrate", settings={"database_url": f"{url}?{query}"})


def refused(said: Said) -> str:
    """The one sentence of a command that was let in nowhere."""
    assert said.code == 2, said
    assert said.err.count("\n") == 1, said.err
    return said.err


@pytest.fixture
def url(tls_postgres: TlsPostgres) -> Iterator[str]:
    """A new database."""
    with fresh_database(tls_postgres) as url:
        yield url


@contextmanager
def showing_expired(server: TlsPostgres) -> Iterator[None]:
    """Within the block the server's certificate is too old."""
    server.show(server.expired)
    try:
        yield
    finally:
        server.show(server.certificate)


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca", "require"])
def test_verified(url: str, tls_postgres: TlsPostgres, mode: str) -> None:
    """The right authority and the right address: in, and encrypted."""
    given = f"{url}?sslmode={mode}&sslrootcert={tls_postgres.authority.file}"
    assert pointsman("migrate", settings={"database_url": given}).code == 0
    sessions = Sessions(given)
    assert one(sessions, _ENCRYPTED) is True
    sessions.close()


def test_another_authority(url: str, tls_postgres: TlsPostgres) -> None:
    """A certificate that somebody else signed proves nothing."""
    said = migrate(url, sslmode="verify-full", sslrootcert=tls_postgres.stranger.file)
    assert "certificate verify failed" in refused(said)


def test_another_name(url: str, tls_postgres: TlsPostgres) -> None:
    """The certificate is for the address and not for the name: verify-full minds, verify-ca does not."""
    named = url.replace("127.0.0.1", "localhost")
    said = migrate(named, sslmode="verify-full", sslrootcert=tls_postgres.authority.file, hostaddr="127.0.0.1")
    assert 'does not match host name "localhost"' in refused(said)
    assert migrate(named, sslmode="verify-ca", sslrootcert=tls_postgres.authority.file, hostaddr="127.0.0.1").code == 0


def test_an_expired_certificate(url: str, tls_postgres: TlsPostgres) -> None:
    """Its time is over: not believed."""
    with showing_expired(tls_postgres):
        said = migrate(url, sslmode="verify-full", sslrootcert=tls_postgres.authority.file)
    assert "certificate verify failed" in refused(said)


def test_no_file_of_authorities(url: str, tmp_path: Path) -> None:
    """The sentence names the file that is not there."""
    assert str(tmp_path / "none.pem") in refused(migrate(url, sslmode="verify-full", sslrootcert=tmp_path / "none.pem"))


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_server_without_tls(postgres: PostgresServer, tls_postgres: TlsPostgres, mode: str) -> None:
    """Nothing is sent in the clear where TLS was asked for."""
    said = migrate(postgres.url("postgres"), sslmode=mode, sslrootcert=tls_postgres.authority.file)
    assert "server does not support SSL, but SSL was required" in refused(said)


def test_a_server_that_wants_tls(url: str, tls_postgres: TlsPostgres) -> None:
    """Who comes in the clear is told so."""
    tls_postgres.only_tls(url.rpartition("/")[2])
    deadline = time.monotonic() + 5
    while (said := migrate(url, sslmode="disable")).code == 0:
        assert time.monotonic() < deadline, "the server has not read its new rules"
    assert "no encryption" in refused(said)
    assert migrate(url, sslmode="require").code == 0
