"""How to reach Kafka: addresses, and what the brokers ask for. A value that is handed to every client."""

import ssl
from dataclasses import dataclass, field
from typing import Any, Literal

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class KafkaConnection:
    """Brokers to begin with, `host:port` and several by comma, and how to talk to them.

    `tls` is wanted where the protocol is one over TLS: it holds the authorities, the certificate of the client, and
    whether names are checked, so that no client reads files or passwords of keys.
    """

    bootstrap: str
    protocol: Protocol = "PLAINTEXT"
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    mechanism: Mechanism = "SCRAM-SHA-512"
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, address: "KafkaConnection | str") -> "KafkaConnection":
        """An address alone is talked to in plain text: the embedded broker, and the brokers of tests."""
        return address if isinstance(address, KafkaConnection) else cls(address)

    def client_settings(self) -> dict[str, Any]:
        """The settings of kafka-python that reach these brokers."""
        settings: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap.split(","),
            "security_protocol": self.protocol,
        }
        if self.protocol in ("SSL", "SASL_SSL"):
            settings["ssl_context"] = self.tls
        if self.protocol.startswith("SASL"):
            # kafka-python 3.0.12 does not do it: in SCRAM's messages a comma ends a field.
            escaped = self.username.replace("=", "=3D").replace(",", "=2C")
            settings |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username if self.mechanism == "PLAIN" else escaped,
                "sasl_plain_password": self.password,
            }
        return settings
