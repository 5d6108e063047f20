"""Apache Kafka with listeners that ask for something: TLS, a username, a certificate; and with access lists."""

from pathlib import Path

from pointsman.embedded.ports import free_port
from tests.services.authority import Authority, Issued
from tests.services.kafka import ApacheKafka

# What a test knows to look for in everything that is said.
PASSWORD = "plänted-sasl-passwörd"  # noqa: S105 - of a broker that ends with the tests
KEY_PASSWORD = "plänted-key-password"  # noqa: S105 - see above
USER = "pointsman"
# May log in, and has no right to anything.
NOBODY = "nobody"
# A name that SCRAM's messages have to escape.
COMMA = "team,router=3"
_AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
_SECURITY = "org.apache.kafka.common.security"
_OTHER_LISTENERS = ("SASL_SSL", "SASL_PLAINTEXT", "MUTUAL", "EXPIRED", "MISNAMED")
# After this time a client has to show its password again: revoked credentials show within a test's time.
_REAUTHENTICATE_MS = 3_000


class SecureKafka(ApacheKafka):
    """`bootstrap` is in plain text and lets everybody do everything: it is the test's own way in."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.authority = Authority(directory)
        self.stranger = Authority(directory, "stranger")
        self.client = self.authority.issue("client", password=KEY_PASSWORD)
        self._ports = {listener: free_port() for listener in _OTHER_LISTENERS}

    def address(self, listener: str) -> str:
        """Where a listener is reached: SASL_SSL, SASL_PLAINTEXT, MUTUAL, EXPIRED or MISNAMED."""
        return f"127.0.0.1:{self._ports[listener]}"

    def settings(self, user: str = USER, password: str = PASSWORD) -> dict[str, object]:
        """Pointsman's settings for the listener SASL_SSL."""
        return {
            "kafka_bootstrap": self.address("SASL_SSL"),
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_username": user,
            "kafka_sasl_password": password,
            "kafka_ssl_cafile": str(self.authority.file),
        }

    def _more_properties(self) -> dict[str, object]:
        here = self._listeners()
        server = self._keystore(self.authority.issue("server"))
        return {
            "listeners": here + f",CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": here,
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,"
            "SASL_PLAINTEXT:SASL_PLAINTEXT,MUTUAL:SSL,EXPIRED:SSL,MISNAMED:SSL",
            "inter.broker.listener.name": "PLAINTEXT",
            "authorizer.class.name": _AUTHORIZER,
            "super.users": "User:ANONYMOUS",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": server,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.authority.file,
            "listener.name.mutual.ssl.client.auth": "required",
            **self._of_listener("expired", self.authority.issue_expired("expired")),
            **self._of_listener("misnamed", self.authority.issue("misnamed", names="DNS:kafka.example")),
            **_sasl("sasl_ssl"),
            **_sasl("sasl_plaintext"),
            "connections.max.reauth.ms": _REAUTHENTICATE_MS,
        }

    def _more_to_format(self) -> list[str]:
        added = [f"SCRAM-SHA-512=[name={user},password={PASSWORD}]" for user in (USER, NOBODY)]
        return [part for one in added for part in ("--add-scram", one)]

    def _listeners(self) -> str:
        others = ",".join(f"{name}://127.0.0.1:{port}" for name, port in self._ports.items())
        return f"PLAINTEXT://{self.bootstrap},{others}"

    def _of_listener(self, name: str, issued: Issued) -> dict[str, object]:
        place = f"listener.name.{name}.ssl.keystore"
        return {f"{place}.type": "PEM", f"{place}.location": self._keystore(issued)}

    def _keystore(self, issued: Issued) -> Path:
        """Key and certificate in one file, as Kafka wants them."""
        together = issued.certificate.with_suffix(".keystore.pem")
        together.write_text(issued.key.read_text() + issued.certificate.read_text())
        together.chmod(0o600)
        return together


def _sasl(listener: str) -> dict[str, object]:
    place = f"listener.name.{listener}"
    return {
        f"{place}.sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        f"{place}.scram-sha-512.sasl.jaas.config": f"{_SECURITY}.scram.ScramLoginModule required;",
        f"{place}.plain.sasl.jaas.config": f'{_SECURITY}.plain.PlainLoginModule required user_{USER}="plain-secret";',
    }
