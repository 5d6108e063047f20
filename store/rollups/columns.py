"""What rollups sum: one line for each column, with the SQL that one fact adds. Source: design §4 and §5.

`count` columns add at most a few per request and are bigint; `amount` columns add what a message says, up to 2^63 each,
and are numeric without a limit, so that no message can make a sum too large to be stored (docs/adr/0018).
A fact whose expression is NULL adds nothing. Products of two large numbers, which no bigint holds, are a sum of their
own: adding bigints takes half the time of adding numerics. Units are in the names: `_us` microseconds, `_nanousd`
nano-dollars, `_sq` squares of them.
"""

from typing import Literal, NamedTuple

# The square root of 2^63.
_ROOT = 3_037_000_499


class Sum(NamedTuple):
    """One additive column."""

    name: str
    kind: Literal["count", "amount"]
    of: str
    meaning: str
    # What is summed beside `of`, for the few facts that `of` leaves out.
    large: str | None = None


def _when(name: str, condition: str, meaning: str) -> Sum:
    """How many facts meet a condition."""
    return Sum(name, "count", f"CASE WHEN {condition} THEN 1 END", meaning)


def _count(name: str, of: str, meaning: str) -> Sum:
    return Sum(name, "count", of, meaning)


def _amount(name: str, of: str, meaning: str) -> Sum:
    return Sum(name, "amount", of, meaning)


def _product(name: str, condition: str, one: str, other: str, meaning: str) -> Sum:
    """Products of two columns of bigints that are not negative."""
    small = f"{one} < {_ROOT} AND {other} < {_ROOT}"
    return Sum(
        name,
        "amount",
        f"CASE WHEN {condition} AND {small} THEN {one} * {other} END",
        meaning,
        f"CASE WHEN {condition} AND NOT ({small}) THEN CAST({one} AS numeric) * {other} END",
    )


# Over facts of one request each (`store/rollups/facts.py`): r.
REQUEST_SUMS: tuple[Sum, ...] = (
    _count("requests", "1", "traces"),
    _when("cached", "r.cached", "answered by the gateway's cache"),
    _when("known", "r.known", "with an outcome of success, failure or abandoned"),
    _when("succeeded", "r.success", "with the outcome success"),
    _when("failed", "r.outcome = 'failure'", "with the outcome failure"),
    _when("abandoned", "r.outcome = 'abandoned'", "with the outcome abandoned"),
    _when(
        "task_succeeded",
        "r.success AND r.recovery = 'none' AND r.answers <= 1",
        "success with recovery none and at most one answer attempt",
    ),
    _when(
        "first_route_succeeded",
        "r.success AND NOT r.escalated AND NOT r.fell_back",
        "success without escalation or fallback",
    ),
    _when("late_outcomes", "r.late", "whose outcome came later than the outcome horizon of 7 days"),
    _when("escalated", "r.escalated", "with an attempt of role escalation, or recovery stronger_model"),
    _when("human_escalated", "r.human_escalated", "with recovery human_review, or protocol human"),
    _when("retried", "r.retried", "with an attempt of role retry, or recovery retry"),
    _when("fell_back", "r.fell_back", "with an attempt of role fallback"),
    _when("failed_open", "r.recovery = 'fail_open'", "with recovery fail_open"),
    _when("failed_closed", "r.recovery = 'fail_closed'", "with recovery fail_closed"),
    _when("timed_out", "r.timed_out", "with an answer attempt of status timeout, or failure mode timeout"),
    _when("undelivered", "NOT r.delivered", "that ended without a delivered answer"),
    _when("injection_known", "r.injection_known", "of which some answer attempt says something about injection"),
    _when("injection_detected", "r.injection_detected", "with an injection detected, blocked or succeeded"),
    _when("injection_succeeded", "r.injection_succeeded", "with an injection that succeeded"),
    _count("attempts", "r.attempts", "model calls, judges and guards included"),
    _count("answer_attempts", "r.answers", "attempts of role primary, retry, escalation or fallback"),
    _count("unpriced_attempts", "r.unpriced", "attempts without a known cost"),
    _when("unpriced", "NOT r.priced", "whose cost is not known in full"),
    _when("human_reviewed", "r.human_us IS NOT NULL OR r.human_cost IS NOT NULL", "that a person spent time on"),
    _amount("human_review_us", "r.human_us", "time that people spent"),
    _amount("cost_nanousd", "r.cost", "all that is known of the cost"),
    _amount("routing_cost_nanousd", "r.routing_cost", "of it: routing"),
    _amount("retrieval_cost_nanousd", "r.retrieval_cost", "of it: retrieval"),
    _amount("human_cost_nanousd", "r.human_cost", "of it: people"),
    _amount("attempts_cost_nanousd", "r.attempts_cost", "of it: attempts"),
    _amount("answer_cost_nanousd", "r.answer_cost", "of it: answer attempts; the rest are judges, guards, embeddings"),
    _when("priced_known", "r.priced AND r.known", "with known outcome and known cost"),
    _when("priced_succeeded", "r.priced AND r.success", "of these: success"),
    _amount("priced_known_cost_nanousd", "CASE WHEN r.priced AND r.known THEN r.cost END", "cost of priced_known"),
    _amount(
        "priced_known_cost_sq", "CASE WHEN r.priced AND r.known THEN r.cost * r.cost END", "squares of priced_known"
    ),
    _amount(
        "priced_succeeded_cost_nanousd",
        "CASE WHEN r.priced AND r.success THEN r.cost END",
        "cost of priced_succeeded: the sum of cost times success",
    ),
    _when("priced_unknown", "r.priced AND NOT r.known", "with unknown outcome and known cost"),
    _amount(
        "priced_unknown_cost_nanousd", "CASE WHEN r.priced AND NOT r.known THEN r.cost END", "cost of priced_unknown"
    ),
    _amount(
        "priced_first_cost_nanousd",
        "CASE WHEN r.priced THEN r.first_cost END",
        "first answer attempts of all requests with known cost",
    ),
    _when("escalated_known", "r.escalated AND r.known", "escalated, with known outcome"),
    _when("escalated_succeeded", "r.escalated AND r.success", "escalated, success"),
    _when("escalated_priced", "r.escalated AND r.priced", "escalated, with known cost"),
    _amount(
        "escalated_priced_cost_nanousd", "CASE WHEN r.escalated AND r.priced THEN r.cost END", "cost of these in all"
    ),
    _amount(
        "escalated_first_cost_nanousd",
        "CASE WHEN r.escalated AND r.priced THEN r.first_cost END",
        "first answer attempts of these",
    ),
    _amount(
        "escalation_cost_nanousd",
        "CASE WHEN r.escalated AND r.priced THEN r.escalation_cost END",
        "attempts of role escalation of these",
    ),
    _when("duration_known", "r.duration_us IS NOT NULL", "with a duration"),
    _amount("duration_us", "r.duration_us", "durations"),
    _when("ttft_known", "r.ttft_us IS NOT NULL", "with a user-visible time to first token"),
    _amount("ttft_us", "r.ttft_us", "user-visible times to first token"),
    _when("routing_known", "r.routing_us IS NOT NULL", "with a time spent on the choice"),
    _amount("routing_us", "r.routing_us", "times spent on the choice"),
    _amount("input_tokens", "r.input_tokens", "of all attempts, cached ones included"),
    _amount("output_tokens", "r.output_tokens", "of all attempts, reasoning included"),
)

_OUT = "a.output_chars IS NOT NULL AND a.visible > 0"
_IN = "a.input_chars IS NOT NULL AND a.text_only AND a.input_tokens > 0"
_CALLS = "a.tool_calls IS NOT NULL AND a.tool_calls_ok IS NOT NULL"
_CITED = "a.citations IS NOT NULL AND a.citations_supported IS NOT NULL"

# Over facts of one attempt each: a.
ATTEMPT_SUMS: tuple[Sum, ...] = (
    _count("attempts", "1", "model calls"),
    _when("ok", "a.status = 'ok'", "with status ok"),
    _when("errors", "a.status = 'error'", "with status error"),
    _when("timeouts", "a.status = 'timeout'", "with status timeout"),
    _when("rate_limited", "a.status = 'rate_limited'", "with status rate_limited"),
    _when("cancelled", "a.status = 'cancelled'", "with status cancelled"),
    _when("first_attempts", "a.first", "first answer attempts of their request"),
    _when("refusal_known", "a.refused IS NOT NULL", "that say whether the model refused"),
    _when("refused", "a.refused", "that the model refused"),
    _when("schema_known", "a.schema_valid IS NOT NULL", "that say whether the raw output met its schema"),
    _when("schema_valid", "a.schema_valid", "whose raw output met its schema"),
    _when("first_schema_known", "a.first AND a.schema_valid IS NOT NULL", "first answer attempts among schema_known"),
    _when("first_schema_valid", "a.first AND a.schema_valid", "first answer attempts among schema_valid"),
    _when("repaired", "a.repaired", "whose output was repaired before it was used"),
    _when("grammar_cold", "a.grammar_cold", "for which a grammar had to be compiled"),
    _when("tools_known", _CALLS, "that say how many tool calls there were and how many were right"),
    _amount("tool_calls", f"CASE WHEN {_CALLS} THEN a.tool_calls END", "tool calls"),
    _amount("tool_calls_ok", f"CASE WHEN {_CALLS} THEN a.tool_calls_ok END", "of these: right"),
    _when("first_tools_known", f"a.first AND {_CALLS}", "first answer attempts among tools_known"),
    _amount("first_tool_calls", f"CASE WHEN a.first AND {_CALLS} THEN a.tool_calls END", "tool calls of these"),
    _amount("first_tool_calls_ok", f"CASE WHEN a.first AND {_CALLS} THEN a.tool_calls_ok END", "of these: right"),
    _when("citations_known", _CITED, "that say how many citations there were and how many were supported"),
    _amount("citations", f"CASE WHEN {_CITED} THEN a.citations END", "citations"),
    _amount("citations_supported", f"CASE WHEN {_CITED} THEN a.citations_supported END", "of these: supported"),
    _when("injection_known", "a.injection <> ''", "that say something about injection"),
    _when("injection_detected", "a.injection IN ('detected', 'blocked', 'succeeded')", "injection seen"),
    _when("injection_succeeded", "a.injection = 'succeeded'", "injection that succeeded"),
    _amount("input_tokens", "a.input_tokens", "cached ones included"),
    _amount("output_tokens", "a.output_tokens", "reasoning included"),
    _amount("reasoning_tokens", "a.reasoning_tokens", "where they are told"),
    _when("cache_read_known", "a.cache_read_tokens IS NOT NULL", "that say how many tokens came from the prompt cache"),
    _amount("cache_read_tokens", "a.cache_read_tokens", "from the provider's prompt cache"),
    _amount("cache_write_tokens", "a.cache_write_tokens", "written to the provider's prompt cache"),
    _amount(
        "cache_read_known_input_tokens",
        "CASE WHEN a.cache_read_tokens IS NOT NULL THEN a.input_tokens END",
        "input tokens of cache_read_known",
    ),
    _when("output_measured", _OUT, "with output characters and visible tokens"),
    _amount("output_chars", f"CASE WHEN {_OUT} THEN a.output_chars END", "their characters"),
    _amount("visible_tokens", f"CASE WHEN {_OUT} THEN a.visible END", "their tokens: output less reasoning"),
    _product("output_chars_sq", _OUT, "a.output_chars", "a.output_chars", "squares"),
    _product("visible_tokens_sq", _OUT, "a.visible", "a.visible", "squares"),
    _product("output_chars_tokens", _OUT, "a.output_chars", "a.visible", "products of both"),
    _when("input_measured", _IN, "text only, with input characters and tokens"),
    _amount("input_chars", f"CASE WHEN {_IN} THEN a.input_chars END", "their characters"),
    _amount("measured_input_tokens", f"CASE WHEN {_IN} THEN a.input_tokens END", "their tokens"),
    _product("input_chars_sq", _IN, "a.input_chars", "a.input_chars", "squares"),
    _product("measured_input_tokens_sq", _IN, "a.input_tokens", "a.input_tokens", "squares"),
    _product("input_chars_tokens", _IN, "a.input_chars", "a.input_tokens", "products of both"),
    _when("priced", "a.cost IS NOT NULL", "with a known cost"),
    _when("unpriced", "a.cost IS NULL", "without one"),
    _amount("prefill_cost_nanousd", "a.prefill_cost", "input"),
    _amount("cache_cost_nanousd", "a.cache_cost", "prompt cache, read and written"),
    _amount("generation_cost_nanousd", "a.generation_cost", "output"),
    _amount("tools_cost_nanousd", "a.tools_cost", "the provider's own tools"),
    _when("ttft_known", "a.ttft_us IS NOT NULL", "with a time to first token"),
    _amount("ttft_us", "a.ttft_us", "times to first token"),
    _when("duration_known", "a.duration_us IS NOT NULL", "with a duration"),
    _amount("duration_us", "a.duration_us", "durations"),
    _when("inter_token_known", "a.inter_token_us IS NOT NULL", "with a time between two visible tokens"),
    _amount("inter_token_us", "a.inter_token_us", "times between two visible tokens, in whole microseconds"),
)

# Over facts of a tenant's requests and of their attempts by token type (input, cache, output, tools): u.
TENANT_SUMS: tuple[Sum, ...] = (
    _count("requests", "u.requests", "traces; in rows of token type request"),
    _count("known", "u.known", "of these: with known outcome"),
    _count("succeeded", "u.succeeded", "of these: success"),
    _count("attempts", "u.attempts", "model calls; in rows of token type input"),
    _count("unpriced", "u.unpriced", "of these: without a known cost; in rows of token type input"),
    _amount("tokens", "u.tokens", "of the row's type"),
    _amount("cost_nanousd", "u.cost", "of these; for type request: routing and retrieval"),
    _amount("human_cost_nanousd", "u.human_cost", "people's time; in rows of token type request"),
)

_SAME_INPUT = "s.answered AND s.text_only AND s.candidate_input > 0 AND s.baseline_input > 0"
_BOTH_OUTPUTS = "s.answered AND s.candidate_output > 0 AND s.baseline_output > 0"
_INPUT_PRICED = f"{_SAME_INPUT} AND s.candidate_input_cost IS NOT NULL"
_BOTH_PRICED = "s.answered AND s.candidate_cost IS NOT NULL AND s.baseline_cost IS NOT NULL"

# Over facts of one shadow request each, beside the request that it shadows: s. What is compared are the first answer
# attempts of both, the candidate's and the baseline's: later ones may have had another prompt.
SHADOW_SUMS: tuple[Sum, ...] = (
    _count("shadows", "1", "shadow requests"),
    _when("paired", "s.paired", "of these: the request that they shadow is known"),
    _when("answered", "s.answered", "of these: the first answer attempts of both ended with status ok"),
    _when("input_paired", _SAME_INPUT, "answered, text only, with input tokens on both sides"),
    _amount("candidate_input_tokens", f"CASE WHEN {_SAME_INPUT} THEN s.candidate_input END", "the candidate's"),
    _amount("baseline_input_tokens", f"CASE WHEN {_SAME_INPUT} THEN s.baseline_input END", "the baseline's"),
    _product("candidate_input_tokens_sq", _SAME_INPUT, "s.candidate_input", "s.candidate_input", "squares"),
    _product("baseline_input_tokens_sq", _SAME_INPUT, "s.baseline_input", "s.baseline_input", "squares"),
    _product("input_tokens_product", _SAME_INPUT, "s.candidate_input", "s.baseline_input", "products of both"),
    _when("output_paired", _BOTH_OUTPUTS, "answered, with output tokens on both sides"),
    _amount("candidate_output_tokens", f"CASE WHEN {_BOTH_OUTPUTS} THEN s.candidate_output END", "the candidate's"),
    _amount("baseline_output_tokens", f"CASE WHEN {_BOTH_OUTPUTS} THEN s.baseline_output END", "the baseline's"),
    _product("candidate_output_tokens_sq", _BOTH_OUTPUTS, "s.candidate_output", "s.candidate_output", "squares"),
    _product("baseline_output_tokens_sq", _BOTH_OUTPUTS, "s.baseline_output", "s.baseline_output", "squares"),
    _product("output_tokens_product", _BOTH_OUTPUTS, "s.candidate_output", "s.baseline_output", "products of both"),
    _when("input_priced", _INPUT_PRICED, "input_paired, whose candidate's cost is known"),
    _amount(
        "candidate_input_cost_nanousd",
        f"CASE WHEN {_INPUT_PRICED} THEN s.candidate_input_cost END",
        "of these: what the candidate's input cost, prompt cache included",
    ),
    _amount(
        "candidate_input_cost_at_baseline_nanousd",
        f"CASE WHEN {_INPUT_PRICED} THEN s.input_cost_at_baseline END",
        "of these: what the baseline's number of tokens would have cost at the same price",
    ),
    _amount(
        "extra_input_cost_sq",
        f"CASE WHEN {_INPUT_PRICED} THEN (s.candidate_input_cost - s.input_cost_at_baseline) ^ 2 END",
        "squares of the differences",
    ),
    _when("both_priced", _BOTH_PRICED, "answered, with known costs on both sides"),
    _amount("candidate_cost_nanousd", f"CASE WHEN {_BOTH_PRICED} THEN s.candidate_cost END", "the candidate's"),
    _amount("baseline_cost_nanousd", f"CASE WHEN {_BOTH_PRICED} THEN s.baseline_cost END", "the baseline's"),
    _product("candidate_cost_sq", _BOTH_PRICED, "s.candidate_cost", "s.candidate_cost", "squares"),
    _product("baseline_cost_sq", _BOTH_PRICED, "s.baseline_cost", "s.baseline_cost", "squares"),
    _product("cost_product", _BOTH_PRICED, "s.candidate_cost", "s.baseline_cost", "products of both"),
)
