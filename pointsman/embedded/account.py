"""Under which system account a PostgreSQL server runs: it refuses to run as root."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from pointsman.embedded.errors import EmbeddedFailed

log = structlog.get_logger()

_DEBIAN_ACCOUNT = "postgres"
_OWN_ACCOUNT = "pointsman"
# Either lets a process walk through directories that bar others; the first only that. By bit in the kernel's masks.
_CAPABILITIES_TO_REACH = {"dac_read_search": 2, "dac_override": 1}


@dataclass(frozen=True)
class Account:
    """A system account, and how root starts a program as it."""

    uid: int
    gid: int

    def command(self, arguments: Sequence[str], *, reaching: Sequence[Path], ends_with: signal.Signals) -> list[str]:
        """The command line that runs `arguments` under this account.

        Where the account may not walk to one of the paths in `reaching` (under /root, say), the program is allowed to
        walk anywhere, and the modes of the user's directories stay as they are. `ends_with` is the signal that the
        program gets when its parent dies. Raises EmbeddedFailed when this system has no `setpriv`.
        """
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise EmbeddedFailed(
                "PostgreSQL refuses to run as root and there is no setpriv to change the account: "
                "install util-linux, or start this as an ordinary user"
            )
        switch = [setpriv, f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        if not all(self._may_reach(path) for path in reaching):
            capability = _capability_to_reach()
            switch += [f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}"]
        # Asked for here again: the kernel forgets a parent-death signal when the account changes.
        return [*switch, f"--pdeathsig={ends_with.name.removeprefix('SIG')}", "--", *arguments]

    def own(self, path: Path) -> None:
        """Make the account the owner of `path`."""
        os.chown(path, self.uid, self.gid)

    def _may_reach(self, path: Path) -> bool:
        real = path.resolve()
        return self._may(real, stat.S_IROTH) and all(self._may(parent, stat.S_IXOTH) for parent in real.parents)

    def _may(self, path: Path, right: int) -> bool:
        entry = path.stat()
        if entry.st_uid == self.uid:
            right <<= 6
        elif entry.st_gid == self.gid:
            right <<= 3
        return bool(entry.st_mode & right)


def server_account(data: Path) -> Account | None:
    """The account for the server of this data directory; None means the caller's own, as for anyone but root.

    For root: whoever owns the data already, else Debian's `postgres`, else `pointsman`, which is made. Raises
    EmbeddedFailed when the data belong to somebody else, or no account can be made.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner != os.geteuid():
            raise EmbeddedFailed(f"{data} belongs to another user (uid {owner}); choose another directory")
        return None
    if owner:
        return Account(owner, data.stat().st_gid)
    entry = _entry(_DEBIAN_ACCOUNT) or _entry(_OWN_ACCOUNT) or _new_account()
    return Account(entry.pw_uid, entry.pw_gid)


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _new_account() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", _OWN_ACCOUNT]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        reason = made.stderr.strip()
    except OSError as error:
        reason = f"useradd: {error.strerror}"
    entry = _entry(_OWN_ACCOUNT)
    if entry is None:
        raise EmbeddedFailed(
            f"PostgreSQL refuses to run as root and the account {_OWN_ACCOUNT} could not be made ({reason}): "
            "start this as an ordinary user"
        )
    log.info("system account made for the embedded database", account=_OWN_ACCOUNT)
    return entry


def _capability_to_reach() -> str:
    status = Path("/proc/self/status").read_text()
    held = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapBnd:"))
    for name, bit in _CAPABILITIES_TO_REACH.items():
        if held & 1 << bit:
            return name
    raise EmbeddedFailed(
        "the account of the embedded database cannot reach its directory: choose one outside of root's home"
    )
