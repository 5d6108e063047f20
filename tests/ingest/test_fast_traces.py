"""The fast way finds what the contract finds, or nothing."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.fast_traces import read_fast
from pointsman_contract.decode import MAX_AHEAD, Decoder, encode
from pointsman_contract.errors import ContractError
from pointsman_contract.trace import Trace
from store.received import StagedTrace
from store.rows import plain_fields, stage_trace
from store.tables import attempts, traces
from tests.builders import NOON, attempt, trace, wire, wire_attempt
from tests.strategies import traces as any_traces

LATEST = NOON + timedelta(days=36_500)


def by_contract(value: bytes) -> StagedTrace | None:
    """What the contract finds; None for a dead letter, or where it met something that it does not know."""
    decoder = Decoder(Trace)
    try:
        found = decoder.read(value, LATEST - MAX_AHEAD)
    except ContractError:
        return None
    return None if decoder.take_unknowns() else stage_trace(found)


def comparable(staged: StagedTrace) -> StagedTrace:
    """Amounts as numbers: the contract may spell one out in another way."""
    return staged._replace(
        plain=_with_numbers(plain_fields(traces), staged.plain),
        attempts=tuple(_with_numbers(plain_fields(attempts), part) for part in staged.attempts),
    )


def _with_numbers(names: list[str], values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        Decimal(value) if name.endswith("_usd") and value is not None else value
        for name, value in zip(names, values, strict=True)
    )


def holds(value: bytes) -> bool:
    """Whether the fast way read it; fails where it found anything else than the contract does."""
    fast = read_fast(value, LATEST)
    if fast is None:
        return False
    contract = by_contract(value)
    assert contract is not None, "the contract refuses it"
    assert comparable(fast) == comparable(contract)
    return True


@given(any_traces())
def test_every_valid_trace_is_read_alike(message: Trace) -> None:
    """Field by field and type by type, and the fast way is the usual one: only the largest amount is not plain."""
    value = encode(message)
    assert holds(value) or b'"1000000000' in value


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(any_traces(), st.sampled_from(list(Trace.model_fields)), _JSON)
def test_whatever_a_field_holds(message: Trace, name: str, value: object) -> None:
    """Any JSON in place of any field: read alike, or left to the contract."""
    holds(json.dumps(json.loads(encode(message)) | {name: value}).encode())


@given(any_traces(), st.integers(0, 5000), st.integers(0, 40), st.binary(max_size=12))
def test_whatever_the_bytes_are(message: Trace, at: int, length: int, put: bytes) -> None:
    """A part cut out and other bytes in its place."""
    whole = encode(message)
    holds(whole[: at % len(whole)] + put + whole[at % len(whole) + length :])


@pytest.mark.parametrize(
    "started_at",
    [
        "2026-11-23T12:00:00Z", "2026-11-23T12:00:00.5Z", "2026-11-23T12:00:00.123456Z", "2026-11-23T12:00:00+00:00",
        "2026-11-23T17:45:00.25+05:45", "2026-11-23T12:00:00-00:00", "1970-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_usual_times_are_read_the_fast_way(started_at: str) -> None:
    """As routers of several languages write them."""
    assert holds(wire(trace(), started_at=started_at))


@pytest.mark.parametrize(
    "started_at",
    [
        "2026-11-23 12:00:00Z", "2026-11-23t12:00:00z", "2026-11-23T12:00Z", "2026-11-23T12:00:00.1234567Z",
        "2026-11-23T12:00:60Z", "2026-11-23T24:00:00Z", "2026-02-30T12:00:00Z", "2026-11-23T12:00:00+24:00",
        "2026-11-23T12:00:00+05:75",
        "2026-11-23T12:00:00", "1969-12-31T23:59:59Z", "2026-11-23T12:00:00Z\n", "1700000000", 1700000000,
        "2026-11-23T12:00:00.Z", "\uff122026-11-23T12:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_other_times_are_the_contracts(started_at: object) -> None:
    """Valid or not: nothing is guessed."""
    assert not holds(wire(trace(), started_at=started_at))


@pytest.mark.parametrize(
    "fields",
    [
        {"prefill_cost_usd": "1"},
        {"cache_cost_usd": "1", "generation_cost_usd": "1", "tools_cost_usd": "1"},
        {"cache_read_tokens": 2000, "input_tokens": 1000},
        {"cache_read_tokens": 600, "cache_write_tokens": 600, "input_tokens": 1000},
        {"reasoning_tokens": 2, "output_tokens": 1},
        {"tool_calls": 1, "tool_calls_ok": 2},
        {"citations": 0, "citations_supported": 1},
    ],
    ids="-".join,
)
def test_parts_that_do_not_fit_are_the_contracts(fields: dict[str, object]) -> None:
    """Each rule over several fields: the contract refuses them, and says why."""
    value = wire_attempt(trace(), **fields)
    assert read_fast(value, LATEST) is None
    assert by_contract(value) is None


@pytest.mark.parametrize(
    "fields",
    [{"tool_calls_ok": 2}, {"citations_supported": 3}, {"reasoning_tokens": 321}, {"cache_write_tokens": 1234}],
    ids="-".join,
)
def test_parts_of_what_is_not_known_fit(fields: dict[str, object]) -> None:
    """And parts that are the whole."""
    assert holds(wire_attempt(trace(), **fields))


@pytest.mark.parametrize(
    "value",
    [
        b"", b"{", b"[]", b"null", b"\xff", wire(trace(), colour="red"), wire(trace(), risk="odd"),
        wire(trace(), tenant="a\0"), wire(trace(), kind="pointsman.trace/2"), wire(trace(), environment=""),
        wire(trace(), tenant="x" * 257), wire(trace(), arm="none"), wire(trace(), routing_cost_usd=0.5),
        wire(trace(), routing_cost_usd="1e-3"), wire(trace(), policy_epoch=2**63), wire(trace(), policy_epoch=1.0),
        wire(trace(), duration_s=-0.5), wire(trace(), attempts=[{}] * 65), wire(trace(), attempts=None),
        b"\xef\xbb\xbf" + encode(trace()), encode(trace()) + b"x",
    ],
)  # fmt: skip
def test_what_is_not_plain_is_the_contracts(value: bytes) -> None:
    """Unknown fields and values, limits, other notations: to refuse, to round or to count them is not done here."""
    assert not holds(value)


_COSTS = ("prefill_cost_usd", "cache_cost_usd", "generation_cost_usd", "tools_cost_usd")
_NO_AMOUNTS = ["", "1,2", ",", "1,", "None", "1e3", "-1", "+1", " 1", "1_0", "1.", ".5", "1\n", "\u0661", "1234567890"]


@pytest.mark.parametrize("amount", _NO_AMOUNTS)
@pytest.mark.parametrize("name", ["routing_cost_usd", "retrieval_cost_usd", "human_cost_usd"])
def test_other_amounts_of_a_trace_are_the_contracts(name: str, amount: str) -> None:
    """Valid or not: all amounts of a trace are looked at together, and none hides in another."""
    assert not holds(wire(trace(), **{name: amount}))


@pytest.mark.parametrize("amount", _NO_AMOUNTS)
@pytest.mark.parametrize("name", _COSTS)
def test_other_amounts_of_an_attempt_are_the_contracts(name: str, amount: str) -> None:
    """Likewise, in each of the four parts."""
    assert not holds(wire_attempt(trace(), **(dict.fromkeys(_COSTS, "1") | {name: amount})))


@pytest.mark.parametrize("amount", ["0", "0.0", "007", "123456789.123456789", "0.000000001"])
def test_usual_amounts_are_read_the_fast_way(amount: str) -> None:
    """Up to the largest and down to the smallest that the store keeps."""
    value = wire_attempt(trace(), **dict.fromkeys(_COSTS, amount))
    assert holds(value)
    assert holds(wire(trace(), routing_cost_usd=amount, retrieval_cost_usd=amount, human_cost_usd=amount))


def test_no_value_is_the_contracts() -> None:
    """A tombstone."""
    assert read_fast(None, LATEST) is None


@pytest.mark.parametrize(("latest", "is_read"), [(NOON, True), (NOON - timedelta(microseconds=1), False)])
def test_the_future_is_the_contracts(latest: datetime, is_read: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """It knows the sentence for it."""
    assert (read_fast(encode(trace()), latest) is not None) is is_read


def test_an_escaped_backslash_is_no_nul() -> None:
    r"""`\\u0000` is a backslash and a word, and is read; `\u0000` is NUL."""
    assert read_fast(wire(trace(), tenant="a\\u0000"), LATEST) is None
    assert by_contract(wire(trace(), tenant="a\\u0000")) is not None


def test_sixty_four_attempts_are_read() -> None:
    """The limit itself."""
    assert holds(encode(trace(attempts=(attempt(),) * 64)))
