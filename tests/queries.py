"""The queries of rules and dashboards as they lie in deploy/."""

import json
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).parents[1] / "deploy" / "prometheus" / "rules"
DASHBOARDS = Path(__file__).parents[1] / "deploy" / "grafana" / "dashboards"


def of_rules() -> list[str]:
    """Every expression of every alert."""
    return [
        rule["expr"]
        for file in sorted(RULES.glob("*.yml"))
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]


def board(name: str) -> Any:
    """A dashboard."""
    return json.loads((DASHBOARDS / name).read_text(encoding="utf-8"))


def of_dashboard(name: str) -> list[str]:
    """Every expression of its panels, for all that its variables can be."""
    return [target["expr"] for panel in board(name)["panels"] for target in panel.get("targets", [])]


def of_dashboards() -> list[str]:
    """Of all of them, and what their variables are taken from."""
    names = sorted(file.name for file in DASHBOARDS.glob("*.json"))
    variables = [one["definition"] for name in names for one in board(name).get("templating", {"list": []})["list"]]
    return variables + [expression for name in names for expression in of_dashboard(name)]


def for_all(expression: str) -> str:
    """With every value of the dashboard's variables, as Grafana would ask."""
    return expression.replace("$environment", ".*").replace("$route", ".*")
