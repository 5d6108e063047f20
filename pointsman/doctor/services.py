"""Are the settings complete, and do Kafka and PostgreSQL answer as they must?"""

from collections.abc import Iterator

from ingest.inspection import ClusterFacts
from pointsman.doctor.findings import Finding, Level, Observed, Unanswered, ok, problem, warning
from pointsman.settings import variable
from store.inspection import ServerFacts

_OLDEST_POSTGRESQL = 150_000
_OLDEST_KAFKA = (3,)


def check_settings(seen: Observed) -> Iterator[Finding]:
    """Both addresses are given, and no variable is misspelt."""
    for name in ("kafka_bootstrap", "database_url"):
        if not seen.settings.is_given(name):
            yield Finding("settings", Level.WRONG, f"{name} is not set", f"set {variable(name)}")
    for name in seen.misspelt:
        yield warning("settings", f"no setting is called {name}", "docs/settings.md has the names; unset it")
    if not seen.misspelt and seen.settings.is_given("kafka_bootstrap") and seen.settings.is_given("database_url"):
        prefix = f", topics begin with {seen.settings.topic_prefix}" if seen.settings.topic_prefix else ""
        yield ok("settings", f"environment {seen.settings.environment}{prefix}")


def check_kafka(seen: Observed) -> Iterator[Finding]:
    """The cluster answers, in a version that is known to work."""
    if isinstance(seen.cluster, Unanswered):
        yield _unanswered("kafka", seen.cluster, "is Kafka up, and is POINTSMAN_KAFKA_BOOTSTRAP right?")
    elif isinstance(seen.cluster, ClusterFacts):
        version = ".".join(map(str, seen.cluster.version))
        brokers = f"{seen.cluster.brokers} broker{'' if seen.cluster.brokers == 1 else 's'}"
        if seen.cluster.is_embedded:
            yield ok("kafka", "the embedded broker, for a trial: it keeps messages in memory only")
        elif seen.cluster.version < _OLDEST_KAFKA:
            yield problem("kafka", f"speaks as version {version}", "upgrade Kafka to 3 or newer")
        else:
            yield ok("kafka", f"{brokers}, speaks as version {version} or newer")


def check_postgresql(seen: Observed) -> Iterator[Finding]:
    """The database answers, in a version and an encoding that hold everything."""
    if isinstance(seen.server, Unanswered):
        yield _unanswered("postgresql", seen.server, "is PostgreSQL up, and is POINTSMAN_DATABASE_URL right?")
    elif isinstance(seen.server, ServerFacts):
        if seen.server.version_number < _OLDEST_POSTGRESQL:
            yield problem("postgresql", f"is version {seen.server.version}", "upgrade PostgreSQL to 15 or newer")
        elif seen.server.encoding != "UTF8":
            encoding = f"the database has the encoding {seen.server.encoding}"
            yield problem("postgresql", encoding, "make one with: CREATE DATABASE … ENCODING 'UTF8'")
        else:
            yield ok("postgresql", f"version {seen.server.version.split()[0]}, encoding UTF8")


def check_schema(seen: Observed) -> Iterator[Finding]:
    """The database has this version's schema."""
    if not isinstance(seen.server, ServerFacts):
        return
    if seen.server.revision == seen.head:
        yield ok("schema", f"revision {seen.head}")
    elif seen.server.revision is None:
        yield problem("schema", "the database has no schema yet", "pointsman migrate")
    else:
        detail = f"is at revision {seen.server.revision}, this version needs {seen.head}"
        yield problem("schema", detail, "pointsman migrate; an unknown revision comes from a newer Pointsman: upgrade")


def _unanswered(check: str, why: Unanswered, question: str) -> Finding:
    if why.refused:
        return Finding(
            check, Level.WRONG, why.sentence, "set right what it names; docs/security.md has the settings and rights"
        )
    return Finding(check, Level.BLIND, why.sentence, question)
