"""`pointsman evidence` on a terminal: why a verdict fell, and how long verdicts take."""

import math
from collections.abc import Sequence

from rich.table import Table

from analytics.evidence import Estimate, RateAdvance, RateEvidence
from analytics.evidence.course import Course, Step
from pointsman.evidence.planning import Answer, Asked
from pointsman.screens.figures import NO_DATA, digits, figure, sparkline, thinned
from pointsman.terminal import columns, print_table, print_words
from pointsman.wording import counted, lasting

_ROWS = 12
# Characters of a plot, and of what stands beside it.
_PLOT, _SMALLEST_PLOT, _BESIDE_PLOT = 44, 8, 34
# As powers of ten.
_SPELLED = (-4.0, 6.0)
_WHOLE_FROM = 1000
_SMALLEST_P = 0.0001
_SMALL_SHARE = 0.0001


def e_value(log_e: float) -> str:
    """E for people, who are not to read logarithms: `0.012`, `37.1`, `12,300`, `10^18`."""
    power = log_e / math.log(10)
    if not _SPELLED[0] < power < _SPELLED[1]:
        return f"10^{math.floor(power)}" if math.isfinite(power) else "0"
    # Rounded first: 99.9999999 is 100, not 100.0.
    value = float(f"{math.exp(log_e):.3g}")
    return f"{value:,.0f}" if value >= _WHOLE_FROM else f"{value:g}"


def p_value(value: float) -> str:
    """A p-value for people: two digits are all that it has."""
    return f"{value:.2g}" if value >= _SMALLEST_P else f"under {_SMALLEST_P}"


def percent(share: float) -> str:
    """A share for people; limits are small, so small ones keep their digits."""
    return f"{digits(100 * share)} %" if 0 < share < _SMALL_SHARE else figure(share, "1")


def verdict_of(course: Course) -> str:
    """One of the words that stand for verdicts everywhere. A FAIL makes any PASS void."""
    if course.failed is not None:
        return "FAIL"
    if course.passed is not None:
        return "PASS"
    return "INSUFFICIENT" if course.steps[-1].n else "NO_DATA"


def print_course(course: Course, evidence: RateEvidence, advance: RateAdvance) -> None:
    """The verdict in a sentence, the path of both E, how they went as small plots, and the rate with its interval."""
    print_words(f"{sentence_of(course, evidence, advance)}\n")
    print_table(_path(course))
    to_fail = [step.log_e_to_fail for step in course.steps]
    to_pass = [step.log_e_to_pass for step in course.steps]
    width = max(min(_PLOT, columns() - _BESIDE_PLOT), _SMALLEST_PLOT)
    print_words(f"\nE to fail  {sparkline(thinned(to_fail, width))}  {_range(to_fail)}")
    print_words(f"E to pass  {sparkline(thinned(to_pass, width))}  {_range(to_pass)}")
    print_words(f"\n{rate_of(evidence.estimate)}")


def sentence_of(course: Course, evidence: RateEvidence, advance: RateAdvance) -> str:
    """What was decided, when, and on what; or how far from it everything stayed."""
    to_fail, to_pass = e_value(evidence.threshold), e_value(advance.threshold)
    failed, passed, last = course.failed, course.passed, course.steps[-1]
    if failed is not None:
        void = "" if passed is None else f" The PASS at {_place(passed)} is void."
        return (
            f"FAIL at {_place(failed)}: E to fail reached {e_value(failed.log_e_to_fail)}; {to_fail} is enough. p-value"
            f" in the end {p_value(evidence.p_value)}.{void}"
        )
    if not last.n:
        return "NO_DATA: no look has a request."
    most = f"was at most {e_value(evidence.highest)}" if evidence.highest > 0 else "never rose above its start, 1"
    far = f"E to fail {most} of {to_fail} (p-value {p_value(evidence.p_value)})"
    if passed is not None:
        reached = e_value(passed.log_e_to_pass)
        return f"PASS at {_place(passed)}: E to pass reached {reached}; {to_pass} is enough. {far}."
    return (
        f"INSUFFICIENT after {_place(last)}: {far}, E to pass at most {e_value(advance.highest)} of {to_pass}."
        " Neither is decided; more requests will tell."
    )


def rate_of(estimate: Estimate) -> str:
    """The rate so far in a sentence, with the interval that may be looked at as often as one likes."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "no requests, so no rate"
    ends = f"{percent(estimate.low).removesuffix(' %')} to {percent(estimate.high)}"
    return f"bad so far: {percent(estimate.value)}; 95 % interval {ends}, valid at every look"


def print_plan(asked: Asked, answers: Sequence[Answer]) -> None:
    """A line for each true rate: after how many requests, and how long, half and 90 % of canaries have their
    verdict.
    """
    planned = f"{asked.planned:,.0f} planned ({lasting(asked.planned / asked.traffic.per_second)})"
    heights = f"FAIL at E >= {1 / asked.alpha:g}, PASS at E >= {1 / asked.level:g}"
    clipped = ", incidents clipped" if asked.incidents == "clip" else ""
    print_words(
        f"limit {percent(asked.limit)}, {asked.traffic}, {planned}; {heights}{clipped}; simulated"
        f" {counted(asked.runs, 'time')} a line\n"
    )
    table = Table("true rate", "half by", "", "90 % by", "", "within the plan", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for one in answers:
        name = f"{one.verdict} at {percent(one.rate)} ({one.times:g} x limit)"
        ends = (*_after(one, one.median, asked), *_after(one, one.ninety, asked))
        table.add_row(name, *ends, figure(one.within_plan, "1"))
    print_table(table)
    print_words(
        "\nRequests of the candidate alone, bad from the first one, each independent of the others. What a bad request"
        " takes until it is known to be bad comes on top."
    )


def _after(answer: Answer, n: int | None, asked: Asked) -> tuple[str, str]:
    over = n is None
    requests = answer.given_up if n is None else n
    return f"{'over ' if over else ''}{requests:,}", lasting(requests / asked.traffic.per_second)


def _path(course: Course) -> Table:
    table = Table("look", "requests", "bad", "rate", "E to fail", "E to pass", "", box=None, pad_edge=False)
    for column in table.columns[:6]:
        column.justify = "right"
    for step in _shown(course):
        passed = "PASS" if course.failed is None else "(PASS)"
        notes = [name for name, at in (("FAIL", course.failed), (passed, course.passed)) if at == step]
        rate = percent(step.bad / step.n) if step.n else NO_DATA
        table.add_row(
            f"{step.look:,}",
            f"{step.n:,}",
            f"{step.bad:,}",
            rate,
            e_value(step.log_e_to_fail),
            e_value(step.log_e_to_pass),
            ", ".join(notes),
        )
    return table


def _shown(course: Course) -> Sequence[Step]:
    """About a dozen: evenly, and those at which something happened."""
    steps = course.steps
    count = min(_ROWS, len(steps))
    kept = {steps[(len(steps) - 1) * at // max(count - 1, 1)] for at in range(count)}
    kept |= {step for step in (course.failed, course.passed) if step is not None}
    kept.add(max(steps, key=lambda step: step.log_e_to_fail))
    return sorted(kept)


def _range(logs: Sequence[float]) -> str:
    return f"{e_value(min(logs))} to {e_value(max(logs))}"


def _place(step: Step) -> str:
    return f"look {step.look:,} ({counted(step.n, 'request')}, {step.bad:,} bad)"
