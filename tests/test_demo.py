"""The demo's account is worth nothing if it could not come out wrong."""

import io
from collections import Counter
from datetime import timedelta

import pytest
from rich.console import Console

from pointsman.demo.broken import broken_messages
from pointsman.demo.measured import Measured
from pointsman.demo.sending import Sent
from pointsman.demo.view import Seen, account_table, live_view, one_line
from pointsman_contract.decode import decode
from pointsman_contract.errors import ContractError, DeadLetterReason
from pointsman_contract.trace import Trace
from store.arrivals import RouteArrivals, TopicAccount
from tests.builders import NOON, attempt, trace
from tests.demo_groups import group


def seen(stored: int = 10, duplicate: int = 2, dead: int = 1, counted: int | None = None) -> Seen:
    """A look at a store that holds this."""
    routes = [RouteArrivals("replay", "[bold]r", 10, 12, 1000, 200, 1_500_000_000, 12)]
    account = TopicAccount("routing.traces", stored, duplicate, duplicate, dead)
    measured = Measured(counted=stored if counted is None else counted)
    return Seen(routes, account, {"empty": dead}, 0, 3.0, measured)


def test_each_broken_message_is_refused_for_its_reason() -> None:
    """Thirteen ways break the contract; the fourteenth is valid and only too old, which the store decides."""
    messages = list(broken_messages(trace(attempts=(attempt(),)), NOON))
    assert len(messages) == 14
    for what, reason, value in messages:
        if reason is DeadLetterReason.OLDER_THAN_RETENTION:
            assert decode(Trace, value, received_at=NOON).message.started_at == NOON - timedelta(days=365)
            continue
        with pytest.raises(ContractError) as refused:
            decode(Trace, value, received_at=NOON)
        assert refused.value.reason is reason, what


def test_an_account_that_agrees_is_right() -> None:
    """Every line agrees, so the account is right."""
    _, right = account_table(Sent(10, 2, Counter(empty=1)), seen())
    assert right


@pytest.mark.parametrize("counted", [0, 9, 11])
def test_a_request_that_is_not_counted_once_is_wrong(counted: int) -> None:
    """What is stored stands in the rollups once: neither more nor less, whatever became of the messages."""
    _, right = account_table(Sent(10, 2, Counter(empty=1)), seen(counted=counted))
    assert not right


@pytest.mark.parametrize("found", [seen(stored=9), seen(stored=11), seen(duplicate=1), seen(dead=0), seen(dead=2)])
def test_one_message_too_few_or_too_many_is_wrong(found: Seen) -> None:
    """A single message that is missing, double, or counted as something else makes the account wrong."""
    _, right = account_table(Sent(10, 2, Counter(empty=1)), found)
    assert not right


def test_an_unexpected_reason_is_wrong() -> None:
    """A dead letter for another reason than the expected one is not the same dead letter."""
    found = Seen([], TopicAccount("routing.traces", 10, 2, 2, 1), {"not_utf8": 1}, 0, 1.0)
    _, right = account_table(Sent(10, 2, Counter(empty=1)), found)
    assert not right


def test_the_view_shows_before_anything_arrived() -> None:
    """Nothing known yet is a view too, not an error."""
    nothing = Seen([], TopicAccount("routing.traces", 0, 0, 0, 0), {}, None, 0.0)
    assert live_view(nothing, 5) is not None
    assert "0 of 5 traces stored" in one_line(nothing, 5)
    assert "; 0 counted" in one_line(nothing, 5)


@pytest.mark.parametrize("height", [24, 31, 45])
def test_the_view_fits_its_terminal(height: int) -> None:
    """What does not fit moves with each look: models give way first, then the rarer reasons of dead letters."""
    routes = [RouteArrivals("replay", f"route-{number}", 1, 1, 1, 1, 1, 1) for number in range(3)]
    reasons = {f"reason_{number}": 1 for number in range(9)}
    groups = [group(f"route-{number}", "small", "large", "another") for number in range(3)]
    full = Seen(routes, TopicAccount("t", 3, 0, 0, 9), reasons, 0, 1.0, Measured(groups, 3))
    console = Console(width=80, height=height, file=io.StringIO())
    lines = console.render_lines(live_view(full, 3, height))
    assert len(lines) < height
    text = "\n".join("".join(segment.text for segment in line) for line in lines)
    assert ("large" in text) is (height > 24)
    assert ("more reasons" in text) is (height < 45)
