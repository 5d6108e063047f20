"""Every revision of a record is kept once, the one applied last is current, and one rollout at a time is under way."""

import random
import struct
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from psycopg.errors import UniqueViolation
from sqlalchemy import text

from pointsman_contract.measures import MEASURES, QUANTILES
from pointsman_contract.record import Figures, ThresholdBounds
from pointsman_contract.trigger import Trigger
from store import model_records
from store.errors import RecordUnreadable, RolloutUnderWay, StoreAway, StoreRefused
from store.record_revisions import NewestRollout
from store.sessions import Sessions
from store.tables.rollouts import STATES
from tests.store.conftest import OpenSessions
from tests.store.feed import execute, one, rows
from tests.store.records import applied, compiled, condition, hash_of, no_rollouts, rolled_out

_ALL = "SELECT number, revision, turn, applied_at, applied_by, last_applied_at FROM model_records ORDER BY number"
_UNDER_WAY = {"shadow", "canary"}


def test_the_same_content_twice_is_one_revision(sessions: Sessions) -> None:
    """It says when and by whom it came first; applied again while it is current, it changes nothing."""
    assert applied(sessions, compiled(), "A", by="ada") == (1, True, None, True, False)
    before = rows(sessions, _ALL)
    again = applied(sessions, compiled(), "A", by="grace")
    assert (again.number, again.is_new, again.became_current, again.is_read_otherwise) == (1, False, False, False)
    assert again.before is not None
    assert (again.before.number, again.before.revision, again.before.applied_by) == (1, hash_of("A"), "ada")
    assert rows(sessions, _ALL) == before


def test_a_content_of_before_is_current_again(sessions: Sessions) -> None:
    """A, B, A: two revisions, and the first is current; what came first keeps its number, time and author."""
    for content, number, is_new, before in (("A", 1, True, None), ("B", 2, True, 1), ("A", 1, False, 2)):
        done = applied(sessions, compiled(candidate=f"model-{content}"), content, by=f"by-{number}-{is_new}")
        assert (done.number, done.is_new, done.became_current) == (number, is_new, True)
        assert (None if done.before is None else done.before.number) == before
        with sessions.read() as db:
            now = model_records.current(db, "MDR-7")
        assert now is not None
        assert (now.number, now.content, now.candidate, now.is_current) == (number, content, f"model-{content}", True)
        assert (now.applied_by, now.short) == (f"by-{number}-True", hash_of(content)[:12])
    with sessions.read() as db:
        second, first = model_records.revisions(db, "MDR-7")
        assert model_records.current(db, "MDR-8") is model_records.revision(db, "MDR-7", 3) is None
        assert model_records.revisions(db, "MDR-8") == []
        stored = model_records.revision(db, "MDR-7", 2)
    assert [(one.number, one.is_current) for one in (second, first)] == [(2, False), (1, True)]
    assert first.applied_at < second.applied_at == second.last_applied_at < first.last_applied_at
    assert stored is not None
    assert (stored.content, stored.record) == ("B", compiled(candidate="model-B"))


def test_two_at_once_take_turns(open_sessions: OpenSessions, sessions: Sessions) -> None:
    """Four apply contents of two records, some of them the same: numbers without a gap, one new revision for each
    content, times in the order of turns; and what one is told of before is what another made current.
    """
    pools = [open_sessions() for _ in range(4)]

    def apply_several(number: int) -> list[Any]:
        order = random.Random(number)
        contents = [(record, str(content)) for record in ("MDR-1", "MDR-2") for content in range(5)]
        order.shuffle(contents)
        return [
            (record, hash_of(record + content), applied(pools[number], compiled(record), record + content))
            for record, content in contents
        ]

    with ThreadPoolExecutor(len(pools)) as threads:
        told = [each for several in threads.map(apply_several, range(len(pools))) for each in several]
    for record in ("MDR-1", "MDR-2"):
        changes = [(revision, done) for of, revision, done in told if of == record and done.became_current]
        assert sorted(done.number for _, done in changes if done.is_new) == [1, 2, 3, 4, 5]
        # Each change but the first follows another, and each was followed once but the last.
        followed = sorted("" if done.before is None else done.before.revision for _, done in changes)
        (last,) = (one.revision for one in _summaries(sessions, record) if one.is_current)
        assert sorted([*followed, last]) == sorted(["", *(revision for revision, _ in changes)])
        query = "SELECT number, turn, applied_at, last_applied_at FROM model_records WHERE record_id = :record"
        found = rows(sessions, query, record=record)
        assert [each[0] for each in sorted(found, key=lambda each: each[2])] == [1, 2, 3, 4, 5]
        in_turn = sorted(found, key=lambda each: each[1])
        assert in_turn == sorted(found, key=lambda each: each[3])
        assert in_turn[-1][1] == len(changes)


def _summaries(sessions: Sessions, record_id: str) -> list[Any]:
    with sessions.read() as db:
        return list(model_records.revisions(db, record_id))


def test_a_turn_is_waited_for_with_a_limit(open_sessions: OpenSessions, sessions: Sessions) -> None:
    """Where another process holds its turn for longer than a lock may take, applying ends and has stored nothing."""

    def apply_in_haste() -> None:
        with sessions.write() as db:
            db.execute(text("SET LOCAL lock_timeout = '100ms'"))
            model_records.apply(db, compiled("MDR-8"), content="B", revision=hash_of("B"), by="ada")

    with open_sessions().write() as other:
        model_records.apply(other, compiled(), content="A", revision=hash_of("A"), by="ada")
        with pytest.raises(StoreAway):
            apply_in_haste()
    assert rows(sessions, "SELECT record_id FROM model_records") == [("MDR-7",)]


def test_a_second_rollout_is_refused_by_name(sessions: Sessions) -> None:
    """Only in shadow and canary, on the same environment and route; the revision under way may be applied again."""
    applied(sessions, compiled(), "A")
    for state in STATES:
        rolled_out(sessions, state)
        others = {
            "another try": (compiled(candidate="qwen-4"), f"B {state}"),
            "another record": (compiled("MDR-8"), f"C {state}"),
        }
        for record, content in others.values():
            if state in _UNDER_WAY:
                before = rows(sessions, _ALL)
                with pytest.raises(RolloutUnderWay) as refused:
                    applied(sessions, record, content)
                assert str(refused.value) == (
                    f"record MDR-7 revision 1 ({hash_of('A')[:12]}) is in {state} on prod/invoices: it has to end first"
                )
                assert rows(sessions, _ALL) == before
            else:
                assert applied(sessions, record, content).is_new
        elsewhere = [compiled("MDR-9", route="emails"), compiled("MDR-9", environment="staging")]
        assert all(applied(sessions, each, f"{each.environment}/{each.route} {state}").is_new for each in elsewhere)
        assert applied(sessions, compiled(), "A").number == 1
        no_rollouts(sessions)


def test_two_under_way_cannot_be_stored(sessions: Sessions) -> None:
    """The index refuses the second in shadow or canary, also of the same revision and by a change of state; any number
    of others may be there. States are of one list, and hashes of one form.
    """
    applied(sessions, compiled(), "A")
    applied(sessions, compiled("MDR-8"), "B")
    applied(sessions, compiled("MDR-9", environment="staging"), "C")
    for state in (*STATES, *STATES):
        if state not in _UNDER_WAY:
            rolled_out(sessions, state)
    rolled_out(sessions, "shadow")
    rolled_out(sessions, "canary", "MDR-9")
    for record_id, state in (("MDR-7", "canary"), ("MDR-8", "shadow")):
        with pytest.raises(StoreRefused, match=f"uq_rollouts_under_way.*{UniqueViolation.sqlstate}"):
            rolled_out(sessions, state, record_id)
    with pytest.raises(StoreRefused, match="uq_rollouts_under_way"):
        execute(sessions, "UPDATE rollouts SET state = 'canary', version = version + 1 WHERE state = 'draft'")
    execute(sessions, "UPDATE rollouts SET state = 'promoted', version = version + 1 WHERE state = 'shadow'")
    rolled_out(sessions, "shadow", "MDR-8")
    with pytest.raises(StoreRefused, match="ck_rollouts_known_state"):
        rolled_out(sessions, "paused")
    with pytest.raises(StoreRefused, match="fk_rollouts_revision"):
        execute(sessions, "DELETE FROM model_records WHERE number = 1")
    for wrong in (hash_of("D").upper(), hash_of("D")[:-1], f"{hash_of('D')}\n"):
        with pytest.raises(StoreRefused, match="ck_model_records_sha256"), sessions.write() as db:
            model_records.apply(db, compiled("MDR-10", route="emails"), content="D", revision=wrong, by="ada")


def test_records_are_listed_by_their_current_revision(sessions: Sessions) -> None:
    """With how many revisions there are, and with the newest rollout of any of them."""
    applied(sessions, compiled("MDR-8", candidate="old", route="emails"), "A")
    rolled_out(sessions, "superseded", "MDR-8")
    rolled_out(sessions, "promoted", "MDR-8")
    applied(sessions, compiled("MDR-8", candidate="new", route="mails"), "B")
    applied(sessions, compiled(), "C")
    with sessions.read() as db:
        first, second = model_records.listed(db)
    assert (first.current.record_id, first.current.number, first.revisions, first.rollout) == ("MDR-7", 1, 1, None)
    now = second.current
    assert (now.record_id, now.number, now.candidate, now.environment, now.route) == (
        "MDR-8",
        2,
        "new",
        "prod",
        "mails",
    )
    changed = one(sessions, "SELECT changed_at FROM rollouts WHERE state = 'promoted'")
    assert (second.revisions, second.rollout) == (2, NewestRollout(1, "promoted", changed))
    assert now.is_current


def test_values_come_back_as_they_were(sessions: Sessions) -> None:
    """To the last bit of a float and the last digit of an amount, with all letters, and in a text of 256 KiB."""
    bits = random.Random(7)
    numbers = [0.1 + 0.2, 1e-9, 1e12, 123456789012.34567, 1.0]
    while len(numbers) < 22:
        (number,) = struct.unpack("<d", bits.randbytes(8))
        if 1e-9 <= number <= 1e12:
            numbers.append(number)
    record = compiled(
        candidate='qwen/3.5-"72b" \\ \U0001f682',
        triggers=tuple(
            Trigger(conditions=(condition(measure=name, quantile=quantile, threshold=numbers.pop(), unit=unit),))
            for name, unit, quantiles in (
                *((one.name, "s", QUANTILES) for one in MEASURES.values() if one.has_quantiles),
                ("cost_per_success", "USD", (None,)),
                ("cost_per_request", "USD", (None,)),
            )
            for quantile in quantiles
        ),
        tau=ThresholdBounds(low=0.1, high=0.1 + 0.2),
        figures=Figures(cost_per_success_usd=Decimal("0.000000001"), prefill_cost_per_million_usd=Decimal(412)),
        false_rollback_budget=1e-9,
    )
    content = "# Lösung \U0001f682\r\n\t" + bits.randbytes(96 * 1024).hex() + "x" * 65536
    assert len(content.encode()) >= 256 * 1024
    applied(sessions, record, content)
    with sessions.read() as db:
        found = model_records.current(db, "MDR-7")
    assert found is not None
    assert found.content == content
    assert found.record == record
    assert found.record.model_dump_json() == record.model_dump_json()
    assert applied(sessions, record, content).is_read_otherwise is False


def test_what_cannot_be_stored_is_refused_in_a_sentence(sessions: Sessions) -> None:
    """NUL and halves of letters; and another content, record or route under the hash of one that is there."""
    for content, by, words in (
        ("a\0b", "ada", "record MDR-7: its text has a NUL character, which cannot be stored"),
        ("ab\ud800", "ada", "record MDR-7: character 3 of its text is half of a surrogate pair"),
        ("A", "a\0da", "record MDR-7: its author has a NUL character"),
    ):
        with pytest.raises(StoreRefused, match=words):
            applied(sessions, compiled(), content, by=by)
    applied(sessions, compiled(), "A")
    words = "record MDR-7: another content is stored under the hash"
    with pytest.raises(StoreRefused, match=words), sessions.write() as db:
        model_records.apply(db, compiled(), content="B", revision=hash_of("A"), by="ada")
    words = "record MDR-7 for staging/invoices: the same text is revision 1 of MDR-7 for prod/invoices; it has to say"
    with pytest.raises(StoreRefused, match=words):
        applied(sessions, compiled(environment="staging"), "A")
    assert one(sessions, "SELECT count(*) FROM model_records") == 1


def test_what_a_content_meant_stays(sessions: Sessions) -> None:
    """Read otherwise by a later version, it is told and not changed; a form that this version does not know is named,
    and hides no other record.
    """
    applied(sessions, compiled(), "A")
    assert applied(sessions, compiled(holdback_bp=0), "A").is_read_otherwise
    execute(sessions, "UPDATE model_records SET compiled = compiled - 'holdback_bp'")
    with sessions.read() as db:
        found = model_records.current(db, "MDR-7")
    assert found is not None
    assert found.record == compiled()
    execute(sessions, "UPDATE model_records SET compiled = compiled || '{\"later\": 1}'")
    assert applied(sessions, compiled(), "A").is_read_otherwise
    words = r"record MDR-7 revision 1 \([0-9a-f]{12}\) was stored by another version of Pointsman in a form that"
    with sessions.read() as db:
        with pytest.raises(RecordUnreadable, match=words):
            model_records.current(db, "MDR-7")
        assert [each.current.candidate for each in model_records.listed(db)] == ["qwen-3.5-72b"]
