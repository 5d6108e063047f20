"""Rollups equal what contract values mean, to the last nano-dollar and microsecond, whatever way they came."""

from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from store.received import Source
from store.rollups.columns import ATTEMPT_SUMS, REQUEST_SUMS, SHADOW_SUMS, TENANT_SUMS
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import attempt, trace
from tests.conftest import Scale
from tests.rollups import oracle_sums
from tests.rollups.oracle_facts import Request
from tests.rollups.oracle_shadows import Shadow, of_shadow
from tests.rollups.shapes import IDS, STARTS, some_broker_time, some_outcome, some_trace, some_trace_of_a_pair
from tests.rollups.telling import (
    OUTCOME_SOURCES,
    TRACE_SOURCES,
    Telling,
    audit_rollups,
    differences,
    empty,
    stored_tables,
)
from tests.store.feed import Content, unreadable

# A failure names rows and columns; to make its story smaller would take minutes.
_stories = settings(
    max_examples=min(settings().max_examples // 4, 400),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_the_oracle_knows_every_column() -> None:
    """A column that is added has to be added to the independent computation too."""
    request = Request(trace(), ())
    assert oracle_sums.of_request(request).keys() == {column.name for column in REQUEST_SUMS}
    of_attempt = oracle_sums.of_attempt(request.trace, attempt(), first=True)
    assert of_attempt.keys() == {column.name for column in ATTEMPT_SUMS}
    *_, of_tenant = next(oracle_sums.of_tenant(request))
    assert of_tenant.keys() == {column.name for column in TENANT_SUMS}
    assert of_shadow(Shadow(request.trace, None)).keys() == {column.name for column in SHADOW_SUMS}


Shape = Callable[[Random, UUID, Sequence[datetime]], Trace]


def some_content(random: Random, before: list[Content], starts: Sequence[datetime], shape: Shape) -> Content:
    """A trace of this shape, an outcome, one of them again, or nothing that can be read; of few ids."""
    kind, trace_id = random.randrange(12), UUID(int=random.randrange(IDS), version=4)
    if kind == 0 and before:
        return random.choice(before)
    if kind == 1:
        return unreadable()
    if kind > (9 if shape is some_trace_of_a_pair else 6):
        return some_outcome(random, trace_id, starts)
    return shape(random, trace_id, starts)


def some_batch(
    random: Random, before: list[Content], starts: Sequence[datetime], shape: Shape
) -> dict[Source, list[Content]]:
    """A few messages for partitions that take their kind."""
    batch: dict[Source, list[Content]] = {}
    for _ in range(random.randrange(1, 5)):
        content = some_content(random, before, starts, shape)
        sources = OUTCOME_SOURCES if isinstance(content, Outcome) else TRACE_SOURCES
        batch.setdefault(random.choice(sources), []).append(content)
        if isinstance(content, Trace | Outcome):
            before.append(content)
    return batch


def _tell_and_compare(sessions: Sessions, random: Random, shape: Shape = some_trace) -> None:
    empty(sessions)
    telling = Telling(sessions)
    before: list[Content] = []
    starts = random.sample(STARTS, 3 if shape is some_trace else random.choice((1, 1, 2)))
    for _ in range(random.randrange(1, 7)):
        telling.send(some_batch(random, before, starts, shape), some_broker_time(random, starts))
        if random.randrange(2):
            tick(sessions, most=random.choice((1, 3, 1000)))
            found = differences(telling.expected(), stored_tables(sessions))
            assert not found, "\n".join(found)
    while tick(sessions, most=random.choice((1, 3, 1000))).more:
        pass
    audit_rollups(sessions, telling.expected())


@_stories
@given(st.randoms(use_true_random=False))
def test_any_story_in_any_order(sessions: Sessions, random: Random) -> None:
    """Any split into batches, ticks and partitions, outcomes before, with and behind their traces: always exact."""
    _tell_and_compare(sessions, random)


def test_stories_of_even_chances(sessions: Sessions, scale: Scale) -> None:
    """The same of plain seeds, whose stories are longer than those that Hypothesis likes."""
    for seed in range(scale(long=100, small=5)):
        _tell_and_compare(sessions, Random(seed))


def test_shadows_find_what_they_shadow(sessions: Sessions, scale: Scale) -> None:
    """A pair is counted once, when the second of its traces is read, whichever that is and wherever it was."""
    for seed in range(scale(long=200, small=8)):
        _tell_and_compare(sessions, Random(seed), some_trace_of_a_pair)
