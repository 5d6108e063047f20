"""Every field of the contract lands in the column of its name, in the unit of its name."""

from decimal import Decimal
from math import inf
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table

from pointsman_contract.attempt import Attempt
from pointsman_contract.heartbeat import AppliedEpoch, Heartbeat, RouteCounter
from pointsman_contract.message import Part
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from store.priced_rows import RowPricing
from store.pricing import PriceBook
from store.received import Received
from store.rows import (
    Row,
    columns_of,
    dead_letter_row,
    heartbeat_row,
    stage_trace,
)
from store.tables import attempts, dead_letters, heartbeats, outcomes, traces
from tests.builders import NOON, attempt, heartbeat, outcome, trace
from tests.store.expected_rows import PLACE, expected_row, fields_of
from tests.store.feed import HEARTBEATS_0, OUTCOMES_0, Feed, received, rows, unreadable

# No two fields of one type hold the same value, so that no two can be swapped unseen.
_ATTEMPT = attempt(
    role="judge",
    requested_model="asked",
    provider="provider",
    region="region",
    effort="effort",
    config="config",
    tokenizer="tokenizer",
    call_mode="json",
    streamed=True,
    enforcement="grammar",
    input_tokens=1001,
    cache_read_tokens=102,
    cache_write_tokens=103,
    output_tokens=1004,
    reasoning_tokens=105,
    input_chars=106,
    output_chars=107,
    prefill_cost_usd=Decimal("0.000000201"),
    cache_cost_usd=Decimal("0.000000202"),
    generation_cost_usd=Decimal("0.000000203"),
    tools_cost_usd=Decimal("0.000000204"),
    ttft_s=0.000301,
    duration_s=0.000302,
    status="timeout",
    error_type="error",
    finish_reason="length",
    failure_mode="tool_loop",
    schema_id="schema",
    schema_valid=False,
    tool_calls=401,
    tool_calls_ok=302,
    citations=403,
    citations_supported=304,
    injection="blocked",
    injection_at="tool_result",
    batch_size=405,
)
_TRACE = trace(
    trace_id=UUID(int=1, version=4),
    duration_s=0.000501,
    tenant="tenant",
    session_id="session",
    risk="high",
    language="de",
    modalities=("image", "text", "image"),
    prompt_version="prompt",
    probe="golden",
    route_kind="premium",
    protocol="cascade",
    policy_epoch=17,
    record_revision="revision",
    arm="canary",
    shadow_of=UUID(int=2, version=4),
    threshold=0.1,
    confidence=0.2,
    difficulty=0.3,
    routing_s=0.000502,
    routing_cost_usd=Decimal("0.000000601"),
    retrieval_cost_usd=Decimal("0.000000602"),
    cache="semantic",
    attempts=(_ATTEMPT, attempt()),
    recovery="fail_open",
    failure_mode="omission",
    outcome="failure",
    human_review_s=503.0,
    human_cost_usd=Decimal("0.000000603"),
)
_OUTCOME = outcome(
    trace_started_at=NOON,
    source="user",
    human_review_s=1.5,
    human_cost_usd=Decimal("0.25"),
    scores={"fluency": 0.5, "umlaut ü": -3.25},
)
_PRICING = RowPricing(PriceBook())
_HEARTBEAT = heartbeat(
    epochs={name: AppliedEpoch(epoch=number, applied_at=NOON) for number, name in enumerate(("a", "b"))},
    counters=tuple(
        RouteCounter(route=route, arm="shadow", task_class="t", epoch=2**63 - 1, dispatched=2, finished=1)
        for route in ("a", "b")
    ),
    dropped=7,
)


@pytest.mark.parametrize(
    ("table", "model", "held_elsewhere"),
    [
        (traces, Trace, {"kind"}),
        (attempts, Attempt, set()),
        (outcomes, Outcome, {"kind"}),
        (heartbeats, Heartbeat, {"kind"}),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_every_field_has_a_column(table: Table, model: type[Part], held_elsewhere: set[str]) -> None:
    """And every column a field: what the contract gains, the store gains too."""
    of_the_trace = {"trace_id", "started_at", "position"} if table is attempts else set()
    assert fields_of(table) - of_the_trace == set(model.model_fields) - held_elsewhere


def _message(content: Any) -> Received:
    return received(OUTCOMES_0._replace(partition=3), 9, content)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (traces, _PRICING.trace_row(stage_trace(_TRACE), 7, 9)),
        (attempts, _PRICING.attempt_rows(stage_trace(_TRACE), 7)[1]),
        (outcomes, _PRICING.outcome_row(_OUTCOME, _message(_OUTCOME), 7)),
        (heartbeats, heartbeat_row(_HEARTBEAT, _message(_HEARTBEAT), 7)),
    ],
    ids=["traces", "attempts", "outcomes", "heartbeats"],
)
def test_rows_name_the_place_that_they_came_from(table: Table, row: Row) -> None:
    """What no field of the message says, under the name of its column; the fields are read back below."""
    named = dict(zip(columns_of(table), row, strict=True))
    assert named.keys() == {column.name for column in table.columns}
    place = {"topic_id": OUTCOMES_0.topic_id, "partition": 3, "offset": 9, "batch_id": 7}
    if table is attempts:
        place |= {"trace_id": _TRACE.trace_id, "started_at": NOON, "position": 1}
    assert {name: named[name] for name in place.keys() & named.keys()} == {
        name: value for name, value in place.items() if name in named
    }


def test_dead_letters_are_in_the_order_of_their_table() -> None:
    """The same for dead letters, which no field of the contract names."""
    row = dead_letter_row(unreadable("why", environment="e", route="r"), _message(_OUTCOME), 7, NOON, keep=True)
    named = dict(zip(columns_of(dead_letters), row, strict=True))
    assert "id" not in named
    shown = {name: named[name] for name in ("topic", "partition", "offset", "batch_id", "dead_at", "reason", "detail")}
    assert list(shown.values()) == [OUTCOMES_0.topic, 3, 9, 7, NOON, "invalid_json", "why"]
    assert (named["environment"], named["route"], named["message_key"]) == ("e", "r", b"key")


def test_a_full_trace_is_read_back_by_name(feed: Feed) -> None:
    """Through COPY and INSERT into PostgreSQL: every column of the trace and of both attempts."""
    feed.send(_TRACE)
    assert _read_back(feed, traces) == [expected_row(traces, _TRACE)]
    found = _read_back(feed, attempts, order="position")
    wanted = [expected_row(attempts, each) for each in _TRACE.attempts]
    of_the_trace = {"trace_id": _TRACE.trace_id, "started_at": NOON}
    assert found == [row | of_the_trace | {"position": position} for position, row in enumerate(wanted)]


def test_an_outcome_and_a_heartbeat_are_read_back_by_name(feed: Feed) -> None:
    """Their JSON too."""
    feed.send(_OUTCOME, to=OUTCOMES_0)
    feed.send(_HEARTBEAT, to=HEARTBEATS_0)
    assert _read_back(feed, outcomes) == [expected_row(outcomes, _OUTCOME)]
    assert _read_back(feed, heartbeats) == [expected_row(heartbeats, _HEARTBEAT)]


def test_flags_are_not_swapped(feed: Feed) -> None:
    """Booleans have two values only, so each is true once while all others are false."""
    flags = ("streamed", "schema_valid", "repaired", "grammar_cold", "refused", "speculative")
    ones = [attempt(**{name: name == this for name in flags}) for this in flags]
    feed.send(trace(attempts=tuple(ones)))
    assert _read_back(feed, attempts, order="position", only=flags) == [
        {name: getattr(one, name) for name in flags} for one in ones
    ]


@pytest.mark.parametrize(
    ("seconds", "microseconds"),
    [
        (0.0, 0),
        (1e-7, 0),
        (5e-7, 0),
        (1.5e-6, 2),
        (2.5e-6, 2),
        (0.1, 100_000),
        (1e9, 10**15),
        (86400.000001, 86400000001),
    ],
)
def test_durations_are_rounded_to_microseconds(feed: Feed, seconds: float, microseconds: int) -> None:
    """Half to even, once."""
    feed.send(trace(duration_s=seconds))
    assert rows(feed.sessions, "SELECT duration_us FROM traces") == [(microseconds,)]


@pytest.mark.parametrize(
    ("dollars", "nanodollars"),
    [("0", 0), ("0.000000001", 1), ("0.1", 10**8), ("999999999.999999999", 999_999_999_999_999_999), ("1E+9", 10**18)],
)
def test_money_is_exact(feed: Feed, dollars: str, nanodollars: int) -> None:
    """Every nano-dollar up to the contract's largest amount."""
    feed.send(trace(human_cost_usd=Decimal(dollars)))
    assert rows(feed.sessions, "SELECT human_cost_nanousd FROM traces") == [(nanodollars,)]


def test_no_confidence_is_not_minus_infinity(feed: Feed) -> None:
    """The floor is a value that sorts below all others; a confidence that was not given is NULL."""
    given: list[dict[str, Any]] = [
        {"confidence_floor": True},
        {"confidence_floor": False},
        {},
        {"confidence": -1.0, "confidence_floor": True},
    ]
    feed.send(*(trace(**fields) for fields in given))
    found = rows(feed.sessions, 'SELECT confidence FROM traces ORDER BY "offset"')
    assert found == [(-inf,), (None,), (None,), (-1.0,)]


def _read_back(feed: Feed, table: Table, *, order: str = "1", only: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    names = only or tuple(column.name for column in table.columns if column.name not in PLACE)
    columns = ", ".join(f'"{name}"' for name in names)
    found = rows(feed.sessions, f"SELECT {columns} FROM {table.name} ORDER BY {order}")
    return [dict(zip(names, row, strict=True)) for row in found]
