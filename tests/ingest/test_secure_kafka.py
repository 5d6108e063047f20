"""Apache Kafka that asks for TLS, a username and rights: every command gets in, and every refusal is told."""

import gc
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from pointsman_contract.decode import encode
from tests.builders import trace
from tests.cli.command import Said, as_process, pointsman
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.replay_fakes import line, trace_file
from tests.services.postgres import PostgresServer, fresh_database
from tests.services.secure_kafka import COMMA, KEY_PASSWORD, NOBODY, PASSWORD, USER, SecureKafka

# kafka-python leaves the sockets of refused connections to the garbage collector, which then complains.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
# What docs/security.md tells operators to allow on topics; Kafka takes READ and WRITE for DESCRIBE too.
_NEEDED = {"topics create": "CREATE, DESCRIBE", "ingest": "READ", "replay": "WRITE", "offsets reset": "DESCRIBE"}
_ALL = "CREATE, DESCRIBE, READ, WRITE"
_TOLD_WITHIN_S = 9.0


def rules(user: str, prefix: str, group: str, may: str) -> list[ACL]:
    """The access list of a user with these rights to the topics below a prefix; who may read, may read as the group."""
    topics = ResourcePattern(ResourceType.TOPIC, prefix, ACLResourcePatternType.PREFIXED)
    groups = ResourcePattern(ResourceType.GROUP, group, ACLResourcePatternType.LITERAL)
    wanted = [(ACLOperation[right], topics) for right in may.split(", ")]
    if "READ" in may:
        wanted.append((ACLOperation.READ, groups))
    return [ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, place) for operation, place in wanted]


class Secured(Deployment):
    """A deployment whose commands come in by SASL_SSL, as a user with just the rights that they need."""

    def __init__(self, kafka: SecureKafka, url: str, directory: Path) -> None:
        super().__init__(kafka.bootstrap, url, directory)
        self.kafka = kafka
        self.allow(USER)

    @property
    def settings(self) -> dict[str, object]:
        """With what the listener asks for."""
        return super().settings | self.kafka.settings()

    def allow(self, user: str, may: str = _ALL) -> None:
        """Give a user rights below this deployment's prefix."""
        with self.admin() as admin:
            admin.create_acls(rules(user, self.prefix, self.group, may))

    def add_user(self, name: str, may: str = _ALL) -> None:
        """Somebody who has the password and these rights."""
        with self.admin() as admin:
            admin.alter_user_scram_credentials(
                [UserScramCredentialUpsertion(name, ScramMechanism.SCRAM_SHA_512, PASSWORD)]
            )
        self.allow(name, may)


@pytest.fixture
def secured(secure_kafka: SecureKafka, postgres18: PostgresServer, tmp_path: Path) -> Iterator[Secured]:
    """A deployment of the test's own, without topics yet."""
    with fresh_database(postgres18) as url:
        deployment = Secured(secure_kafka, url, tmp_path)
        deployment.migrate()
        try:
            yield deployment
        finally:
            deployment.close()


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect them here, and not under somebody else's name."""
    yield
    gc.collect()


def create(settings: dict[str, object]) -> Said:
    """`pointsman topics create` in this process; fails where it takes too long."""
    began = time.monotonic()
    said = pointsman("topics", "create", "--partitions", "1", "--replication", "1", settings=settings)
    assert time.monotonic() - began < _TOLD_WITHIN_S
    return said


def test_every_command_gets_in(secured: Secured) -> None:
    """`topics create`, `ingest`, `replay` and `offsets reset` over SASL_SSL, the password once from a variable and
    once from a file, each as a user with the rights that the documentation names and no others.
    """
    documented = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    for command, may in _NEEDED.items():
        secured.add_user(command, may)
        assert re.search(rf"^\| `{command}`.* \| {may}( on [a-z, ]+)? \|", documented, re.MULTILINE)
    file = secured.directory / "password"
    file.write_text(f"{PASSWORD}\n")
    from_file = {name: value for name, value in secured.settings.items() if name != "kafka_sasl_password"}
    from_file["kafka_sasl_password_file"] = str(file)
    created = create(from_file | {"kafka_sasl_username": "topics create"})
    assert (created.code, created.err) == (0, "")
    secured.reading(kafka_sasl_username="ingest")
    file = trace_file(secured.directory, [line(1), line(2)])
    replayed = as_process("replay", str(file), settings=from_file | {"kafka_sasl_username": "replay"})
    assert (replayed.code, replayed.err) == (0, "")
    secured.processes[0].wait_until(lambda: stored.count(secured.url, "traces") == 2, "two traces")
    assert secured.processes[0].terminate() == 0
    settings = secured.settings | {"kafka_sasl_username": "offsets reset"}
    reset = pointsman("offsets", "reset", "--topic", secured.traces, settings=settings)
    assert (reset.code, reset.err) == (0, "")
    assert f"{secured.traces}/0: 2 -> 0" in reset.out


@pytest.mark.parametrize(
    ("listener", "change", "sentence"),
    [
        ("SASL_SSL", {"kafka_sasl_password": "wrong"}, "the username or the password is wrong"),
        ("SASL_SSL", {"kafka_sasl_username": "stranger"}, "the username or the password is wrong"),
        ("SASL_SSL", {"kafka_sasl_mechanism": "PLAIN"}, "the username or the password is wrong"),
        (
            "SASL_SSL",
            {"kafka_sasl_mechanism": "SCRAM-SHA-256"},
            "it does not take SCRAM-SHA-256; see POINTSMAN_",
        ),
        ("SASL_SSL", {"kafka_ssl_cafile": "stranger"}, "its certificate is not accepted (unable to get local issuer"),
        ("EXPIRED", {}, "its certificate is not accepted (certificate has expired)"),
        ("MISNAMED", {}, "its certificate is not accepted (IP address mismatch"),
        (
            "SASL_SSL",
            {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_ssl_cafile": ""},
            "perhaps TLS; see",
        ),
        ("PLAINTEXT", {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_ssl_cafile": ""}, "it asks for no username"),
    ],
)
def test_a_refusal_is_told_at_once(
    secure_kafka: SecureKafka, listener: str, change: dict[str, object], sentence: str
) -> None:
    """Wrong password, unknown user, other mechanism, untrusted, expired or misnamed certificate, other protocol: one
    sentence, exit code 2, and no word of the password.
    """
    settings = secure_kafka.settings() | change
    if change.get("kafka_ssl_cafile") == "stranger":
        settings["kafka_ssl_cafile"] = str(secure_kafka.stranger.file)
    address = secure_kafka.bootstrap if listener == "PLAINTEXT" else secure_kafka.address(listener)
    said = create({name: value for name, value in settings.items() if value != ""} | {"kafka_bootstrap": address})
    last = said.err.splitlines()[-1]
    assert (said.code, sentence in last, address in last) == (2, True, True), said
    assert PASSWORD not in said.err
    assert "Traceback" not in said.err


def test_ingest_is_told_too(secured: Secured) -> None:
    """A long-running process ends with exit code 2 where it is refused, and does not wait for better times."""
    process = secured.start(kafka_sasl_password="wrong")  # noqa: S106 - it is wrong
    assert process.wait_ended(_TOLD_WITHIN_S) == 2
    assert process.output.splitlines()[-1].endswith(": the username or the password is wrong")


def test_a_certificate_of_the_client(secure_kafka: SecureKafka) -> None:
    """Where the broker wants one: with it and the password of its key the way is free, without it is told."""
    settings: dict[str, object] = {
        "kafka_bootstrap": secure_kafka.address("MUTUAL"),
        "kafka_security_protocol": "SSL",
        "kafka_ssl_cafile": str(secure_kafka.authority.file),
    }
    without = create(settings)
    assert without.code == 2
    assert "does not accept the certificate of the client" in without.err
    given = settings | {
        "kafka_ssl_certfile": str(secure_kafka.client.certificate),
        "kafka_ssl_keyfile": str(secure_kafka.client.key),
        "kafka_ssl_key_password": KEY_PASSWORD,
    }
    # In, and then without a right to create anything.
    assert "Kafka does not let this user use topics" in create(given).err


@pytest.mark.parametrize("command", ["ingest", "topics", "replay", "offsets"])
def test_a_user_without_rights(secured: Secured, command: str) -> None:
    """Exit code 2, and the sentence names what Kafka's access lists have to allow."""
    secured.create_topics()
    settings = secured.settings | secured.kafka.settings(user=NOBODY)
    if command == "ingest":
        process = secured.start(command="ingest", **settings)
        code, err = process.wait_ended(20), process.output
    else:
        file = trace_file(secured.directory, [line(1)])
        arguments = {
            "topics": ["topics", "create", "--replication", "1"],
            "replay": ["replay", str(file)],
            "offsets": ["offsets", "reset", "--topic", secured.traces],
        }[command]
        code, _, err = as_process(*arguments, settings=settings | {"topic_prefix": secured.prefix})
    assert code == 2, err
    assert "Kafka does not let this user use " in err.splitlines()[-1]
    assert "Traceback" not in err


def test_a_name_with_a_comma(secured: Secured) -> None:
    """A comma ends a field of SCRAM's messages, an equals sign a key: both are escaped."""
    secured.add_user(COMMA)
    said = create(secured.settings | secured.kafka.settings(user=COMMA))
    assert (said.code, said.err) == (0, "")


@pytest.mark.parametrize("taken", ["password", "rights"])
def test_taken_away_while_it_reads(secured: Secured, taken: str) -> None:
    """Credentials or rights that are revoked end the process with exit code 2 and the reason: settings are read at the
    start alone. What was stored until then is stored, and nothing is lost.
    """
    user = f"fleeting-{taken}"
    secured.add_user(user)
    secured.create_topics()
    process = secured.reading(kafka_sasl_username=user)
    secured.wait_stored(secured.publish(secured.traces, [encode(trace())]))
    with secured.admin() as admin:
        _take(admin, user, taken)
    secured.publish(secured.traces, [encode(trace())])
    assert process.wait_ended(30) == 2
    last = process.output.splitlines()[-1]
    assert (
        "the username or the password is wrong" if taken == "password" else "Kafka does not let this user use"
    ) in last
    successor = secured.reading()
    successor.wait_until(lambda: stored.count(secured.url, "traces") == 2, "both traces")


def _take(admin: Any, user: str, what: str) -> None:
    if what == "password":
        admin.alter_user_scram_credentials([UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512)])
    else:
        anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
        admin.delete_acls([ACLFilter(f"User:{user}", "*", ACLOperation.ANY, ACLPermissionType.ANY, anything)])
