"""Which errors of a connection are a broker's no, and which are a broker that comes and goes."""

import ssl

import pytest
from kafka.errors import (
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from ingest.connection import KafkaConnection
from ingest.errors import KafkaDenied
from ingest.refusals import denied, missing_right, refusal


def tls(reason: str) -> ssl.SSLError:
    """What OpenSSL raises for this reason."""
    error = ssl.SSLError(1, f"[SSL: {reason}] (_ssl.c:1006)")
    error.reason = reason
    return error


def wrapped(error: BaseException) -> KafkaConnectionError:
    """As kafka-python hands it on: raised while another was handled."""
    outer = KafkaConnectionError(f"Handshake failed: {error}")
    outer.__context__ = error
    return outer


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SaslAuthenticationFailedError("x"), "the username or the password is wrong"),
        (UnsupportedSaslMechanismError(), "does not take SCRAM-SHA-512"),
        (IllegalSaslStateError(), "asks for no username"),
        (ValueError("Server sent wrong signature!"), "cannot prove that it knows the password"),
        (wrapped(tls("TLSV13_ALERT_CERTIFICATE_REQUIRED")), "asks for a certificate of the client"),
        (KafkaConnectionError(tls("TLSV1_ALERT_UNKNOWN_CA")), "does not accept the certificate of the client"),
        (wrapped(tls("WRONG_VERSION_NUMBER")), "does not talk TLS"),
        (wrapped(tls("TLSV1_ALERT_PROTOCOL_VERSION")), "TLS with it is not possible"),
    ],
    ids=str,
)
def test_a_no(error: BaseException, words: str) -> None:
    """It would be said again: the sentence tells what to look at."""
    assert words in (refusal(error, "SCRAM-SHA-512") or "")


@pytest.mark.parametrize(
    "error",
    [
        KafkaTimeoutError("late"),
        KafkaConnectionError("socket disconnected"),
        ConnectionRefusedError(111, "refused"),
        wrapped(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")),
        wrapped(tls("PROTOCOL_IS_SHUTDOWN")),
        wrapped(tls("TLSV1_ALERT_INTERNAL_ERROR")),
        ValueError("anything"),
    ],
    ids=str,
)
def test_no_answer_is_no_no(error: BaseException) -> None:
    """A broker that restarts ends connections in any of these ways: it is waited for."""
    assert refusal(error, "PLAIN") is None


def test_a_right_is_named() -> None:
    """The sentence says on what, and which one; waiting does not help."""
    error = TopicAuthorizationFailedError({"b", "a"})
    assert missing_right(error).endswith("publishing needs WRITE and DESCRIBE (a, b)")
    assert "READ on it (group)" in missing_right(GroupAuthorizationFailedError("group"))
    assert isinstance(denied(error, "h:1"), KafkaDenied)
    assert denied(KafkaTimeoutError("late"), "h:1") is None


def test_a_users_name_is_escaped_for_scram_alone() -> None:
    """PLAIN takes a name as it stands."""
    names = {
        mechanism: KafkaConnection("h:1", "SASL_PLAINTEXT", mechanism=mechanism, username="a,b=c").client_settings()
        for mechanism in ("PLAIN", "SCRAM-SHA-256")
    }
    assert names["PLAIN"]["sasl_plain_username"] == "a,b=c"
    assert names["SCRAM-SHA-256"]["sasl_plain_username"] == "a=2Cb=3Dc"
