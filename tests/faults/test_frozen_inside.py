"""A consumer is frozen (SIGSTOP) inside of each step of a batch; another takes over; thawed, it does no harm."""

import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.conftest import Scale
from tests.faults.report import tell
from tests.faults.steps import STEPS, Looker, hindrance
from tests.ingest.deployment import Deployment
from tests.ingest.ledger import Ledger
from tests.ingest.process import IngestProcess

_LOAD = 2_000
_TRIES = 50
_FOUND_S = 2.0
# The session with Kafka; a session of PostgreSQL that is idle in its transaction is ended after half of it.
_SESSION_S = 10.0
_EVERY_DAY = ("before the commit",)


def freeze_inside(looker: Looker, step: str, ingest: IngestProcess, send: Callable[[], None]) -> None:
    """Freeze the process while its session is inside of this step. COPY is short: it is tried again and again."""
    for _ in range(_TRIES):
        send()
        if not looker.sees(lambda: looker.is_in(step), within_s=_FOUND_S):
            continue
        ingest.suspend()
        # What it had sent before is still worked off.
        time.sleep(0.05)
        if looker.is_in(step):
            return
        ingest.resume()
    pytest.fail(f"the process was never found in step {step}")


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "step", [step if step in _EVERY_DAY else pytest.param(step, marks=pytest.mark.long) for step in STEPS]
)
def test_another_takes_over(on_kafka: Deployment, scale: Scale, step: str) -> None:
    """The other stores what the frozen one held. Thawed past its session (--long; else the other has a group of its
    own, and takes over at once) it stores nothing twice and goes on.
    """
    on_kafka.create_topics(partitions=2)
    ledger = Ledger(on_kafka)
    frozen = on_kafka.start()
    with Looker(on_kafka.url) as looker, ExitStack() as held_up:
        if step != "placing":
            frozen.wait_health("reading")
            # A connection's temporary tables are made once, with locks of their own.
            ledger.send(100)
            ledger.wait_stored()
        held_up.enter_context(hindrance(on_kafka.url, step))
        freeze_inside(looker, step, frozen, lambda: ledger.send(_LOAD))
        froze = time.monotonic()
        held_up.close()
        group = on_kafka.group if scale.is_long else f"{on_kafka.group}-other"
        other = on_kafka.start(consumer_group=group)
        ledger.wait_stored(within_s=60)
        taken_over = time.monotonic() - froze
        if scale.is_long:
            time.sleep(max(0.0, froze + _SESSION_S + 2 - time.monotonic()))
    frozen.resume()
    ledger.send(_LOAD)
    ledger.wait_stored()
    for process in (frozen, other):
        assert process.wait_health("reading", within_s=60)["status"] == 200
        assert "Traceback" not in process.output
    # It goes on: alone it stores what comes.
    assert other.terminate() == 0
    ledger.send(100)
    ledger.wait_stored()
    tell(f"frozen, {step}", ledger.audit(), taken_over=f"{taken_over:.1f}s")
