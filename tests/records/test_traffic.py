"""Whether the traffic is enough: what the power function is asked, and what is made of its answer."""

import pytest

from alerts.records.compiling import Compiled, compile_record
from alerts.records.lints import traffic as lint
from alerts.records.problem import Problem
from pointsman.wording import lasting
from pointsman_contract.stage import DAY_S
from tests.records.written import with_block, written

_PLAN = "Shadow 5% for 2 days, then canary 10% for 1 day, then canary 50% for 1 day"


class Asked:
    """A power function that answers the same each time, and remembers what it was asked."""

    def __init__(self, to_fail: int | None = 100, to_pass: int | None = 400) -> None:
        self.asked: list[tuple[float, float, float, float, str]] = []
        self._answer = lint.Power(to_fail, to_pass)

    def __call__(self, limit: float, *, alpha: float, planned: float, margin: float, incidents: str) -> lint.Power:
        """As `PowerOf` says."""
        self.asked.append((limit, alpha, planned, margin, incidents))
        return self._answer


def compiled(trigger: str, block: str = "samples: 10", plan: str = _PLAN) -> Compiled:
    """A record with this plan."""
    found = compile_record(with_block(block, written(rollout_strategy=plan, rollback_trigger=trigger)).encode())
    assert found.record is not None, found.problems
    return found


def told(record: Compiled, per_day: float, power: Asked) -> tuple[list[lint.Testable], list[Problem]]:
    """What is found out at so many requests a day."""
    traffic = lint.Traffic(per_day / DAY_S, f"{per_day:g} requests a day")
    tested = lint.testable(record, traffic, power)
    return tested, list(lint.untestable(record, traffic, tested, lasting))


def test_what_the_power_function_is_asked() -> None:
    """The limit of bad requests, an equal part of nine tenths of the budget, the requests of all canary stages, and the
    trigger's own margin and incidents.
    """
    power = Asked()
    block = (
        "false_rollback_budget: 2%\ntriggers:\n  - when: error rate\n    margin: 10%\n    incidents: clip\n"
        "  - when: refusals > 3%\n    enforcement: alert\n  - when: tokenizer compression drifts by more than 10%"
    )
    told(compiled("Error rate > 1%, schema adherence < 90%, any injection", block), 1000, power)
    part = 0.9 * 0.02 / 2
    expected: list[object] = [
        (0.01, pytest.approx(part), pytest.approx(600), 0.1, "clip"),
        (pytest.approx(0.1), pytest.approx(part), pytest.approx(600), 0.0, "count"),
        # Who only tells takes no part.
        (0.03, pytest.approx(0.9 * 0.02), pytest.approx(600), 0.0, "count"),
    ]
    assert list[object](power.asked) == expected


def test_enough_traffic_is_no_problem() -> None:
    """All canary stages find a bad candidate, each stage passes a good one."""
    tested, problems = told(compiled("Error rate > 1%"), 20_000, Asked(100, 400))
    assert not problems
    # 100 and 400 requests: of the first canary's 2,000 a day; of the shadow's 1,000.
    assert tested[0].fails_after_s == pytest.approx(DAY_S / 20)
    assert tested[0].passes_after_s == pytest.approx((DAY_S * 0.4, DAY_S / 5, DAY_S / 25))


def test_failing_goes_through_the_stages_one_after_the_other() -> None:
    """700 requests: 200 in the first canary's day, then 500 of the second's 1,000; beyond, as long as it takes."""
    tested, problems = told(compiled("Error rate > 1%"), 2000, Asked(700, 10))
    assert not problems
    assert tested[0].fails_after_s == pytest.approx(1.5 * DAY_S)
    tested, problems = told(compiled("Error rate > 1%"), 2000, Asked(2200, 10))
    assert tested[0].fails_after_s == pytest.approx(3 * DAY_S)
    assert (
        "takes 2,200 requests of its own to be found, and all canary stages together have 1,200" in problems[0].message
    )


def test_each_stage_must_let_a_good_candidate_pass() -> None:
    """The short ones are named, with how long they would take."""
    _, (problem,) = told(compiled("Error rate > 1%"), 2000, Asked(10, 300))
    assert '"shadow 5% for 48 hours and 10 requests" has 200 and would take 3.0 days' in problem.message
    assert '"canary 10% for 24 hours and 10 requests" has 200' in problem.message
    assert "canary 50%" not in problem.message


def test_samples_that_the_deadline_cuts_off_are_no_requests() -> None:
    """A stage for 10,000 requests has as many as come until its deadline."""
    plan = "shadow 1% for 10k requests, then canary 10% for 10k requests"
    record = compiled("Error rate > 1%", "deadline: 4 days", plan)
    assert not told(record, 1000, Asked(300, 30))[1]
    _, (problem,) = told(record, 1000, Asked(500, 50))
    assert "all canary stages together have 400" in problem.message
    assert '"shadow 1% for 10,000 requests" has 40 and would take 5.0 days' in problem.message


def test_success_is_known_seven_days_later() -> None:
    """However much traffic there is, a stage whose deadline is before cannot pass."""
    soon = compiled("success rate < 90%", "deadline: 3 days")
    _, (problem,) = told(soon, 10_000_000, Asked())
    assert "once outcomes are known (7 days)" in problem.message
    tested, problems = told(compiled("success rate < 90%", "deadline: 9 days"), 10_000_000, Asked())
    assert not problems
    assert min(seconds for seconds in tested[0].passes_after_s if seconds) > 7 * DAY_S


def test_verdicts_that_nobody_waits_for() -> None:
    """No number stands where there is none."""
    tested, (problem,) = told(compiled("Error rate > 1%"), 10_000, Asked(None, None))
    assert (tested[0].fails_after_s, tested[0].passes_after_s) == (None, (None, None, None))
    assert "more requests than anybody waits for" in problem.message


def test_what_is_not_estimated_is_named() -> None:
    """Comparisons, costs and several together; zero tolerance and drift have nothing to estimate."""
    record = compiled(
        "Error rate worse than baseline by 5%, cost per success > $1, any injection, refusals > 3% and retries > 5%,"
        " or tokenizer compression drifts by more than 10%"
    )
    assert lint.not_estimated(record) == [
        "attempt error rate worse than baseline by 5%",
        "cost per success > $1",
        "refusal rate > 3% and retry rate > 5%",
    ]
