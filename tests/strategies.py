"""Hypothesis strategies for messages: every field of the contract, up to its limits."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st

from pointsman_contract import vocabulary
from pointsman_contract.attempt import Attempt
from pointsman_contract.fields import (
    EARLIEST,
    LATEST,
    MAX_ATTEMPTS,
    MAX_INTEGER,
    MAX_SECONDS,
    MAX_TEXT,
    MAX_USD,
    values_of,
)
from pointsman_contract.heartbeat import AppliedEpoch, Heartbeat, RouteCounter
from pointsman_contract.outcome import Outcome
from pointsman_contract.policy import WHOLE_BP, Policy, PolicyArm
from pointsman_contract.trace import Trace

T = TypeVar("T")

# PostgreSQL cannot store NUL, and UTF-8 has no lone surrogates.
_CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
_LONGEST = st.sampled_from(
    ["x" * MAX_TEXT, "\U0001f682" * MAX_TEXT, "\x01" * MAX_TEXT, "\u20ac\U00010348" * (MAX_TEXT // 2)]
)
_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_DAY = timedelta(days=1)
_HALF_NANOS = st.integers(0, 2**40).map(lambda halves: Decimal(halves).scaleb(-9) / 2)


def _optional(values: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | values


def _set(literal: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values_of(literal))


def names() -> st.SearchStrategy[str]:
    """Strings of 1 to 256 characters: plain ones, any ones, longest ones."""
    plain = st.sampled_from(["prod", "invoices", "qwen-3.5-72b", "router-3"])
    return plain | st.text(_CHARACTERS, min_size=1, max_size=12) | _LONGEST


def texts() -> st.SearchStrategy[str]:
    """Strings of 0 to 256 characters."""
    return st.just("") | names()


def counts(most: int = MAX_INTEGER) -> st.SearchStrategy[int]:
    """Integers from 0 to the limit, the limit among them."""
    return st.integers(0, min(most, 10_000)) | st.integers(0, most) | st.just(most)


def amounts() -> st.SearchStrategy[Decimal]:
    """USD with any number of digits, halves of a nano-dollar among them."""
    return (
        st.decimals(0, 1, places=9)
        | st.decimals(0, MAX_USD, allow_nan=False, allow_infinity=False)
        | _HALF_NANOS
        | st.sampled_from([Decimal(0), MAX_USD, Decimal("1e-12")])
    )


def seconds() -> st.SearchStrategy[float]:
    """Spans of time from 0 to the limit."""
    return st.floats(0, 60) | st.floats(0, MAX_SECONDS)


def numbers() -> st.SearchStrategy[float]:
    """Any finite number."""
    return st.floats(0, 1) | st.floats(allow_nan=False, allow_infinity=False)


def moments(
    earliest: datetime = datetime(2026, 11, 1, tzinfo=UTC), latest: datetime = datetime(2026, 12, 1, tzinfo=UTC)
) -> st.SearchStrategy[datetime]:
    """Times of a month, told in any zone."""
    plain = st.datetimes(earliest.replace(tzinfo=None), latest.replace(tzinfo=None)).map(
        lambda moment: moment.replace(tzinfo=UTC)
    )
    return plain | st.builds(lambda moment, zone: moment.astimezone(zone), plain, _ZONES)


def extreme_moments() -> st.SearchStrategy[datetime]:
    """Times at both ends of what the contract accepts."""
    last = LATEST - timedelta(microseconds=1)
    return moments(EARLIEST, EARLIEST + _DAY) | moments(last - _DAY, last) | st.sampled_from([EARLIEST, last])


@st.composite
def attempts(draw: st.DrawFn) -> Attempt:
    """One model call: every field, parts never larger than their whole."""
    input_tokens, output_tokens = draw(counts()), draw(counts())
    cache_read = draw(_optional(counts(input_tokens)))
    tool_calls, citations = draw(_optional(counts())), draw(_optional(counts()))
    costs = [draw(amounts()) for _ in range(4)] if draw(st.booleans()) else [None] * 4
    return Attempt(
        role=draw(_set(vocabulary.Role)),
        model=draw(names()),
        input_tokens=input_tokens,
        cache_read_tokens=cache_read,
        cache_write_tokens=draw(_optional(counts(input_tokens - (cache_read or 0)))),
        output_tokens=output_tokens,
        reasoning_tokens=draw(_optional(counts(output_tokens))),
        prefill_cost_usd=costs[0],
        cache_cost_usd=costs[1],
        generation_cost_usd=costs[2],
        tools_cost_usd=costs[3],
        status=draw(_set(vocabulary.Status)),
        tool_calls=tool_calls,
        tool_calls_ok=draw(_optional(counts(MAX_INTEGER if tool_calls is None else tool_calls))),
        citations=citations,
        citations_supported=draw(_optional(counts(MAX_INTEGER if citations is None else citations))),
        **draw(_free_attempt_fields()),
    )


def _free_attempt_fields() -> st.SearchStrategy[dict[str, Any]]:
    text, flag, count = _optional(texts()), _optional(st.booleans()), _optional(counts())
    return st.fixed_dictionaries(
        {
            **dict.fromkeys(("requested_model", "provider", "region", "effort", "config", "tokenizer"), text),
            **dict.fromkeys(("error_type", "schema_id"), text),
            **dict.fromkeys(("streamed", "schema_valid", "repaired", "grammar_cold", "refused", "speculative"), flag),
            **dict.fromkeys(("input_chars", "output_chars", "batch_size"), count),
            **dict.fromkeys(("ttft_s", "duration_s"), _optional(seconds())),
            "call_mode": _optional(_set(vocabulary.CallMode)),
            "enforcement": _optional(_set(vocabulary.Enforcement)),
            "finish_reason": _optional(_set(vocabulary.FinishReason)),
            "failure_mode": _optional(_set(vocabulary.FailureMode)),
            "injection": _optional(_set(vocabulary.Injection)),
            "injection_at": _optional(_set(vocabulary.InjectionAt)),
        },
    )


@st.composite
def _several_attempts(draw: st.DrawFn) -> tuple[Attempt, ...]:
    number = draw(st.sampled_from((*(1, 0, 2, 1, 3) * 3, MAX_ATTEMPTS)))
    # Full, but built of two: 64 of their own would use up what Hypothesis may draw.
    some = [draw(attempts()) for _ in range(number if number < MAX_ATTEMPTS else 2)]
    return tuple(some[position % len(some)] for position in range(number))


def traces(times: st.SearchStrategy[datetime] | None = None) -> st.SearchStrategy[Trace]:
    """Finished requests; `times` replaces the usual month, e.g. by `extreme_moments()`."""
    return st.builds(
        lambda required, free, several: Trace(**required, **free, attempts=several),
        st.fixed_dictionaries(
            {
                "trace_id": st.uuids(),
                "started_at": moments() if times is None else times,
                "environment": names(),
                "router_id": names(),
                "task_class": names(),
                "route": names(),
            }
        ),
        _free_trace_fields(),
        _several_attempts(),
    )


def _free_trace_fields() -> st.SearchStrategy[dict[str, Any]]:
    text, number, amount = _optional(texts()), _optional(numbers()), _optional(amounts())
    modality = _set(vocabulary.Modality)
    return st.fixed_dictionaries(
        {
            **dict.fromkeys(("tenant", "session_id", "language", "prompt_version"), text),
            **dict.fromkeys(("threshold", "confidence", "difficulty"), number),
            **dict.fromkeys(("routing_cost_usd", "retrieval_cost_usd", "human_cost_usd"), amount),
            **dict.fromkeys(("duration_s", "routing_s", "human_review_s"), _optional(seconds())),
            "risk": _optional(_set(vocabulary.Risk)),
            "modalities": _optional(st.lists(modality, max_size=MAX_ATTEMPTS).map(tuple)),
            "probe": _optional(_set(vocabulary.Probe)),
            "route_kind": _optional(_set(vocabulary.RouteKind)),
            "protocol": _optional(_set(vocabulary.Protocol)),
            "policy_epoch": counts(),
            "record_revision": st.none() | texts() | counts(),
            "arm": _set(vocabulary.Arm),
            "shadow_of": _optional(st.uuids()),
            "confidence_floor": _optional(st.booleans()),
            "cache": _set(vocabulary.Cache),
            "recovery": _set(vocabulary.Recovery),
            "failure_mode": _optional(_set(vocabulary.FailureMode)),
            "outcome": _set(vocabulary.OutcomeValue),
        },
    )


def outcomes(times: st.SearchStrategy[datetime] | None = None) -> st.SearchStrategy[Outcome]:
    """What became known later."""
    when = moments() if times is None else times
    return st.builds(
        Outcome,
        trace_id=st.uuids(),
        trace_started_at=_optional(when),
        outcome=_set(vocabulary.OutcomeValue),
        source=_set(vocabulary.OutcomeSource),
        observed_at=when,
        human_review_s=_optional(seconds()),
        human_cost_usd=_optional(amounts()),
        scores=_optional(st.dictionaries(names(), numbers(), max_size=4)),
    )


def heartbeats(times: st.SearchStrategy[datetime] | None = None) -> st.SearchStrategy[Heartbeat]:
    """Signs of life with applied epochs and counters."""
    when = moments() if times is None else times
    applied = st.builds(AppliedEpoch, epoch=counts(), applied_at=when)
    counter = st.builds(
        RouteCounter,
        route=names(),
        arm=_set(vocabulary.Arm),
        task_class=names(),
        epoch=counts(),
        dispatched=counts(),
        finished=counts(),
    )
    return st.builds(
        Heartbeat,
        router_id=names(),
        boot_id=names(),
        sequence=counts(),
        at=when,
        environment=names(),
        epochs=st.dictionaries(names(), applied, max_size=4),
        counters=st.lists(counter, max_size=4).map(tuple),
        emitted=counts(),
        dropped=counts(),
    )


@st.composite
def _arms(draw: st.DrawFn) -> tuple[PolicyArm, ...]:
    canary = draw(_optional(st.integers(0, WHOLE_BP)))
    weights: dict[vocabulary.Arm, int] = {"baseline": WHOLE_BP - (canary or 0)}
    if canary is not None:
        weights["canary"] = canary
    if draw(st.booleans()):
        weights["shadow"] = draw(st.integers(0, WHOLE_BP))
    return tuple(
        PolicyArm(
            arm=arm,
            model=draw(names()),
            weight_bp=weights[arm],
            effort=draw(_optional(texts())),
            config=draw(_optional(texts())),
        )
        for arm in draw(st.permutations(sorted(weights)))
    )


def policies(times: st.SearchStrategy[datetime] | None = None) -> st.SearchStrategy[Policy]:
    """Desired states whose serving arms share all of the traffic."""
    return st.builds(
        Policy,
        environment=names(),
        route=names(),
        epoch=counts().filter(bool),
        stage=names(),
        threshold=_optional(numbers()),
        issued_at=moments() if times is None else times,
        decision_id=names(),
        reason=texts(),
        arms=_arms(),
    )
