"""Are the topics there, and set as Pointsman relies on?"""

from collections.abc import Iterator

from ingest.inspection import ClusterFacts, TopicFacts
from ingest.reading import CARRIES
from ingest.topics import TOPIC_SETTINGS
from pointsman.doctor.findings import Finding, Observed, ok, problem, warning
from pointsman.settings import Settings
from pointsman.wording import counted
from pointsman_contract import topics
from pointsman_contract.fields import MAX_MESSAGE_BYTES

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
# Key, headers and what Kafka puts around a message.
_AROUND_BYTES = 64 * 1024


def check_topics(seen: Observed) -> Iterator[Finding]:
    """One line for all topics that are well, and one for each thing that is wrong with some of them."""
    if not isinstance(seen.cluster, ClusterFacts):
        return
    well: list[str] = []
    wrong: dict[Finding, list[str]] = {}
    for name in TOPIC_SETTINGS:
        full = seen.settings.topic(name)
        topic = seen.cluster.topics.get(full)
        if topic is None:
            found = [problem("", "no such topic", "pointsman topics create --partitions 6 --replication 3")]
        else:
            found = list(_of_topic(name, topic, seen.settings, is_embedded=seen.cluster.is_embedded))
            well += [] if found else [f"{full} ({topic.partitions})"]
        for finding in found:
            wrong.setdefault(finding._replace(check=""), []).append(full)
    if well:
        yield ok("topics", f"well, with their partitions: {', '.join(well)}")
    for finding, names in wrong.items():
        yield finding._replace(check="topics", detail=f"{', '.join(names)}: {finding.detail}")


def _of_topic(name: str, topic: TopicFacts, settings: Settings, *, is_embedded: bool) -> Iterator[Finding]:
    if topic.leaderless:
        some = ", ".join(map(str, topic.leaderless[:5]))
        yield problem(topic.name, f"no broker leads partition {some}", "bring the brokers back that hold it")
    if is_embedded:
        return
    if not topic.settings:
        yield warning(topic.name, "Kafka does not tell its settings", "allow DescribeConfigs on it, then look again")
        return
    if topic.replication == 1:
        yield warning(topic.name, "one broker alone holds it (replication 1)", "raise its replication factor to 3")
    yield from _of_replicas(topic)
    if name in CARRIES:
        yield from _of_events(topic)
        yield from _of_retention(name, topic, settings)
    elif name == topics.POLICY and topic.settings.get("cleanup.policy") != "compact":
        yield problem(
            topic.name, "is not compacted: a route's policy would vanish", _alter(topic, "cleanup.policy=compact")
        )
    elif name == topics.DECISIONS and topic.settings.get("cleanup.policy") != "delete":
        yield problem(topic.name, "is compacted: decisions would vanish", _alter(topic, "cleanup.policy=delete"))
    elif name == topics.DECISIONS and topic.settings.get("retention.ms") != "-1":
        yield warning(topic.name, "does not keep decisions for ever", _alter(topic, "retention.ms=-1"))


def _of_replicas(topic: TopicFacts) -> Iterator[Finding]:
    needed = _number(topic, "min.insync.replicas", 1)
    if topic.replication > 1 and needed >= topic.replication:
        detail = f"one broker down stops it: min.insync.replicas {needed} of {topic.replication}"
        yield warning(topic.name, detail, _alter(topic, f"min.insync.replicas={topic.replication - 1}"))
    elif topic.replication > 1 and needed == 1:
        detail = "what one broker alone has acknowledged may be lost with it: min.insync.replicas 1"
        yield warning(topic.name, detail, _alter(topic, f"min.insync.replicas={max(2, topic.replication - 1)}"))


def _of_events(topic: TopicFacts) -> Iterator[Finding]:
    if topic.settings.get("message.timestamp.type") != "LogAppendTime":
        detail = "has the producers' time, not the broker's: freshness and the rule on future times depend on it"
        yield problem(topic.name, detail, _alter(topic, "message.timestamp.type=LogAppendTime"))
    if topic.settings.get("cleanup.policy") != "delete":
        detail = "is compacted: messages would vanish unread"
        yield problem(topic.name, detail, _alter(topic, "cleanup.policy=delete"))
    largest = _number(topic, "max.message.bytes", 0)
    wanted = _alter(topic, f"max.message.bytes={2 * MAX_MESSAGE_BYTES}")
    if largest < MAX_MESSAGE_BYTES:
        yield problem(topic.name, f"takes {largest:,} bytes a message, the contract {MAX_MESSAGE_BYTES:,}", wanted)
    elif largest < MAX_MESSAGE_BYTES + _AROUND_BYTES:
        yield warning(topic.name, f"takes {largest:,} bytes a message with its key and headers: tight", wanted)


def _of_retention(name: str, topic: TopicFacts, settings: Settings) -> Iterator[Finding]:
    kept = _number(topic, "retention.ms", -1)
    raw = round(settings.raw_retention.total_seconds() * 1000)
    if 0 <= kept < _HOUR_MS:
        detail = f"Kafka keeps {counted(round(kept / 60_000), 'minute')}: an outage that long loses messages"
        yield problem(topic.name, detail, _alter(topic, f"retention.ms={7 * _DAY_MS}"))
    elif 0 <= kept < _DAY_MS:
        detail = f"Kafka keeps {counted(round(kept / _HOUR_MS), 'hour')}: an outage that long loses messages"
        yield warning(topic.name, detail, _alter(topic, f"retention.ms={7 * _DAY_MS}"))
    # Only a trace has a day that must still be there; outcomes and heartbeats are stored however old they are.
    if name == topics.TRACES and not 0 <= kept <= raw:
        told = "for ever" if kept < 0 else f"{kept / _DAY_MS:.0f} days"
        detail = (
            f"Kafka keeps traces {told}, raw_retention is {settings.raw_retention.days} days:"
            " read from the start, the older ones become dead letters"
        )
        yield warning(topic.name, detail, _alter(topic, f"retention.ms={raw}"))
    if _number(topic, "retention.bytes", -1) >= 0:
        detail = "retention.bytes is set: Kafka may delete messages before their time, unread"
        yield warning(topic.name, detail, _alter(topic, "retention.bytes=-1"))


def _number(topic: TopicFacts, setting: str, default: int) -> int:
    value = topic.settings.get(setting, "")
    return int(value) if value.lstrip("-").isdecimal() else default


def _alter(topic: TopicFacts, setting: str) -> str:
    return f"kafka-configs.sh --alter --entity-type topics --entity-name {topic.name} --add-config {setting}"
