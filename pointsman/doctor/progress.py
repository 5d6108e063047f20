"""Does ingest run, does it keep up, and could it read on from where the store stands?"""

from collections.abc import Iterator
from datetime import timedelta

from ingest.inspection import ClusterFacts, TopicFacts
from ingest.placing import Begin, Continue, Jump, Stop, place
from ingest.reading import CARRIES
from pointsman.doctor.findings import Finding, Observed, ok, problem, warning
from pointsman.wording import counted
from store.inspection import ServerFacts, StoreFacts
from store.received import Source

_QUIET = timedelta(minutes=1)
_FAR_BEHIND = 100_000
_START = "pointsman up, or: pointsman ingest; its log says what ended it"


def check_ingest(seen: Observed) -> Iterator[Finding]:
    """Somebody reads, and not more than there is to read."""
    if not isinstance(seen.cluster, ClusterFacts):
        return
    members, group = seen.cluster.members, seen.settings.consumer_group
    if members is None and seen.cluster.is_embedded:
        yield ok("ingest", f"the embedded broker does not tell who runs{_last_commit(seen)}")
    elif members is None:
        yield warning("ingest", f"Kafka does not tell the members of group {group}", "allow Describe on the group")
    elif members == 0:
        yield problem("ingest", f"none runs: group {group} has no member", _START)
    else:
        widest = max((one.partitions for one in seen.cluster.topics.values()), default=0)
        detail = f"{members} running{_last_commit(seen)}"
        if members > widest > 0:
            yield warning("ingest", f"{detail}; there are {widest} partitions", "the others stand by, or may be ended")
        else:
            yield ok("ingest", detail)


def check_offsets(seen: Observed) -> Iterator[Finding]:
    """What the store has read is still the topic that Kafka has."""
    asked, trouble = False, False
    for topic, source, store in _sources(seen):
        asked = True
        of_topic = [one for one in store.offsets if one.source[:1] == source[:1] and one.source.topic == topic.name]
        match place(source, of_topic, topic.bounds[source.partition]):
            case Stop(reason):
                trouble = True
                yield problem("offsets", reason, "look at the topic first, then run the command above")
            case Jump(gap):
                trouble = True
                yield problem(
                    "offsets",
                    f"{topic.name}/{source.partition}: Kafka deleted {gap.next - gap.first:,} messages unread",
                    "ingest notes the gap and reads on; keep messages for longer than ingest is ever away",
                )
            case Begin() | Continue():
                continue
    if asked and not trouble:
        yield ok("offsets", "Kafka has every partition where the store stands in it")


def check_lag(seen: Observed) -> Iterator[Finding]:
    """How many messages wait, and whether something moves."""
    if not isinstance(seen.cluster, ClusterFacts) or seen.store is None:
        return
    unseen = [one.name for one in _read(seen) if not one.bounds]
    if unseen:
        yield problem("lag", f"not known for {', '.join(unseen)}", "its partitions need a leader")
    behind: dict[str, int] = {}
    for topic, source, store in _sources(seen):
        at = next(
            (one.next_offset for one in store.offsets if one.source == source), topic.bounds[source.partition].begin
        )
        behind[f"{topic.name}/{source.partition}"] = max(0, topic.bounds[source.partition].end - at)
    total = sum(behind.values())
    worst = max(behind, key=behind.__getitem__, default="")
    told = counted(total, "message") + (f", most at {worst}: {behind[worst]:,}" if total else "")
    if total and _silent(seen):
        yield problem("lag", f"{told}; nothing was stored for over a minute", _START)
    elif total > _FAR_BEHIND:
        yield warning("lag", told, "wait, or start more of: pointsman ingest (at most one for each partition)")
    else:
        yield ok("lag", told)


def _read(seen: Observed) -> list[TopicFacts]:
    """The topics that ingest reads, those that are there."""
    if not isinstance(seen.cluster, ClusterFacts):
        return []
    found = (seen.cluster.topics.get(seen.settings.topic(name)) for name in CARRIES)
    return [topic for topic in found if topic is not None]


def _sources(seen: Observed) -> Iterator[tuple[TopicFacts, Source, StoreFacts]]:
    if not isinstance(seen.cluster, ClusterFacts) or seen.store is None:
        return
    for topic in _read(seen):
        for number in sorted(topic.bounds):
            yield topic, Source(seen.cluster.cluster_id, topic.topic_id, topic.name, number), seen.store


def _silent(seen: Observed) -> bool:
    if seen.store is None or not isinstance(seen.server, ServerFacts):
        return False
    return seen.store.last_commit is None or seen.server.now - seen.store.last_commit > _QUIET


def _last_commit(seen: Observed) -> str:
    if seen.store is None or seen.store.last_commit is None or not isinstance(seen.server, ServerFacts):
        return ", nothing stored yet"
    ago = (seen.server.now - seen.store.last_commit).total_seconds()
    return (
        f", last batch {ago:,.0f} s ago" if ago < 3600 else f", last batch {seen.store.last_commit:%Y-%m-%d %H:%M} UTC"
    )
