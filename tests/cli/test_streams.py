"""What a command does where its streams are closed, full, or read by nobody."""

import signal
import subprocess
import sys
import time

import pytest

from tests.ingest.process import environment

COMMAND = [sys.executable, "-m", "pointsman"]


def shell(command: str) -> "subprocess.CompletedProcess[str]":
    """Run by a shell, which has `$P` for pointsman."""
    line = command.replace("$P", " ".join(COMMAND))
    return subprocess.run(
        ["bash", "-c", line], env=environment({}), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "command", ["offsets list 2>&-", "offsets list <&- >&- 2>&-", "doctor --kafka-bootstrap 127.0.0.1:1 >&-"]
)
def test_closed_streams(command: str) -> None:
    """The command does what it does with all of them open, as far as somebody can see it."""
    said = shell(f"POINTSMAN_DATABASE_URL=postgresql://127.0.0.1:1/x $P {command}; echo $?")
    assert said.stdout == "3\n"
    assert said.stderr == ""


@pytest.mark.parametrize("arguments", ["--version", "up --help", "doctor", "topics"])
def test_a_full_disk(arguments: str) -> None:
    """One sentence, and no well-meant exit code."""
    said = shell(f"$P {arguments} > /dev/full")
    assert said.returncode == 1
    assert said.stderr == "pointsman: the output cannot be written: No space left on device\n"


def test_who_reads_has_seen_enough() -> None:
    """As with every other command: nothing needs attention, and nothing is said."""
    said = shell("$P up --help | true; echo ${PIPESTATUS[0]}")
    assert said.stdout.strip() in {"0", "141"}
    assert said.stderr == ""


def test_ctrl_c_while_it_starts() -> None:
    """Its imports take a second: no traceback, whenever it comes."""
    for after_s in (0.1, 0.2, 0.3, 0.4, 0.6, 0.8):
        with subprocess.Popen(
            [*COMMAND, "dead-letters", "list", "--database-url", "postgresql://127.0.0.1:1/x"],
            stderr=subprocess.PIPE,
            text=True,
            env=environment({}),
        ) as process:
            time.sleep(after_s)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
        # Python itself, before it has come to our first line.
        early = "<frozen" in err or process.returncode == -signal.SIGINT
        assert process.returncode in {130, 3} or early, (after_s, err)
        assert "pointsman" not in err or "Traceback" not in err, (after_s, err)
