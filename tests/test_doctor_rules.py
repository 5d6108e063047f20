"""The rules of `pointsman doctor`, over what was seen: no service is needed to know what is wrong."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from ingest.inspection import ClusterFacts, TopicFacts
from ingest.partitions import Bounds
from ingest.reading import CARRIES
from ingest.topics import TOPIC_SETTINGS
from pointsman.doctor.checks import CHECKS, examine, exit_code
from pointsman.doctor.findings import Finding, Level, Observed, Unanswered
from pointsman.settings import Settings
from pointsman_contract.topics import DECISIONS, POLICY, TRACES
from store.counting import CountingFacts
from store.inspection import ServerFacts, StoreFacts
from store.leases import Lease
from store.offsets import KnownPartition
from store.received import Source
from store.rollups.freshness import Freshness

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TOPIC_ID = UUID(int=7)
SERVER = ServerFacts("18.1", 180_001, "UTF8", "head", NOW)
STORE = StoreFacts(
    offsets=[KnownPartition(Source("cluster", TOPIC_ID, name, 0), 100) for name in CARRIES],
    last_commit=NOW - timedelta(seconds=5),
    quickest_commit=timedelta(seconds=0.3),
    pending_detaches=0,
    dead_last_day=0,
    read_last_day=1000,
    letters_bytes=0,
    gaps_last_day=0,
    gap_offsets_last_day=0,
)

FRESH = Freshness(NOW, NOW - timedelta(seconds=6), timedelta(), NOW - timedelta(seconds=5))
COUNTING = CountingFacts(Lease("steer", "host/12/olive", 3, NOW + timedelta(seconds=8)), FRESH, 2, ())


def topic(name: str, **changes: Any) -> TopicFacts:
    """A topic as `topics create` makes it, three times replicated."""
    settings: Mapping[str, str] = {"min.insync.replicas": "2", "retention.bytes": "-1", **TOPIC_SETTINGS[name]}
    fields: dict[str, Any] = {
        "name": name,
        "topic_id": TOPIC_ID,
        "partitions": 1,
        "replication": 3,
        "leaderless": (),
        "settings": {**settings, **changes.pop("settings", {})},
        "bounds": {0: Bounds(0, 100)} if name in CARRIES else {},
    }
    return TopicFacts(**fields | changes)


TOPICS = {name: topic(name) for name in TOPIC_SETTINGS}
CLUSTER = ClusterFacts("cluster", (4, 1), 3, TOPICS, 1)


def seen(**changes: Any) -> Observed:
    """A deployment in which all is well, but for these changes."""
    fields: dict[str, Any] = {
        "settings": Settings(kafka_bootstrap="kafka:9092", database_url=SecretStr("postgresql://u:sekret@db/x")),
        "misspelt": [],
        "head": "head",
        "cluster": CLUSTER,
        "server": SERVER,
        "store": STORE,
        "counting": COUNTING,
        "days_ahead": 7,
        "clock_ahead": timedelta(milliseconds=20),
    }
    return Observed(**fields | changes)


def with_topic(name: str, **changes: Any) -> Observed:
    """One topic that is otherwise."""
    return seen(cluster=replace(CLUSTER, topics={**TOPICS, name: topic(name, **changes)}))


def troubles(observed: Observed) -> list[Finding]:
    """What is not well."""
    return [finding for finding in examine(observed) if finding.level is not Level.OK]


def test_all_is_well() -> None:
    """Every check has something to say, none has anything to do, and the exit code is 0."""
    found = examine(seen())
    assert troubles(seen()) == []
    assert all(finding.fix == "" for finding in found)
    assert len({finding.check for finding in found}) == len(CHECKS)
    assert exit_code(found) == 0


@pytest.mark.parametrize(
    ("observed", "check", "level", "says"),
    [
        (seen(misspelt=["POINTSMAN_KAFKA"]), "settings", "warning", "no setting is called POINTSMAN_KAFKA"),
        (
            seen(settings=Settings(kafka_bootstrap="k:1"), server=None, store=None, counting=None),
            "settings",
            "wrong",
            "database_url",
        ),
        (seen(cluster=Unanswered("nobody", refused=False)), "kafka", "blind", "nobody"),
        (seen(cluster=Unanswered("denied", refused=True)), "kafka", "wrong", "denied"),
        (seen(cluster=replace(CLUSTER, version=(2, 8))), "kafka", "problem", "2.8"),
        (seen(server=Unanswered("nobody", refused=False), store=None, counting=None), "postgresql", "blind", "nobody"),
        (
            seen(server=Unanswered("password", refused=True), store=None, counting=None),
            "postgresql",
            "wrong",
            "password",
        ),
        (seen(server=SERVER._replace(version_number=140_012)), "postgresql", "problem", "is version"),
        (seen(server=SERVER._replace(encoding="LATIN1")), "postgresql", "problem", "LATIN1"),
        (seen(server=SERVER._replace(revision=None), store=None, counting=None), "schema", "problem", "no schema yet"),
        (seen(server=SERVER._replace(revision="0001"), store=None, counting=None), "schema", "problem", "needs head"),
        (seen(clock_ahead=timedelta(seconds=2)), "clock", "warning", "2.0 s ahead of this machine's"),
        (seen(clock_ahead=timedelta(minutes=-6)), "clock", "problem", "6 minutes behind this machine's"),
        (seen(store=STORE._replace(quickest_commit=timedelta(seconds=-3))), "clock", "warning", "3.0 s ahead of the"),
        (seen(store=STORE._replace(quickest_commit=timedelta(minutes=-9))), "clock", "problem", "9 minutes ahead"),
        (
            seen(store=STORE._replace(quickest_commit=timedelta(minutes=9))),
            "clock",
            "warning",
            "may be 9 minutes behind",
        ),
        (seen(cluster=replace(CLUSTER, members=0)), "ingest", "problem", "none runs"),
        (seen(cluster=replace(CLUSTER, members=None)), "ingest", "warning", "does not tell"),
        (seen(cluster=replace(CLUSTER, members=4)), "ingest", "warning", "there are 1 partitions"),
        (seen(days_ahead=5), "days", "warning", "5 days are ready"),
        (seen(days_ahead=3), "days", "warning", "3 days are ready"),
        (seen(days_ahead=0), "days", "problem", "0 days are ready"),
        (seen(store=STORE._replace(pending_detaches=1)), "days", "warning", "on their way out"),
        (seen(store=STORE._replace(dead_last_day=10)), "dead letters", "problem", "1.0% could not be read"),
        (
            seen(store=STORE._replace(letters_bytes=900 * 1024**2)),
            "dead letters",
            "warning",
            "88% of the storage limit",
        ),
        (seen(store=STORE._replace(letters_bytes=1024**3)), "dead letters", "problem", "ingest stops"),
        (seen(store=STORE._replace(gaps_last_day=2, gap_offsets_last_day=5)), "gaps", "problem", "deleted 5 offsets"),
    ],
)
def test_one_thing_is_wrong(observed: Observed, check: str, level: str, says: str) -> None:
    """It is told once, under its check, with what helps."""
    (finding,) = troubles(observed)
    assert (finding.check, finding.level.value) == (check, level)
    assert says in finding.detail
    assert finding.fix


@pytest.mark.parametrize(
    ("name", "changes", "level", "says"),
    [
        (TRACES, {"replication": 1, "settings": {"min.insync.replicas": "1"}}, "warning", "replication 1"),
        (TRACES, {"settings": {"min.insync.replicas": "3"}}, "warning", "one broker down stops it"),
        (TRACES, {"settings": {"min.insync.replicas": "1"}}, "warning", "one broker alone has acknowledged"),
        (TRACES, {"leaderless": (0,)}, "problem", "no broker leads partition 0"),
        (TRACES, {"settings": {"message.timestamp.type": "CreateTime"}}, "problem", "the producers' time"),
        (TRACES, {"settings": {"cleanup.policy": "compact,delete"}}, "problem", "vanish unread"),
        (TRACES, {"settings": {"max.message.bytes": "1000000"}}, "problem", "takes 1,000,000 bytes"),
        (TRACES, {"settings": {"max.message.bytes": "1048588"}}, "warning", "tight"),
        (TRACES, {"settings": {"retention.ms": "-1"}}, "warning", "keeps traces for ever"),
        (TRACES, {"settings": {"retention.ms": str(31 * 86_400_000)}}, "warning", "keeps traces 31 days"),
        (TRACES, {"settings": {"retention.ms": str(6 * 3_600_000)}}, "warning", "6 hours"),
        (TRACES, {"settings": {"retention.ms": "60000"}}, "problem", "1 minute:"),
        (TRACES, {"settings": {"retention.bytes": "1000"}}, "warning", "retention.bytes"),
        (POLICY, {"settings": {"cleanup.policy": "delete"}}, "problem", "not compacted"),
        (POLICY, {"settings": {"cleanup.policy": "compact,delete"}}, "problem", "not compacted"),
        (DECISIONS, {"settings": {"cleanup.policy": "compact"}}, "problem", "decisions would vanish"),
        (DECISIONS, {"settings": {"retention.ms": "604800000"}}, "warning", "for ever"),
    ],
)
def test_a_topic_is_set_otherwise(name: str, changes: dict[str, Any], level: str, says: str) -> None:
    """The line names the topic, the fix names the setting."""
    (finding,) = troubles(with_topic(name, **changes))
    assert (finding.check, finding.level.value) == ("topics", level)
    assert finding.detail.startswith(f"{name}: ")
    assert says in finding.detail
    assert finding.fix


def test_what_is_wrong_with_several_topics_is_one_line() -> None:
    """Five times the same would hide the rest."""
    (finding,) = troubles(seen(cluster=replace(CLUSTER, topics={TRACES: TOPICS[TRACES]})))
    assert finding.detail.endswith("routing.policy, routing.decisions: no such topic")
    assert finding.fix.startswith("pointsman topics create")


@pytest.mark.parametrize(
    ("bounds", "known", "says"),
    [
        (Bounds(0, 50), TOPIC_ID, "pointsman offsets reset --topic routing.traces --partition 0 --to start"),
        (Bounds(0, 100), UUID(int=8), "was re-created"),
        (Bounds(200, 300), TOPIC_ID, "Kafka deleted 100 messages unread"),
    ],
    ids=["past the end", "re-created", "deleted unread"],
)
def test_offsets_at_which_ingest_would_stop(bounds: Bounds, known: UUID, says: str) -> None:
    """By the same rule as ingest itself, with its command."""
    source = Source("cluster", known, TRACES, 0)
    offsets = [source_ for source_ in STORE.offsets if source_.source.topic != TRACES]
    store = STORE._replace(offsets=[*offsets, KnownPartition(source, 100)])
    found = troubles(replace(with_topic(TRACES, bounds={0: bounds}), store=store))
    assert any(one.check == "offsets" and says in one.detail and one.level is Level.PROBLEM for one in found)


def test_lag() -> None:
    """Much is a warning while something moves; any is a problem where nothing does; unread partitions count whole."""
    far = with_topic(TRACES, bounds={0: Bounds(0, 200_101)})
    (finding,) = troubles(far)
    assert (finding.check, finding.level) == ("lag", Level.WARNING)
    assert finding.detail == "200,001 messages, most at routing.traces/0: 200,001"
    silent = STORE._replace(last_commit=NOW - timedelta(minutes=2))
    (finding,) = troubles(replace(with_topic(TRACES, bounds={0: Bounds(0, 101)}), store=silent))
    assert (finding.level, "nothing was stored" in finding.detail) == (Level.PROBLEM, True)
    assert troubles(seen(store=silent)) == []
    (finding,) = troubles(with_topic(TRACES, bounds={}))
    assert "not known for routing.traces" in finding.detail


def test_the_embedded_broker_is_well_as_it_is() -> None:
    """Nobody can change that it keeps messages in memory, tells no members, and has no settings to be judged by."""
    topics = {name: topic(name, settings={"message.timestamp.type": "?"}, replication=1) for name in TOPIC_SETTINGS}
    embedded = seen(cluster=replace(CLUSTER, cluster_id="embedded-1", topics=topics, members=None))
    assert troubles(embedded) == []
    told = {finding.check: finding.detail for finding in examine(embedded)}
    assert "in memory only" in told["kafka"]
    assert told["ingest"].startswith("the embedded broker does not tell who runs, last batch")


def test_a_few_dead_letters_are_well() -> None:
    """And the command that shows them is there; where there is none, there is nothing to look at."""
    for dead, wanted in ((0, ""), (3, "pointsman dead-letters list --since 24h")):
        found = examine(seen(store=STORE._replace(dead_last_day=dead, read_last_day=10_000)))
        (finding,) = (one for one in found if one.check == "dead letters")
        assert (finding.level, finding.fix) == (Level.OK, wanted)


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        ([Level.OK, Level.WARNING], 0),
        ([Level.WARNING, Level.PROBLEM], 1),
        ([Level.PROBLEM, Level.BLIND], 3),
        ([Level.BLIND, Level.WRONG, Level.PROBLEM], 2),
    ],
)
def test_exit_codes(levels: list[Level], code: int) -> None:
    """The worst wins; a warning is none."""
    assert exit_code([Finding("x", level, "", "") for level in levels]) == code


def test_no_secret_is_told() -> None:
    """Whatever is wrong, no line holds the password."""
    for observed in (seen(), seen(server=SERVER._replace(encoding="LATIN1")), with_topic(TRACES, replication=1)):
        assert "sekret" not in str(examine(observed))
