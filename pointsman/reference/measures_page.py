"""`docs/measures.md`, from the names, the registry and the measures' own docstrings."""

import inspect
import re

from analytics.economics import cascade_economics
from analytics.frames import ATTEMPT_KEYS, BUCKET, REQUEST_KEYS, SHADOW_KEYS
from analytics.measures.cost_per_success import NEEDED_COVERAGE
from analytics.measures.definition import AnyMeasure, Mix, Quantiles
from analytics.measures.probes import PROBES
from analytics.measures.registry import REGISTRY
from pointsman.reference.markdown import code, codes, page, table
from store.rollups.keys import ATTEMPT_KEY, REQUEST_KEY, SHADOW_KEY

_INTRODUCTION = """# Measures

What Pointsman computes from traces. *Requests* are user-facing traces: no shadow, no probe. *Answer attempts*
are attempts of role primary, retry, escalation or fallback; judges, guards, embeddings and rerankers are none.
*Shadows* are copies of requests that a candidate answers beside the model that serves.
Every measure is computed from sums and histogram bins of the rollups (`analytics/measures/`, one file each), so
parts of a period add up to the period."""

_FIGURES = f"""## What stands beside a value

- `count`: of how many the value is: those whose input is known, so not always all.
- `coverage`: the share of all for which the input is known; empty where it cannot be told.
- `value`; `low` and `high`, the ends of the 95 % interval.
- `bound_low`, `bound_high`: for `cost_per_success` alone: what it can be once the unknown outcomes are known,
  all of them successes or none. Under {NEEDED_COVERAGE:.0%} coverage they replace the figure. They are about
  all requests and the figure is about the known ones, so it may lie outside of them: unknown requests may be
  dearer.
- `note`: a sentence where a figure cannot stand alone."""

_ABSENT = """## What absent data does

**No data is never 0.** Where nothing was counted, or nothing is known, value and interval are empty.

- An input that a message may leave out (outcome, refusal, schema, tool calls, citations, cached tokens,
  characters) makes it count neither for nor against: the denominator is what is known, and `coverage` says how
  much of all that is. A value with a low coverage is about those who tell, who may differ from those who do
  not.
- `schema_adherence` cannot tell an attempt without a schema from one that does not say: both lower its
  coverage.
- Injections are counted over all requests, because routers say what they found and rarely what they did not:
  with a low coverage the rates are lower bounds. Where no request says anything, there is no rate.
- A failure mode that is absent may be none or not told, so the coverage of these mixes is empty. An absent
  recovery means none.
- A cost that is not known is left out and counted, never 0. `spend` is what is known; its coverage is the share
  of requests that are priced in full.
- Times that are not told are in no quantile; a time to first token that is told counts, whether or not the attempt
  says that it was streamed.
- A span without requests has a rate of 0 requests a second: that is known, if the span was read. Of a minute, hour or
  day without requests there is no row; plots show its rates and spend as 0. Rates are divided
  by time that is over and counted, in whole minutes, hours or days at the beginning of the span.
- Sums that contradict each other make no figure: the row is empty and its note says what is wrong; other rows and
  measures go on."""

_INTERVALS = """## Intervals

They hold for one look at observations that are independent of each other, and are for people who read a figure.
Triggers look again and again and have tests of their own."""

_KINDS_OF_INTERVAL = (
    ("wilson", "Wilson's score interval of a share", "things that fail together, as the tool calls of one attempt"),
    (
        "delta",
        "delta method for a ratio of sums, on the logarithm",
        """few observations with a heavy tail: lognormal costs of sigma 1.5 are covered in about 90 % of samples of 200
        requests (`tests/analytics/test_intervals.py`)""",
    ),
    (
        "order statistics",
        "the observations that enclose the quantile with at least 95 % (binomial), as bins, which are within 1 %",
        """`low` is 0 and `high` infinite where there are too few for an end: an upper end takes 6 observations for P50,
        36 for P90, 72 for P95, 368 for P99""",
    ),
    ("normal", "the mean and its standard error", "few pairs, some of them very long"),
    ("poisson", "the score interval of an expected count", "requests that come in bursts"),
    ("none", "counted in full, not estimated", ""),
)

_NAMES = """## Names

A record may use a measure's name or a synonym, in any case, with spaces, hyphens or underscores. Measures with
quantiles take one of P50, P90, P95 and P99: `P95 latency`, `latency p95`, `95th percentile of latency`, `median
latency`. Nothing else is guessed: a text that is none of these is an error that names the closest ones."""

_SWAPS = """## Swaps

`pointsman measures --as swap` shows the four measures of shadow pairs for each candidate and baseline. A router answers
a copy of a request with the candidate too and sends that as a trace of its own: arm `shadow`, and in `shadow_of` the
trace id of the request that was copied. Both are a pair if they started on the same UTC day, in the same environment
and on the same route; in which order they come makes no difference. They are compared where the first answer attempts
of both ended with status ok."""

_ECONOMICS = """## Cascade economics

`analytics/economics.py`, a table by task class and protocol."""


def render() -> str:
    """The page as Markdown."""
    rows = [_row(measure) for measure in REGISTRY]
    head = ("measure", "unit", "better", "counts", "keys", "interval", "also called")
    return page(
        _INTRODUCTION,
        table(head, rows),
        _keys(),
        _FIGURES,
        _ABSENT,
        _INTERVALS,
        table(("interval", "what it is", "where it is too narrow, or has no end"), _KINDS_OF_INTERVAL),
        _NAMES,
        "## Definitions",
        *(_definition(measure) for measure in REGISTRY),
        _SWAPS,
        _ECONOMICS,
        inspect.getdoc(cascade_economics) or "",
    )


def _row(measure: AnyMeasure) -> tuple[str, ...]:
    named = measure.named
    quantiles = " (P50, P90, P95, P99)" if named.has_quantiles else ""
    counts = measure.basis if not isinstance(measure, Quantiles | Mix) else f"{measure.of}, {measure.basis}"
    return (
        f"[{code(measure.name)}](#{measure.name}){quantiles}",
        named.unit,
        named.better,
        counts,
        _key_set(measure),
        measure.interval,
        ", ".join(named.synonyms),
    )


def _key_set(measure: AnyMeasure) -> str:
    return {REQUEST_KEYS: "requests", ATTEMPT_KEYS: "attempts", SHADOW_KEYS: "shadows"}.get(measure.keys, "both")


def _keys() -> str:
    both = [key.name for key in REQUEST_KEY if key.name in PROBES.keys]
    return f"""## Keys

By what a measure can be split: the keys of the rollups from which it is computed, and `{BUCKET}`, the start of a
minute, hour or day. A measure that a column cannot split is named and left out, never shown unsplit.

- *requests*: {codes(key.name for key in REQUEST_KEY)}. `model` is the final model, of the last answer attempt.
- *attempts*: {codes(key.name for key in ATTEMPT_KEY)}. `model` is the one that made the attempt.
- *shadows*: {codes(key.name for key in SHADOW_KEY)}. `model` is the candidate's and `baseline_model` that of the
  request which is shadowed, of the first answer attempt each; `call_mode` and `effort` are the candidate's. A shadow
  whose request is not there (yet) has an empty `baseline_model`.
- *both*: {codes(both)}: `probes` reads requests and attempts, and its parts are the values of `probe`.

`probe` tells test traffic apart, which is outside of all measures but `probes`."""


def _definition(measure: AnyMeasure) -> str:
    module = inspect.getmodule(measure.compute)
    # Where a definition is from concerns who changes it.
    documented = re.sub(r" Source: design §\d+(?:; (.*))?\.$", "", inspect.getdoc(module) or "", flags=re.DOTALL)
    return f"### {measure.name}\n\n{documented}"
