"""The demo's measures come from the rollups, say how far these are, and never show 0 for what is not known."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from rich.console import Console

from migrations.schema import migrate
from pointsman.demo.measured import Measured, Measures
from pointsman.demo.measures_view import how_far, measures_line, measures_table, print_measures
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import NOON, attempt, trace
from tests.demo_groups import group, line
from tests.figures import figures
from tests.store.feed import Feed

NOW = datetime.now(UTC)
FREE = {"prefill_cost_usd": Decimal(0), "cache_cost_usd": Decimal(0), "tools_cost_usd": Decimal(0)}


def cells(capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """What was printed: by its first word, the other words of each line."""
    lines = [text.split() for text in capsys.readouterr().out.splitlines() if text.strip()]
    return {words[0]: words[1:] for words in lines}


def test_what_is_not_known_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    """No cost, no TTFT: no 0. The share of known outcomes stands there where nothing has a price, too."""
    unpriced = figures("cost_per_success", coverage=math.nan)
    unknown = figures("eventual_success_rate", coverage=0.0)
    Console().print(measures_table("route", [group("chat")._replace(whole=line("chat", unpriced, unknown))]))
    assert cells(capsys)["chat"] == ["100", "-", "0", "%", "25.0", "%", "-", "-"]


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(0.01, 0.02, "$0.0100 to $0.0200"), (0.01, math.inf, "$0.0100 to ∞"), (math.inf, math.inf, "∞")],
)
def test_bounds_stand_for_an_uncertain_cost(
    capsys: pytest.CaptureFixture[str], low: float, high: float, shown: str
) -> None:
    """Under 80 % coverage there is no figure but its bounds; without any success it has no end."""
    cost = figures("cost_per_success", coverage=0.4, bound_low=low, bound_high=high)
    Console().print(measures_table("route", [group("chat")._replace(whole=line("chat", cost))]))
    assert f" {shown} " in f" {' '.join(cells(capsys)['chat'])} "
    measured = Measured([group("chat")._replace(whole=line("chat", cost))], 100)
    assert f"chat: {shown} per success (40.0 % known), 25.0 % escalated" in measures_line(measured)


def test_the_final_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """One model stands beside its route, several below it; task classes only where a route has several."""
    routes = [group("chat", "small"), group("ex\x1btract", "small", "large")]
    print_measures(Console(), routes, routes)
    out = capsys.readouterr().out
    assert "chat: small " in out
    assert "\n  large " in out
    assert "ex\\x1btract" in out
    assert "task class" not in out
    print_measures(Console(), routes, [group("rare", "small"), *(group(f"class-{n}", "a", "b") for n in range(9))])
    out = capsys.readouterr().out
    assert "of 10 task classes, the 5 busiest with several models" in out
    assert ("class-4" in out, "class-5" in out) == (True, False)


def test_how_far_they_are() -> None:
    """Beside every look: how many of what is stored, and how old that is; nothing counted is said, too."""
    measured = Measured((), 90, behind=True, until=NOON, now=NOON + timedelta(seconds=3))
    assert how_far(measured, 100) == "90 of 100 stored requests counted, up to 3 s ago"
    assert how_far(measured, 90) == "all 90 stored requests are counted"
    assert how_far(Measured(), 0) == "nothing is counted yet"


def test_they_are_read_from_the_rollups_alone(database18: str) -> None:
    """Only replayed traffic; nothing before steer counted it, and shadows are counted but are no requests of users."""
    sessions = Sessions(database18)
    migrate(sessions)
    feed = Feed(sessions)
    measures = Measures(sessions, every_s=3600)
    dear = attempt(role="escalation", model="big", generation_cost_usd=Decimal("0.5"), **FREE)
    cheap = attempt(model="small", generation_cost_usd=Decimal("0.1"), **FREE)
    told = [
        trace(attempts=(cheap,), outcome="success"),
        trace(attempts=(cheap,), outcome="success", task_class="chat"),
        trace(attempts=(cheap, dear), outcome="failure"),
        trace(attempts=(cheap,), arm="shadow"),
    ]
    replayed = [one.model_copy(update={"environment": "replay", "started_at": NOW}) for one in told]
    feed.send(*replayed, trace(started_at=NOW))
    before = measures.recent()
    assert (before.counted, before.behind, before.until, before.routes) == (0, True, None, [])
    tick(sessions)
    assert measures.recent() is before
    after = measures.when_all_is_counted(within_s=0)
    assert (after.counted, after.behind) == (4, False)
    (route,) = after.routes
    assert [(line.name, line.requests) for line in (route.whole, *route.models)] == [
        ("invoices", 3),
        ("small", 2),
        ("big", 1),
    ]
    assert route.whole.figures["cost_per_success"].value == pytest.approx(0.4)
    assert [(one.whole.name, one.whole.requests) for one in measures.groups("task_class")] == [
        ("extraction", 2),
        ("chat", 1),
    ]
    sessions.close()


def test_the_wait_has_an_end(database18: str) -> None:
    """Where nobody counts, the demo goes on, and its account is wrong."""
    sessions = Sessions(database18)
    migrate(sessions)
    Feed(sessions).send(trace(environment="replay", started_at=NOW))
    last = Measures(sessions).when_all_is_counted(within_s=0.3)
    assert (last.counted, last.behind) == (0, True)
    sessions.close()
