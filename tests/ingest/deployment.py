"""A Pointsman of a test's own: topics under a prefix of their own, a migrated database, processes that end with it."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import TopicAlreadyExistsError
from kafka.protocol.consumer import OffsetSpec

from ingest.topics import create_topics
from pointsman_contract import topics
from tests.cli.command import pointsman
from tests.ingest import stored
from tests.ingest.process import IngestProcess

READ = (topics.TRACES, topics.OUTCOMES, topics.HEARTBEATS)
_LARGEST_BYTES = 4_000_000
_DELETED_WITHIN_S = 10.0
_LOOK_S = 0.05
_STANDS_BY_S = 5.0


class Place(NamedTuple):
    """Where a message is in Kafka."""

    topic: str
    partition: int
    offset: int


class Deployment:
    """Topics, database and settings that belong together. Any number of processes may run on it."""

    def __init__(self, bootstrap: str, url: str, directory: Path) -> None:
        name = secrets.token_hex(4)
        self.bootstrap = bootstrap
        self.url = url
        self.prefix = f"test-{name}."
        self.group = f"group-{name}"
        self.directory = directory
        self.processes: list[IngestProcess] = []
        # Settings that every command is told besides.
        self.told: dict[str, object] = {}

    @property
    def traces(self) -> str:
        """The full name of the topic of traces."""
        return self.prefix + topics.TRACES

    @property
    def outcomes(self) -> str:
        """The full name of the topic of outcomes."""
        return self.prefix + topics.OUTCOMES

    @property
    def heartbeats(self) -> str:
        """The full name of the topic of heartbeats."""
        return self.prefix + topics.HEARTBEATS

    @property
    def settings(self) -> dict[str, object]:
        """What every command of this deployment is told."""
        return {
            "kafka_bootstrap": self.bootstrap,
            "database_url": self.url,
            "topic_prefix": self.prefix,
            "consumer_group": self.group,
            "http_port": 0,
            **self.told,
        }

    def migrate(self) -> None:
        """Bring the database to the schema of this version, with its days ahead."""
        said = pointsman("migrate", settings={"database_url": self.url})
        assert said.code == 0, said.err

    def create_topics(self, partitions: int = 1) -> None:
        """The topics with Pointsman's own settings."""
        create_topics(self.bootstrap, prefix=self.prefix, partitions=partitions, replication=1)

    def create_topic(self, name: str, partitions: int = 1, **configs: str) -> None:
        """One topic with settings of the test's own; waits while Kafka still deletes its namesake."""
        new = NewTopic(
            name, partitions, 1, topic_configs={key.replace("_", "."): value for key, value in configs.items()}
        )
        deadline = time.monotonic() + _DELETED_WITHIN_S
        with self.admin() as admin:
            while True:
                try:
                    admin.create_topics([new])
                except TopicAlreadyExistsError:
                    assert time.monotonic() < deadline, f"{name} does not go away"
                    time.sleep(0.02)
                else:
                    return

    def recreate(self, *names: str) -> None:
        """Delete topics, and create them again at once: the same names, other ids."""
        with self.admin() as admin:
            admin.delete_topics(list(names))
        for name in names:
            self.create_topic(name)

    def delete_before(self, topic: str, offset: int) -> None:
        """Delete the messages of the first partition below an offset, as retention would."""
        with self.admin() as admin:
            admin.delete_records({TopicPartition(topic, 0): offset})

    def end_of(self, topic: str, partition: int = 0) -> int:
        """Where a partition ends, markers included."""
        with self.admin() as admin:
            found = admin.list_partition_offsets({TopicPartition(topic, partition): OffsetSpec.LATEST})
        return int(found[TopicPartition(topic, partition)].offset)

    @contextmanager
    def admin(self) -> Iterator[Any]:
        """Kafka's own administration."""
        client = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            yield client
        finally:
            client.close()

    @contextmanager
    def producer(self, **settings: Any) -> Iterator[Any]:
        """Kafka's own producer, patient and with room for messages that are too large for us."""
        patient = {"acks": "all", "linger_ms": 5, "max_request_size": _LARGEST_BYTES, "request_timeout_ms": 60_000}
        client = KafkaProducer(bootstrap_servers=self.bootstrap, **patient | settings)
        try:
            yield client
        finally:
            client.close(timeout=10)

    def publish(self, topic: str, values: Iterable[bytes | None], **settings: Any) -> list[Place]:
        """Send values and wait for their acknowledgements; where each of them is. A tombstone needs a key."""
        with self.producer(**settings) as client:
            sent = [client.send(topic, value, b"tombstone" if value is None else None) for value in values]
            return [Place(one.topic, one.partition, one.offset) for one in (future.get(60) for future in sent)]

    def start(self, *arguments: str, command: str = "ingest", **settings: object) -> IngestProcess:
        """One more `pointsman ingest`, or `pointsman up`."""
        log = self.directory / f"{command}-{len(self.processes)}.log"
        process = IngestProcess(log, self.settings | settings, *arguments, command=command)
        self.processes.append(process)
        return process

    def reading(self, *arguments: str, **settings: object) -> IngestProcess:
        """One more `pointsman ingest`, returned once it reads partitions, or stands by for longer than a join takes."""
        process = self.start(*arguments, command="ingest", **settings)
        process.wait_for("reading")
        # A member is in the group a moment before it has its partitions, and a busy machine makes it a long one.
        patience = time.monotonic() + _STANDS_BY_S
        process.wait_until(lambda: process.events("reading_from") or time.monotonic() > patience, "partitions")
        return process

    def stored_up_to(self, places: Iterable[Place]) -> bool:
        """Whether the store is past all of these."""
        reached = stored.next_offsets(self.url)
        return all(reached.get((place.topic, place.partition), 0) > place.offset for place in places)

    def wait_stored(self, places: Iterable[Place], *, within_s: float = 30.0) -> None:
        """Wait until the store is past all of these; fails where no ingest runs any more, or it takes too long."""
        wanted = list(places)

        def stored_or_ended() -> bool:
            said = "\n\n".join(process.output for process in self.processes)
            assert any(process.running() for process in self.processes), f"every ingest has ended:\n{said}"
            return self.stored_up_to(wanted)

        self.wait_until(stored_or_ended, "everything stored", within_s=within_s)

    def wait_until(self, holds: Callable[[], object], what: str, *, within_s: float = 30.0) -> None:
        """Wait until it holds, whichever process runs; fails with all that they said."""
        deadline = time.monotonic() + within_s
        while not holds():
            said = "\n\n".join(process.output for process in self.processes)
            assert time.monotonic() < deadline, f"no {what} within {within_s:g} s:\n{said}"
            time.sleep(_LOOK_S)

    def close(self) -> None:
        """End what runs."""
        for process in self.processes:
            process.close()
