"""The rules for Prometheus fire when they should, and a page gets from a running ingest to Alertmanager."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.ingest.process import IngestProcess
from tests.services.prometheus import alertmanager, get_json, prometheus, until_found

_DEPLOY = Path(__file__).parent.parent / "deploy"
_RULES = _DEPLOY / "prometheus" / "rules"
_CASES = Path(__file__).parent / "prometheus"
each_part = pytest.mark.parametrize("part", ["ingest.yml", "steer.yml"])


def run(program: Path, *arguments: object) -> str:
    """A checker; fails where it finds something."""
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_files_are_understood(prometheus_programs: Path) -> None:
    """By the programs that read them."""
    run(prometheus_programs / "promtool", "check", "config", _DEPLOY / "prometheus" / "prometheus.yml")
    run(prometheus_programs / "amtool", "check-config", _DEPLOY / "alertmanager" / "alertmanager.yml")


@each_part
def test_each_alert_fires_when_it_should(prometheus_programs: Path, part: str) -> None:
    """On series that were made up: not before its time, and not where all is well."""
    assert "SUCCESS" in run(prometheus_programs / "promtool", "test", "rules", _CASES / part)


def test_each_file_of_rules_has_its_cases() -> None:
    """Who adds one adds the other."""
    assert {file.name for file in _RULES.iterdir()} == {file.name for file in _CASES.iterdir()}


@each_part
def test_each_alert_has_a_case(part: str) -> None:
    """Who adds an alert shows it firing."""
    alerts = {
        rule["alert"] for group in yaml.safe_load((_RULES / part).read_text())["groups"] for rule in group["rules"]
    }
    cases = yaml.safe_load((_CASES / part).read_text())["tests"]
    shown = {case["alertname"] for test in cases for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert shown == alerts


@pytest.fixture
def adapted(tmp_path: Path) -> Path:
    """The rules as they are, but impatient: a test has no minutes."""
    rules = yaml.safe_load((_RULES / "ingest.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("for", None)
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump(rules))
    return file


def test_a_page_arrives(prometheus_programs: Path, adapted: Path, tmp_path: Path) -> None:
    """A real `pointsman ingest` that waits for its database, scraped by Prometheus with the rules, and the alert with
    its labels in Alertmanager.
    """
    settings = {"kafka_bootstrap": "127.0.0.1:1", "database_url": "postgresql://x@127.0.0.1:1/x", "http_port": 0}
    process = IngestProcess(tmp_path / "ingest.log", settings)
    config = yaml.safe_load((_DEPLOY / "prometheus" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
    config["rule_files"] = [str(adapted)]
    try:
        config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{process.port}"]}]
        with alertmanager(prometheus_programs, tmp_path, _DEPLOY / "alertmanager" / "alertmanager.yml") as pager:
            config["alerting"]["alertmanagers"][0]["static_configs"] = [{"targets": [pager]}]
            file = tmp_path / "prometheus.yml"
            file.write_text(yaml.safe_dump(config))
            with prometheus(prometheus_programs, tmp_path, file) as address:
                until_found(f"http://{pager}/api/v2/alerts", lambda alerts: alerts, within_s=30)
                (target,) = get_json(f"http://{address}/api/v1/targets")["data"]["activeTargets"]
                assert target["health"] == "up", target
                (alert,) = get_json(f"http://{pager}/api/v2/alerts")
    finally:
        process.close()
    labels = {name: alert["labels"][name] for name in ("alertname", "severity", "service", "waits_for")}
    assert labels == {
        "alertname": "PointsmanWaiting",
        "severity": "warning",
        "service": "pointsman",
        "waits_for": "store",
    }
    assert alert["annotations"]["summary"].endswith("waits for store")
