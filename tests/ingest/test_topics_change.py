"""Topics that come late, and partitions that are added, are picked up without a restart."""

from tests.cli.command import pointsman
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.ingest.traffic import bytes_of, fresh_traces


def test_waits_for_topics_and_follows_their_growth(on_kafka: Deployment) -> None:
    """Without topics it says which command makes them; then it reads, also the partitions that are added later."""
    deployment, url, topic = on_kafka, on_kafka.url, on_kafka.traces
    ingest = deployment.start()
    health = ingest.wait_health("waiting_for_topics")
    assert health["status"] == 503
    assert topic in health["detail"]
    assert health["detail"].endswith("run: pointsman topics create")
    said = pointsman("topics", "create", "--partitions", "1", settings=deployment.settings)
    assert said.code == 0, said.err
    assert ingest.wait_health("reading")["status"] == 200
    deployment.wait_stored(deployment.publish(topic, bytes_of(fresh_traces(10))))
    with deployment.admin() as admin:
        admin.create_partitions({topic: 4})
    with deployment.producer() as producer:
        for number, value in enumerate(bytes_of(fresh_traces(8))):
            producer.send(topic, value, partition=number % 4).get(20)
    ingest.wait_until(lambda: stored.count(url, "traces") == 18, "the new partitions too")
    assert {partition for name, partition in stored.next_offsets(url) if name == topic} == {0, 1, 2, 3}


def test_a_topic_that_is_deleted_holds_up_no_other(on_kafka: Deployment) -> None:
    """It says which one is missing and reads the others; once there is a new one of that name, a person decides."""
    deployment = on_kafka
    deployment.create_topics(partitions=2)
    ingest = deployment.reading()
    with deployment.admin() as admin:
        admin.delete_topics([deployment.outcomes])
    assert deployment.outcomes in ingest.wait_health("waiting_for_topics")["detail"]
    deployment.wait_stored(deployment.publish(deployment.traces, bytes_of(fresh_traces(10))))
    deployment.create_topic(deployment.outcomes)
    assert ingest.wait_ended() == 1
    assert f"topic {deployment.outcomes} was re-created" in ingest.output.splitlines()[-1]
    assert stored.count(deployment.url, "traces") == 10
