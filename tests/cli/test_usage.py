"""Wrong use is one clear sentence and exit code 2, never a traceback; settings come from where they should."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from pointsman.command_line import app
from pointsman.exits import MEANINGS
from pointsman.settings import Settings, SettingsError, load_settings, variable
from tests.ingest.process import environment

COMMANDS = [
    ["migrate"],
    ["ingest"],
    ["steer"],
    ["up"],
    ["replay"],
    ["dead-letters", "list"],
    ["dead-letters", "show"],
    ["topics", "create"],
    ["offsets", "list"],
    ["offsets", "reset"],
]
DATABASE = "postgresql://someone:pass-word@127.0.0.1:1/nowhere"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment of whoever runs the tests must not decide them; logging is afterwards as it was before."""
    for name in [*map(variable, Settings.model_fields), "POINTSMAN_CONFIG"]:
        monkeypatch.delenv(name, raising=False)
    yield
    structlog.reset_defaults()


def pointsman(*arguments: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(app, list(arguments))


def refused(result: Result) -> str:
    """The one sentence of a command that was used wrongly."""
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_shows_an_example(command: list[str]) -> None:
    """Every command explains itself, with an example to copy."""
    result = pointsman(*command, "--help")
    assert result.exit_code == 0
    assert "Example:" in result.output


@pytest.mark.parametrize("group", [[], ["dead-letters"], ["topics"], ["offsets"]], ids=str)
def test_a_group_without_a_command(group: list[str]) -> None:
    """Its help, whole and as it is; nothing was done, so the exit code is that of wrong use."""
    result = pointsman(*group)
    assert result.exit_code == 2
    assert result.output == pointsman(*group, "--help").output
    assert "Example: " in result.output or not group


@pytest.mark.parametrize(("columns", "widest"), [(100, 98), (300, 108)])
def test_help_is_as_wide_as_the_terminal(columns: int, widest: int) -> None:
    """Up to the width at which lines are still read."""
    command = [sys.executable, "-m", "pointsman", "offsets", "reset", "--help"]
    shown = subprocess.run(command, env=environment({}) | {"COLUMNS": str(columns)}, capture_output=True, check=True)
    assert max(map(len, shown.stdout.decode().splitlines())) == widest


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_wrong_flag(command: list[str]) -> None:
    """A flag that does not exist is wrong use."""
    assert "--no-such-flag" in refused(pointsman(*command, "--no-such-flag"))


@pytest.mark.parametrize(
    "address", ["localhost", "host:port:x", ":9092", "host:0", "host:99999", "a:1,b", "kafka://h:1"]
)
def test_a_broker_address_that_cannot_be_read(address: str) -> None:
    """The sentence names the flag and what was expected; nothing is connected."""
    sentence = refused(pointsman("topics", "create", "--kafka-bootstrap", address))
    assert "--kafka-bootstrap" in sentence
    assert "host:port" in sentence


@pytest.mark.parametrize("url", ["nonsense", "mysql://u:pass-word@h/db", "postgresql://u:pass-word@h:port/db"])
def test_a_database_url_that_cannot_be_read(url: str) -> None:
    """The sentence says what cannot be read, and shows no password."""
    sentence = refused(pointsman("migrate", "--database-url", url))
    assert "the database URL cannot be read" in sentence
    assert "pass-word" not in sentence


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        (["migrate"], "POINTSMAN_DATABASE_URL"),
        (["ingest"], "POINTSMAN_KAFKA_BOOTSTRAP"),
        (["steer"], "POINTSMAN_DATABASE_URL"),
        (["up"], "POINTSMAN_KAFKA_BOOTSTRAP"),
        (["topics", "create"], "POINTSMAN_KAFKA_BOOTSTRAP"),
        (["offsets", "list"], "POINTSMAN_DATABASE_URL"),
        (["dead-letters", "list"], "POINTSMAN_DATABASE_URL"),
    ],
)
def test_a_setting_that_is_missing(command: list[str], missing: str) -> None:
    """The sentence names the variable to set."""
    assert missing in refused(pointsman(*command))


def test_a_port_that_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong value is blamed on the place that it came from: the flag, or the variable."""
    assert "--http-port" in refused(pointsman("up", "--http-port", "http"))
    monkeypatch.setenv("POINTSMAN_HTTP_PORT", "http")
    assert "POINTSMAN_HTTP_PORT" in refused(pointsman("up"))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("http_port", "x", "--http-port: expected a whole number"),
        ("http_port", "-1", "--http-port: expected at least 0"),
        ("http_port", "65536", "--http-port: expected at most 65535"),
        ("http_port", "9" * 5000, "--http-port: expected a smaller number"),
        ("batch_max_age_s", "soon", "--batch-max-age-s: expected a number"),
        ("raw_retention", "1h", "--raw-retention: expected at least 1 day"),
        ("kafka_ssl_check_hostname", "maybe", "--kafka-ssl-check-hostname: expected true or false"),
        ("log_level", "loud", "--log-level: expected 'debug', 'info', 'warning' or 'error'"),
        ("environment", "", "--environment: must not be empty"),
        ("environment", "x" * 257, "--environment: expected at most 256 characters"),
    ],
    ids=lambda value: value[:30],
)
def test_the_words_of_a_wrong_value(name: str, value: str, sentence: str) -> None:
    """What was expected, in words of people who type."""
    with pytest.raises(SettingsError) as caught:
        load_settings({name: value})
    assert str(caught.value) == sentence


def test_all_wrong_values_are_told() -> None:
    """Who has two should not have to start twice."""
    with pytest.raises(SettingsError, match=r"^--http-port: expected a whole number; --log-level: expected 'debug'"):
        load_settings({"http_port": "x", "log_level": "loud"})


def test_files_that_cannot_be_settings(tmp_path: Path) -> None:
    """A file that is missing, no TOML, holds an unknown key or a wrong value is named in the sentence."""
    file = tmp_path / "pointsman.toml"
    assert str(file) in refused(pointsman("up", "--config", str(file)))
    for text in ("=", 'kafka_botstrap = "h:1"', "http_port = 'x'"):
        file.write_text(text)
        assert str(file) in refused(pointsman("up", "--config", str(file)))


def test_flag_before_variable_before_file_before_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest word counts."""
    file = tmp_path / "pointsman.toml"
    file.write_text("http_port = 3\nraw_retention = '7d'\n")
    assert load_settings({}).http_port == 8474
    assert load_settings({}, file).http_port == 3
    assert load_settings({}, file).raw_retention.days == 7
    monkeypatch.setenv("POINTSMAN_HTTP_PORT", "2")
    assert load_settings({}, file).http_port == 2
    assert load_settings({"http_port": "1"}, file).http_port == 1


@pytest.mark.parametrize("value", ["30", "d", "-1d", "0d", "1y", "99999999999999d"])
def test_durations_that_are_none(value: str) -> None:
    """A duration is a number with its unit, at least a day for retention, and no longer than time itself."""
    with pytest.raises(SettingsError, match="raw-retention"):
        load_settings({"raw_retention": value})


def test_a_misspelt_variable_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable with our prefix that nothing reads is most likely a mistake."""
    monkeypatch.setenv("POINTSMAN_KAFKA_BOOSTRAP", "h:1")
    assert "POINTSMAN_KAFKA_BOOSTRAP" in pointsman("migrate").output
    assert pointsman("doctor").output.count("POINTSMAN_KAFKA_BOOSTRAP") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["migrate"],
        ["dead-letters", "list"],
        ["dead-letters", "show", "1"],
        ["offsets", "list"],
    ],
    ids=" ".join,
)
def test_a_database_that_does_not_answer(arguments: list[str]) -> None:
    """A one-shot command that cannot see says so with exit code 3, without the password."""
    result = pointsman(*arguments, "--database-url", DATABASE)
    assert result.exit_code == 3
    assert result.output.count("pointsman: ") == 1
    assert "pass-word" not in result.output


@pytest.mark.parametrize("age", ["1", "h", "1w", "999999999999999d"])
def test_an_age_that_is_none(age: str) -> None:
    """`--since` takes a number and a unit."""
    assert "--since" in refused(pointsman("dead-letters", "list", "--since", age, "--database-url", DATABASE))


def test_now_and_speed_exclude_each_other(tmp_path: Path) -> None:
    """Two ways of pacing at once make no sense; a file that is missing is named."""
    file = tmp_path / "traces.jsonl"
    broker = ["--kafka-bootstrap", "127.0.0.1:1"]
    assert str(file) in refused(pointsman("replay", str(file), *broker))
    file.touch()
    assert "--speed" in refused(pointsman("replay", str(file), "--now", "--speed", "2", *broker))


def test_the_version() -> None:
    """`--version` prints one line."""
    result = pointsman("--version")
    assert result.exit_code == 0
    assert re.fullmatch(r"pointsman \d+\.\d+\.\d+\S*\n", result.output)


def test_help_lists_every_exit_code() -> None:
    """A script that meets 141 finds it where the others stand."""
    told = pointsman("--help").output
    assert all(f" {code} " in told.replace("\n", " ") for code in MEANINGS)
