"""The fixtures that start services: each service at most once a run, and only when a test asks for it.

A service that is not installed skips its tests; with POINTSMAN_TEST_REQUIRE_SERVICES=1 it fails them.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from pointsman.embedded.broker import broker_binary, embedded_broker
from pointsman.embedded.errors import EmbeddedMissing
from pointsman.embedded.postgres import wheel_binaries
from tests.services.broker import Broker
from tests.services.kafka import ApacheKafka, kafka_jars
from tests.services.missing import ServiceMissing
from tests.services.postgres import PostgresServer, fresh_database, major_version, system_binaries
from tests.services.prometheus import prometheus_binaries
from tests.services.secure_kafka import SecureKafka
from tests.services.tls_postgres import TlsPostgres

_SERVICE_FIXTURES = frozenset(
    {
        "apache_kafka",
        "broker",
        "database",
        "database18",
        "embedded_wheels",
        "postgres",
        "postgres18",
        "postgres_system",
        "prometheus_programs",
        "secure_kafka",
        "tls_postgres",
        "tansu",
    }
)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark the tests that need a service, so that `-m "not service"` leaves them out."""
    for item in items:
        if _SERVICE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.service)


def _installed(find: Callable[[], Path]) -> Path:
    try:
        return find()
    except (ServiceMissing, EmbeddedMissing) as missing:
        if os.environ.get("POINTSMAN_TEST_REQUIRE_SERVICES") == "1":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


def _system_id() -> str:
    with suppress(ServiceMissing):
        return f"pg{major_version(system_binaries())}"
    return "pg15"


@pytest.fixture(scope="session")
def embedded_wheels() -> None:
    """Both wheels of the extra are installed; for tests that start the embedded services themselves."""
    _installed(broker_binary)
    _installed(wheel_binaries)


@pytest.fixture(scope="session")
def service_directory() -> Iterator[Path]:
    """A directory that another system account may enter: PostgreSQL does not run as root."""
    with tempfile.TemporaryDirectory(prefix="pointsman-test-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


@pytest.fixture(scope="session")
def tansu() -> Iterator[str]:
    """The bootstrap address of the embedded broker."""
    _installed(broker_binary)
    with embedded_broker() as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def apache_kafka(service_directory: Path) -> Iterator[ApacheKafka]:
    """Apache Kafka, running. A test that stops, kills or suspends it leaves it running again."""
    _installed(kafka_jars)
    directory = service_directory / "kafka"
    directory.mkdir()
    kafka = ApacheKafka(directory)
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.stop()


@pytest.fixture(scope="session")
def secure_kafka(service_directory: Path) -> Iterator[SecureKafka]:
    """Apache Kafka that asks for TLS, usernames and certificates, and has access lists."""
    _installed(kafka_jars)
    directory = service_directory / "secure-kafka"
    directory.mkdir()
    kafka = SecureKafka(directory)
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.stop()


@pytest.fixture(scope="session", params=["tansu", "kafka"])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Each broker in turn."""
    if request.param == "tansu":
        bootstrap: str = request.getfixturevalue("tansu")
        return Broker(bootstrap, "tansu")
    kafka: ApacheKafka = request.getfixturevalue("apache_kafka")
    return Broker(kafka.bootstrap, "kafka")


def _run(bindir: Path, directory: Path) -> Iterator[PostgresServer]:
    directory.mkdir()
    server = PostgresServer(bindir, directory)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres18(service_directory: Path) -> Iterator[PostgresServer]:
    """PostgreSQL 18 from the wheel, running. A test that stops it leaves it running again."""
    yield from _run(_installed(wheel_binaries), service_directory / "postgres18")


@pytest.fixture(scope="session")
def postgres_system(service_directory: Path) -> Iterator[PostgresServer]:
    """The system's PostgreSQL, running. A test that stops it leaves it running again."""
    yield from _run(_installed(system_binaries), service_directory / "postgres-system")


@pytest.fixture(scope="session")
def prometheus_programs() -> Path:
    """The directory of Prometheus' and Alertmanager's programs."""
    return _installed(prometheus_binaries)


@pytest.fixture(scope="session")
def tls_postgres(service_directory: Path) -> Iterator[TlsPostgres]:
    """The system's PostgreSQL with a certificate: the wheel's is built without TLS."""
    bindir = _installed(system_binaries)
    directory = service_directory / "tls-postgres"
    directory.mkdir()
    directory.chmod(0o755)
    server = TlsPostgres(bindir, directory)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(
    scope="session",
    params=[pytest.param("postgres18", id="pg18"), pytest.param("postgres_system", id=_system_id())],
)
def postgres(request: pytest.FixtureRequest) -> PostgresServer:
    """Each PostgreSQL in turn."""
    server: PostgresServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a new, empty database, on each PostgreSQL in turn."""
    with fresh_database(postgres) as url:
        yield url


@pytest.fixture
def database18(postgres18: PostgresServer) -> Iterator[str]:
    """The URL of a new, empty database, on PostgreSQL 18 alone."""
    with fresh_database(postgres18) as url:
        yield url
