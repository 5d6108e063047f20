"""Five consumers join, leave, are killed and frozen at random while messages come."""

import random
import signal
import time

import pytest

from tests.conftest import Scale
from tests.faults.report import tell
from tests.ingest.deployment import Deployment
from tests.ingest.ledger import Ledger
from tests.ingest.process import IngestProcess

_MOST = 5


class Crowd:
    """Up to five members of one group. Each step starts, ends, kills, freezes or thaws one of them."""

    def __init__(self, deployment: Deployment, seed: int) -> None:
        self._deployment = deployment
        self._random = random.Random(seed)
        self.awake: list[IngestProcess] = []
        self.frozen: list[IngestProcess] = []
        self.leaving: list[IngestProcess] = []
        self.done: list[str] = []

    def step(self) -> None:
        """Do one thing to one of them."""
        size = len(self.awake) + len(self.frozen)
        choices = ["join"] * 3 if size < _MOST else []
        if self.awake:
            choices += ["leave", "kill", "freeze"]
        if self.frozen:
            choices += ["thaw"] * 2
        chosen = self._random.choice(choices)
        self.done.append(chosen)
        match chosen:
            case "join":
                self.awake.append(self._deployment.start())
            case "leave":
                self.leaving.append(self._one_of(self.awake))
                # While Python still starts, any process dies of a signal.
                self.leaving[-1].wait_for("listening")
                self.leaving[-1].send(signal.SIGTERM)
            case "kill":
                self._one_of(self.awake).kill()
            case "freeze":
                self.frozen.append(self._one_of(self.awake))
                self.frozen[-1].suspend()
            case _:
                self.awake.append(self._one_of(self.frozen))
                self.awake[-1].resume()

    def settle(self) -> None:
        """Thaw all and fill up to five; those that were asked to leave have left, with 0."""
        for process in self.frozen:
            process.resume()
        self.awake += self.frozen
        self.frozen = []
        while len(self.awake) < _MOST:
            self.awake.append(self._deployment.start())
        assert [process.wait_ended() for process in self.leaving] == [0] * len(self.leaving)

    def _one_of(self, processes: list[IngestProcess]) -> IngestProcess:
        return processes.pop(self._random.randrange(len(processes)))


@pytest.mark.timeout(900)
def test_five_come_and_go_at_random(on_kafka: Deployment, scale: Scale) -> None:
    """Nothing is lost or stored twice, none ends by itself, and in the end all five read."""
    seed = time.time_ns()
    on_kafka.create_topics(partitions=6)
    ledger = Ledger(on_kafka)
    crowd = Crowd(on_kafka, seed)
    moments = random.Random(seed)
    until = time.monotonic() + scale(long=240, small=8)
    with ledger.under_load():
        while time.monotonic() < until:
            crowd.step()
            time.sleep(moments.uniform(0.1, 2.0))
        crowd.settle()
    ledger.wait_stored(within_s=60)
    assert all(process.running() for process in crowd.awake), crowd.done
    for process in crowd.awake:
        assert process.wait_health("reading", within_s=60)["status"] == 200
    assert not [process.output for process in on_kafka.processes if "Traceback" in process.output]
    tell("five come and go", ledger.audit(), seed=seed, steps=",".join(crowd.done))
