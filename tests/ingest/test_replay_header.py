"""The header that marks a replay: written by us, read from anybody."""

import pytest

from ingest.replay_header import replay_headers, replay_of
from ingest.stopping import StopRules
from pointsman_contract.topics import REPLAY_HEADER
from pointsman_contract.trace import Trace
from tests.ingest.arrived import dead, message, read_one, source


def test_what_we_write_is_what_we_read() -> None:
    """The place of the message that is replayed."""
    assert replay_of(replay_headers("routing.traces", 3, 17)) == "routing.traces/3@17"


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ([], None),
        ([("traceparent", b"00-1"), ("other", None)], None),
        ([(REPLAY_HEADER, b"")], "?"),
        ([(REPLAY_HEADER, None)], "?"),
        ([(REPLAY_HEADER, b"a/0@1"), (REPLAY_HEADER, b"b/0@2")], "a/0@1"),
        ([("x", b"1"), (REPLAY_HEADER, b"\xff\x00!")], "\ufffd!"),
        ([(REPLAY_HEADER, b"x" * 1_000_000)], "x" * 280),
    ],
    ids=["none", "others", "empty", "null", "twice", "no text", "huge"],
)
def test_any_producer_may_set_it(headers: list[tuple[str, bytes | None]], told: str | None) -> None:
    """Other headers mean nothing; ours marks the message whatever it holds, and in bounded length."""
    assert replay_of(headers) == told


def test_a_message_without_headers_is_no_replay() -> None:
    """The mark travels with the message, and with what could not be read."""
    plain = read_one(source(), Trace, message(b"{"))
    marked = read_one(source(), Trace, message(b"{")._replace(headers=[(REPLAY_HEADER, b"a/0@1")]))
    assert (plain.replay_of, marked.replay_of) == (None, "a/0@1")


def test_replays_do_not_stop_ingest() -> None:
    """A thousand letters that are replayed in vain say nothing about the stream, nor do they end a row of others."""
    topic = source().topic
    rules = StopRules(in_a_row=3, storage_limit_bytes=1)
    for _ in range(5):
        rules.note(topic, [dead()._replace(replay_of="a/0@1")])
    assert not rules.reached()
    for _ in range(3):
        rules.note(topic, [dead()])
        rules.note(topic, [dead()._replace(replay_of="a/0@1")])
    assert rules.reached()
    with pytest.raises(Exception, match="3 messages in a row"):
        rules.check_row()
