"""PostgreSQL that talks TLS, with a certificate for 127.0.0.1 and for no name."""

from pathlib import Path

import psycopg
from psycopg import sql

from tests.services.authority import Authority, Issued
from tests.services.postgres import PostgresServer


class TlsPostgres(PostgresServer):
    """`authority` has signed its certificate, `stranger` has not."""

    def __init__(self, bindir: Path, directory: Path) -> None:
        super().__init__(bindir, directory)
        self.authority = Authority(directory)
        self.stranger = Authority(directory, "stranger")
        self.certificate = self._given(self.authority.issue("server", names="IP:127.0.0.1"))
        self.expired = self._given(self.authority.issue_expired("expired"))
        self._settings |= {
            "ssl": "on",
            "ssl_cert_file": str(self.certificate.certificate),
            "ssl_key_file": str(self.certificate.key),
        }

    def show(self, issued: Issued) -> None:
        """Have the server show this certificate from now on."""
        self._settings |= {"ssl_cert_file": str(issued.certificate), "ssl_key_file": str(issued.key)}
        self.restart()

    def only_tls(self, database: str) -> None:
        """Let nobody in to a database without it."""
        hba = Path(self._one("SHOW hba_file"))
        hba.write_text(f"hostnossl {database} all all reject\n{hba.read_text()}")
        self._one("SELECT pg_reload_conf()::text")

    def _given(self, issued: Issued) -> Issued:
        """The server runs under an account of its own, and takes no key that others may read."""
        if account := self._cluster.account:
            account.own(issued.key)
            account.own(issued.certificate)
        return issued

    def _one(self, query: str) -> str:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            row = connection.execute(sql.SQL(query)).fetchone()
        assert row is not None
        return str(row[0])
