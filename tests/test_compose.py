"""docker-compose.yml cannot be run everywhere: it is held to its form, and to what the code really is."""

import json
import re
import shlex
from pathlib import Path
from typing import Any, Literal, get_args

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field
from typer.testing import CliRunner

from pointsman.command_line import app
from pointsman.settings import Settings, load_settings, variable

ROOT = Path(__file__).parent.parent
_DEPLOY = ROOT / "deploy"
_HTTP_PORT = int(Settings.model_fields["http_port"].default)
_DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
_DURATION = r"^\d+(ms|s|m|h)$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Health(_Strict):
    test: list[str] = Field(min_length=2)
    interval: str = Field(pattern=_DURATION)
    timeout: str = Field(pattern=_DURATION)
    retries: int = Field(ge=1)


class _Needed(_Strict):
    condition: Literal["service_healthy", "service_completed_successfully"]


class _Service(_Strict):
    """What of the compose specification is used here."""

    image: str | None = None
    build: str | None = None
    command: list[str] = []
    environment: dict[str, str] = {}
    ports: list[str] = []
    volumes: list[str] = []
    healthcheck: _Health | None = None
    restart: str | None = Field(default=None, pattern=r"^(no|always|unless-stopped|on-failure(:\d+)?)$")
    depends_on: dict[str, _Needed] = {}


class _Compose(_Strict):
    name: str
    x_pointsman: _Service = Field(alias="x-pointsman")
    services: dict[str, _Service]
    volumes: dict[str, None]


COMPOSE = _Compose.model_validate(yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
SERVICES = COMPOSE.services
OURS = {name: service for name, service in SERVICES.items() if service.build}
THEIRS = {name: service for name, service in SERVICES.items() if not service.build}
each_of_theirs = pytest.mark.parametrize("service", THEIRS.values(), ids=list(THEIRS))
each_of_ours = pytest.mark.parametrize("service", OURS.values(), ids=list(OURS))


def settings_file(*path: str) -> Any:
    """A YAML file of the deployment."""
    return yaml.safe_load(_DEPLOY.joinpath(*path).read_text(encoding="utf-8"))


def test_the_parts_are_there() -> None:
    """Kafka, PostgreSQL, what watches, and each step of a first start."""
    assert set(THEIRS) == {"kafka", "postgres", "prometheus", "alertmanager", "grafana"}
    assert {name: service.command[0] for name, service in OURS.items()} == {
        "topics": "topics",
        "migrate": "migrate",
        "pointsman": "up",
        "steer": "steer",
    }


@each_of_theirs
def test_an_image_has_a_whole_version(service: _Service) -> None:
    """No tag that means another image next month."""
    assert service.image
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+(\.\d+)?", service.image)


@each_of_theirs
def test_what_runs_on_says_whether_it_is_well(service: _Service) -> None:
    """The ones after it wait for that."""
    assert service.healthcheck
    assert service.healthcheck.test[0] == "CMD"


def test_ours_says_so_by_its_image() -> None:
    """The Dockerfile asks /healthz on the port that the code listens on."""
    assert re.search(r"HEALTHCHECK .*\\\n.*POINTSMAN_HTTP_PORT.*/healthz", _DOCKERFILE)
    assert f"POINTSMAN_HTTP_PORT={_HTTP_PORT}" in _DOCKERFILE
    assert SERVICES["pointsman"].ports == [f"127.0.0.1:{_HTTP_PORT}:{_HTTP_PORT}"]


@pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))
def test_ports_are_open_to_this_machine_alone(service: _Service) -> None:
    """A trial in plain text is nobody else's business."""
    for port in service.ports:
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


@each_of_ours
def test_settings_are_settings(service: _Service) -> None:
    """Every variable is one that the application reads, with a value that it takes."""
    assert set(service.environment) <= {variable(name) for name in Settings.model_fields}
    settings = load_settings({name.removeprefix("POINTSMAN_").lower(): v for name, v in service.environment.items()})
    broker, port = settings.kafka_bootstrap.split(":")
    assert f"PLAINTEXT://{broker}:{port}" in SERVICES[broker].environment["KAFKA_ADVERTISED_LISTENERS"]
    postgres = SERVICES["postgres"].environment
    user, password, name = (postgres[f"POSTGRES_{part}"] for part in ("USER", "PASSWORD", "DB"))
    assert settings.database_url.get_secret_value() == f"postgresql://{user}:{password}@postgres:5432/{name}"


@each_of_ours
def test_a_command_is_one(service: _Service) -> None:
    """Its words and its flags are known to the command line."""
    words = [word for word in service.command if not word.startswith("-") and not word.isdecimal()]
    shown = CliRunner().invoke(app, [*words, "--help"])
    assert shown.exit_code == 0
    for flag in (word for word in service.command if word.startswith("--")):
        assert flag in shown.output


def test_steps_come_in_order() -> None:
    """Topics need Kafka, the schema needs PostgreSQL, and Pointsman needs both of them done."""
    needs = {name: {to: need.condition for to, need in service.depends_on.items()} for name, service in OURS.items()}
    assert needs == {
        "topics": {"kafka": "service_healthy"},
        "migrate": {"postgres": "service_healthy"},
        "pointsman": dict.fromkeys(("topics", "migrate"), "service_completed_successfully"),
        "steer": {"migrate": "service_completed_successfully"},
    }
    for service in SERVICES.values():
        for needed, how in service.depends_on.items():
            assert how.condition != "service_healthy" or SERVICES[needed].healthcheck


@pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))
def test_what_is_mounted_is_there(service: _Service) -> None:
    """Files are in the repository and read-only, volumes are declared."""
    for volume in service.volumes:
        source, target, *mode = volume.split(":")
        assert target.startswith("/")
        if source.startswith("./"):
            assert (ROOT / source).is_dir()
            assert mode == ["ro"]
        else:
            assert source in COMPOSE.volumes


def test_prometheus_scrapes_what_runs() -> None:
    """Targets are services of the compose file, at the ports that they listen on."""
    config = settings_file("prometheus", "prometheus.yml")
    targets = [
        target for job in config["scrape_configs"] for each in job["static_configs"] for target in each["targets"]
    ]
    assert targets == [f"{name}:{_HTTP_PORT}" for name in ("pointsman", "steer")]
    (alertmanager,) = config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    name, port = alertmanager.split(":")
    assert f"127.0.0.1:{port}:{port}" in SERVICES[name].ports
    assert list((_DEPLOY / "prometheus").glob(config["rule_files"][0]))
    for name, config_file in (("prometheus", "prometheus.yml"), ("alertmanager", "alertmanager.yml")):
        assert f"--config.file=/etc/{name}/{config_file}" in SERVICES[name].command
        assert (_DEPLOY / name / config_file).is_file()


def test_grafana_finds_its_source_and_its_dashboards() -> None:
    """The source is the service's address, and the directory of dashboards is the mounted one."""
    (source,) = settings_file("grafana", "provisioning", "datasources", "prometheus.yml")["datasources"]
    name, port = source["url"].removeprefix("http://").split(":")
    assert f"127.0.0.1:{port}:{port}" in SERVICES[name].ports
    (provider,) = settings_file("grafana", "provisioning", "dashboards", "pointsman.yml")["providers"]
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in SERVICES["grafana"].volumes
    for file in (_DEPLOY / "grafana" / "dashboards").glob("*.json"):
        board = json.loads(file.read_text(encoding="utf-8"))
        asking = [panel for panel in board["panels"] if panel["type"] != "row"]
        asking += board.get("templating", {"list": []})["list"]
        assert {one["datasource"]["uid"] for one in asking} == {source["uid"]}


def test_commands_in_alerts_exist() -> None:
    """What an alert tells people to run is there."""
    text = "".join(file.read_text(encoding="utf-8") for file in (_DEPLOY / "prometheus" / "rules").iterdir())
    commands = {found.removeprefix("pointsman ") for found in re.findall(r"`(pointsman [^`]+)`", text)}
    assert commands
    for command in commands:
        words = [word for word in shlex.split(command) if re.fullmatch(r"[a-z][a-z-]*", word)]
        assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0, command


def test_the_literal_of_conditions_is_whole() -> None:
    """The model of this test knows the conditions that are used."""
    used = {need.condition for service in SERVICES.values() for need in service.depends_on.values()}
    assert used == set(get_args(_Needed.model_fields["condition"].annotation))
