"""One leader of several processes: takes the lease when it is free, renews it, and knows when it cannot be sure.

`run` is a service of the process. Everybody else asks `lease` before each piece of work, and calls `store.leases.fence`
in the transaction of what must not be done twice.
"""

import os
import secrets
import socket
import threading
import time
from datetime import timedelta

import structlog

from store import leases
from store.errors import LeaseLost, StoreAway
from store.leases import LIFE, RENEW_EVERY, Lease
from store.sessions import Sessions

log = structlog.get_logger()

# Where there is such a clock, one that goes on while the machine is suspended: the lease's life does, too.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def holder_name() -> str:
    """This process in this life: a name that no other has had."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


class Leadership:
    """Follows one lease for one process."""

    def __init__(
        self,
        sessions: Sessions,
        name: str,
        holder: str,
        *,
        life: timedelta = LIFE,
        renew_every: timedelta = RENEW_EVERY,
    ) -> None:
        self.name = f"leadership of {name}"
        self._sessions = sessions
        self._lease_name = name
        self._holder = holder
        self._life = life
        self._renew_every = renew_every
        self._stopping = threading.Event()
        # The lease and until when it is surely held, by `_CLOCK`: replaced as a whole.
        self._held: tuple[Lease, float] | None = None

    @property
    def lease(self) -> Lease | None:
        """The lease while it is surely held: None from its life after the last renewal was *asked* for.

        A process that was frozen, or whose machine was suspended, finds None when it wakes, whatever its wall clock
        says. May be read from any thread.
        """
        held = self._held
        return held[0] if held is not None and time.clock_gettime(_CLOCK) < held[1] else None

    def run(self) -> None:
        """Take and renew until `stop`; then give it up. A database that is away ends nothing."""
        while not self._stopping.is_set():
            self.turn()
            self._stopping.wait(self._renew_every.total_seconds())
        self._give_up()

    def stop(self) -> None:
        """Give the lease up and return soon."""
        self._stopping.set()

    def turn(self) -> None:
        """Renew what is held, or try to take it."""
        asked_at = time.clock_gettime(_CLOCK)
        held = self._held
        try:
            with self._sessions.write() as db:
                if held is None:
                    lease = leases.acquire(db, self._lease_name, self._holder, life=self._life)
                else:
                    lease = leases.renew(db, held[0], life=self._life)
        except LeaseLost as lost:
            self._held = None
            log.warning("leadership_lost", why=str(lost))
        except StoreAway as away:
            log.warning("leadership_unsure", why=str(away))
        else:
            if held is None and lease is not None:
                log.info("leading", lease=lease.name, term=lease.term)
            # Counted from before the question: the database began to count later.
            self._held = None if lease is None else (lease, asked_at + self._life.total_seconds())

    def _give_up(self) -> None:
        held, self._held = self._held, None
        if held is None:
            return
        try:
            with self._sessions.write() as db:
                leases.release(db, held[0])
        except StoreAway as away:
            log.warning("lease_left_to_run_out", why=str(away))
