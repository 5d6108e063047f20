"""Members, messages and the database's sessions come and go in any order: a state machine against a pure model.

Each run is one list of steps, which is printed where it fails (as a program that can be run again) and ends in the
audit. Everything is real: Kafka, PostgreSQL, processes.
"""

import secrets
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from pointsman_contract.decode import encode
from tests.audit import Audited, audit
from tests.builders import attempt
from tests.conftest import Scale
from tests.faults.report import tell
from tests.ingest.broken import ALL_WAYS, broken
from tests.ingest.deployment import Deployment, Place
from tests.ingest.expected import Made, expected
from tests.ingest.fixtures import deployed
from tests.ingest.ledger import PATIENT
from tests.ingest.process import IngestProcess
from tests.ingest.traffic import ago, fresh_heartbeat, fresh_outcome, fresh_trace
from tests.services.kafka import ApacheKafka
from tests.services.postgres import PostgresServer

_MOST = 4
_GROUPS = st.sampled_from(["a", "b"])
_ANY = st.integers(0, 10**6)
Deploy = Callable[[ExitStack], Deployment]


class Pointsman(RuleBasedStateMachine):
    """Up to four members in two groups that read the same topics: those of different groups race for every offset."""

    def __init__(self, deploy: Deploy, done: list[Audited]) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._deployment = deploy(self._stack)
        # So that a batch waits while another is finished.
        self._deployment.told["batch_max_messages"] = 50
        self._deployment.create_topics(partitions=2)
        self._client: Any = self._stack.enter_context(self._deployment.producer(**PATIENT | {"linger_ms": 1}))
        self._done = done
        self._published: list[tuple[Place, Made]] = []
        self._awake: list[IngestProcess] = []
        self._frozen: list[IngestProcess] = []

    @initialize(count=st.integers(50, 300))
    def begin(self, count: int) -> None:
        """Two members that race, both at work, and something to read."""
        self.join("a")
        self.join("b")
        for process in self._awake:
            process.wait_for("reading")
        self.send_traces(count, 1)

    @rule(group=_GROUPS)
    @precondition(lambda self: len(self._awake) + len(self._frozen) < _MOST)
    def join(self, group: str) -> None:
        """One more member."""
        self._awake.append(self._deployment.start(consumer_group=f"{self._deployment.group}-{group}"))

    @rule(which=_ANY)
    @precondition(lambda self: self._awake)
    def leave(self, which: int) -> None:
        """SIGTERM: it ends with 0. While Python still starts, any process dies of it."""
        leaver = _one_of(self._awake, which)
        leaver.wait_for("listening")
        assert leaver.terminate(12.0) == 0

    @rule(which=_ANY)
    @precondition(lambda self: self._awake)
    def kill(self, which: int) -> None:
        """Kill -9."""
        _one_of(self._awake, which).kill()

    @rule(which=_ANY)
    @precondition(lambda self: self._awake)
    def freeze(self, which: int) -> None:
        """SIGSTOP, wherever it is."""
        self._frozen.append(_one_of(self._awake, which))
        self._frozen[-1].suspend()

    @rule(which=_ANY)
    @precondition(lambda self: self._frozen)
    def thaw(self, which: int) -> None:
        """SIGCONT."""
        self._awake.append(_one_of(self._frozen, which))
        self._awake[-1].resume()

    @rule()
    def end_database_sessions(self) -> None:
        """An operator ends every session of Pointsman."""
        with psycopg.connect(self._deployment.url, autocommit=True) as operator:
            operator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name ~ '^pointsman'"
            )

    @rule(count=st.integers(1, 300), attempts=st.integers(0, 3))
    def send_traces(self, count: int, attempts: int) -> None:
        """New traces."""
        parts = (attempt(),) * attempts
        traces = [fresh_trace(attempts=parts) for _ in range(count)]
        self._publish(*(Made(self._deployment.traces, encode(one), one.trace_id, attempts) for one in traces))

    @rule(which=_ANY, times=st.integers(1, 3))
    @precondition(lambda self: self._published)
    def send_again(self, which: int, times: int) -> None:
        """The same message once more: a repeated outcome is a new word, anything else a duplicate."""
        _, made = self._published[which % len(self._published)]
        self._publish(*[made] * times)

    @rule(which=_ANY, seconds=st.sampled_from([-1.0, 2.0, 3600.0, 86_000.0]))
    @precondition(lambda self: any(made.trace_id for _, made in self._published))
    def send_restamped(self, which: int, seconds: float) -> None:
        """The same trace with another start, also of the day before."""
        traces = [made for _, made in self._published if made.trace_id]
        made = traces[which % len(traces)]
        again = fresh_trace(trace_id=made.trace_id, started_at=ago(seconds), attempts=(attempt(),) * made.attempts)
        self._publish(made._replace(value=encode(again)))

    @rule(way=st.sampled_from(sorted(ALL_WAYS)), times=st.integers(1, 4))
    def send_broken(self, way: str, times: int) -> None:
        """Broken messages of one kind."""
        self._publish(*(Made(self._deployment.traces, broken(way)) for _ in range(times)))

    @rule(count=st.integers(1, 20))
    def send_outcomes(self, count: int) -> None:
        """New outcomes."""
        topic = self._deployment.outcomes
        self._publish(*(Made(topic, encode(fresh_outcome()), outcome=True) for _ in range(count)))

    @rule(sequence=st.integers(0, 30))
    def send_heartbeat(self, sequence: int) -> None:
        """A heartbeat, new or not."""
        beat = fresh_heartbeat(sequence=sequence)
        heart = (beat.router_id, beat.boot_id, beat.sequence)
        self._publish(Made(self._deployment.heartbeats, encode(beat), heart=heart))

    @rule(seconds=st.floats(0.1, 1.0))
    @precondition(lambda self: self._awake)
    def wait(self, seconds: float) -> None:
        """Let those that are awake do something."""
        time.sleep(seconds)

    def teardown(self) -> None:
        """Thaw all, see to it that one can read at once, and hold the store against the model."""
        try:
            for process in self._frozen:
                process.resume()
            self._deployment.start(consumer_group=f"{self._deployment.group}-last")
            self._deployment.wait_stored([place for place, _ in self._published], within_s=60)
            for process in [*self._awake, *self._frozen]:
                assert process.running(), process.output
            wanted = expected(self._published)
            figures = audit(
                self._deployment.url,
                attempts=wanted.attempts,
                dead=wanted.dead,
                messages=wanted.messages,
                outcomes=wanted.outcomes,
                heartbeats=wanted.heartbeats,
            )
            assert (figures.duplicates, figures.gaps) == (wanted.duplicates, 0)
            assert not [process.output for process in self._deployment.processes if "Traceback" in process.output]
            self._done.append(figures)
        finally:
            for process in self._frozen:
                process.send(signal.SIGCONT)
            self._stack.close()

    def _publish(self, *messages: Made) -> None:
        futures = [self._client.send(one.topic, one.value, b"key") for one in messages]
        found = [future.get(60) for future in futures]
        places = [Place(one.topic, one.partition, one.offset) for one in found]
        self._published += zip(places, messages, strict=True)


def _one_of(processes: list[IngestProcess], which: int) -> IngestProcess:
    return processes.pop(which % len(processes))


@pytest.mark.timeout(3600)
def test_any_order_of_events(
    apache_kafka: ApacheKafka, postgres18: PostgresServer, tmp_path: Path, scale: Scale
) -> None:
    """Whatever happens in whatever order: what was published is stored exactly once, as the model says."""
    done: list[Audited] = []

    def deploy(stack: ExitStack) -> Deployment:
        directory = tmp_path / secrets.token_hex(4)
        directory.mkdir()
        return stack.enter_context(deployed(apache_kafka.bootstrap, postgres18, directory))

    def begin() -> Pointsman:
        return Pointsman(deploy, done)

    run_state_machine_as_test(
        begin,  # type: ignore[arg-type]  # Hypothesis takes any factory, and says so in words only
        settings=settings(
            max_examples=scale(long=30, small=3),
            stateful_step_count=scale(long=40, small=20),
            # To shrink takes a real run for each try; the steps are printed as they were.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
            deadline=None,
            print_blob=True,
        ),
    )
    for number, figures in enumerate(done):
        tell(f"state machine, run {number}", figures)
