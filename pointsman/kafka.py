"""From the settings to a connection to Kafka: what contradicts itself, or cannot be read, is said before any try."""

import ssl
from pathlib import Path

import structlog

from ingest.connection import KafkaConnection
from pointsman.settings import KAFKA, Settings, SettingsError, variable

log = structlog.get_logger()

_SASL = ("kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password", "kafka_sasl_password_file")
_TLS = (
    "kafka_ssl_cafile",
    "kafka_ssl_certfile",
    "kafka_ssl_keyfile",
    "kafka_ssl_key_password",
    "kafka_ssl_check_hostname",
)
# With the embedded broker nothing of this is used.
SECURITY = tuple(name for name in KAFKA if name != "kafka_bootstrap")
_MAX_PASSWORD_BYTES = 64 * 1024


def kafka_connection(settings: Settings) -> KafkaConnection:
    """How to reach the brokers that the settings name.

    Reads files. Raises SettingsError, with the setting's name, where they contradict each other or a file is no use.
    """
    protocol = settings.kafka_security_protocol
    sasl, tls = protocol.startswith("SASL"), protocol.endswith("SSL")
    if not sasl:
        _refuse_unused(settings, _SASL, "SASL_SSL")
    if not tls:
        _refuse_unused(settings, _TLS, "SASL_SSL" if sasl else "SSL")
    if sasl and not tls:
        read = "messages and the password" if settings.kafka_sasl_mechanism == "PLAIN" else "messages"
        log.warning("kafka_not_encrypted", protocol=protocol, why=f"whoever is on the way reads {read}")
    return KafkaConnection(
        settings.kafka_bootstrap,
        protocol=protocol,
        tls=_context(settings) if tls else None,
        mechanism=settings.kafka_sasl_mechanism,
        username=_username(settings) if sasl else "",
        password=_password(settings) if sasl else "",
    )


def _refuse_unused(settings: Settings, names: tuple[str, ...], wanted: str) -> None:
    for name in names:
        if name in settings.model_fields_set:
            raise SettingsError(
                f"{variable(name)} is set, and {variable('kafka_security_protocol')} is"
                f" {settings.kafka_security_protocol}, which does not use it: set it to {wanted}"
            )


def _username(settings: Settings) -> str:
    if not settings.kafka_sasl_username:
        raise SettingsError(
            f"{variable('kafka_sasl_username')} is not set, and {variable('kafka_security_protocol')} is"
            f" {settings.kafka_security_protocol}"
        )
    return settings.kafka_sasl_username


def _password(settings: Settings) -> str:
    given, file = settings.kafka_sasl_password.get_secret_value(), settings.kafka_sasl_password_file
    if given and file:
        raise SettingsError(
            f"{variable('kafka_sasl_password')} and {variable('kafka_sasl_password_file')} are both set: keep one"
        )
    if given:
        return given
    if not file:
        raise SettingsError(
            f"{variable('kafka_sasl_password_file')} is not set, nor {variable('kafka_sasl_password')}: user"
            f" {settings.kafka_sasl_username} needs a password"
        )
    try:
        with Path(file).open("rb") as opened:
            lines = opened.read(_MAX_PASSWORD_BYTES).decode().splitlines()
    except OSError as error:
        raise _unreadable("kafka_sasl_password_file", error) from error
    except UnicodeDecodeError:
        # Its words quote bytes, which may be of the password.
        raise SettingsError(f"{variable('kafka_sasl_password_file')}: {file} is not UTF-8") from None
    if not lines or not lines[0]:
        raise SettingsError(f"{variable('kafka_sasl_password_file')}: the first line of {file} is empty")
    return lines[0]


def _context(settings: Settings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.kafka_ssl_cafile:
        _load_authorities(context, settings.kafka_ssl_cafile)
    else:
        context.load_default_certs()
    if not settings.kafka_ssl_check_hostname:
        context.check_hostname = False
        log.warning("kafka_hostname_not_checked", why="another host with a certificate of the authority is believed")
    if settings.kafka_ssl_certfile:
        _load_certificate(context, settings)
        return context
    for name in ("kafka_ssl_keyfile", "kafka_ssl_key_password"):
        if settings.is_given(name):
            raise SettingsError(f"{variable(name)} is set, and {variable('kafka_ssl_certfile')} is not")
    return context


def _load_authorities(context: ssl.SSLContext, file: str) -> None:
    _open("kafka_ssl_cafile", file)
    try:
        context.load_verify_locations(file)
    except ssl.SSLError as error:
        raise SettingsError(f"{variable('kafka_ssl_cafile')}: {file} holds no certificates in PEM form") from error


def _load_certificate(context: ssl.SSLContext, settings: Settings) -> None:
    certificate, key = settings.kafka_ssl_certfile, settings.kafka_ssl_keyfile
    password = settings.kafka_ssl_key_password.get_secret_value()
    _open("kafka_ssl_certfile", certificate)
    if key:
        _open("kafka_ssl_keyfile", key)
    asked: list[bool] = []

    # A function: with a password that is empty OpenSSL would ask at the terminal.
    def tell_password() -> str:
        asked.append(True)
        return password

    try:
        context.load_cert_chain(certificate, key or None, tell_password)
    except (ssl.SSLError, OSError) as error:
        if asked:
            problem = "does not open the key" if password else "is not set, and the key is encrypted"
            raise SettingsError(f"{variable('kafka_ssl_key_password')} {problem}") from error
        where = f"{variable('kafka_ssl_certfile')}: {certificate}" + (f" and {key}" if key else "")
        raise SettingsError(f"{where} are not a certificate and its key in PEM form") from error


def _open(name: str, file: str) -> None:
    try:
        with Path(file).open("rb"):
            return
    except OSError as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: OSError) -> SettingsError:
    return SettingsError(f"{variable(name)}: cannot read {error.filename}: {error.strerror}")
