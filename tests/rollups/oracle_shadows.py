"""Shadow requests beside what they shadow, in plain Python: written from the words, without a look at the SQL."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from pointsman_contract.attempt import Attempt
from pointsman_contract.trace import Trace
from tests.rollups.oracle_facts import ANSWERS, cost_of, nanos


class Shadow(NamedTuple):
    """A shadow request, and the request that it shadows, where that is known."""

    trace: Trace
    shadowed: Trace | None

    @property
    def first(self) -> Attempt | None:
        """Its first answer attempt: the candidate's."""
        return _first(self.trace)

    @property
    def first_shadowed(self) -> Attempt | None:
        """The baseline's."""
        return None if self.shadowed is None else _first(self.shadowed)


def _first(trace: Trace) -> Attempt | None:
    return next((attempt for attempt in trace.attempts if attempt.role in ANSWERS), None)


def shadows_of(traces: Sequence[Trace]) -> Iterator[Shadow]:
    """Every shadow of a user's request."""
    for trace in traces:
        if trace.arm == "shadow" and trace.probe is None:
            found = [other for other in traces if _shadows(trace, other)]
            assert len(found) <= 1, "ids come once a day"
            yield Shadow(trace, found[0] if found else None)


def _shadows(shadow: Trace, other: Trace) -> bool:
    return (
        shadow.shadow_of == other.trace_id
        and other.arm != "shadow"
        and other.probe is None
        and (shadow.environment, shadow.route) == (other.environment, other.route)
        and shadow.started_at.astimezone(UTC).date() == other.started_at.astimezone(UTC).date()
    )


def shadow_key(shadow: Shadow) -> dict[str, Any]:
    """The key of a shadow request."""
    trace, candidate, baseline = shadow.trace, shadow.first, shadow.first_shadowed
    return {
        "environment": trace.environment,
        "route": trace.route,
        "policy_epoch": trace.policy_epoch,
        "task_class": trace.task_class,
        "language": trace.language or "",
        "call_mode": (candidate.call_mode or "") if candidate else "",
        "effort": (candidate.effort or "") if candidate else "",
        "model": candidate.model if candidate else "",
        "baseline_model": baseline.model if baseline else "",
    }


def _is_text(traces: Iterable[Trace]) -> bool:
    return all(set(trace.modalities or ()) <= {"text"} for trace in traces)


def of_shadow(shadow: Shadow) -> dict[str, int]:
    """All columns of a shadow request."""
    sums = dict.fromkeys(COLUMNS, 0)
    sums |= {"shadows": 1, "paired": int(shadow.shadowed is not None)}
    ours, theirs = shadow.first, shadow.first_shadowed
    if ours is None or theirs is None or shadow.shadowed is None or (ours.status, theirs.status) != ("ok", "ok"):
        return sums
    sums["answered"] = 1
    if ours.input_tokens and theirs.input_tokens and _is_text((shadow.trace, shadow.shadowed)):
        sums |= _both("input_tokens", ours.input_tokens, theirs.input_tokens) | {"input_paired": 1}
        sums |= _input_cost(ours, theirs)
    if ours.output_tokens and theirs.output_tokens:
        sums |= _both("output_tokens", ours.output_tokens, theirs.output_tokens) | {"output_paired": 1}
    ours_cost, theirs_cost = cost_of(ours), cost_of(theirs)
    if ours_cost is not None and theirs_cost is not None:
        sums |= {"both_priced": 1, "candidate_cost_nanousd": ours_cost, "baseline_cost_nanousd": theirs_cost}
        sums |= {"candidate_cost_sq": ours_cost**2, "baseline_cost_sq": theirs_cost**2}
        sums["cost_product"] = ours_cost * theirs_cost
    return sums


def _both(name: str, ours: int, theirs: int) -> dict[str, int]:
    return {
        f"candidate_{name}": ours,
        f"baseline_{name}": theirs,
        f"candidate_{name}_sq": ours**2,
        f"baseline_{name}_sq": theirs**2,
        f"{name}_product": ours * theirs,
    }


def _input_cost(ours: Attempt, theirs: Attempt) -> dict[str, int]:
    prefill, cache = nanos(ours.prefill_cost_usd), nanos(ours.cache_cost_usd)
    if prefill is None or cache is None:
        return {}
    cost = prefill + cache
    other = floor(Fraction(cost * theirs.input_tokens, ours.input_tokens) + Fraction(1, 2))
    return {
        "input_priced": 1,
        "candidate_input_cost_nanousd": cost,
        "candidate_input_cost_at_baseline_nanousd": other,
        "extra_input_cost_sq": (cost - other) ** 2,
    }


COLUMNS = (
    "shadows",
    "paired",
    "answered",
    "input_paired",
    "output_paired",
    "input_priced",
    "candidate_input_cost_nanousd",
    "candidate_input_cost_at_baseline_nanousd",
    "extra_input_cost_sq",
    "both_priced",
    "candidate_cost_nanousd",
    "baseline_cost_nanousd",
    "candidate_cost_sq",
    "baseline_cost_sq",
    "cost_product",
    *(
        name
        for kind in ("input_tokens", "output_tokens")
        for name in (
            f"candidate_{kind}",
            f"baseline_{kind}",
            f"candidate_{kind}_sq",
            f"baseline_{kind}_sq",
            f"{kind}_product",
        )
    ),
)
