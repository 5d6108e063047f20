"""What a scrape shows, as values by name and labels."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from pointsman_contract.attempt import Attempt
from pointsman_contract.trace import Trace
from tests.builders import attempt, trace

ROUTE = {"environment": "prod", "route": "invoices", "arm": "baseline"}
REQUEST = ROUTE | {"route_kind": "", "task_class": "extraction"}


def recent(**overrides: Any) -> Trace:
    """A request of two minutes ago: minutes are kept for days only, and counters are of today."""
    return trace(**{"started_at": datetime.now(UTC) - timedelta(minutes=2)} | overrides)


def paid(dollars: str, **overrides: Any) -> Attempt:
    """An attempt whose output cost so much."""
    nothing = {"prefill_cost_usd": Decimal(0), "cache_cost_usd": Decimal(0), "tools_cost_usd": Decimal(0)}
    return attempt(generation_cost_usd=Decimal(dollars), **nothing | overrides)


class Shown:
    """The samples of one scrape, as a client reads them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        text = generate_latest(registry).decode()
        families = text_string_to_metric_families(text)
        self.samples = [sample for family in families for sample in family.samples]

    def names(self) -> set[str]:
        """Of all samples."""
        return {sample.name for sample in self.samples}

    def values(self, name: str, **labels: str) -> list[float]:
        """Those with these labels, and any others."""
        return [one.value for one in self.samples if one.name == name and labels.items() <= one.labels.items()]

    def total(self, name: str, **labels: str) -> float:
        """Of all with these labels."""
        return sum(self.values(name, **labels))

    def value(self, name: str, **labels: str) -> float:
        """The only one."""
        (found,) = self.values(name, **labels)
        return found
