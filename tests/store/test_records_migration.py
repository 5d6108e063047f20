"""From a filled database without records to this one, and back."""

from migrations.schema import migrate, migrate_down
from store.sessions import Sessions
from tests.builders import trace
from tests.store.feed import Feed, one, rows
from tests.store.records import applied, compiled, rolled_out

_BEFORE, _WITH = "0008_best_outcomes", "0009_model_records"


def test_records_come_and_go(sessions: Sessions) -> None:
    """Down it takes the records and their rollouts and nothing else; up it writes into no table that is there, and
    numbers begin anew.
    """
    feed = Feed(sessions)
    feed.send(trace())
    applied(sessions, compiled(), "A")
    applied(sessions, compiled(), "B")
    rolled_out(sessions, "canary", number=2)
    files = "SELECT relname, relfilenode FROM pg_class WHERE relname !~ '(model_records|rollouts|^pg_)'"
    before = set(rows(sessions, files))
    assert migrate_down(sessions, _BEFORE)[1] == _BEFORE
    assert one(sessions, "SELECT count(*) FROM pg_class WHERE relname ~ '(model_records|rollouts)'") == 0
    assert set(rows(sessions, files)) == before
    feed.send(trace())
    assert migrate(sessions, _WITH) == (_BEFORE, _WITH)
    assert set(rows(sessions, files)) == before
    assert one(sessions, "SELECT count(*) FROM traces") == 2
    migrate(sessions)
    assert applied(sessions, compiled(), "B").number == 1
    rolled_out(sessions, "shadow")
