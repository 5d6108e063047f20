"""A deployment for each test: the services are shared, topics, group and database are its own."""

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ingest.deployment import Deployment
from tests.services.broker import Broker
from tests.services.kafka import ApacheKafka
from tests.services.postgres import PostgresServer, fresh_database


@contextmanager
def deployed(bootstrap: str, server: PostgresServer, directory: Path) -> Iterator[Deployment]:
    """A deployment with a migrated database of its own; what runs on it ends with the block."""
    with fresh_database(server) as url:
        deployment = Deployment(bootstrap, url, directory)
        deployment.migrate()
        try:
            yield deployment
        finally:
            deployment.close()


@pytest.fixture
def on_each_broker(broker: Broker, postgres18: PostgresServer, tmp_path: Path) -> Iterator[Deployment]:
    """A deployment on each broker in turn, without topics yet."""
    with deployed(broker.bootstrap, postgres18, tmp_path) as deployment:
        yield deployment


@pytest.fixture
def on_kafka(apache_kafka: ApacheKafka, postgres18: PostgresServer, tmp_path: Path) -> Iterator[Deployment]:
    """A deployment on Apache Kafka, without topics yet."""
    with deployed(apache_kafka.bootstrap, postgres18, tmp_path) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def reading_on_each_broker(
    broker: Broker, postgres18: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A deployment whose one ingest reads three partitions, for all tests of a module: on Tansu a start takes 8 s.

    It would stop after 100 unreadable messages in a row.
    """
    with deployed(broker.bootstrap, postgres18, tmp_path_factory.mktemp("shared")) as deployment:
        deployment.create_topics(partitions=3)
        deployment.reading(dead_letters_in_a_row=100)
        yield deployment


@pytest.fixture(scope="module")
def reading_on_kafka(
    apache_kafka: ApacheKafka, postgres18: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A deployment on Apache Kafka whose one ingest reads one partition of each topic, for all tests of a module."""
    with deployed(apache_kafka.bootstrap, postgres18, tmp_path_factory.mktemp("shared")) as deployment:
        deployment.create_topics(partitions=1)
        deployment.reading(environment="stage")
        yield deployment


@pytest.fixture
def collected() -> Iterator[None]:
    """kafka-python leaves the sockets of refused connections to the garbage collector: let it come now, and complain.

    Log records would keep them; Pointsman's own settings let the library say nothing.
    """
    logger = logging.getLogger("kafka")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    gc.collect()
    yield
    gc.collect()
    logger.setLevel(before)
