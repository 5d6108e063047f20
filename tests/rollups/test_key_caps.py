"""A day has room for so many values in a column of a key; what comes later is `other`, whenever it is counted."""

from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from pointsman_contract.fields import MAX_TEXT
from pointsman_contract.trace import Trace
from store.rollups.comparing import compare_day
from store.rollups.rebuilding import rebuild_day
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import attempt, outcome, trace
from tests.conftest import Scale
from tests.rollups.oracle import Admission
from tests.rollups.shapes import MIDNIGHT, STARTS, some_broker_time, some_outcome, some_trace
from tests.rollups.telling import (
    OUTCOME_SOURCES,
    TRACE_SOURCES,
    Telling,
    audit_rollups,
    differences,
    empty,
    stored_tables,
)
from tests.store.feed import OUTCOMES_0, Feed, one, rows

_MOST = 3
_MODELS = "SELECT k.model, r.requests FROM request_rollups_day r JOIN request_keys k USING (key_id) ORDER BY 1"


def _of_model(model: str, **overrides: object) -> Trace:
    return trace(started_at=MIDNIGHT, attempts=(attempt(model=model),), **overrides)


def _counted(sessions: Sessions) -> list[tuple[object, ...]]:
    return [(model, int(requests)) for model, requests in rows(sessions, _MODELS)]


def test_random_stories_with_little_room(sessions: Sessions, scale: Scale) -> None:
    """Which values are `other` follows from what each tick brought, and is the same when a day is made again."""
    for seed in range(scale(long=60, small=4)):
        random = Random(seed)
        empty(sessions)
        telling, admission = Telling(sessions), Admission(_MOST)
        starts, counted = random.sample(STARTS, 3), 0
        for _ in range(5):
            traces = [some_trace(random, UUID(int=random.randrange(9), version=4), starts) for _ in range(2)]
            told = [some_outcome(random, UUID(int=random.randrange(9), version=4), starts) for _ in range(2)]
            sources = random.choice(TRACE_SOURCES), random.choice(OUTCOME_SOURCES)
            telling.send(dict(zip(sources, (traces, told), strict=True)), some_broker_time(random, starts))
            if random.randrange(2):
                continue
            tick(sessions, values_a_day=_MOST)
            read = telling.read()
            admission.take(message.content for message in read[counted:] if isinstance(message.content, Trace))
            counted = len(read)
            found = differences(telling.expected(admission.fold), stored_tables(sessions))
            assert not found, "\n".join(found)
        audit_rollups(sessions, telling.expected(admission.fold), values_a_day=_MOST)


def test_the_first_come_stay(feed: Feed, sessions: Sessions) -> None:
    """Across ticks the order of arrival decides, within one the alphabet: who came first is never `other` later."""
    feed.send(_of_model("y"))
    tick(sessions, values_a_day=_MOST)
    feed.send(_of_model("d"), _of_model("b"), _of_model("c"))
    tick(sessions, values_a_day=_MOST)
    feed.send(_of_model("a"), _of_model("y"))
    tick(sessions, values_a_day=_MOST)
    assert _counted(sessions) == [("b", 1), ("c", 1), ("other", 2), ("y", 2)]


def test_each_day_has_room_of_its_own(feed: Feed, sessions: Sessions) -> None:
    """A model that one day had no place for has one on the next."""
    later = trace(started_at=MIDNIGHT + timedelta(days=1), attempts=(attempt(model="d"),))
    feed.send(*map(_of_model, "abcd"), later)
    tick(sessions, values_a_day=_MOST)
    assert _counted(sessions) == [("a", 1), ("b", 1), ("c", 1), ("d", 1), ("other", 1)]


def test_a_late_outcome_goes_where_its_trace_went(feed: Feed, sessions: Sessions) -> None:
    """A trace under `other` becomes a success there, and no row of its own model appears."""
    late = _of_model("z", policy_epoch=9)
    feed.send(*(_of_model(name, policy_epoch=place) for place, name in enumerate("abc", 1)), late)
    tick(sessions, values_a_day=_MOST)
    feed.send(outcome(trace_id=late.trace_id), to=OUTCOMES_0)
    tick(sessions, values_a_day=_MOST)
    query = (
        "SELECT k.model, k.policy_epoch, r.requests, r.succeeded FROM request_rollups_hour r"
        " JOIN request_keys k USING (key_id) WHERE k.model NOT IN ('a', 'b', 'c')"
    )
    assert rows(sessions, query) == [("other", -1, 1, 1)]
    before = stored_tables(sessions)
    assert compare_day(sessions, MIDNIGHT.date()).different == 0
    rebuild_day(sessions, MIDNIGHT.date(), values_a_day=_MOST)
    assert stored_tables(sessions) == before


def test_room_is_taken_by_distinct_values(feed: Feed, sessions: Sessions) -> None:
    """A model that both requests and attempts have takes one place, and keys do not grow with names made up."""
    feed.send(*(_of_model(f"model-{number % 40}") for number in range(120)))
    tick(sessions, values_a_day=_MOST)
    assert one(sessions, "SELECT count(*) FROM admitted_values WHERE name = 'model'") == _MOST
    for table in ("request_keys", "attempt_keys"):
        assert one(sessions, f"SELECT count(*) FROM {table}") == _MOST + 1


HOSTILE = (
    "\U0001f682" * MAX_TEXT,
    "\U0001f682" * (MAX_TEXT - 1),
    "\U0001f682" * (MAX_TEXT - 1) + "\U0001f683",
    '"', '""', "'", "''", ",", "a,b", '"a","b"', "(", ")", "()", "(,)", "\\", "\\\\", '\\"', "{", "{}",
    "NULL", "null", '"NULL"', "\\N", " ", "  ", "\t", "\n", "\r\n", "\x01", "\x1f", "a\x1fb", "%", "%s", ":most", "$1",
    "a", "A", "ä", "a\u0308", "\u200b", "\ufeff", "-1", "0", "1e9", "true", "--", ";", "\x7f", "\u2028",
)  # fmt: skip


def test_hostile_names_are_distinct(feed: Feed, sessions: Sessions) -> None:
    """Whatever a name is made of, two names are two rows, with names and bytes as they were sent."""
    feed.send(*map(_of_model, HOSTILE))
    tick(sessions)
    assert sorted(_counted(sessions)) == sorted((name, 1) for name in HOSTILE)
    assert one(sessions, "SELECT count(*) FROM attempt_rollups_minute") == len(HOSTILE)
    assert compare_day(sessions, MIDNIGHT.date()).different == 0


@pytest.mark.parametrize(
    ("one_pair", "another"),
    [(("a,b", "c"), ("a", "b,c")), (('a"', "b"), ("a", '"b')), (("", "x"), ("x", "")), (("a\\", "b"), ("a", "\\b"))],
)
def test_where_a_name_ends_is_told(
    feed: Feed, sessions: Sessions, one_pair: tuple[str, str], another: tuple[str, str]
) -> None:
    """Two neighbouring values of a key do not run into each other."""
    for provider, effort in (one_pair, another):
        feed.send(trace(started_at=MIDNIGHT, attempts=(attempt(provider=provider, effort=effort),)))
    tick(sessions)
    assert rows(sessions, "SELECT attempts FROM attempt_rollups_day") == [(1,), (1,)]


def test_every_capped_column_has_its_limit(feed: Feed, sessions: Sessions) -> None:
    """Names made up in every field that takes any grow no table of keys past what its columns have room for."""
    for number in range(1, 13):
        name = f"made-up-{number}"
        call = attempt(model=name, provider=name, effort=name)
        fields = {"task_class": name, "tenant": name, "language": name, "record_revision": name}
        feed.send(trace(started_at=MIDNIGHT, policy_epoch=number, attempts=(call,), **fields))
        tick(sessions, values_a_day=1)
    for table, count in (("request_keys", 2), ("attempt_keys", 2), ("tenant_keys", 10)):
        assert one(sessions, f"SELECT count(*) FROM {table}") == count
    assert compare_day(sessions, MIDNIGHT.date()).different == 0


def test_what_was_not_given_needs_no_place(feed: Feed, sessions: Sessions) -> None:
    """A cache hit has no model: it is no `other`, however many models its day has had before."""
    feed.send(*(_of_model(f"model-{number}") for number in range(5)))
    tick(sessions, values_a_day=_MOST)
    feed.send(trace(started_at=MIDNIGHT, cache="exact", attempts=(), policy_epoch=0))
    tick(sessions, values_a_day=_MOST)
    hits = "SELECT k.model, k.policy_epoch, r.cached FROM request_rollups_day r JOIN request_keys k USING (key_id)"
    assert rows(sessions, f"{hits} WHERE r.cached > 0") == [("", 0, 1)]


def test_combinations_are_bounded_too(feed: Feed, sessions: Sessions) -> None:
    """Names of which each column has few make many keys: past a day's number all are `other` together, and stay so."""
    made_up = [
        trace(started_at=MIDNIGHT, task_class=f"task-{n % 5}", attempts=(attempt(model=f"model-{n % 6}"),))
        for n in range(30)
    ]
    for one_trace in made_up:
        feed.send(one_trace)
        tick(sessions, keys_a_day=7)
    for family in ("request", "attempt"):
        assert one(sessions, f"SELECT count(*) FROM {family}_keys") == 8
        folded = (
            f"SELECT r.{family}s FROM {family}_rollups_day r JOIN {family}_keys k USING (key_id)"
            " WHERE k.model = 'other' AND k.task_class = 'other'"
        )
        assert one(sessions, folded) == 23
    feed.send(outcome(trace_id=made_up[-1].trace_id), to=OUTCOMES_0)
    tick(sessions, keys_a_day=7)
    known = "SELECT r.known FROM request_rollups_day r JOIN request_keys k USING (key_id) WHERE k.model = 'other'"
    assert one(sessions, known) == 1
    before = stored_tables(sessions)
    assert compare_day(sessions, MIDNIGHT.date()).different == 0
    assert rebuild_day(sessions, MIDNIGHT.date(), keys_a_day=7)
    assert stored_tables(sessions) == before
