"""How evidence about a rate grew, look by look: what a person reads to see why a verdict fell."""

from collections.abc import Iterable
from typing import NamedTuple

from analytics.evidence.rate import RateEvidence
from analytics.evidence.rate_advance import RateAdvance


class Step(NamedTuple):
    """After one closed look, the first being 1: all requests so far, and both logarithms of E."""

    look: int
    n: int
    bad: int
    log_e_to_fail: float
    log_e_to_pass: float


class Course(NamedTuple):
    """Every step, and the one at which each verdict fell; None where it did not."""

    steps: list[Step]
    failed: Step | None
    passed: Step | None


def course_of(looks: Iterable[tuple[int, int]], evidence: RateEvidence, advance: RateAdvance) -> Course:
    """Close all looks `(n, bad)`, oldest first, into both kinds of evidence. Raises ValueError for one that cannot
    be.
    """
    steps: list[Step] = []
    failed = passed = None
    requests = bad_requests = 0
    for number, (n, bad) in enumerate(looks, 1):
        evidence.update(n, bad)
        advance.update(n, bad)
        requests += n
        bad_requests += bad
        steps.append(Step(number, requests, bad_requests, evidence.log_e, advance.log_e))
        if evidence.failed and failed is None:
            failed = steps[-1]
        if advance.passed and passed is None:
            passed = steps[-1]
    return Course(steps, failed, passed)
