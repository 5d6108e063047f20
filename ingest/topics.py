"""Create the topics of the contract with the settings that Pointsman relies on."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from kafka import KafkaAdminClient
from kafka.errors import AuthorizationError, KafkaError, KafkaTimeoutError, NoError, TopicAlreadyExistsError, for_code

from ingest.connection import KafkaConnection
from ingest.errors import BrokerUnreachable, TopicRefused
from ingest.network_client import closed_on_failure
from ingest.refusals import denied, why_not
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
    connection: KafkaConnection | str, *, prefix: str, partitions: int, replication: int, timeout_s: float = 10.0
) -> Sequence[CreatedTopic]:
    """Create what is missing; what is there stays as it is.

    `replication` -1 takes the broker's default. Raises BrokerUnreachable, KafkaDenied, TopicRefused.
    """
    with connected_admin(KafkaConnection.of(connection), timeout_s) as admin:
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
            if issubclass(error, AuthorizationError):
                raise error(name)
            if error.retriable:
                raise error(topic["error_message"])
            raise TopicRefused(f"Kafka did not create {name}: {topic['error_message'] or error.__name__}")


@contextmanager
def connected_admin(connection: KafkaConnection, timeout_s: float) -> Iterator[Any]:
    """Kafka's administration. Raises BrokerUnreachable, KafkaDenied, TopicRefused, also for what the block asks."""
    admin = None
    try:
        with closed_on_failure() as client:
            admin = KafkaAdminClient(
                kafka_client=client,
                **connection.client_settings(),
                client_id="pointsman-topics",
                bootstrap_timeout_ms=round(timeout_s * 1000),
                request_timeout_ms=round(timeout_s * 1000),
            )
        yield admin
    except KafkaError as error:
        if refused := denied(error, connection.bootstrap):
            raise refused from error
        if error.retriable or isinstance(error, KafkaTimeoutError):
            raise BrokerUnreachable(connection.bootstrap, waited_s=timeout_s, why=why_not(error)) from error
        raise TopicRefused(f"Kafka refused: {error}") from error
    finally:
        if admin is not None:
            admin.close()
