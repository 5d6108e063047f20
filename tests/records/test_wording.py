"""What was understood, in words."""

import pytest

from alerts.records.wording import settings_words, stage_words, trigger_words
from pointsman_contract.condition import Condition
from pointsman_contract.stage import Stage
from pointsman_contract.trigger import Trigger
from tests.store.records import compiled, condition

_LATENCY = condition(measure="duration", quantile=0.99, threshold=1.2, unit="s")


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (condition(), "rolls back; bad: more than 0.5% of dispatched requests"),
        (condition(measure="schema_adherence", op="<", threshold=0.98), "bad: more than 2% of requests that have one"),
        (_LATENCY, "bad: more than 1% of requests slower than 1.2 s"),
        (condition(threshold=0.2, against="baseline"), "a share of bad requests more than 20% above the baseline's"),
        (
            condition(measure="cost_per_success", threshold=0.2, against="baseline"),
            "a cost more than 20% above the baseline's, raw costs",
        ),
        (condition(threshold=0.0, against="baseline"), "a share of bad requests above the baseline's"),
        (
            condition(measure="duration", quantile=0.95, threshold=0.2, against="baseline"),
            "bad: more than 5% of requests slower than 1.2 x the baseline's P95",
        ),
        (condition(measure="task_success_rate", op="<", threshold=0.9), "as their outcomes come in within 7 days"),
        (
            condition(measure="duration", quantile=0.95, threshold=0.1, against="reference"),
            "once promoted: more than 5% of requests slower than 1.1 x its P95",
        ),
        (condition(measure="tokenizer_compression", threshold=0.1, against="reference"), "against its own past"),
        (condition(measure="injection_succeeded", op="any", threshold=None), "outside of the false-rollback budget"),
    ],
)
def test_what_is_bad_is_said(of: Condition, words: str) -> None:
    """By the kind of the condition: a share of requests, a slow one, a comparison, a drift, the first event."""
    assert words in trigger_words(Trigger(conditions=(of,))).meaning


def test_what_a_trigger_does_is_said_first() -> None:
    """Who is not rolled back by it must not believe so."""
    for enforcement, words in (("auto", "rolls back"), ("alert", "tells, and does not roll back")):
        trigger = Trigger.model_validate({"conditions": (condition(),), "enforcement": enforcement})
        assert trigger_words(trigger).meaning.startswith(words)


def test_zero_tolerance_says_how_many_requests() -> None:
    """One, or as many as the record asks for."""
    event = condition(measure="injection_succeeded", op="any", threshold=None)
    assert "the first request" in trigger_words(Trigger(conditions=(event,))).meaning
    assert "3 requests" in trigger_words(Trigger(conditions=(event,), confirmation=3)).meaning


def test_what_is_assumed_is_said() -> None:
    """24 hours where the record names no time; the deadline where it names none."""
    stage = Stage(kind="canary", weight_bp=1000, duration_s=86_400.0, assumed=("duration_s",))
    assert stage_words(stage) == ("canary 10% (24 hours are assumed)", "deadline 14 days, then asks")
    counted = Stage(kind="canary", weight_bp=50, samples=2000)
    assert stage_words(counted).subject == "canary 0.5% for 2,000 requests"


def test_defaults_are_said() -> None:
    """Of everything that holds for the whole record; where triggers differ, each with its name."""
    words = dict(settings_words(compiled()))
    assert words["false rollbacks"] == "at most 1% of healthy candidates, in the whole rollout"
    assert (words["without data"], words["cool-down"]) == ("holds", "10 minutes")
    two = compiled(triggers=(Trigger(conditions=(condition(),)), Trigger(conditions=(_LATENCY,), no_data="rollback")))
    assert dict(settings_words(two))["without data"] == "holds (attempt_error_rate), rolls back (duration_p99)"
