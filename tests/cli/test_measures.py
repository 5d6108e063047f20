"""`pointsman measures` shows what was counted, says how sure it is, and names what it cannot show."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from migrations.schema import migrate
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import attempt, outcome, trace
from tests.cli.command import Said, pointsman
from tests.store.feed import OUTCOMES_0, Feed, execute

HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)


def paid(dollars: str, **fields: Any) -> Any:
    """An answered call that cost so much."""
    nothing = {"prefill_cost_usd": Decimal(0), "cache_cost_usd": Decimal(0), "tools_cost_usd": Decimal(0)}
    return attempt(generation_cost_usd=Decimal(dollars), **nothing | fields)


@pytest.fixture
def url(database18: str) -> str:
    """Two routes of prod: three requests of invoices, of which one failed, and one of chat that nobody judged."""
    sessions = Sessions(database18)
    migrate(sessions)
    feed = Feed(sessions)
    told = [
        trace(started_at=HOUR, duration_s=1.0, attempts=(paid("0.10", effort="low"),)),
        trace(started_at=HOUR, duration_s=2.0, attempts=(paid("0.20"), paid("0.40", role="escalation", model="big"))),
        trace(started_at=HOUR + timedelta(hours=1), duration_s=3.0, attempts=(paid("0.20"),)),
    ]
    feed.send(
        *told,
        trace(started_at=HOUR, route="chat", task_class="a\x1bb"),
        trace(started_at=HOUR, environment="stage"),
        trace(started_at=HOUR, arm="shadow", attempts=(paid("9"),)),
    )
    values = ("success", "success", "failure")
    feed.send(
        *(outcome(trace_id=one.trace_id, outcome=value) for one, value in zip(told, values, strict=True)),
        to=OUTCOMES_0,
    )
    tick(sessions)
    sessions.close()
    return database18


def measures(url: str, *arguments: str) -> Said:
    """Run it."""
    return pointsman("measures", *arguments, settings={"database_url": url})


def line_of(said: Said, first: str) -> str:
    """The line of this route or measure."""
    (line,) = [line for line in said.out.splitlines() if line.startswith(first)]
    return re.sub(r"\s{2,}", " | ", line.strip())


def test_a_line_for_each_route(url: str) -> None:
    """Of this environment and of users alone; what is not known is no data and never 0."""
    said = measures(url)
    assert said.code == 0, said
    assert line_of(said, "invoices").startswith("invoices | 3 | 66.7 % | 100 % | $0.450 | 33.3 %")
    assert line_of(said, "chat").startswith("chat | 1 | - |")
    assert "stage" not in said.out
    assert "environment prod; counted up to" in said.out


def test_all_measures_of_one_route(url: str) -> None:
    """Value, interval, count and coverage; those without data are named."""
    said = measures(url, "--route", "invoices")
    assert line_of(said, "eventual_success_rate") == "eventual_success_rate | 66.7 % | 20.8 to 93.9 % | 3 | 100 %"
    assert line_of(said, "duration P50").startswith("duration P50 | 2.0")
    assert "no data: " in said.out
    assert "citation_grounding" in said.out.split("no data: ")[1]


def test_for_programs(url: str) -> None:
    """Every measure in plain numbers; what is not known is null or empty."""
    rows = [json.loads(line) for line in measures(url, "--json").out.splitlines()]
    found = {(row["route"], row["measure"], row["quantile"], row["part"]): row for row in rows}
    success = found["invoices", "cost_per_success", None, ""]
    assert (success["value"], success["count"], success["unit"]) == (pytest.approx(0.45), 3, "USD")
    assert found["chat", "cost_per_success", None, ""]["value"] is None
    table = list(csv.DictReader(io.StringIO(measures(url, "--csv").out)))
    assert len(table) == len(rows)
    assert {row["value"] for row in table if row["route"] == "chat" and row["measure"] == "cost_per_success"} == {""}


def test_by_keys(url: str) -> None:
    """A stranger's words move no cursor; a measure that a key cannot keep apart is named."""
    said = measures(url, "--by", "route,task_class")
    assert "a\\x1bb" in said.out
    said = measures(url, "--by", "effort", "-m", "cost per success", "-m", "error rate")
    assert "left out, not kept apart by effort: cost_per_success" in said.out
    assert "attempt_error_rate" in said.out
    assert line_of(said, "low").startswith("low | 1 | 0 %")


def test_over_time(url: str) -> None:
    """A small plot over every hour of the span, with gaps where nothing was; all rows for programs."""
    said = measures(url, "--since", "5h", "--by", "hour", "-m", "cost_per_success", "--route", "invoices")
    assert re.search(r"cost_per_success +[▁-█ ]+", said.out), said.out
    rows = [json.loads(line) for line in measures(url, "--by", "hour", "-m", "success rate", "--json").out.splitlines()]
    assert [(row["bucket"], row["value"]) for row in rows] == [
        (HOUR.isoformat(), 1.0),
        ((HOUR + timedelta(hours=1)).isoformat(), 0.0),
    ]


def test_economics(url: str) -> None:
    """What the cascade costs beside sending all to the premium route, and what stands for that."""
    said = measures(url, "--as", "economics", "--route", "invoices")
    assert line_of(said, "extraction").startswith("extraction | - | 3 | 33.3 % | $0.167 | $0.400 | $0.300")
    assert "no premium-direct traffic" in said.out
    (row,) = [
        json.loads(line)
        for line in measures(url, "--as", "economics", "--route", "invoices", "--json").out.splitlines()
    ]
    assert row["expected_cost"] == pytest.approx(0.3)


def test_other_traffic_is_shown_apart(url: str) -> None:
    """Shadows and probes cost money too."""
    said = measures(url, "--traffic", "all", "--by", "arm", "-m", "spend")
    assert line_of(said, "shadow") == "shadow | 1 | $9.00 | 100 %"


def test_another_environment_is_named(url: str) -> None:
    """Who looks into an empty one is told which others there are."""
    said = measures(url, "--environment", "test")
    assert "no requests in this span, but of environment prod, stage: --environment prod" in said.out
    assert line_of(measures(url, "--environment", "stage"), "invoices").startswith("invoices | 1 |")


def test_sums_that_contradict_each_other(url: str) -> None:
    """Are told with what helps, and no figure is made of them."""
    sessions = Sessions(url)
    execute(sessions, "UPDATE request_rollups_hour SET succeeded = known + 1")
    sessions.close()
    said = measures(url)
    assert (said.code, said.out) == (1, "")
    assert "succeeded: more than known, of which it is a part" in said.err
    assert "pointsman rollups verify" in said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--by", "colour"], "--by: there is no colour; there are minute, hour, day, arm"),
        (["--by", "hour,day"], "--by: each key once, and one of minute, hour and day"),
        (["-m", "latensy"], "--measure: there is no 'latensy'; near it: duration"),
        (["-m", "happiness of users"], "docs/measures.md lists them"),
        (["--since", "tomorrow"], "--since: cannot read 'tomorrow'"),
        (["--since", "1h", "--until", "2h"], "--until: expected a time behind --since"),
        (["--json", "--csv"], "--json and --csv: one of them"),
        (["--as", "poem"], "--as: expected economics"),
        (["--traffic", "bots"], "--traffic: expected user, probe or all"),
        (["--since", "60d", "--by", "minute"], "--by minute: minutes are kept since"),
        (["--as", "economics", "--by", "effort"], "requests are not kept apart by effort"),
    ],
)
def test_wrong_use(url: str, arguments: list[str], sentence: str) -> None:
    """One sentence that says what would be right, and exit code 2."""
    said = measures(url, *arguments)
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err


def test_a_store_without_rollups(database18: str) -> None:
    """Says what is missing."""
    sessions = Sessions(database18)
    migrate(sessions)
    sessions.close()
    said = measures(database18)
    assert said.code == 0
    assert "no requests in this span\n" in said.out
    assert "nothing is counted yet: does pointsman steer (or up) run?" in said.out
