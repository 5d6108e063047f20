"""What a command does where its streams are closed, full, or read by nobody."""

import signal
import subprocess
import sys
from pathlib import Path

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


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """More output than a pipe or a small disk takes."""
    path = tmp_path / "many.csv"
    path.write_text("n,bad\n" + "100,0\n" * 20_000)
    return path


@pytest.mark.parametrize("unbuffered", ["", "PYTHONUNBUFFERED=1"])
def test_output_is_whole_or_told(unbuffered: str, many: Path, tmp_path: Path) -> None:
    """A write that takes a part of what it is given is no success: nothing is cut off in silence."""
    command = f"{unbuffered} $P evidence explain --limit 0.005 --planned 1e6 --counts {many} --json"
    said = shell(f"ulimit -f 1000; {command} > {tmp_path / 'cut'}")
    assert (said.returncode, said.stderr) == (1, "pointsman: the output cannot be written: File too large\n")
    said = shell(f"{command} | head -c 10; code=${{PIPESTATUS[0]}}; echo; echo $code")
    assert (said.stdout.splitlines()[-1], said.stderr) == ("141", "")
    said = shell(f"{command} | (sleep 1; cat) | tail -c 3")
    assert said.stdout == "]}\n"


def test_a_file_of_ascii(many: Path) -> None:
    """Small plots have other letters: what cannot be written is no reason to end, and is spelled, not lost."""
    said = shell(f"PYTHONUTF8=0 PYTHONIOENCODING=ascii $P evidence explain --limit 0.005 --planned 1e6 --counts {many}")
    assert (said.returncode, said.stderr) == (0, "")
    assert "E to fail  \\u258" in said.stdout


STARTS = """
import os, signal, sys

class Interrupts:
    def find_spec(self, name, *_):
        if name == "pointsman.command_line":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
from pointsman.__main__ import main
main()
"""


def test_ctrl_c_while_it_starts() -> None:
    """Its imports take a second: no traceback through them."""
    run = subprocess.run([sys.executable, "-c", STARTS], capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize(("arguments", "code"), [("offsets nosuch", 2), ("offsets list", 3)])
@pytest.mark.parametrize("stderr", ["2> /dev/full", "2> >(true)"])
def test_the_exit_code_stays_where_nobody_reads_the_reason(arguments: str, code: int, stderr: str) -> None:
    """Scripts go by it."""
    said = shell(f"POINTSMAN_DATABASE_URL=postgresql://127.0.0.1:1/x $P {arguments} {stderr}; echo $?")
    assert said.stdout == f"{code}\n"
