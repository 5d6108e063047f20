"""Small batches in all that happens here."""

import pytest

from tests.ingest.deployment import Deployment


@pytest.fixture
def on_kafka(on_kafka: Deployment) -> Deployment:
    """Apache Kafka, and an ingest whose batches are full so soon that one waits while another is finished."""
    on_kafka.told["batch_max_messages"] = 300
    return on_kafka
