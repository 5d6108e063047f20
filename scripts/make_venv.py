"""Make .venv, or bring it up to date: called by scripts/install once that has seen that there is something to do.

Runs under whatever Python the system has and needs nothing but its standard library. One process at a time: others
wait, and then find the work done.
"""

import fcntl
import platform
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
WAIT_S = 900
VENV = Path(".venv")
STAMP = VENV / "made-from"
PYTHON = VENV / "bin" / "python"
CACHE = Path(".cache")
# There while an installation is under way. Outside of .venv, which is emptied first.
UNFINISHED = CACHE / "venv-unfinished"


def main(requirements: str) -> int:
    """Leave an environment that is stamped with the checksum of its `requirements`; returns the exit code."""
    if sys.version_info < OLDEST:
        say(f"this is Python {sys.version.split()[0]}: set PYTHON to one that is {OLDEST[0]}.{OLDEST[1]} or newer")
        return 2
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "install.lock").open("w") as lock:
        if not take(lock.fileno()):
            say(f"another installation is not done after {WAIT_S} s")
            return 1
        stamp = f"{requirements} Python {platform.python_version()}\n"
        if STAMP.exists() and STAMP.read_text() == stamp:
            return 0
        return install(stamp, lock.fileno())


def install(stamp: str, lock: int) -> int:
    """Make the environment anew if it is not whole, install into it, stamp it.

    The programs that do so inherit the lock: when this process is killed, a successor waits until they are done.
    """
    fresh = UNFINISHED.exists() or not usable()
    UNFINISHED.touch()
    STAMP.unlink(missing_ok=True)
    say("installing into .venv" + (" (once; a minute or so)" if fresh else ": the requirements changed"))
    venv = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if fresh and subprocess.run(venv, check=False, pass_fds=[lock]).returncode:
        say("the environment could not be made; on Debian it takes: apt-get install python3-venv")
        return 1
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    wanted = [
        "--editable",
        "./router",
        "--editable",
        ".[embedded,examples,plots,prices,dev]",
        "--constraint",
        "constraints.txt",
    ]
    if subprocess.run([*pip, *wanted], stdin=subprocess.DEVNULL, check=False, pass_fds=[lock]).returncode:
        say("the installation failed, for the reason above; the next try starts anew")
        return 1
    STAMP.write_text(stamp)
    UNFINISHED.unlink()
    return 0


def usable() -> bool:
    """Whether .venv has a Python of this version, and a pip that works."""
    program = "import pip._internal.cli.main, sys; print(sys.version)"
    try:
        said = subprocess.run([str(PYTHON), "-c", program], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return said.stdout.strip() == sys.version.strip()


def take(lock: int) -> bool:
    """Wait for the lock, which ends with the process that holds it; whether it was to be had."""
    deadline = time.monotonic() + WAIT_S
    announced = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            if not announced:
                say("waiting for another installation")
                announced = True
            time.sleep(0.2)
        else:
            return True


def say(sentence: str) -> None:
    """One line for the person at the terminal."""
    print(f"install: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except KeyboardInterrupt:
        say("interrupted; the next try starts anew")
        sys.exit(130)
