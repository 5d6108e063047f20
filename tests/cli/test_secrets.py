"""Secrets stay where they were put: no log, no sentence, no traceback, no metric and no process list has them."""

import os
import re
import socket
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from pydantic import ValidationError

from pointsman.settings import KAFKA, Settings, load_settings
from tests.cli.command import Said, as_process, pointsman
from tests.ingest.process import IngestProcess, ask
from tests.replay_fakes import line, trace_file
from tests.services.authority import Authority
from tests.services.postgres import PostgresServer, fresh_database
from tests.services.secure_kafka import SecureKafka

# Each in its own form, as far as the place takes it: with characters that URLs, shells and JSON write otherwise.
DATABASE = "db-plänted-9f1c"
SASL = "sasl-plänted-9f1c"
KEY = "key-plänted-9f1c"
SSL_KEY = "sslpassword-plänted-9f1c"
_PLANTED = re.compile(r"pl(ä|%C3%A4|\\u00e4|\\xc3\\xa4|\\xe4)nted-9f1c", re.IGNORECASE)
# Ten seconds of waiting, and the start of many processes at once on a busy machine.
_WITHIN_S = 200.0
_COMMANDS = [
    ["topics", "create", "--replication", "1"],
    ["offsets", "reset", "--topic", "routing.traces"],
    ["migrate"],
    ["dead-letters", "list"],
    ["offsets", "list"],
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority and a client's certificate with an encrypted key."""
    authority = Authority(tmp_path_factory.mktemp("certificates"))
    authority.issue("client", password=KEY)
    return authority


def planted(files: Authority, address: str, **changes: object) -> dict[str, object]:
    """A secret in every setting that takes one."""
    return {
        "kafka_bootstrap": address,
        "kafka_security_protocol": "SASL_SSL",
        "kafka_sasl_username": "pointsman",
        "kafka_sasl_password": SASL,
        "kafka_ssl_cafile": files.file,
        "kafka_ssl_certfile": files.file.parent / "client.pem",
        "kafka_ssl_keyfile": files.file.parent / "client.key",
        "kafka_ssl_key_password": KEY,
        "database_url": f"postgresql://someone:{DATABASE}@{address}/nowhere?sslpassword={SSL_KEY}",
        "log_level": "debug",
        "http_port": 0,
        **changes,
    }


@pytest.fixture
def refusing() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def silent_about(said: Said) -> None:
    """Fail where a secret shows."""
    found = _PLANTED.search(said.out + said.err)
    assert found is None, said


def all_of(commands: list[list[str]], settings: dict[str, object]) -> Iterator[Said]:
    """Each command as a process of its own, all at once: most of them wait for ten seconds."""
    with ThreadPoolExecutor(len(commands)) as pool:
        yield from pool.map(lambda command: as_process(*command, settings=settings, within_s=_WITHIN_S), commands)


def test_nobody_answers(files: Authority, refusing: str) -> None:
    """Every command says so, at the level of debug, without a secret."""
    for said in all_of(_COMMANDS, planted(files, refusing)):
        assert said.code == 3, said
        silent_about(said)


def test_refused(files: Authority, secure_kafka: SecureKafka, postgres_system: PostgresServer) -> None:
    """Kafka and PostgreSQL that answer and refuse: exit code 2, and neither's words are handed on with a secret."""
    with fresh_database(postgres_system) as url:
        database = url.replace("postgresql://pointsman@", f"postgresql://nobody:{DATABASE}@")
        changes = {"kafka_ssl_cafile": secure_kafka.authority.file, "database_url": f"{database}?sslpassword={SSL_KEY}"}
        settings = planted(files, secure_kafka.address("SASL_SSL"), **changes)
        del settings["kafka_ssl_certfile"], settings["kafka_ssl_keyfile"], settings["kafka_ssl_key_password"]
        for said in all_of([*_COMMANDS, ["ingest"], ["steer"]], settings):
            assert said.code == 2, said
            silent_about(said)


@pytest.mark.parametrize(
    "changes",
    [
        {"database_url": f"postgresql://u:{DATABASE}@h:port/db"},
        {"database_url": f"mysql://u:{DATABASE}@h/db"},
        {"database_url": f"postgresql://u:{DATABASE}/x@h/db"},
        {"database_url": f"postgresql://u:p@{DATABASE}@h/db"},
        {"database_url": f"{DATABASE}"},
        {"kafka_security_protocol": "PLAINTEXT"},
        {"kafka_ssl_key_password": f"{KEY}-wrong"},
        {"http_port": "http"},
        {"kafka_sasl_mechanism": "none"},
    ],
    ids=str,
)
def test_settings_that_are_wrong(files: Authority, refusing: str, changes: dict[str, object]) -> None:
    """The sentence on one setting tells nothing of the others."""
    settings = planted(files, refusing, **changes)
    said = pointsman("ingest", settings=settings)
    assert said.code == 2, said
    silent_about(said)


def test_a_file_of_settings(files: Authority, refusing: str, tmp_path: Path) -> None:
    """A file that is cut off in the middle of a secret, or holds one under a wrong name, is named and not quoted."""
    file = tmp_path / "pointsman.toml"
    for text in (
        f'kafka_sasl_password = "{SASL}\n',
        f'kafka_sasl_pasword = "{SASL}"\n',
        f"kafka_sasl_password = {SASL}\n",
        f'kafka_sasl_password = ["{SASL}"]\n',
        f'database_url = {{password = "{DATABASE}"}}\n',
    ):
        file.write_text(text)
        said = pointsman("topics", "create", "--config", str(file), settings={"kafka_bootstrap": refusing})
        assert (said.code, "Traceback" in said.err) == (2, False), said
        silent_about(said)


def test_help_and_the_printed_roles(files: Authority, refusing: str) -> None:
    """Neither shows what is set."""
    for said in all_of(
        [["ingest", "--help"], ["up", "--help"], ["migrate", "--print-roles"]], planted(files, refusing)
    ):
        assert said.code == 0
        silent_about(said)


@pytest.mark.parametrize(("command", "waits"), [("ingest", "waiting_for_store"), ("steer", "leadership_unsure")])
def test_a_process_that_runs(files: Authority, refusing: str, tmp_path: Path, command: str, waits: str) -> None:
    """Its log at debug, its metrics, its health and its line in the process list, while it waits for its services."""
    process = IngestProcess(tmp_path / "log", planted(files, refusing), command=command)
    try:
        process.wait_for(waits)
        time.sleep(1)
        seen = process.output + ask(process.port, "/metrics").body + ask(process.port, "/healthz").body
        listed = [" ".join(_command_line(one)) for one in psutil.process_iter() if one.pid != os.getpid()]
    finally:
        process.close()
    assert not _PLANTED.search(seen)
    assert not [one for one in listed if _PLANTED.search(one)]


def test_an_env_file_is_for_its_owner(files: Authority, refusing: str, tmp_path: Path) -> None:
    """The one place that tells secrets on purpose: readable by nobody else, and all that another command needs."""
    from pointsman.envfile import written_env_file
    from pointsman.process import Stopping

    file = tmp_path / "pointsman.env"
    settings = load_settings({name: str(value) for name, value in planted(files, refusing).items()})
    with written_env_file(file, settings, 8474, Stopping()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        written = file.read_text()
    for name in set(KAFKA) - {"kafka_sasl_mechanism", "kafka_sasl_password_file", "kafka_ssl_check_hostname"}:
        assert f"POINTSMAN_{name.upper()}=" in written
    assert not file.exists()


def test_a_traceback_shows_none(files: Authority, refusing: str) -> None:
    """Settings are shown by debuggers, by errors and by logs: none of the ways to write them down has a secret."""
    settings = load_settings({name: str(value) for name, value in planted(files, refusing).items()})
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert not _PLANTED.search(shown)
    with pytest.raises(ValidationError) as caught:
        Settings(kafka_sasl_password=[SASL])  # type: ignore[arg-type]  # that is wrong
    assert "kafka_sasl_password" in str(caught.value)


def test_replay_says_nothing_either(files: Authority, refusing: str, tmp_path: Path) -> None:
    """It knows Kafka's secrets, and its file is checked first."""
    said = as_process("replay", str(trace_file(tmp_path, [line(1)])), settings=planted(files, refusing))
    assert said.code == 3
    silent_about(said)


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return [str(part) for part in process.cmdline()]
    except psutil.Error:
        return []
