"""One PostgreSQL data directory: made once, served by one server at a time."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pointsman.embedded.account import Account
from pointsman.embedded.errors import EmbeddedFailed
from pointsman.embedded.guarded import GuardedProcess, Service

SUPERUSER = "pointsman"

# "Fast": sessions are ended, then everything is written out. Asking for a smart shutdown would wait for the clients.
_FAST_SHUTDOWN = signal.SIGINT
_GRACE_S = 20.0
_INITDB_S = 120.0
# Long enough for the recovery of a big write-ahead log after kill -9.
_START_S = 60.0


@dataclass(frozen=True)
class Cluster:
    """A data directory, the binaries that serve it, and the account to do so (None: the caller's own).

    `keep_open` are file descriptors that every process working on the data inherits: the lock on it.
    """

    bindir: Path
    data: Path
    account: Account | None
    keep_open: Sequence[int] = ()

    def exists(self) -> bool:
        """Whether the data directory is complete."""
        return self.is_one(self.data)

    @staticmethod
    def is_one(data: Path) -> bool:
        """Whether a directory is a complete one."""
        return (data / "PG_VERSION").exists()

    def create(self, database: str) -> None:
        """Make the data directory with one database in it: UTF-8, sorted by code point, the superuser trusted.

        It appears under its name only when it is complete. Raises EmbeddedFailed with what PostgreSQL said.
        """
        unfinished = self.data.with_name(f"{self.data.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if self.account:
            self.account.own(unfinished)
        choices = [f"--username={SUPERUSER}", "--auth=trust", "--encoding=UTF8", "--no-locale"]
        self._run("initdb", [*choices, "-D", str(unfinished)], within=unfinished)
        # Without a server yet, so that a directory that exists always has its database.
        single_user = ["--single", "-D", str(unfinished), "postgres"]
        self._run("postgres", single_user, within=unfinished, text=f"CREATE DATABASE {database}\n")
        unfinished.rename(self.data)

    def serve(self, settings: Mapping[str, str], *, output: Path) -> GuardedProcess:
        """Start the server with these settings, and return when it takes connections.

        The caller sees to it that no other server works on the data. `output` takes the server's log. Raises
        EmbeddedFailed with the end of that log when the server is not ready within 60 s.
        """
        # What is left of a server that was killed. Its process id may by now be that of another program, and then
        # PostgreSQL would take this file for the sign of a live server and refuse.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        arguments = ["-D", str(self.data)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        server = GuardedProcess.start(
            Service(
                name=f"PostgreSQL in {self.data}",
                arguments=self._command("postgres", arguments, within=self.data),
                environment=_environment(),
                stop_signal=_FAST_SHUTDOWN,
                grace_s=_GRACE_S,
                output=output,
                keep_open=self.keep_open,
            )
        )
        try:
            server.wait_until(lambda: self._ready(server.pid), within_s=_START_S)
        except BaseException:
            server.stop()
            raise
        return server

    def _ready(self, pid: int) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(pid) and lines[7:8] == ["ready   "]

    def _command(self, program: str, arguments: Sequence[str], *, within: Path) -> list[str]:
        command = [str(self.bindir / program), *arguments]
        if self.account is None:
            return command
        return self.account.command(command, reaching=[self.bindir / program, within], ends_with=_FAST_SHUTDOWN)

    def _run(self, program: str, arguments: Sequence[str], *, within: Path, text: str = "") -> None:
        try:
            done = subprocess.run(
                self._command(program, arguments, within=within),
                input=text,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=_INITDB_S,
                env=_environment(),
                pass_fds=tuple(self.keep_open),
                # The terminal's Ctrl-C goes to the application alone.
                start_new_session=True,
            )
        except subprocess.TimeoutExpired as error:
            raise EmbeddedFailed(f"{program} did not make {self.data} within {_INITDB_S:g} s") from error
        if done.returncode != 0:
            raise EmbeddedFailed(f"{program} could not make {self.data}:\n{done.stdout[-2000:].strip()}")


def _environment() -> dict[str, str]:
    """The caller's environment without the variables that PostgreSQL would take settings from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}
