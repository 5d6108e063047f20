"""Lines and groups of the demo's measures, as it would read them."""

from pointsman.demo.measured import Group, Line
from pointsman.screens.rows import Figures
from tests.figures import figures


def line(name: str, *rows: Figures, requests: float = 100) -> Line:
    """A line of the demo's measures."""
    of_requests = figures("escalation_rate", 0.25, count=requests)
    return Line(name, {row.measure: row for row in (of_requests, *rows)})


def group(name: str, *models: str) -> Group:
    """A route with these models."""
    return Group(line(name), [line(model) for model in models])
