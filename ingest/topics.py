"""Create the topics of the contract with the settings that Pointsman relies on."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, KafkaTimeoutError, NoError, TopicAlreadyExistsError, for_code

from ingest.errors import BrokerUnreachable, TopicRefused
from pointsman_contract import topics

_DAY_MS = 86_400_000
_APPEND_TIME = {"message.timestamp.type": "LogAppendTime"}
_EVENTS = {**_APPEND_TIME, "cleanup.policy": "delete", "max.message.bytes": str(2 * 1024 * 1024)}

# Freshness is the broker's time; the policy topic keeps each route's last state for ever.
TOPIC_SETTINGS: Mapping[str, Mapping[str, str]] = {
    topics.TRACES: {**_EVENTS, "retention.ms": str(7 * _DAY_MS)},
    topics.OUTCOMES: {**_EVENTS, "retention.ms": str(7 * _DAY_MS)},
    topics.HEARTBEATS: {**_EVENTS, "retention.ms": str(_DAY_MS)},
    topics.POLICY: {"cleanup.policy": "compact"},
    topics.DECISIONS: {"cleanup.policy": "delete", "retention.ms": "-1"},
}


class CreatedTopic(NamedTuple):
    """A topic and whether this call created it; `partitions` as it now has them, `asked` as this call wanted them."""

    name: str
    created: bool
    partitions: int
    asked: int


def create_topics(
    bootstrap: str, *, prefix: str, partitions: int, replication: int, timeout_s: float = 10.0
) -> Sequence[CreatedTopic]:
    """Create what is missing; what is there stays as it is.

    `replication` -1 takes the broker's default. Raises BrokerUnreachable, TopicRefused.
    """
    with connected_admin(bootstrap, timeout_s) as admin:
        there = {str(topic["name"]): len(topic["partitions"]) for topic in admin.describe_topics()}
        result = []
        for name, settings in TOPIC_SETTINGS.items():
            full = prefix + name
            count = 1 if name in (topics.POLICY, topics.DECISIONS) else partitions
            if full not in there:
                wanted = {"num_partitions": count, "replication_factor": replication, "configs": dict(settings)}
                _create(admin, full, wanted, timeout_s)
            result.append(CreatedTopic(full, full not in there, there.get(full, count), count))
        missing = [topic.name for topic in result if topic.created]
        if missing:
            admin.wait_for_topics(missing, timeout_ms=round(timeout_s * 1000))
        return result


def _create(admin: Any, name: str, wanted: Mapping[str, Any], timeout_s: float) -> None:
    answer = admin.create_topics({name: dict(wanted)}, timeout_ms=round(timeout_s * 1000), raise_errors=False)
    for topic in answer["topics"]:
        error = for_code(topic["error_code"])
        # Somebody else may have been quicker.
        if error not in (NoError, TopicAlreadyExistsError):
            if error.retriable:
                raise error(topic["error_message"])
            raise TopicRefused(f"Kafka did not create {name}: {topic['error_message'] or error.__name__}")


@contextmanager
def connected_admin(bootstrap: str, timeout_s: float) -> Iterator[Any]:
    """Kafka's administration. Raises BrokerUnreachable, TopicRefused, also for what the block asks."""
    admin = None
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap.split(","),
            client_id="pointsman-topics",
            bootstrap_timeout_ms=round(timeout_s * 1000),
            request_timeout_ms=round(timeout_s * 1000),
        )
        yield admin
    except KafkaTimeoutError as error:
        raise BrokerUnreachable(bootstrap, waited_s=timeout_s) from error
    except KafkaError as error:
        if error.retriable:
            raise BrokerUnreachable(bootstrap, waited_s=timeout_s) from error
        raise TopicRefused(f"Kafka refused: {error}") from error
    finally:
        if admin is not None:
            admin.close()
