"""The measures by name: unit, which direction is better, and what people call them. Source: design §5.

Records, screens and alerts name measures by these names, so they stand in the contract; how one is computed stands in
`analytics/measures/`. Names that people use are a closed list: a text means one measure or none, never the nearest.
"""

import re
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, NamedTuple

Unit = Literal["1", "ratio", "s", "USD", "chars/token", "requests/s", "tokens/s"]
Direction = Literal["higher", "lower", "neither"]
Known = Literal["dispatch", "closed", "outcome"]

QUANTILES = (0.5, 0.9, 0.95, 0.99)
# Of a text that is looked for; and how much of the shorter one may differ.
_LONGEST_NAME = 80
_ALIKE = 0.4


_CLOSED = {
    "first_attempt_schema_adherence", "schema_adherence", "tool_success", "first_attempt_tool_success",
    "citation_grounding", "ttft", "user_ttft", "inter_token_latency",
}  # fmt: skip
_OUTCOMES = {"task_success_rate", "eventual_success_rate", "cost_per_success", "route_hit_rate"}
OUTCOME_HORIZON_S = 7 * 86_400.0


class MeasureName(NamedTuple):
    """What a measure is called.

    `unit` is the unit of its values ("1": a share between 0 and 1; "ratio": one thing over another of its kind).
    `better` says in which direction things get better. `has_quantiles` tells measures that have a value for each of
    QUANTILES. `synonyms` are what people call it besides its name, in lower case with single spaces.
    """

    name: str
    unit: Unit
    better: Direction
    synonyms: tuple[str, ...] = ()
    has_quantiles: bool = False

    @property
    def known(self) -> Known:
        """When it is known whether a request counts: at its *dispatch*, once its cohort is *closed* (whether it had a
        tool call, a schema, a first token), or with its *outcome*, up to seven days later (statistics §1 and §6).
        """
        return "closed" if self.name in _CLOSED else "outcome" if self.name in _OUTCOMES else "dispatch"


class MeasureMeant(NamedTuple):
    """The measure that a text names, and the quantile where the text says one (0.95 for "P95 latency")."""

    measure: MeasureName
    quantile: float | None = None


def _share(name: str, better: Direction, *synonyms: str) -> MeasureName:
    return MeasureName(name, "1", better, synonyms)


def _time(name: str, *synonyms: str) -> MeasureName:
    return MeasureName(name, "s", "lower", synonyms, has_quantiles=True)


_ALL: tuple[MeasureName, ...] = (
    _share("task_success_rate", "higher", "task success", "first pass success rate", "success without recovery"),
    _share("eventual_success_rate", "higher", "success rate", "success", "eventual success", "overall success rate"),
    MeasureName(
        "cost_per_success",
        "USD",
        "lower",
        (
            "cost per successful outcome",
            "cost per successful task",
            "cost per successful request",
            "cost per outcome",
            "per success",
        ),
    ),
    MeasureName("cost_per_request", "USD", "lower", ("mean cost", "average cost", "mean cost per request")),
    MeasureName("spend", "USD", "neither", ("total cost", "total spend")),
    MeasureName("attempt_spend", "USD", "neither", ("model spend", "spend by model", "attempt cost")),
    _share("attempt_error_rate", "lower", "error rate", "model error rate", "errors"),
    _share("request_error_rate", "lower", "user error rate", "user visible error rate", "undelivered rate"),
    _share("escalation_rate", "lower", "escalation", "escalations", "escalated", "cascade escalation rate"),
    _share("human_escalation_rate", "lower", "human escalation", "human review rate", "human handoff rate"),
    _share("retry_rate", "lower", "retries", "share of retries"),
    _share("fallback_rate", "lower", "fallbacks", "fallback", "share of fallbacks"),
    _share("fail_closed_rate", "neither", "fail closed", "failed closed"),
    _share("timeout_rate", "lower", "timeouts", "timeout", "request timeout rate"),
    _share("refusal_rate", "lower", "refusals", "refusal", "model refusal rate"),
    _share(
        "first_attempt_schema_adherence",
        "higher",
        "first attempt structured output validity",
        "first attempt schema validity",
        "first pass schema adherence",
    ),
    _share(
        "schema_adherence",
        "higher",
        "structured output validity",
        "structured output adherence",
        "schema validity",
        "schema valid rate",
        "json validity",
    ),
    _share("tool_success", "higher", "tool success rate", "tool call success", "tool call success rate"),
    _share("first_attempt_tool_success", "higher", "first attempt tool success rate", "first pass tool success"),
    _share("citation_grounding", "higher", "citation accuracy", "grounding", "citation support", "groundedness"),
    _time("ttft", "time to first token", "first token latency"),
    _time("user_ttft", "user visible ttft", "user visible time to first token", "user time to first token"),
    _time(
        "duration",
        "latency",
        "request duration",
        "request latency",
        "response time",
        "end to end latency",
        "e2e latency",
    ),
    _time("attempt_duration", "attempt latency", "model latency", "model duration"),
    _time("inter_token_latency", "time between tokens", "time per output token", "inter token time", "itl", "tpot"),
    MeasureName(
        "tokenizer_compression",
        "chars/token",
        "higher",
        ("output compression", "characters per token", "chars per token", "tokenizer efficiency"),
    ),
    MeasureName("input_compression", "chars/token", "higher", ("input tokenizer compression", "prompt compression")),
    MeasureName(
        "swap_input_tokens",
        "ratio",
        "lower",
        ("tokenizer effect", "tokenizer effect of a swap", "input token ratio", "token inflation"),
    ),
    MeasureName("swap_output_tokens", "ratio", "lower", ("output token ratio", "verbosity of a swap")),
    MeasureName(
        "swap_input_cost", "USD", "lower", ("cost of the tokenizer effect", "extra input cost", "tokenizer cost")
    ),
    MeasureName("swap_cost", "ratio", "lower", ("cost ratio", "cost of a swap", "shadow cost ratio")),
    _share("route_share", "neither", "traffic share", "share of requests"),
    _share("route_hit_rate", "higher", "route hit", "routing accuracy", "first route success rate"),
    _share("prompt_cache_ratio", "higher", "prompt cache hit rate", "prompt cache hit ratio", "cached token ratio"),
    _share("gateway_cache_hit_rate", "higher", "cache hit rate", "gateway cache hits", "response cache hit rate"),
    MeasureName("requests_per_second", "requests/s", "neither", ("request rate", "rps", "qps")),
    MeasureName("tokens_per_second", "tokens/s", "neither", ("token rate", "tps", "token throughput")),
    _share("failure_mode_mix", "neither", "failure modes", "failure mode", "request failure modes"),
    _share("attempt_failure_mode_mix", "neither", "attempt failure modes", "attempt failure mode"),
    _share("recovery_mix", "neither", "recoveries", "recovery", "recovery modes"),
    _share(
        "injection_detected",
        "lower",
        "injection detected rate",
        "detected injection",
        "detected prompt injection",
        "prompt injection detected",
        "security injection detected",
        "injection attempt",
        "injection attempt rate",
        "prompt injection attempt",
    ),
    _share(
        "injection_succeeded",
        "lower",
        "injection succeeded rate",
        # The usual words of a rollback trigger: what the detector is for is an injection that had an effect.
        "security injection detection",
        "injection detection",
        "prompt injection detection",
        "injection",
        "prompt injection",
        "security injection",
        "injection success rate",
        "injection succeeds",
        "prompt injection succeeds",
        "prompt injection succeeded",
        "successful injection",
        "successful prompt injection",
    ),
    _share("probes", "higher", "probe score", "probe scores"),
)
MEASURES = MappingProxyType({measure.name: measure for measure in _ALL})

_SEPARATORS = re.compile(r"[\s_\-\u2010-\u2015]+")
# "P95 of latency", "latency P95", "95th percentile latency", "median latency".
_PERCENTILE = r"(?:p ?(?P<p>\d\d)|(?P<th>\d\d)th (?:percentile|quantile)|(?P<median>median))"
_QUANTILE_FIRST = re.compile(rf"{_PERCENTILE} (?:of )?(?:the )?(?P<measure>.+)")
_QUANTILE_LAST = re.compile(rf"(?P<measure>.+?) (?:at (?:the )?)?{_PERCENTILE}")
# "user visible P95 TTFT".
_QUANTILE_BETWEEN = re.compile(rf"(?P<ahead>.+?) {_PERCENTILE} (?P<behind>.+)")


def _plain(text: str) -> str:
    """Lower case, with one space for any run of spaces, hyphens and underscores."""
    return _SEPARATORS.sub(" ", text.casefold()).strip()


_BY_TEXT = {_plain(text): measure for measure in _ALL for text in (measure.name, *measure.synonyms)}


def measure_named(text: str) -> MeasureMeant | None:
    """The measure of this name or synonym; None where it is none.

    Upper and lower case, spaces, hyphens and underscores make no difference; nothing else is guessed. Before, after or
    between the words of a measure that has quantiles one of them may stand: "P95 latency", "latency p95", "95th
    percentile of latency", "median latency", "user visible P95 TTFT". A quantile of another measure, or one that is not
    kept, names nothing.
    """
    plain = _plain(text)
    if (exact := _BY_TEXT.get(plain)) is not None:
        return MeasureMeant(exact)
    for pattern in (_QUANTILE_FIRST, _QUANTILE_LAST, _QUANTILE_BETWEEN):
        if (found := pattern.fullmatch(plain)) is None:
            continue
        words = found["measure"] if "measure" in pattern.groupindex else f"{found['ahead']} {found['behind']}"
        if (measure := _BY_TEXT.get(words)) is not None and measure.has_quantiles:
            quantile = 0.5 if found["median"] else int(found["p"] or found["th"]) / 100
            return MeasureMeant(measure, quantile) if quantile in QUANTILES else None
    return None


@lru_cache(maxsize=1024)
def closest_measures(text: str, most: int = 3) -> tuple[str, ...]:
    """Up to `most` measures with a name or synonym that is like the text by edit distance, the closest first, and then
    those that have it in them.

    For error messages only: what a text means is never decided by it. Empty where nothing is alike.
    """
    plain = _plain(text.replace("/", " per "))[:_LONGEST_NAME]
    quantile = _QUANTILE_FIRST.fullmatch(plain) or _QUANTILE_LAST.fullmatch(plain)
    sought = quantile["measure"] if quantile else plain
    allowed = {name: _ALIKE * min(len(sought), len(name)) for name in _BY_TEXT}
    near = [name for name, most_of in allowed.items() if abs(len(sought) - len(name)) <= most_of]
    distances = [(edit_distance(sought, name), name) for name in near]
    alike = [name for distance, name in sorted(distances) if distance <= allowed[name]]
    having = [text for text in _BY_TEXT if sought and f" {sought} " in f" {text} "]
    return tuple(dict.fromkeys(_BY_TEXT[text].name for text in [*alike, *having]))[:most]


def edit_distance(one: str, other: str) -> int:
    """Letters to insert, delete, replace or swap with their neighbour to turn one text into the other.

    Source: Damerau 1964, in its restricted form (no letter is touched twice).
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
