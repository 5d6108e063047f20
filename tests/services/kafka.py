"""Apache Kafka itself: one node, broker and controller in one, its jars brought by Maven."""

import base64
import hashlib
import re
import shutil
import signal
import subprocess
import tempfile
import uuid
from os import environ
from pathlib import Path

from pointsman.embedded.guarded import GuardedProcess, Service, accepts_connections
from pointsman.embedded.ports import free_port
from tests.services.missing import ServiceMissing

_POM = Path(__file__).parents[1] / "kafka" / "pom.xml"
_CACHE = Path(__file__).parents[2] / ".cache" / "kafka"
_JAVA_NEEDED = 17
_MAVEN_S = 300.0
_START_S = 60.0
_GRACE_S = 20.0
# One compiler tier and the serial collector: up sooner, and easier on a machine with two cores.
_JVM = ["-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]


class ApacheKafka:
    """A Kafka broker whose port and data outlive its process, so that it can be killed and brought back."""

    def __init__(self, directory: Path) -> None:
        """`directory` takes configuration, log and data. Raises ServiceMissing when Kafka cannot be run here."""
        self._port, self._controller_port = free_port(), free_port()
        self._jars = kafka_jars()
        self._directory = directory
        self._process: GuardedProcess | None = None
        self.bootstrap = f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the broker, on the data that it had; returns when it takes connections (some 3 s)."""
        configuration = self._directory / "server.properties"
        if not configuration.exists():
            self._format(configuration)
        process = GuardedProcess.start(
            Service(
                name="Apache Kafka",
                arguments=self._java("kafka.Kafka", str(configuration)),
                environment=dict(environ),
                grace_s=_GRACE_S,
                output=self._directory / "kafka.log",
            )
        )
        self._process = process
        process.wait_until(lambda: accepts_connections(("127.0.0.1", self._port)), within_s=_START_S)

    def stop(self) -> None:
        """Shut down in good order. Does nothing when it does not run."""
        if self._process:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """Kill -9."""
        self._signal(signal.SIGKILL)
        self.stop()

    def restart(self) -> None:
        """Stop and start, on the same port and data."""
        self.stop()
        self.start()

    def suspend(self) -> None:
        """Freeze the broker: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after `suspend`."""
        self._signal(signal.SIGCONT)

    def segment(self, topic: str, partition: int) -> Path:
        """The file with the partition's first messages."""
        return self._directory / "data" / f"{topic}-{partition}" / f"{0:020}.log"

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise RuntimeError("Apache Kafka is not running")
        self._process.send_signal(number)

    def _format(self, configuration: Path) -> None:
        unfinished = configuration.with_suffix(".unfinished")
        settings = _properties(self._directory / "data", self._port, self._controller_port) | self._more_properties()
        unfinished.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        format_storage = self._java("kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}")
        command = [*format_storage, f"--config={unfinished}", *self._more_to_format()]
        subprocess.run(command, check=True, capture_output=True)
        unfinished.rename(configuration)

    def _more_properties(self) -> dict[str, object]:
        """What a broker of another kind is set to."""
        return {}

    def _more_to_format(self) -> list[str]:
        """What its metadata begin with."""
        return []

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        return ["java", *_JVM, "-cp", str(self._jars / "*"), main_class, *arguments]


def kafka_jars() -> Path:
    """The directory with Kafka's jars, brought by Maven the first time. Raises ServiceMissing."""
    _require_java()
    jars = _CACHE / hashlib.sha256(_POM.read_bytes()).hexdigest()[:16] / "jars"
    if not jars.exists():
        _fetch(jars)
    return jars


def _require_java() -> None:
    try:
        said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    except (OSError, subprocess.CalledProcessError):
        said = ""
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < _JAVA_NEEDED:
        raise ServiceMissing(
            f"Apache Kafka needs Java {_JAVA_NEEDED} or newer: apt-get install default-jre-headless maven"
        )


def _fetch(jars: Path) -> None:
    if shutil.which("mvn") is None:
        raise ServiceMissing("Apache Kafka comes through Maven: apt-get install maven")
    jars.parent.mkdir(parents=True, exist_ok=True)
    # Under another name first: a run that is interrupted here, or another at the same time, must not be half believed.
    with tempfile.TemporaryDirectory(dir=jars.parent, ignore_cleanup_errors=True) as unfinished:
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={unfinished}/jars"]
        command = ["mvn", "--quiet", "--batch-mode", f"--file={_POM}", *goal]
        try:
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=_MAVEN_S)
        except subprocess.CalledProcessError as error:
            raise ServiceMissing(f"Maven could not bring Apache Kafka: {error.stdout[:500]}") from error
        except subprocess.TimeoutExpired as error:
            raise ServiceMissing(f"Maven could not bring Apache Kafka within {_MAVEN_S:g} s") from error
        if not jars.exists():
            Path(unfinished, "jars").rename(jars)


def _properties(data: Path, port: int, controller_port: int) -> dict[str, object]:
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": data,
        # A typing error in a topic's name must fail, as it does with our users.
        "auto.create.topics.enable": "false",
        # Room for a test with a message of 20 MB.
        "message.max.bytes": 25_000_000,
        # One node, and as little to do at the start as can be.
        "offsets.topic.num.partitions": 1,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # A broker that was killed is not let in again before its session is over, 9 s otherwise.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        # Retention and compaction show within a test's time.
        "log.initial.task.delay.ms": 500,
        "log.retention.check.interval.ms": 500,
        "log.segment.delete.delay.ms": 100,
        "log.cleaner.backoff.ms": 500,
    }
