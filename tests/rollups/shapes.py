"""Random traces and outcomes of many shapes. The randomness is Hypothesis' own, or that of a seed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from pointsman_contract import vocabulary
from pointsman_contract.attempt import Attempt
from pointsman_contract.fields import MAX_INTEGER, values_of
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace

T = TypeVar("T")

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
# Two days ago, whenever that is: minutes are kept by the calendar.
MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - 2 * DAY
# Both sides of a minute, an hour, a day and of what minutes are kept for.
STARTS = (
    MIDNIGHT,
    MIDNIGHT - MICROSECOND,
    MIDNIGHT + timedelta(seconds=59, microseconds=999_999),
    MIDNIGHT + timedelta(minutes=1),
    MIDNIGHT + timedelta(hours=1),
    MIDNIGHT + timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999),
    MIDNIGHT + DAY,
    MIDNIGHT - 2 * DAY,
    MIDNIGHT - 12 * DAY,
    MIDNIGHT - 12 * DAY - MICROSECOND,
    MIDNIGHT - 30 * DAY,
)
# Traces, and what they shadow, have one of so many ids.
IDS = 6
NAMES = ("a", "b", "", "other", 'q"uo,te(s)\\', "\x1f", "\U0001f682" * 256, "NULL", "Null ")
TOKENS = (0, 1, 2, 3, 320, 4096, 4097, 32_768, 32_769, 131_072, 131_073, MAX_INTEGER - 1, MAX_INTEGER)
SECONDS = (0.0, 4e-7, 5e-7, 1.5e-6, 2.5e-6, 0.123456, 0.9999995, 1.0, 2.0, 3.7, 1e9)
DOLLARS = tuple(map(Decimal, ("0", "1e-9", "2.5e-9", "0.000412", "0.00123", "1", "999999999.999999999", "1000000000")))


def _maybe(random: Random, values: Sequence[T]) -> T | None:
    return random.choice(values) if random.randrange(3) else None


def _name(random: Random) -> str:
    """Mostly one of two, so that sums have something to add."""
    return random.choice(NAMES[:2]) if random.randrange(4) else random.choice([name for name in NAMES if name])


def _text(random: Random) -> str | None:
    return _maybe(random, NAMES)


def _of_set(random: Random, literal: Any) -> str | None:
    return _maybe(random, list(values_of(literal)))


def _up_to(random: Random, most: int) -> int:
    return min(random.choice(TOKENS), most)


def some_attempt(random: Random) -> Attempt:
    """A call of any role and status, parts never larger than their whole."""
    flags = ("streamed", "schema_valid", "repaired", "grammar_cold", "refused")
    sets = {"call_mode": vocabulary.CallMode, "enforcement": vocabulary.Enforcement, "injection": vocabulary.Injection}
    read_tokens, output_tokens = random.choice(TOKENS), random.choice(TOKENS)
    fields: dict[str, Any] = {name: _maybe(random, (True, True, False)) for name in flags}
    fields |= {name: _of_set(random, literal) for name, literal in sets.items()}
    if random.randrange(3):
        names = ("prefill_cost_usd", "cache_cost_usd", "generation_cost_usd", "tools_cost_usd")
        fields |= {name: random.choice(DOLLARS) for name in names}
    if random.randrange(2):
        cached = _up_to(random, read_tokens)
        fields |= {"cache_read_tokens": cached, "cache_write_tokens": _up_to(random, read_tokens - cached)}
    for name in ("tool_calls", "citations"):
        whole = _maybe(random, TOKENS)
        part = f"{name}_ok" if name == "tool_calls" else f"{name}_supported"
        fields |= {name: whole, part: _up_to(random, MAX_INTEGER if whole is None else whole)}
    return Attempt(
        role=random.choice(values_of(vocabulary.Role)),  # type: ignore[arg-type]  # one of its values
        model=_name(random),
        provider=_text(random),
        effort=_text(random),
        status=random.choice(values_of(vocabulary.Status)),  # type: ignore[arg-type]  # one of its values
        input_tokens=read_tokens,
        output_tokens=output_tokens,
        reasoning_tokens=_up_to(random, output_tokens) if random.randrange(2) else None,
        input_chars=_maybe(random, TOKENS),
        output_chars=_maybe(random, TOKENS),
        ttft_s=_maybe(random, SECONDS),
        duration_s=_maybe(random, SECONDS),
        failure_mode=_of_set(random, vocabulary.FailureMode),  # type: ignore[arg-type]  # one of its values
        **fields,
    )


def some_trace(random: Random, trace_id: UUID, starts: Sequence[datetime] = STARTS) -> Trace:
    """A request: cache hits, shadows, probes, up to six attempts."""
    sets = {
        "route_kind": vocabulary.RouteKind,
        "protocol": vocabulary.Protocol,
        "risk": vocabulary.Risk,
        "failure_mode": vocabulary.FailureMode,
    }
    always = {"arm": vocabulary.Arm, "recovery": vocabulary.Recovery, "outcome": vocabulary.OutcomeValue}
    fields: dict[str, Any] = {name: _of_set(random, literal) for name, literal in sets.items()}
    fields |= {name: random.choice(values_of(literal)) for name, literal in always.items() if random.randrange(2)}
    fields |= {name: _maybe(random, SECONDS) for name in ("duration_s", "routing_s", "human_review_s")}
    fields |= {name: _maybe(random, DOLLARS) for name in ("routing_cost_usd", "retrieval_cost_usd", "human_cost_usd")}
    fields["record_revision"] = random.choice((None, 7, "7", "", "r-1"))
    if not random.randrange(3):
        fields |= {"duration_s": 1e9}
    if not random.randrange(4):
        fields |= {"cache": random.choice(values_of(vocabulary.Cache))}
    if not random.randrange(3):
        fields |= {"arm": "shadow"}
    # Of the few ids that there are; also where nothing is shadowed, which means nothing.
    fields |= {"shadow_of": _maybe(random, [UUID(int=number, version=4) for number in range(IDS)])}
    if not random.randrange(6):
        fields |= {"probe": _of_set(random, vocabulary.Probe)}
    return Trace(
        trace_id=trace_id,
        started_at=random.choice(starts) + random.choice((0, 0, 1, 17)) * timedelta(seconds=1),
        environment=random.choice(("prod", "prod", "prod", "staging")),
        router_id="router-3",
        task_class=_name(random),
        route=random.choice(("invoices", "invoices", "invoices", "chat", "other")),
        tenant=_text(random),
        language=_text(random),
        modalities=_maybe(random, ((), ("text",), ("text", "text"), ("text", "image"), ("audio",))),
        policy_epoch=random.choice((0, 17, MAX_INTEGER)),
        attempts=tuple(some_attempt(random) for _ in range(random.randrange(7))),
        **fields,
    )


def some_trace_of_a_pair(random: Random, trace_id: UUID, starts: Sequence[datetime]) -> Trace:
    """A request as above that is likely to shadow another one, or to be shadowed: the same route, mostly answered."""
    trace = some_trace(random, trace_id, starts)
    rarely = random.randrange(10) == 0
    attempts = [
        attempt.model_copy(update={"status": "ok"} | ({"role": "primary"} if random.randrange(3) else {}))
        for attempt in trace.attempts or (some_attempt(random),)
    ]
    return trace.model_copy(
        update={
            "environment": "staging" if rarely else "prod",
            "route": "chat" if random.randrange(10) == 0 else "invoices",
            "probe": "golden" if random.randrange(10) == 0 else None,
            "arm": random.choice(("shadow", "shadow", "baseline", "canary")),
            "shadow_of": UUID(int=random.randrange(IDS), version=4),
            "modalities": random.choice((None, None, ("text",), ("image",))),
            "attempts": trace.attempts if rarely else tuple(attempts),
        }
    )


def some_outcome(random: Random, trace_id: UUID, starts: Sequence[datetime] = STARTS) -> Outcome:
    """A verdict of anybody, whose times may be those of others too."""
    start = _maybe(random, starts)
    return Outcome(
        trace_id=trace_id,
        trace_started_at=None if start is None else start + random.choice((-1, 0, 0, 1)) * DAY,
        outcome=random.choice(values_of(vocabulary.OutcomeValue)),  # type: ignore[arg-type]  # one of its values
        source=random.choice(values_of(vocabulary.OutcomeSource)),  # type: ignore[arg-type]  # one of its values
        observed_at=MIDNIGHT + random.randrange(3) * timedelta(hours=1),
        human_review_s=_maybe(random, SECONDS) if random.randrange(2) else None,
        human_cost_usd=_maybe(random, DOLLARS) if random.randrange(2) else None,
    )


def some_broker_time(random: Random, starts: Sequence[datetime] = STARTS) -> datetime:
    """On both sides of what is late for some start."""
    return random.choice(starts) + 7 * DAY + random.choice((-1, 0, 1)) * MICROSECOND
