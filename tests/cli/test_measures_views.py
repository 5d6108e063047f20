"""`pointsman measures --as`: what a cascade saves, and what a candidate would cost on the same prompts."""

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
from tests.cli.command import Said
from tests.cli.test_measures import measures, paid
from tests.store.feed import OUTCOMES_0, Feed

HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)


@pytest.fixture
def url(database18: str) -> str:
    """A cascade of three requests; chat with two pairs of a candidate and one shadow alone."""
    sessions = Sessions(database18)
    migrate(sessions)
    feed = Feed(sessions)
    told = [
        trace(started_at=HOUR, attempts=(paid("0.10"),)),
        trace(started_at=HOUR, attempts=(paid("0.20"), paid("0.40", role="escalation", model="big"))),
        trace(started_at=HOUR, attempts=(paid("0.20"),)),
    ]
    feed.send(*told)
    values = ("success", "success", "failure")
    feed.send(
        *(outcome(trace_id=one.trace_id, outcome=value) for one, value in zip(told, values, strict=True)),
        to=OUTCOMES_0,
    )
    for number in range(2):
        served = chat(attempts=(paid("0.02", input_tokens=1000, output_tokens=100),))
        tokens = {"input_tokens": 1200 + number, "output_tokens": 50}
        candidate = paid("0.01", model="new", prefill_cost_usd=Decimal("0.012"), **tokens)
        feed.send(served, chat(arm="shadow", shadow_of=served.trace_id, attempts=(candidate,)))
    feed.send(chat(arm="shadow", shadow_of=told[0].trace_id, attempts=(paid("1"),)))
    tick(sessions)
    sessions.close()
    return database18


def chat(**fields: Any) -> Any:
    """A request of the route with shadows."""
    return trace(**{"started_at": HOUR, "route": "chat"} | fields)


def lines_of(said: Said) -> list[str]:
    """Without the spaces that only line up."""
    return [re.sub(r"\s{2,}", " | ", line.strip()) for line in said.out.splitlines()]


def test_economics(url: str) -> None:
    """A block for each group: what the cascade costs, of what, beside sending all to the premium route."""
    said = measures(url, "--as", "economics", "--route", "invoices")
    lines = lines_of(said)
    assert lines[0] == "extraction, -: 3 requests"
    assert "cost of a request | $0.300 | of 3 priced in full" in lines
    assert "first attempt | $0.167" in lines
    assert "an escalation | $0.400 | more, once escalated" in lines
    assert any(line.startswith("escalated | 33.3 %") and line.endswith("of 3 priced in full") for line in lines)
    assert any(line.startswith("success | 66.7 %") and line.endswith("of 3 known outcomes") for line in lines)
    assert "no premium-direct traffic: estimated from the escalations" in said.out
    assert max(map(len, said.out.splitlines()[:10])) <= 80
    (row,) = [
        json.loads(line)
        for line in measures(url, "--as", "economics", "--route", "invoices", "--json").out.splitlines()
    ]
    assert row["expected_cost"] == 0.3
    assert (row["requests"], row["known_escalated"]) == (3, 1)


def test_escalated_requests_without_a_cost(url: str) -> None:
    """Are in the success of escalated ones and not in their share, which is said."""
    sessions = Sessions(url)
    unpriced = (attempt(), attempt(role="escalation"))
    Feed(sessions).send(
        trace(started_at=HOUR, route="dear", outcome="success", attempts=unpriced),
        trace(started_at=HOUR, route="dear", outcome="failure", attempts=(paid("1"),)),
    )
    tick(sessions)
    sessions.close()
    said = measures(url, "--as", "economics", "--route", "dear")
    assert "those that escalated are not priced in full" in said.out
    lines = lines_of(said)
    assert any(line.startswith("escalated | 0 %") and line.endswith("of 1 priced in full") for line in lines)
    assert any(line.startswith("escalated | 100 %") and line.endswith("of 1 known outcome") for line in lines)


@pytest.mark.parametrize("by", ["task_class", "protocol", "route_kind", "task_class,hour", "route,task_class"])
def test_economics_by_what_it_is_split_by_anyway(url: str, by: str) -> None:
    """Nothing is asked for twice."""
    said = measures(url, "--as", "economics", "--by", by, "--route", "invoices")
    assert said.code == 0, said
    assert "of 3 priced in full" in said.out
    assert (f"{HOUR:%Y-%m-%d %H:%M}, extraction" in said.out) is ("hour" in by)
    assert measures(url, "--as", "economics", "--by", by, "--csv").code == 0


def test_swap(url: str) -> None:
    """What the candidate would cost, on the same prompts; how many shadows could not be compared, and why."""
    said = measures(url, "--as", "swap")
    assert said.code == 0, said
    lines = lines_of(said)
    assert lines[0].startswith("chat: new in place of ")
    assert lines[1].startswith("input tokens | 1.20x | ")
    assert lines[1].endswith("x | of 2 pairs")
    # 0.012 dollars for 1,200 tokens, of which the baseline had 1,000: 0.002 more for each request.
    assert lines[2].startswith("extra input cost | $2.0")
    assert lines[2].endswith("per 1,000 requests")
    assert lines[3].startswith("output tokens | 0.500x")
    assert lines[4].startswith("cost in all | 1.10x")
    assert "1 of 3 shadow requests has no pair: what they shadow must be stored too" in said.out


def test_swap_for_programs(url: str) -> None:
    """The rows of its four measures, as they are of others; what has no pair has an empty baseline."""
    rows = [json.loads(line) for line in measures(url, "--as", "swap", "--json").out.splitlines()]
    assert {row["measure"] for row in rows} == {
        "swap_input_tokens", "swap_input_cost", "swap_output_tokens", "swap_cost",
    }  # fmt: skip
    assert {row["baseline_model"] for row in rows if row["value"] is None} == {""}
    table = list(csv.DictReader(io.StringIO(measures(url, "--as", "swap", "--csv").out)))
    assert len(table) == len(rows)


def test_swap_over_time(url: str) -> None:
    """A plot for each of them."""
    said = measures(url, "--as", "swap", "--by", "route,hour", "--since", "5h")
    assert re.search(r"chat +new +\S+ +swap_cost +[▁-█ ]+ 1.10", said.out), said.out


def test_a_route_without_shadows(url: str) -> None:
    """Is told what its router must send."""
    said = measures(url, "--as", "swap", "--route", "invoices")
    assert "no shadow requests in this span" in said.out
    assert "arm 'shadow' and shadow_of" in said.out
    said = measures(url, "--as", "swap", "--route", "invoices", "--json")
    assert said.out == ""
    assert "no shadow requests in this span" in said.err
