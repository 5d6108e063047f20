"""What a request, an attempt and a tenant's part of them add to each column, in plain Python."""

from collections.abc import Iterator

from pointsman_contract.attempt import Attempt
from pointsman_contract.trace import Trace
from tests.rollups.oracle_facts import INJECTED, Request, cost_of, inter_token, known_cost, micros, nanos, visible

Sums = dict[str, int]


def _whole(values: dict[str, int | None]) -> Sums:
    """What is not known adds nothing."""
    return {name: int(value or 0) for name, value in values.items()}


def of_request(request: Request) -> Sums:
    """All columns of a request."""
    return _whole(_how_it_went(request) | _what_it_cost(request) | _how_long_it_took(request))


def _how_it_went(r: Request) -> dict[str, int | None]:
    trace, answers = r.trace, r.answers
    injection = {answer.injection for answer in answers}
    return {
        "requests": 1,
        "cached": trace.cache != "none",
        "known": r.known,
        "succeeded": r.success,
        "failed": r.outcome == "failure",
        "abandoned": r.outcome == "abandoned",
        "task_succeeded": r.success and trace.recovery == "none" and len(answers) <= 1,
        "first_route_succeeded": r.success and not r.escalated and not r.has("fallback"),
        "late_outcomes": r.late,
        "escalated": r.escalated,
        "human_escalated": trace.recovery == "human_review" or trace.protocol == "human",
        "retried": r.has("retry") or trace.recovery == "retry",
        "fell_back": r.has("fallback"),
        "failed_open": trace.recovery == "fail_open",
        "failed_closed": trace.recovery == "fail_closed",
        "timed_out": trace.failure_mode == "timeout" or any(answer.status == "timeout" for answer in answers),
        "undelivered": not r.delivered,
        "injection_known": bool(injection - {None}),
        "injection_detected": bool(injection & INJECTED),
        "injection_succeeded": "succeeded" in injection,
        "attempts": len(trace.attempts),
        "answer_attempts": len(answers),
        "unpriced_attempts": r.unpriced,
        "unpriced": not r.priced,
        "human_reviewed": r.human != (None, None),
        "human_review_us": r.human[0],
        "escalated_known": r.escalated and r.known,
        "escalated_succeeded": r.escalated and r.success,
    }


def _what_it_cost(r: Request) -> dict[str, int | None]:
    trace = r.trace
    escalations = [attempt for attempt in trace.attempts if attempt.role == "escalation"]
    first = known_cost(r.answers[:1])
    costly = r.priced and r.escalated
    return {
        "cost_nanousd": r.cost,
        "routing_cost_nanousd": nanos(trace.routing_cost_usd),
        "retrieval_cost_nanousd": nanos(trace.retrieval_cost_usd),
        "human_cost_nanousd": r.human[1],
        "attempts_cost_nanousd": known_cost(trace.attempts),
        "answer_cost_nanousd": known_cost(r.answers),
        "priced_known": r.priced and r.known,
        "priced_succeeded": r.priced and r.success,
        "priced_known_cost_nanousd": r.cost if r.priced and r.known else 0,
        "priced_known_cost_sq": r.cost**2 if r.priced and r.known else 0,
        "priced_succeeded_cost_nanousd": r.cost if r.priced and r.success else 0,
        "priced_unknown": r.priced and not r.known,
        "priced_unknown_cost_nanousd": r.cost if r.priced and not r.known else 0,
        "priced_first_cost_nanousd": first if r.priced else 0,
        "escalated_priced": costly,
        "escalated_priced_cost_nanousd": r.cost if costly else 0,
        "escalated_first_cost_nanousd": first if costly else 0,
        "escalation_cost_nanousd": known_cost(escalations) if costly else 0,
    }


def _how_long_it_took(r: Request) -> dict[str, int | None]:
    trace = r.trace
    return {
        "duration_known": trace.duration_s is not None,
        "duration_us": micros(trace.duration_s),
        "ttft_known": r.ttft is not None,
        "ttft_us": r.ttft,
        "routing_known": trace.routing_s is not None,
        "routing_us": micros(trace.routing_s),
        "input_tokens": sum(attempt.input_tokens for attempt in trace.attempts),
        "output_tokens": sum(attempt.output_tokens for attempt in trace.attempts),
    }


def of_attempt(trace: Trace, attempt: Attempt, *, first: bool) -> Sums:
    """All columns of an attempt; `first` where it is the first answer attempt of its trace."""
    return _whole(
        _how_the_call_went(attempt, first=first)
        | _what_it_used(attempt)
        | _output_measured(attempt)
        | _input_measured(trace, attempt)
    )


def _how_the_call_went(a: Attempt, *, first: bool) -> dict[str, int | None]:
    calls = a.tool_calls is not None and a.tool_calls_ok is not None
    cited = a.citations is not None and a.citations_supported is not None
    return {
        "attempts": 1,
        "ok": a.status == "ok",
        "errors": a.status == "error",
        "timeouts": a.status == "timeout",
        "rate_limited": a.status == "rate_limited",
        "cancelled": a.status == "cancelled",
        "first_attempts": first,
        "refusal_known": a.refused is not None,
        "refused": a.refused,
        "schema_known": a.schema_valid is not None,
        "schema_valid": a.schema_valid,
        "first_schema_known": first and a.schema_valid is not None,
        "first_schema_valid": first and a.schema_valid,
        "repaired": a.repaired,
        "grammar_cold": a.grammar_cold,
        "tools_known": calls,
        "tool_calls": a.tool_calls if calls else 0,
        "tool_calls_ok": a.tool_calls_ok if calls else 0,
        "first_tools_known": first and calls,
        "first_tool_calls": a.tool_calls if first and calls else 0,
        "first_tool_calls_ok": a.tool_calls_ok if first and calls else 0,
        "citations_known": cited,
        "citations": a.citations if cited else 0,
        "citations_supported": a.citations_supported if cited else 0,
        "injection_known": a.injection is not None,
        "injection_detected": a.injection in INJECTED,
        "injection_succeeded": a.injection == "succeeded",
    }


def _what_it_used(a: Attempt) -> dict[str, int | None]:
    between = inter_token(a)
    return {
        "input_tokens": a.input_tokens,
        "output_tokens": a.output_tokens,
        "reasoning_tokens": a.reasoning_tokens,
        "cache_read_known": a.cache_read_tokens is not None,
        "cache_read_tokens": a.cache_read_tokens,
        "cache_write_tokens": a.cache_write_tokens,
        "cache_read_known_input_tokens": a.input_tokens if a.cache_read_tokens is not None else 0,
        "priced": cost_of(a) is not None,
        "unpriced": cost_of(a) is None,
        "prefill_cost_nanousd": nanos(a.prefill_cost_usd),
        "cache_cost_nanousd": nanos(a.cache_cost_usd),
        "generation_cost_nanousd": nanos(a.generation_cost_usd),
        "tools_cost_nanousd": nanos(a.tools_cost_usd),
        "ttft_known": a.ttft_s is not None,
        "ttft_us": micros(a.ttft_s),
        "duration_known": a.duration_s is not None,
        "duration_us": micros(a.duration_s),
        "inter_token_known": between is not None,
        "inter_token_us": between,
    }


def _output_measured(a: Attempt) -> dict[str, int | None]:
    chars, tokens = (a.output_chars, visible(a)) if a.output_chars is not None and visible(a) > 0 else (None, 0)
    return {
        "output_measured": chars is not None,
        "output_chars": chars,
        "visible_tokens": tokens,
        "output_chars_sq": (chars or 0) ** 2,
        "visible_tokens_sq": tokens**2,
        "output_chars_tokens": (chars or 0) * tokens,
    }


def _input_measured(trace: Trace, a: Attempt) -> dict[str, int | None]:
    text_only = set(trace.modalities or ()) <= {"text"}
    measured = a.input_chars is not None and a.input_tokens > 0 and text_only
    chars, tokens = (a.input_chars or 0, a.input_tokens) if measured else (0, 0)
    return {
        "input_measured": measured,
        "input_chars": chars,
        "measured_input_tokens": tokens,
        "input_chars_sq": chars**2,
        "measured_input_tokens_sq": tokens**2,
        "input_chars_tokens": chars * tokens,
    }


def of_tenant(request: Request) -> Iterator[tuple[str, str, str, Sums]]:
    """Model, provider, token type, and what they add: of the request as a whole, then of each attempt."""
    trace, final = request.trace, request.final
    around = (nanos(trace.routing_cost_usd) or 0) + (nanos(trace.retrieval_cost_usd) or 0)
    whole: dict[str, int | None] = {
        "requests": 1,
        "known": request.known,
        "succeeded": request.success,
        "cost_nanousd": around,
        "human_cost_nanousd": request.human[1],
    }
    yield (final.model if final else "", (final.provider or "") if final else "", "request", _tenant(whole))
    for a in trace.attempts:
        cached = (a.cache_read_tokens or 0) + (a.cache_write_tokens or 0)
        calls: dict[str, int | None] = {
            "attempts": 1,
            "unpriced": cost_of(a) is None,
            "tokens": a.input_tokens - cached,
        }
        calls["cost_nanousd"] = nanos(a.prefill_cost_usd)
        for token_type, part in (
            ("input", calls),
            ("cache", {"tokens": cached, "cost_nanousd": nanos(a.cache_cost_usd)}),
            ("output", {"tokens": a.output_tokens, "cost_nanousd": nanos(a.generation_cost_usd)}),
            ("tools", {"cost_nanousd": nanos(a.tools_cost_usd)}),
        ):
            yield a.model, a.provider or "", token_type, _tenant(part)


def _tenant(part: dict[str, int | None]) -> Sums:
    names = ("requests", "known", "succeeded", "attempts", "unpriced", "tokens", "cost_nanousd", "human_cost_nanousd")
    return dict.fromkeys(names, 0) | _whole(part)
