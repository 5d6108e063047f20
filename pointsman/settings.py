"""Every setting, from a flag, the environment, or a file, in this order."""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from pointsman_contract.errors import PointsmanError

PREFIX = "POINTSMAN_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
# What every command that talks to Kafka reads.
KAFKA = (
    "kafka_bootstrap",
    "kafka_security_protocol",
    "kafka_sasl_mechanism",
    "kafka_sasl_username",
    "kafka_sasl_password",
    "kafka_sasl_password_file",
    "kafka_ssl_cafile",
    "kafka_ssl_certfile",
    "kafka_ssl_keyfile",
    "kafka_ssl_key_password",
    "kafka_ssl_check_hostname",
)
_ADDRESS = re.compile(r"^(\[[0-9A-Fa-f:.]+\]|[^\s:,/@]+):([0-9]{1,5})$")
# Nine digits of days are within what a timedelta holds.
_TOPIC_PREFIX = re.compile(r"^[A-Za-z0-9._-]*\Z")
_DURATION = re.compile(r"^([0-9]{1,9})\s*([smhd])$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MAX_PORT = 65_535
_WORDS = {
    "int_parsing": "expected a whole number",
    "int_parsing_size": "expected a smaller number",
    "int_from_float": "expected a whole number",
    "float_parsing": "expected a number",
    "bool_parsing": "expected true or false",
    "string_too_short": "must not be empty",
}


class SettingsError(PointsmanError):
    """A setting that is missing or cannot be read; the sentence names it."""


def _duration(value: object) -> object:
    found = _DURATION.match(value.strip()) if isinstance(value, str) else None
    if found is None:
        if isinstance(value, timedelta):
            return value
        msg = "expected a number with s, m, h or d, such as 30d"
        raise ValueError(msg)
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class Settings(BaseSettings):
    """The settings of every command. Each is a flag (`--http-port`), a variable, and a key of the file."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True)

    kafka_bootstrap: str = Field(default="", description="Kafka brokers to begin with: host:port, several by comma.")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How Kafka is talked to; over TLS with SSL and SASL_SSL."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How username and password are shown to Kafka, with SASL."
    )
    kafka_sasl_username: str = Field(default="", description="Kafka user, with SASL.")
    kafka_sasl_password: SecretStr = Field(
        default=SecretStr(""), description="The user's password; better in a file: see the next setting."
    )
    kafka_sasl_password_file: str = Field(default="", description="File whose first line is the user's password.")
    kafka_ssl_cafile: str = Field(
        default="", description="PEM file of the authorities that brokers' certificates come from; else the system's."
    )
    kafka_ssl_certfile: str = Field(default="", description="PEM file of this client's certificate, for mutual TLS.")
    kafka_ssl_keyfile: str = Field(
        default="", description="PEM file of the certificate's key, where the certificate's file does not hold it."
    )
    kafka_ssl_key_password: SecretStr = Field(default=SecretStr(""), description="Password of an encrypted key.")
    kafka_ssl_check_hostname: bool = Field(
        default=True, description="Whether a broker's certificate has to name the host; false only for a trial."
    )
    database_url: SecretStr = Field(
        default=SecretStr(""), description="PostgreSQL in libpq's form: postgresql://user@host:port/name."
    )
    environment: str = Field(
        default="prod", min_length=1, max_length=256, description="The environment that this deployment watches."
    )
    topic_prefix: str = Field(
        default="", max_length=200, description="Put before every topic's name, such as `staging.`."
    )
    consumer_group: str = Field(
        default="pointsman-ingest", min_length=1, max_length=255, description="Kafka consumer group of ingest."
    )
    http_host: str = Field(
        default="127.0.0.1", min_length=1, description="Address that /metrics and /healthz listen on."
    )
    http_port: int = Field(
        default=8474,
        ge=0,
        le=_MAX_PORT,
        description="Port of /metrics and /healthz; 0 takes a free one and says which.",
    )
    raw_retention: Duration = Field(
        default=timedelta(days=30),
        ge=timedelta(days=1),
        le=timedelta(days=3650),
        description="How long traces, attempts, outcomes and heartbeats are kept, such as 30d.",
    )
    batch_max_messages: int = Field(default=5_000, ge=1, le=100_000, description="A batch is stored at this size…")
    batch_max_bytes: int = Field(default=16 * 1024 * 1024, ge=1024, description="…or at these bytes…")
    batch_max_age_s: float = Field(default=0.25, ge=0.01, le=60, description="…or at this age in seconds.")
    dead_letter_payload: Literal["keep", "hash"] = Field(
        default="keep",
        description="Of what could not be read, keep the first 64 KiB (keep), or its SHA-256 only (hash).",
    )
    dead_letters_in_a_row: int = Field(
        default=1_000, ge=1, description="Ingest stops after so many unreadable messages in a row on a topic."
    )
    dead_letter_storage_limit_bytes: int = Field(
        default=1024**3, ge=1024**2, description="Ingest stops where dead letters take this much disk."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level to log: debug, info, warning or error."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        default="auto", description="Log lines for people (console) or machines (json); auto: for people on a terminal."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - given by pydantic-settings
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - given by pydantic-settings
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - given by pydantic-settings
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What `load_settings` hands over, and nothing else: pydantic would read variables in any case of letters."""
        return (init_settings,)

    @field_validator("kafka_bootstrap")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for address in filter(None, value.split(",")):
            found = _ADDRESS.match(address.strip())
            if found is None or not 0 < int(found[2]) <= _MAX_PORT or not _is_host(found[1]):
                msg = f"cannot read {address.strip()!r}: expected host:port, several by comma"
                raise ValueError(msg)
        return ",".join(address.strip() for address in value.split(",") if address.strip())

    @field_validator("topic_prefix")
    @classmethod
    def _of_a_topic(cls, value: str) -> str:
        if not _TOPIC_PREFIX.match(value):
            msg = f"cannot use {value!r}: Kafka's topics have ASCII letters, digits, '.', '_' and '-' in their names"
            raise ValueError(msg)
        return value

    def is_given(self, name: str) -> bool:
        """Whether the setting has a value."""
        value = getattr(self, name)
        return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)

    def require(self, *names: str) -> None:
        """Raises SettingsError where one of these is not given."""
        for name in names:
            if not self.is_given(name):
                flag = "--" + name.replace("_", "-")
                raise SettingsError(f"{variable(name)} is not set (or {flag}, or {name} in the file of --config)")

    def topic(self, name: str) -> str:
        """A topic's name with the prefix."""
        return self.topic_prefix + name


def _is_host(name: str) -> bool:
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def load_settings(flags: Mapping[str, Any], config: Path | None = None) -> Settings:
    """Flags before variables before the file before defaults. Raises SettingsError with one sentence."""
    path = config or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    values: dict[str, Any] = _read_file(path) if path is not None else {}
    for name in Settings.model_fields:
        if os.environ.get(variable(name)):
            values[name] = os.environ[variable(name)]
    values.update({name: value for name, value in flags.items() if value is not None})
    for name, value in values.items():
        # Python hands bytes that are no UTF-8 over as surrogates; no driver takes them.
        if isinstance(value, str) and not value.isascii() and value.encode(errors="ignore").decode() != value:
            raise SettingsError(f"{_place(name, flags, path)}: is not UTF-8")
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(_sentence(error, flags, path)) from None


def misspelt_variables() -> list[str]:
    """Variables with our prefix that no setting reads."""
    known = {variable(name) for name in Settings.model_fields} | {CONFIG_VARIABLE}
    return sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX) and name not in known and not name.startswith("POINTSMAN_TEST")
    )


def _read_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            values = tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"cannot read the settings file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the settings file {path} is not TOML: {error}") from error
    unknown = sorted(set(values) - set(Settings.model_fields))
    if unknown:
        raise SettingsError(f"the settings file {path} has unknown keys: {', '.join(unknown)}")
    return values


def _sentence(error: ValidationError, flags: Mapping[str, Any], path: Path | None) -> str:
    """All that is wrong, each with its place; pydantic's own words are about inputs and strings."""
    return "; ".join(
        f"{_place(str(problem['loc'][0]), flags, path)}: {_expected(problem)}"
        for problem in error.errors(include_url=False, include_input=False)
    )


def _expected(problem: ErrorDetails) -> str:
    kind, limits = problem["type"], problem.get("ctx", {})
    match kind:
        case "greater_than_equal":
            return f"expected at least {limits['ge']}"
        case "less_than_equal":
            return f"expected at most {limits['le']}"
        case "literal_error":
            return f"expected {limits['expected']}"
        case "string_too_long":
            return f"expected at most {limits['max_length']} characters"
        case _:
            return _WORDS.get(kind, problem["msg"].removeprefix("Value error, "))


def _place(name: str, flags: Mapping[str, Any], path: Path | None) -> str:
    """Where a setting's value came from."""
    if flags.get(name) is not None:
        return "--" + name.replace("_", "-")
    return variable(name) if os.environ.get(variable(name)) else f"{name} in {path}"
