"""Rules and dashboards ask for what /metrics shows, by its labels and for values that these have."""

import re
from collections.abc import Mapping

import pytest
from prometheus_client import CollectorRegistry

from analytics.scrape.families import EVENTS, FAMILIES, HEADLINES, OUTCOMES, STATUSES
from ingest.metrics import IngestMetrics
from pointsman.steer.metrics import SteerMetrics
from tests import queries

# What a scrape adds.
_OF_A_TARGET = {"instance", "job"}
# Labels with a closed set of values that queries name.
_VALUES = {
    "measure": set(HEADLINES),
    "quantile": {str(quantile) for quantiles in HEADLINES.values() for quantile in quantiles},
    "event": set(EVENTS),
    "status": {*STATUSES, "other"},
    "outcome": {*OUTCOMES, "unknown"},
}


def measured() -> Mapping[str, set[str]]:
    """The labels of each series, by its name; of all processes."""
    registry = CollectorRegistry()
    IngestMetrics(registry)
    SteerMetrics(registry)
    found = {"up": set[str]()}
    of_collectors = [
        (one._name + ("_total" if one._type == "counter" else ""), one._type, one._labelnames)  # type: ignore[attr-defined]  # noqa: SLF001 - nowhere public
        for one in registry._collector_to_names  # noqa: SLF001
    ]
    for name, kind, labels in [*of_collectors, *((one.name, one.type, one.labels) for one in FAMILIES)]:
        if kind == "histogram":
            found |= {f"{name}_bucket": {*labels, "le"}, f"{name}_sum": set(labels), f"{name}_count": set(labels)}
        else:
            found[name] = set(labels)
    return found


MEASURED = measured()
SELECTOR = re.compile(r"\b(pointsman_[a-z_]+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
each_query = pytest.mark.parametrize("expression", [*queries.of_rules(), *queries.of_dashboards()])


@each_query
def test_a_query_asks_for_what_is_measured(expression: str) -> None:
    """Every metric is one that is shown, and every label that selects is one that it has."""
    selectors = SELECTOR.findall(expression)
    assert selectors
    for name, matchers in selectors:
        assert name in MEASURED
        for label, how, value in MATCHER.findall(matchers):
            assert label in MEASURED[name] | _OF_A_TARGET, (name, label)
            assert how.endswith("~") or value in _VALUES.get(label, {value}), (label, value)


@each_query
def test_a_query_groups_by_labels_that_there_are(expression: str) -> None:
    """Each label of a grouping or a join belongs to a metric of the query."""
    known = _OF_A_TARGET.union(*(MEASURED[name] for name, _ in SELECTOR.findall(expression)))
    for labels in re.findall(r"\b(?:by|on) ?\(([^)]*)\)", expression):
        assert {label.strip() for label in labels.split(",") if label.strip()} <= known


def test_what_is_listed_is_looked_at() -> None:
    """Every measure that is shown is on the dashboard of routes, or has an alert."""
    asked = " ".join([*queries.of_rules(), *queries.of_dashboard("routes.json")])
    assert {name for name in HEADLINES if f'measure="{name}"' not in asked} == set()
    assert {family.name for family in FAMILIES if not re.search(rf"\b{family.name}(_bucket)?\b", asked)} == {
        "pointsman_attempt_duration_seconds"
    }
