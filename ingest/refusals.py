"""Why brokers would not have us: kafka-python tries again for ever, and then says that time is over.

A broker that is away is waited for. One that answers and refuses (a wrong password, a certificate that proves nothing)
will refuse again: its reason is kept here, and a client that every address refuses is told at the second try.
"""

import os
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from kafka.errors import (
    AuthorizationError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    InvalidReceiveError,
    KafkaError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from ingest.errors import KafkaDenied
from ingest.receiving import receive

_AUTHORITIES = "see POINTSMAN_KAFKA_SSL_CAFILE"
_PROTOCOL = "see POINTSMAN_KAFKA_SECURITY_PROTOCOL"
# What Kafka's own clients give a connection at first.
_AGREEMENT_S = 10.0
_NO_AGREEMENT = (
    "handshake failure",
    "protocol version",
    "unsupported protocol",
    "unrecognized name",
    "no shared cipher",
)
_RIGHTS: Mapping[type[KafkaError], str] = {
    TopicAuthorizationFailedError: "topics: ingest needs READ and DESCRIBE, publishing needs WRITE and DESCRIBE",
    GroupAuthorizationFailedError: "the consumer group: ingest needs READ on it",
    ClusterAuthorizationFailedError: "the cluster: creating topics needs CREATE on it or on the topics",
    TransactionalIdAuthorizationFailedError: "the transactional id: it needs WRITE on it",
}


class RefusedByBroker(KafkaError):
    """Every broker that was asked has refused, and would again. Ours, raised through kafka-python."""


class _Selector(NetworkSelector):
    """With a bound for the agreement on TLS: kafka-python waits without end for who lets it connect and is silent."""

    def __init__(self, **configs: Any) -> None:
        super().__init__(**configs)  # type: ignore[no-untyped-call]  # kafka-python has no types
        # Until when each has to have agreed.
        self._agreed_by: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def _wait_io(self, fileobj: Any, event: int, timeout_at: float | None) -> None:
        # Before they have agreed there is no version.
        if timeout_at is None and isinstance(fileobj, ssl.SSLSocket) and fileobj.version() is None:
            timeout_at = self._agreed_by.setdefault(fileobj, time.monotonic() + _AGREEMENT_S)
        super()._wait_io(fileobj, event, timeout_at)  # type: ignore[no-untyped-call]  # see above


def client_that_notes_refusals(**settings: Any) -> KafkaNetClient:
    """For kafka-python's setting `kafka_client`."""
    net = _Selector(**settings)
    return KafkaNetClient(net=net, manager=_Manager(net, **settings), **settings)


def denied(error: BaseException, address: str, client: Any = None) -> KafkaDenied | None:
    """The error as a KafkaDenied, where waiting would not help; `client` is asked who refuses it now."""
    if isinstance(error, AuthorizationError):
        return KafkaDenied(missing_right(error))
    if isinstance(error, RefusedByBroker):
        return KafkaDenied(no_way_in(address, error.args[0]))
    why = client._manager.refused_by_all() if client is not None else None  # noqa: SLF001 - see below
    return None if why is None else KafkaDenied(no_way_in(address, why))


def no_way_in(address: str, why: str) -> str:
    """One sentence on a broker that refuses."""
    return f"there is no way into Kafka at {address}: {why}"


def why_not(error: BaseException, client: Any = None) -> str:
    """Why the last connection failed, as `closed_on_failure` noted it or the client knows it; empty otherwise."""
    noted = "; ".join(getattr(error, "__notes__", ()))
    return noted or (str(client._manager.last_error) if client is not None else "")  # noqa: SLF001 - see below


def refusals(client: Any) -> dict[str, str]:
    """What each broker said that refuses us now, by its address; one that let us in since is not among them."""
    return dict(client._manager.refused)  # noqa: SLF001 - kafka-python shows it nowhere else


def explain(error: BaseException, client: Any) -> None:
    """Say why a client could not begin: a note on the error, or RefusedByBroker where a broker has refused it."""
    manager = client._manager  # noqa: SLF001 - kafka-python shows it nowhere else
    if isinstance(error, KafkaTimeoutError) and manager.refused:
        # Of several addresses the others are away.
        raise RefusedByBroker(manager.refused[min(manager.refused)]) from error
    if manager.last_error:
        error.add_note(manager.last_error)


def missing_right(error: AuthorizationError) -> str:
    """One sentence on a right that Kafka's access lists do not give."""
    asked = next((text for kind, text in _RIGHTS.items() if isinstance(error, kind)), "what was asked")
    named = ", ".join(sorted(str(name) for name in _named(error)))
    return f"Kafka does not let this user use {asked}{f' ({named})' if named else ''}"


def _named(error: AuthorizationError) -> Iterator[Any]:
    for argument in error.args:
        if isinstance(argument, (set, frozenset, list, tuple)):
            yield from argument
        elif argument:
            yield argument


def refusal(error: BaseException, mechanism: str) -> str | None:
    """Why a broker refuses us; None where this may be a broker that comes and goes."""
    if isinstance(error, SaslAuthenticationFailedError):
        return "the username or the password is wrong"
    if isinstance(error, UnsupportedSaslMechanismError):
        return f"it does not take {mechanism}; see POINTSMAN_KAFKA_SASL_MECHANISM"
    if isinstance(error, IllegalSaslStateError):
        return f"it asks for no username; {_PROTOCOL}"
    if isinstance(error, InvalidReceiveError):
        return f"it answers in another protocol, perhaps TLS; {_PROTOCOL}"
    if isinstance(error, ValueError) and "Server" in str(error):
        return "it cannot prove that it knows the password"
    of_tls = next((one for one in _chain(error) if isinstance(one, ssl.SSLError)), None)
    return None if of_tls is None else _tls_refusal(of_tls)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from, and errors that it only carries along."""
    seen: list[BaseException] = [error]
    for one in seen:
        yield one
        others = (*one.args, one.__cause__, one.__context__)
        seen += [other for other in others if isinstance(other, BaseException) and other not in seen]


def _tls_refusal(error: ssl.SSLError) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message}); {_AUTHORITIES}"
    reason = str(getattr(error, "reason", None) or "").replace("_", " ").lower()
    if "certificate required" in reason:
        return "it asks for a certificate of the client; see POINTSMAN_KAFKA_SSL_CERTFILE"
    if "alert" in reason and ("certificate" in reason or "unknown ca" in reason):
        return f"it does not accept the certificate of the client ({reason}); see POINTSMAN_KAFKA_SSL_CERTFILE"
    if "wrong version" in reason or "record layer" in reason or "http request" in reason:
        return f"it does not talk TLS; {_PROTOCOL}"
    # Not every alert: a broker that is going down sends some too.
    if any(words in reason for words in _NO_AGREEMENT):
        return f"TLS with it is not possible ({reason})"
    return None


class _Manager(KafkaConnectionManager):
    """With a memory of what went wrong."""

    def __init__(self, net: Any, **settings: Any) -> None:
        self.refused: dict[str, str] = {}
        self.last_error = ""
        self._mechanism = str(settings.get("sasl_mechanism") or "SASL")
        super().__init__(net, **settings)  # type: ignore[no-untyped-call]  # kafka-python has no types

    def get_connection(self, node_id: Any, *arguments: Any, **options: Any) -> Any:
        """As kafka-python's, and how it ends is noted."""
        known = self._conns.get(node_id)
        connection = super().get_connection(node_id, *arguments, **options)  # type: ignore[no-untyped-call]  # see above
        if connection is not known:
            node = self.cluster.broker_metadata(node_id)
            address = f"{node.host}:{node.port}" if node else str(node_id)
            connection.init_future.add_callback(partial(self._let_in, address))
            connection.init_future.add_errback(partial(self._failed, address))
            connection.close_future.add_errback(partial(self._ended, address))
        return connection

    def maybe_raise_auth_failure(self, _node_id: Any) -> None:
        """Called before each try to connect. Once bootstrapped, whoever asks looks for refusals itself."""
        if not self.bootstrapped and (why := self.refused_by_all()):
            raise RefusedByBroker(why)

    def refused_by_all(self) -> str | None:
        """What brokers say where not one of them lets us in; with one that may, there is reason to go on.

        At the beginning each address is tried; later those are tried that are needed, and a connection tells enough.
        """
        if not self.refused:
            return None
        if self.bootstrapped:
            others = any(connection.connected for connection in list(self._conns.values()))
        else:
            others = bool({f"{one.host}:{one.port}" for one in self.cluster.bootstrap_brokers()} - set(self.refused))
        return None if others else self.refused[min(self.refused)]

    async def _build_transport(self, *arguments: Any, **options: Any) -> Any:
        """As kafka-python's, with our way to receive."""
        transport = await super()._build_transport(*arguments, **options)  # type: ignore[no-untyped-call]  # see above
        transport._sock_recv = partial(receive, transport._sock)  # noqa: SLF001 - there is no other way
        return transport

    def _let_in(self, address: str, _: object) -> None:
        self.last_error = ""
        self.refused.pop(address, None)

    def _ended(self, address: str, error: BaseException) -> None:
        if address not in self.refused:
            self.last_error = self.last_error or _said(error)

    def _failed(self, address: str, error: BaseException) -> None:
        reason = refusal(error, self._mechanism)
        self.last_error = reason or _said(error)
        if reason is not None:
            self.refused[address] = reason


def _said(error: BaseException) -> str:
    """What kafka-python says, in words: of the system's errors it tells number and name alone."""
    if any(isinstance(one, ssl.SSLEOFError | ssl.SSLZeroReturnError) for one in _chain(error)):
        return f"the connection ended while TLS was agreed on; {_PROTOCOL}"
    if any(isinstance(one, KafkaTimeoutError) for one in _chain(error)) and "Handshake" in str(error):
        return f"nothing was heard while TLS was to be agreed on; {_PROTOCOL}"
    text = re.sub(r"^(\[Error \d+\] )?\w+Error: ", "", str(error).strip())
    number = re.match(r"^(\d+) E[A-Z]+$", text)
    if text == "socket disconnected":
        return f"the broker ended the connection; {_PROTOCOL}"
    return (os.strerror(int(number[1])) if number else text) or type(error).__name__
