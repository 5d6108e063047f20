"""What the demo sends, in threads of its own, and how much of it must arrive as what."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ingest.producer import KafkaPublisher
from pointsman.demo.broken import broken_messages
from pointsman.replay.plan import ReplayPlan
from pointsman.replay.run import run_replay
from pointsman.replay.tracefile import lines_of, survey, trace_of
from pointsman_contract.topics import TRACES

_STOP_S = 5.0


@dataclass
class Sent:
    """What was handed to Kafka and acknowledged."""

    stored: int = 0
    duplicate: int = 0
    dead: Counter[str] = field(default_factory=Counter)

    @property
    def messages(self) -> int:
        """All of it."""
        return self.stored + self.duplicate + self.dead.total()


class _Stopped(Exception):
    """The demo ends before everything was sent."""


class Sending:
    """Replays files side by side; the smallest is sent a second time, and fourteen broken messages in between."""

    def __init__(self, bootstrap: str, files: list[Path], *, seconds: float) -> None:
        """Each file is replayed in about `seconds`. Raises ReplayRefused where a file breaks the contract."""
        self._bootstrap = bootstrap
        self.plans = [_plan(file, seconds) for file in files]
        self.sent = Sent()
        self.failures: list[BaseException] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._guarded, args=(plan,), daemon=True) for plan in self.plans]

    @property
    def total(self) -> int:
        """How many traces the files hold."""
        return sum(plan.survey.traces for plan in self.plans)

    @property
    def done(self) -> bool:
        """Whether every thread has ended."""
        return not any(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send no more; returns once every thread has given up what was under way, or after a few seconds."""
        self._stopping.set()
        deadline = time.monotonic() + _STOP_S
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _heed_stop(self, _published: int = 0) -> None:
        if self._stopping.is_set():
            raise _Stopped

    def _guarded(self, plan: ReplayPlan) -> None:
        try:
            with KafkaPublisher(self._bootstrap) as publisher:
                first = run_replay(plan, publisher, progress=self._heed_stop).published
                with self._lock:
                    self.sent.stored += first
                if plan is min(self.plans, key=lambda one: one.survey.traces):
                    self._send_again(publisher, plan)
                    self._send_broken(publisher, plan)
        except _Stopped:
            return
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            self.failures.append(error)

    def _send_again(self, publisher: KafkaPublisher, plan: ReplayPlan) -> None:
        again = run_replay(
            ReplayPlan(path=plan.path, survey=plan.survey, run_id=plan.run_id), publisher, progress=self._heed_stop
        ).published
        with self._lock:
            self.sent.duplicate += again

    def _send_broken(self, publisher: KafkaPublisher, plan: ReplayPlan) -> None:
        valid = trace_of(next(lines_of(plan.path))).message
        for number, (_, reason, value) in enumerate(broken_messages(valid)):
            publisher.publish(TRACES, b"broken-%d" % number, value)
            with self._lock:
                self.sent.dead[reason.value] += 1
        publisher.flush(30.0)


def _plan(file: Path, seconds: float) -> ReplayPlan:
    found = survey(file)
    return ReplayPlan(path=file, survey=found, speed=max(1.0, found.span.total_seconds() / seconds))
