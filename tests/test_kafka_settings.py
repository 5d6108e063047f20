"""Settings of Kafka's security that contradict each other, or name files that are no use, are told before any try."""

import re
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.connection import KafkaConnection
from pointsman.kafka import kafka_connection
from pointsman.settings import KAFKA, SettingsError, load_settings
from tests.services.authority import Authority

ROOT = Path(__file__).parent.parent
_SECRET = "plänted-päss"  # noqa: S105 - looked for in what is said


def connection(**given: object) -> KafkaConnection:
    """The connection that these settings make."""
    return kafka_connection(
        load_settings({"kafka_bootstrap": "h:1", **{name: str(value) for name, value in given.items()}})
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority, beside it `client` with an encrypted key and `other` with another key."""
    authority = Authority(tmp_path_factory.mktemp("certificates"))
    authority.issue("client", password=_SECRET)
    authority.issue("other")
    return authority


def test_plain_text_by_default() -> None:
    """An address alone is talked to in plain text, and needs nothing else."""
    assert connection() == KafkaConnection("h:1")
    assert connection().client_settings() == {"bootstrap_servers": ["h:1"], "security_protocol": "PLAINTEXT"}


def test_a_user_over_tls() -> None:
    """The system's authorities, SCRAM-SHA-512, names checked, nothing older than TLS 1.2."""
    given = connection(kafka_security_protocol="SASL_SSL", kafka_sasl_username="u", kafka_sasl_password=_SECRET)
    assert (given.mechanism, given.username, given.password) == ("SCRAM-SHA-512", "u", _SECRET)
    assert given.tls is not None
    assert given.tls.check_hostname
    assert given.tls.minimum_version.name == "TLSv1_2"
    assert _SECRET not in repr(given)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"kafka_sasl_username": "u"}, "KAFKA_SASL_USERNAME is set, and .*PROTOCOL is PLAINTEXT.* set it to SASL_SSL"),
        ({"kafka_sasl_password": _SECRET}, "POINTSMAN_KAFKA_SASL_PASSWORD is set, and"),
        ({"kafka_ssl_cafile": "x"}, "KAFKA_SSL_CAFILE is set, and .* PLAINTEXT.* set it to SSL"),
        ({"kafka_security_protocol": "SSL", "kafka_sasl_username": "u"}, "which does not use it: set it to SASL_SSL"),
        ({"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_ssl_cafile": "x"}, "set it to SASL_SSL"),
        ({"kafka_security_protocol": "SASL_SSL"}, "KAFKA_SASL_USERNAME is not set"),
        ({"kafka_security_protocol": "SASL_SSL", "kafka_sasl_password": _SECRET}, "KAFKA_SASL_USERNAME is not set"),
        ({"kafka_security_protocol": "SASL_SSL", "kafka_sasl_username": "u"}, "user u needs a password"),
        ({"kafka_security_protocol": "SSL", "kafka_ssl_cafile": "/none"}, "CAFILE: cannot read /none: No such file"),
        ({"kafka_security_protocol": "SSL", "kafka_ssl_cafile": "/"}, "CAFILE: cannot read /: Is a directory"),
        ({"kafka_security_protocol": "SSL", "kafka_ssl_cafile": __file__}, "holds no certificates in PEM form"),
        ({"kafka_security_protocol": "SSL", "kafka_ssl_keyfile": "x"}, "KAFKA_SSL_CERTFILE is not"),
        ({"kafka_security_protocol": "SSL", "kafka_ssl_key_password": _SECRET}, "KAFKA_SSL_CERTFILE is not"),
        ({"kafka_security_protocol": "SSL", "kafka_ssl_certfile": "/none"}, "CERTFILE: cannot read /none"),
        ({"kafka_security_protocol": "ssl"}, "--kafka-security-protocol: expected 'PLAINTEXT', 'SSL'"),
        ({"kafka_sasl_mechanism": "GSSAPI"}, "--kafka-sasl-mechanism: expected 'PLAIN', 'SCRAM-SHA-256'"),
    ],
    ids=str,
)
def test_what_makes_no_sense(given: dict[str, object], sentence: str) -> None:
    """The sentence names the setting and the way out, and no secret."""
    with pytest.raises(SettingsError, match=sentence) as caught:
        connection(**given)
    assert _SECRET not in str(caught.value)


def test_a_password_from_a_file(tmp_path: Path) -> None:
    """Its first line, without the end of the line; spaces are of the password."""
    user: dict[str, object] = {"kafka_security_protocol": "SASL_SSL", "kafka_sasl_username": "u"}
    file = tmp_path / "password"
    for text in (f" {_SECRET} \n", f" {_SECRET} \r\nnext", f" {_SECRET} "):
        file.write_text(text)
        assert connection(**user, kafka_sasl_password_file=file).password == f" {_SECRET} "
    with pytest.raises(SettingsError, match="are both set: keep one"):
        connection(**user, kafka_sasl_password_file=file, kafka_sasl_password=_SECRET)
    for content, problem in ((b"", "is empty"), (b"\nx", "is empty"), (b"\xff\xfe", "is not UTF-8")):
        file.write_bytes(content)
        with pytest.raises(SettingsError, match=problem):
            connection(**user, kafka_sasl_password_file=file)
    with pytest.raises(SettingsError, match=r"PASSWORD_FILE: cannot read .*/none: No such file"):
        connection(**user, kafka_sasl_password_file=tmp_path / "none")


def test_a_certificate_and_its_key(files: Authority) -> None:
    """With the right password the key opens; with another, or with none, it is told and nobody is asked."""
    place = files.file.parent
    given: dict[str, object] = {
        "kafka_security_protocol": "SSL",
        "kafka_ssl_cafile": files.file,
        "kafka_ssl_certfile": place / "client.pem",
        "kafka_ssl_keyfile": place / "client.key",
    }
    assert connection(**given, kafka_ssl_key_password=_SECRET).tls is not None
    with pytest.raises(SettingsError, match="KEY_PASSWORD does not open the key"):
        connection(**given, kafka_ssl_key_password="wrong")  # noqa: S106 - it is wrong
    with pytest.raises(SettingsError, match="KEY_PASSWORD is not set, and the key is encrypted"):
        connection(**given)
    with pytest.raises(SettingsError, match="are not a certificate and its key"):
        connection(**given | {"kafka_ssl_keyfile": place / "other.key"})


@pytest.mark.parametrize(
    ("given", "event", "words"),
    [
        ({"kafka_security_protocol": "SASL_PLAINTEXT"}, "kafka_not_encrypted", "reads messages"),
        (
            {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_sasl_mechanism": "PLAIN"},
            "kafka_not_encrypted",
            "reads messages and the password",
        ),
        (
            {"kafka_security_protocol": "SASL_SSL", "kafka_ssl_check_hostname": "false"},
            "kafka_hostname_not_checked",
            "is believed",
        ),
    ],
)
def test_what_is_warned_about(given: dict[str, object], event: str, words: str) -> None:
    """What is possible and not safe is said each time."""
    with capture_logs() as logs:
        connection(**given, kafka_sasl_username="u", kafka_sasl_password=_SECRET)
    (line,) = logs
    assert (line["event"], words in line["why"], _SECRET in str(line)) == (event, True, False)


def test_every_client_of_the_application_is_told() -> None:
    """An address alone would be talked to in plain text: who connects takes the whole connection from the settings."""
    allowed = {"pointsman/kafka.py"}
    for file in sorted(ROOT.glob("pointsman/**/*.py")):
        name = str(file.relative_to(ROOT))
        if name not in allowed:
            assert "settings.kafka_bootstrap" not in file.read_text(encoding="utf-8"), name


def test_commands_that_talk_to_kafka_read_all_of_it() -> None:
    """No command knows the address and not the password."""
    for file in ROOT.glob("pointsman/commands/*.py"):
        declared = re.findall(r"@with_settings\(([^)]*)", file.read_text(encoding="utf-8"))
        assert not [one for one in declared if '"kafka_' in one.partition("require")[0]], file
    assert len(set(KAFKA)) == 11
