"""Which services this machine cannot start."""

from collections.abc import Iterator

from pointsman.embedded.broker import broker_binary
from pointsman.embedded.errors import EmbeddedMissing
from pointsman.embedded.postgres import wheel_binaries
from tests.services.kafka import kafka_jars
from tests.services.missing import ServiceMissing
from tests.services.postgres import system_binaries
from tests.services.prometheus import prometheus_binaries


def missing_services() -> Iterator[str]:
    """One sentence for each of them, with what to install. Brings Kafka's jars if they are not there yet."""
    for find in (broker_binary, wheel_binaries, kafka_jars, system_binaries, prometheus_binaries):
        try:
            find()
        except (ServiceMissing, EmbeddedMissing) as missing:
            yield str(missing)
