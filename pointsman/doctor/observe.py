"""Look at everything once: settings, Kafka, PostgreSQL. A service that does not answer hides no other."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ingest.errors import BrokerUnreachable, KafkaDenied, TopicRefused
from ingest.inspection import ClusterFacts, inspect_cluster
from ingest.reading import CARRIES
from ingest.topics import TOPIC_SETTINGS
from migrations.revisions import head_revision
from pointsman.database import build_sessions
from pointsman.doctor.findings import Observed, Unanswered
from pointsman.kafka import kafka_connection
from pointsman.settings import Settings, SettingsError, misspelt_variables
from store.days import Days
from store.errors import AddressUnreadable, StoreAway, StoreDenied
from store.inspection import ServerFacts, StoreFacts, inspect_server, inspect_store
from store.sessions import Sessions


class _Database(NamedTuple):
    server: ServerFacts | Unanswered | None
    store: StoreFacts | None = None
    days_ahead: int = 0
    clock_ahead: timedelta = timedelta()


def observe(settings: Settings) -> Observed:
    """Ask everybody; takes some ten seconds for each service that is silent."""
    database = _look_at_database(settings) if settings.is_given("database_url") else _Database(None)
    cluster = _look_at_kafka(settings) if settings.is_given("kafka_bootstrap") else None
    return Observed(
        settings=settings,
        misspelt=misspelt_variables(),
        head=head_revision(),
        cluster=cluster,
        server=database.server,
        store=database.store,
        days_ahead=database.days_ahead,
        clock_ahead=database.clock_ahead,
    )


def _look_at_kafka(settings: Settings) -> ClusterFacts | Unanswered:
    try:
        return inspect_cluster(
            kafka_connection(settings),
            topics=[settings.topic(name) for name in TOPIC_SETTINGS],
            read=[settings.topic(name) for name in CARRIES],
            group=settings.consumer_group,
        )
    except BrokerUnreachable as error:
        return Unanswered(str(error), refused=False)
    except (KafkaDenied, SettingsError, TopicRefused) as error:
        return Unanswered(str(error), refused=True)


def _look_at_database(settings: Settings) -> _Database:
    try:
        sessions = build_sessions(settings, "doctor")
    except AddressUnreadable as error:
        return _Database(Unanswered(str(error), refused=True))
    try:
        return _ask(sessions, settings)
    except StoreDenied as error:
        return _Database(Unanswered(str(error), refused=True))
    except StoreAway as error:
        return _Database(Unanswered(str(error), refused=False))
    finally:
        sessions.close()


def _ask(sessions: Sessions, settings: Settings) -> _Database:
    # Once for the connection, so that the second answer comes at once and tells the clock.
    inspect_server(sessions)
    before = datetime.now(UTC)
    server = inspect_server(sessions)
    halfway = before + (datetime.now(UTC) - before) / 2
    ahead = server.now - halfway
    if server.revision != head_revision():
        return _Database(server, clock_ahead=ahead)
    days = Days(sessions, raw_retention=settings.raw_retention)
    return _Database(server, inspect_store(sessions), days.ahead(), ahead)
