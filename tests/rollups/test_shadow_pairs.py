"""Which requests are a pair, and what is counted of it, case by case and in every order of arrival."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pointsman_contract.trace import Trace
from store.forgetting import Whose, forget_day
from store.rollups.comparing import compare_day
from store.rollups.rebuilding import rebuild_day
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import attempt, outcome, trace
from tests.store.feed import OUTCOMES_0, Feed, execute, rows

_TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
_NOON = _TODAY - timedelta(hours=12)
_PRICES = {
    "prefill_cost_usd": Decimal("0.000003"),
    "cache_cost_usd": Decimal(0),
    "generation_cost_usd": Decimal("0.00001"),
    "tools_cost_usd": Decimal(0),
}
_SUMS = "SELECT shadows, paired, answered, input_paired, output_paired, input_priced FROM shadow_rollups_{level}"
_ALL_OF_IT = (1, 1, 1, 1, 1, 1)


def _pair(shadowed: dict[str, Any] | None = None, shadow: dict[str, Any] | None = None) -> tuple[Trace, Trace]:
    """A request of the baseline and its shadow, both answered and priced, with these differences."""
    baseline = attempt(model="gpt-5.4", input_tokens=1000, output_tokens=200, **_PRICES)
    candidate = attempt(model="qwen-3.5-72b", input_tokens=1200, output_tokens=150, **_PRICES)
    first = trace(**{"started_at": _NOON, "attempts": (baseline,)} | (shadowed or {}))
    fields = {"started_at": _NOON + timedelta(seconds=1), "arm": "shadow", "shadow_of": first.trace_id}
    return first, trace(**fields | {"attempts": (candidate,)} | (shadow or {}))


def _sums(sessions: Sessions, level: str = "day") -> Sequence[tuple[Any, ...]]:
    return rows(sessions, _SUMS.format(level=level))


@pytest.mark.parametrize("order", ["together", "shadow first", "shadow last"])
def test_a_pair_is_counted_once(feed: Feed, sessions: Sessions, order: str) -> None:
    """In whichever order both come, and whatever is told of them later, beside new ones: one row, under both models."""
    shadowed, shadow = _pair()
    parts: dict[str, list[tuple[Trace, ...]]] = {
        "together": [(shadowed, shadow)],
        "shadow first": [(shadow,), (shadowed,)],
        "shadow last": [(shadowed,), (shadow,)],
    }
    for part in parts[order]:
        feed.send(*part)
        tick(sessions)
    for one in (shadowed, shadow):
        feed.send(outcome(trace_id=one.trace_id), to=OUTCOMES_0)
        feed.send(trace(started_at=_NOON))
        tick(sessions)
    for level in ("minute", "hour", "day"):
        assert _sums(sessions, level) == [_ALL_OF_IT]
        key = f"SELECT model, baseline_model FROM shadow_keys JOIN shadow_rollups_{level} USING (key_id)"
        assert rows(sessions, key) == [("qwen-3.5-72b", "gpt-5.4")]
    assert compare_day(sessions, _NOON.date()).different == 0


# What differs of the request, what of its shadow, and what is counted.
_CASES: tuple[tuple[dict[str, Any], dict[str, Any], tuple[int, ...] | None], ...] = (
    ({"environment": "staging"}, {}, (1, 0, 0, 0, 0, 0)),
    ({"route": "chat"}, {}, (1, 0, 0, 0, 0, 0)),
    ({"probe": "golden"}, {}, (1, 0, 0, 0, 0, 0)),
    ({"started_at": _NOON - timedelta(days=1)}, {}, (1, 0, 0, 0, 0, 0)),
    ({"arm": "canary"}, {}, _ALL_OF_IT),
    ({}, {"probe": "golden"}, None),
    ({}, {"arm": "baseline"}, None),
    ({}, {"shadow_of": None}, (1, 0, 0, 0, 0, 0)),
    ({"cache": "exact", "attempts": ()}, {}, (1, 1, 0, 0, 0, 0)),
    ({}, {"attempts": ()}, (1, 1, 0, 0, 0, 0)),
    ({"attempts": (attempt(status="error"),)}, {}, (1, 1, 0, 0, 0, 0)),
    ({}, {"attempts": (attempt(status="timeout", **_PRICES),)}, (1, 1, 0, 0, 0, 0)),
    ({"modalities": ("text", "image")}, {}, (1, 1, 1, 0, 1, 0)),
    ({}, {"modalities": ("image",)}, (1, 1, 1, 0, 1, 0)),
    ({}, {"attempts": (attempt(),)}, (1, 1, 1, 1, 1, 0)),
    ({"attempts": (attempt(input_tokens=0),)}, {}, (1, 1, 1, 0, 1, 0)),
    ({}, {"attempts": (attempt(output_tokens=0, **_PRICES),)}, (1, 1, 1, 1, 0, 1)),
    ({"attempts": (attempt(role="guard", status="error"), attempt())}, {}, _ALL_OF_IT),
    ({"attempts": (attempt(), attempt(role="escalation", status="error"))}, {}, _ALL_OF_IT),
)


@pytest.mark.parametrize("order", ["request first", "shadow first"])
def test_what_is_a_pair(feed: Feed, sessions: Sessions, order: str) -> None:
    """Users' requests of one UTC day, environment and route; compared are the first answer attempts, if both were
    answered, and their input only where it is text.
    """
    pairs = [
        _pair(shadowed, shadow | {"task_class": str(number)}) for number, (shadowed, shadow, _) in enumerate(_CASES)
    ]
    for side in (0, 1) if order == "request first" else (1, 0):
        feed.send(*(pair[side] for pair in pairs))
        tick(sessions)
    query = _SUMS.format(level="day").replace("SELECT", "SELECT task_class,")
    found = {task_class: sums for task_class, *sums in rows(sessions, f"{query} JOIN shadow_keys USING (key_id)")}
    expected = {str(number): list(sums) for number, (*_, sums) in enumerate(_CASES) if sums is not None}
    assert found == expected
    assert compare_day(sessions, _NOON.date()).different == 0


def test_a_shadow_of_a_shadow_is_no_pair(feed: Feed, sessions: Sessions) -> None:
    """What a user got is compared, and nothing else."""
    _, shadow = _pair()
    feed.send(shadow, trace(started_at=_NOON, arm="shadow", shadow_of=shadow.trace_id))
    tick(sessions)
    assert sum(row[1] for row in _sums(sessions)) == 0


def test_each_shadow_of_a_request_is_a_pair(feed: Feed, sessions: Sessions) -> None:
    """Two candidates may shadow one request."""
    shadowed, shadow = _pair()
    others = [shadow.model_copy(update={"trace_id": trace().trace_id}) for _ in range(2)]
    feed.send(shadow, others[0])
    tick(sessions)
    feed.send(shadowed)
    tick(sessions)
    feed.send(others[1])
    tick(sessions)
    assert _sums(sessions) == [(3,) * 6]


@pytest.mark.parametrize(
    ("cost", "candidate", "baseline", "at_baseline"),
    [("0.000003", 1200, 1000, 2500), ("0.000000005", 2, 1, 3), ("0.000000001", 3, 1, 0), ("0", 7, 5, 0)],
)
def test_what_the_baselines_tokens_would_have_cost(
    feed: Feed, sessions: Sessions, cost: str, candidate: int, baseline: int, at_baseline: int
) -> None:
    """The candidate's price for the baseline's number of tokens, to a whole nano-dollar, a half up."""
    prices = _PRICES | {"prefill_cost_usd": Decimal(cost)}
    feed.send(
        *_pair(
            {"attempts": (attempt(input_tokens=baseline),)},
            {"attempts": (attempt(input_tokens=candidate, **prices),)},
        )
    )
    tick(sessions)
    found = rows(sessions, "SELECT candidate_input_cost_at_baseline_nanousd FROM shadow_rollups_day")
    assert found == [(at_baseline,)]


def test_a_shadow_that_waits_has_a_row_of_its_own(feed: Feed, sessions: Sessions) -> None:
    """Until its request comes it stands under no model of a baseline; then that row is gone, and a rebuild agrees."""
    shadowed, shadow = _pair()
    feed.send(shadow)
    tick(sessions)
    models = "SELECT baseline_model FROM shadow_keys JOIN shadow_rollups_day USING (key_id)"
    assert rows(sessions, models) == [("",)]
    feed.send(shadowed)
    tick(sessions)
    assert rows(sessions, models) == [("gpt-5.4",)]
    assert rebuild_day(sessions, _NOON.date())
    assert _sums(sessions) == [_ALL_OF_IT]


def test_what_was_forgotten_is_no_pair(feed: Feed, sessions: Sessions) -> None:
    """A request that comes once its shadow was forgotten, or the other way round, finds nothing."""
    shadowed, shadow = _pair({"session_id": "s"}, {"session_id": "t"})
    feed.send(shadow)
    tick(sessions)
    list(forget_day(sessions, Whose("session_id", "t"), _NOON.date()))
    feed.send(shadowed)
    tick(sessions)
    assert _sums(sessions) == [(1, 0, 0, 0, 0, 0)]


def test_what_comes_again_makes_no_second_pair(feed: Feed, sessions: Sessions) -> None:
    """A request that was forgotten and that Kafka brings back was in a pair already, whose shadow waits no more."""
    shadowed, shadow = _pair({"session_id": "s"})
    feed.send(shadowed, shadow)
    tick(sessions)
    list(forget_day(sessions, Whose("session_id", "s"), _NOON.date()))
    feed.send(shadowed)
    tick(sessions)
    assert _sums(sessions) == [_ALL_OF_IT]


def test_shadows_of_before_they_were_counted(feed: Feed, sessions: Sessions) -> None:
    """An older version has read them and made no row that waits; a rebuild makes their pairs."""
    shadowed, shadow = _pair()
    feed.send(shadow)
    tick(sessions)
    for level in ("minute", "hour", "day"):
        execute(sessions, f"DELETE FROM shadow_rollups_{level}")
    # As the migration does.
    execute(sessions, "INSERT INTO shadows_before SELECT topic_id, partition, batch_id FROM cursors")
    feed.send(shadowed, *_pair())
    tick(sessions)
    assert _sums(sessions) == [_ALL_OF_IT]
    assert rebuild_day(sessions, _NOON.date())
    assert _sums(sessions) == [(2,) * 6]


@pytest.mark.parametrize("arm", ["baseline", "shadow"])
def test_both_days_around_midnight(feed: Feed, sessions: Sessions, arm: str) -> None:
    """A pair over midnight is none, so that one day's raw rows tell all of its pairs."""
    before, after = _TODAY - timedelta(microseconds=1), _TODAY
    first, then = (before, after) if arm == "baseline" else (after, before)
    feed.send(*_pair({"started_at": first}, {"started_at": then}))
    tick(sessions)
    assert _sums(sessions) == [(1, 0, 0, 0, 0, 0)]
