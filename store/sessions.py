"""Connections to PostgreSQL: read-only unless asked, bounded in every wait.

The URL is libpq's own (`postgresql://…`, several hosts, `sslmode`, service files), because operators know it;
SQLAlchemy gets finished connections.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from store.errors import AddressUnreadable, DayMissing, StatementTooSlow, StoreAway, StoreDenied, StoreRefused

CONNECT_TIMEOUT_S = 5
_CONNECT_ALL_S = 9
_LIFE_S = 3600
_LAST_PORT = 65_535
# A consumer that stands still inside a transaction must not hold its successor up for long.
_SESSION = {
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "3s",
    "statement_timeout": "60s",
    "timezone": "UTC",
    "client_min_messages": "warning",
    # A plan that was kept from when a day was empty reads the whole day, until statistics are gathered.
    "plan_cache_mode": "force_custom_plan",
    # The server's own defaults hold the locks of a machine that is gone for two hours.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_TCP = {"tcp_user_timeout": "10000", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3"}
# "No partition found for row" has this SQLSTATE too, and names no constraint. Its words are in the server's language.
_CHECK_VIOLATION = "23514"
_NO_RIGHT = "42501"
_ENDED = "57014"
# Connection lost, deadlock, resources (a full disk too), locks, operator, and a session that a time-out ended.
_AWAY = frozenset({"08", "25", "40", "53", "55", "57"})
# Connection lost, ended by an operator, by a restart, by a time-out.
_SESSION_ENDED = ("08", "57P", "25P03", "25P04")
# By words, for libpq tells no SQLSTATE at the start of a session: of a server that speaks another language, StoreAway.
_DENIED = re.compile(
    r"authentication failed|does not exist|pg_hba\.conf|permission denied|no password supplied|not permitted to log in"
    r"|invalid \S+ value|definition of service|unrecognized configuration parameter|does not support SSL|certificate"
)


class Sessions:
    """Hands out connections. `read` cannot write, `write` is one transaction, `autocommit` is for maintenance."""

    def __init__(self, url: str, *, application: str = "pointsman", pool_size: int = 4) -> None:
        """Does not connect yet. Raises AddressUnreadable where `url` is not a libpq URL."""
        self._parameters = _parameters(url, application)
        self._address = ":".join(str(self._parameters[part]) for part in ("host", "port") if self._parameters.get(part))
        self._engine = create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            pool_timeout=CONNECT_TIMEOUT_S,
            # A session's temporary tables keep the age of the whole database as high as their own.
            pool_recycle=_LIFE_S,
        )
        event.listen(self._engine, "handle_error", _notice_lost_connection)

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            return psycopg.connect(**self._parameters)
        except psycopg.errors.ConnectionTimeout as error:
            # The driver's own sentence does not say whom it waited for.
            raise psycopg.errors.ConnectionTimeout(
                f"{error}: nobody answered at {self._address or 'the database'}"
            ) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only transaction. Raises StoreAway."""
        with _translated(), self._engine.connect() as db:
            db.execute(text("SET TRANSACTION READ ONLY"))
            yield db

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A read-only transaction whose statements all see one moment. Raises StoreAway."""
        with _translated(), self._engine.connect() as db:
            db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            yield db

    @contextmanager
    def write(self, *, prepare: Callable[[Connection], None] | None = None) -> Iterator[Connection]:
        """One transaction, committed where the block ends well. Raises StoreAway, StoreRefused, DayMissing.

        `prepare` is done in a transaction of its own before it, on the same connection and once in its life.
        """
        with _translated(), self._engine.connect() as db:
            if prepare is not None and prepare not in db.info:
                with db.begin():
                    prepare(db)
                db.info[prepare] = True
            with db.begin():
                yield db

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """For statements that PostgreSQL takes outside of transactions only."""
        with _translated(), self._engine.connect() as db:
            yield db.execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()


def _notice_lost_connection(context: ExceptionContext) -> None:
    """Have the pool drop a connection that broke: one whose socket was reset still looks open, even to the driver."""
    original = context.original_exception
    if context.is_pre_ping or (isinstance(original, psycopg.Error) and _ends_session(original)):
        context.is_disconnect = True


def _ends_session(error: psycopg.Error) -> bool:
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate.startswith(_SESSION_ENDED)


def _parameters(url: str, application: str) -> dict[str, Any]:
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        # libpq quotes the part that it could not read, which may be a password: not even a traceback may have it.
        raise AddressUnreadable(
            "the database URL cannot be read: expected postgresql://user:password@host:port/name and parameters of"
            " libpq; in a password %, /, # and ? are written as %25, %2F, %23 and %3F"
        ) from None
    _refuse_unusable(given)
    options = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    return {
        "connect_timeout": _timeout_of_each(given),
        # Else the driver takes the server's, which may not know all letters.
        "client_encoding": "utf8",
        "application_name": application,
        **_TCP,
        **{name: value for name, value in given.items() if (name, value) != ("connect_timeout", "0")},
        "options": f"{given.get('options', '')} {options}".strip(),
    }


def _timeout_of_each(given: Mapping[str, Any]) -> int:
    """Seconds for each of several hosts, so that all of them are tried within ten; libpq knows no less than two."""
    hosts = str(given.get("hostaddr") or given.get("host") or "").count(",") + 1
    return max(2, min(CONNECT_TIMEOUT_S, _CONNECT_ALL_S // hosts))


def _refuse_unusable(given: Mapping[str, Any]) -> None:
    """What libpq would find out at the first connection only, and then call a server that does not answer."""
    ports = [port for port in str(given.get("port") or "").split(",") if port]
    if not all(port.isdecimal() and 0 < int(port) <= _LAST_PORT for port in ports):
        raise AddressUnreadable("the database URL cannot be read: its port is no number from 1 to 65535")
    if not str(given.get("connect_timeout") or 0).isdecimal():
        raise AddressUnreadable("the database URL cannot be read: its connect_timeout is no number of seconds")
    for host in str(given.get("host") or "").split(","):
        try:
            host.encode("idna")
        except UnicodeError:
            if not host.startswith(("/", "@")):
                raise AddressUnreadable(f"the database URL cannot be read: {host!r} is no host's name") from None
    if "@" in str(given.get("host") or ""):
        raise AddressUnreadable("the database URL cannot be read: an @ inside of the password is written as %40")


@contextmanager
def _translated() -> Iterator[None]:
    """The driver's errors as ours, so that no caller needs to know a driver."""
    try:
        yield
    except DBAPIError as error:
        raise translate(error.orig, error) from error
    except psycopg.Error as error:
        raise translate(error, error) from error
    except PoolTimeout as error:
        raise StoreAway("no free connection in the pool") from error


def translate(original: BaseException | None, fallback: Exception) -> Exception:
    """The fate of a driver's error: away (try again), refused (the data), or the error itself (end the process)."""
    if not isinstance(original, psycopg.Error):
        return fallback
    state = original.sqlstate or ""
    first_line = str(original).strip().splitlines()[0] if str(original).strip() else type(original).__name__
    if state == _CHECK_VIOLATION and original.diag.constraint_name is None:
        return DayMissing(first_line)
    if isinstance(original, psycopg.IntegrityError):
        return StoreRefused(f"{first_line} (SQLSTATE {state or 'none'})")
    if isinstance(original, psycopg.DataError):
        # Its words quote the value, and a dead letter may have to hold nothing of its message.
        return StoreRefused(f"{type(original).__name__} (SQLSTATE {state or 'none'})")
    if state == _ENDED:
        return StatementTooSlow(first_line)
    if state == _NO_RIGHT:
        return StoreDenied(first_line)
    if not state and isinstance(original, psycopg.OperationalError):
        sentence = f"PostgreSQL: {first_line}"
        return StoreDenied(sentence) if _DENIED.search(first_line) else StoreAway(sentence)
    return StoreAway(first_line) if state[:2] in _AWAY else fallback
