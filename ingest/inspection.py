"""What a Kafka cluster says about itself, its topics and our group: for a person who wants to know what is wrong."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import GroupIdNotFoundError, KafkaError

from ingest.connection import KafkaConnection
from ingest.embedded_cluster import EMBEDDED_CLUSTER
from ingest.errors import BrokerUnreachable, TopicRefused
from ingest.partitions import Bounds
from ingest.topic_state import topic_state
from ingest.topics import connected_admin

_TIMEOUT_S = 5.0
_AGAIN_S = 0.2
_NO_GROUP = GroupIdNotFoundError.__name__


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """One topic as it is. `settings` and `bounds` are empty where Kafka did not tell them, or was not asked."""

    name: str
    topic_id: UUID
    partitions: int
    replication: int
    leaderless: Sequence[int]
    settings: Mapping[str, str]
    bounds: Mapping[int, Bounds] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """A cluster as it is. `topics` holds those of the asked ones that are there; `members` is None where unknown."""

    cluster_id: str
    version: tuple[int, ...]
    brokers: int
    topics: Mapping[str, TopicFacts]
    members: int | None

    @property
    def is_embedded(self) -> bool:
        """Whether it is the embedded broker, which lacks much of what Kafka has."""
        return self.cluster_id.startswith(EMBEDDED_CLUSTER)


def inspect_cluster(
    connection: KafkaConnection, *, topics: Sequence[str], read: Sequence[str], group: str
) -> ClusterFacts:
    """Ask the cluster about these topics, about the bounds of those that are `read`, and about the consumer group.

    Raises BrokerUnreachable, and KafkaDenied or TopicRefused where it answers and refuses.
    """
    with connected_admin(connection, _TIMEOUT_S) as admin:
        described = admin.describe_cluster()
        # Of topics that are not there Kafka tells an error in their place.
        there = {one["name"]: one for one in admin.describe_topics() if one["name"] in topics}
        settings = _settings(admin, list(there))
        version = tuple(admin._manager.broker_version)  # noqa: SLF001 - kafka-python shows it nowhere else
        members = _members(admin, group)
    bounds = {name: _bounds(connection, name) for name in read if name in there}
    found = {name: _facts(one, settings.get(name, {}), bounds.get(name, {})) for name, one in there.items()}
    return ClusterFacts(str(described["cluster_id"]), version, len(described["brokers"]), found, members)


def _facts(described: Mapping[str, Any], settings: Mapping[str, str], bounds: Mapping[int, Bounds]) -> TopicFacts:
    partitions = described["partitions"]
    return TopicFacts(
        name=str(described["name"]),
        topic_id=UUID(str(described["topic_id"])),
        partitions=len(partitions),
        replication=min((len(one["replica_nodes"]) for one in partitions), default=0),
        leaderless=sorted(one["partition_index"] for one in partitions if one["leader_id"] < 0),
        settings=settings,
        bounds=bounds,
    )


def _settings(admin: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """What each topic is set to, defaults included; nothing where Kafka does not let us ask."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    if not resources:
        return {}
    try:
        found = admin.describe_configs(resources, config_filter="all").get("topic", {})
    except (KafkaError, ValueError):
        return {}
    return {
        name: {key: str(value["value"]) for key, value in configs.items() if value["value"] is not None}
        for name, configs in found.items()
    }


def _members(admin: Any, group: str) -> int | None:
    deadline = time.monotonic() + _TIMEOUT_S
    described: Mapping[str, Any] = {"members": ()}
    while True:
        try:
            described = admin.describe_groups([group])[group]
            told = described["error"] or ""
        except (KafkaError, KeyError, ValueError) as error:
            told = type(error).__name__
        # A group that nobody has joined yet, or that Kafka has forgotten, is an error since Kafka 4.
        if not told or _NO_GROUP in told:
            return len(described["members"])
        # A cluster that never had a group makes the place for groups only when it is asked for one.
        if "Coordinator" not in told or time.monotonic() >= deadline:
            return None
        time.sleep(_AGAIN_S)


def _bounds(connection: KafkaConnection, topic: str) -> Mapping[int, Bounds]:
    """None for a topic of which a partition has no leader: that is told by its own line."""
    try:
        return topic_state(connection, topic, timeout_s=_TIMEOUT_S).bounds
    except (BrokerUnreachable, TopicRefused):
        return {}
