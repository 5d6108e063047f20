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
from typing import NamedTuple

import structlog

from pointsman.steer.standing import Standing
from store import leases
from store.errors import LeaseLost, StoreAway
from store.leases import LIFE, RENEW_EVERY, Lease
from store.sessions import Sessions

log = structlog.get_logger()

# Where there is such a clock, one that goes on while the machine is suspended: the lease's life does, too.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
# Who stands by only reads: often, for a takeover shall not wait.
LOOK_EVERY = timedelta(seconds=1)
# Together they are less than a process has for its end.
WORK_ENDS_WITHIN_S = 7.0
_GIVE_UP_WITHIN_S = 1.5


def holder_name() -> str:
    """This process in this life: a name that no other has had."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


class _Held(NamedTuple):
    """A lease, until when it is surely held by `_CLOCK`, and since when by `time.monotonic`."""

    lease: Lease
    sure_until: float
    since: float


class _Heard(NamedTuple):
    """When the database was heard last, and who led then; or why it was not heard the last time."""

    at: float
    leader: str = ""
    trouble: str = ""


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
        work_ended: threading.Event | None = None,
    ) -> None:
        """Once asked to stop, it gives the lease up when `work_ended` is set, or soon."""
        self.name = f"leadership of {name}"
        self._sessions = sessions
        self._lease_name = name
        self._holder = holder
        self._life = life
        self._renew_every = renew_every
        self._work_ended = work_ended
        self._stopping = threading.Event()
        self._failures: list[BaseException] = []
        # Both are replaced as a whole: any thread may read them.
        self._held: _Held | None = None
        self._heard = _Heard(time.monotonic(), trouble="the database was not asked yet")

    @property
    def lease(self) -> Lease | None:
        """The lease while it is surely held: None from its life after the last renewal was *asked* for, and as soon as
        this process shall end.

        A process that was frozen, or whose machine was suspended, finds None when it wakes, whatever its wall clock
        says. May be read from any thread.
        """
        held = self._held
        sure = held is not None and time.clock_gettime(_CLOCK) < held.sure_until
        return held.lease if held is not None and sure and not self._stopping.is_set() else None

    @property
    def standing(self) -> Standing:
        """Whether this process leads, as far as it knows; asks nobody. May be read from any thread."""
        held, heard = self._held, self._heard
        if self._stopping.is_set():
            return Standing("standby", "this process ends")
        lease = self.lease
        if lease is not None and held is not None:
            return Standing("leading", "this process leads", lease.term, held.since, heard.trouble)
        silent_s = time.monotonic() - heard.at
        if heard.trouble or held is not None or silent_s > self._life.total_seconds():
            why = heard.trouble or f"the database has not answered for {silent_s:.0f} s"
            return Standing("unsure", why, trouble=why)
        return Standing("standby", f"{heard.leader} leads" if heard.leader else "nobody leads yet")

    def run(self) -> None:
        """Take and renew until `stop`; then give it up. A database that is away ends nothing, and is waited for at the
        end for a moment only.
        """
        follower = threading.Thread(target=self._follow, name=self.name, daemon=True)
        follower.start()
        while not self._stopping.wait(1.0):
            pass
        follower.join(WORK_ENDS_WITHIN_S + _GIVE_UP_WITHIN_S)
        if self._failures:
            raise self._failures[0]
        if follower.is_alive():
            log.warning("lease_left_to_run_out", why="the database does not answer")

    def stop(self) -> None:
        """Give the lease up and return soon."""
        self._stopping.set()

    def unsure(self, why: str) -> None:
        """Nobody knows who leads; a new reason is logged."""
        if self._heard.trouble != why:
            log.warning("leadership_unsure", why=why)
        self._heard = self._heard._replace(trouble=why)

    def turn(self) -> None:
        """Renew what is held, or try to take it."""
        asked_at, asked = time.clock_gettime(_CLOCK), time.monotonic()
        held = self._held
        leader = self._holder
        lease: Lease | None = None
        try:
            with self._sessions.write() as db:
                if held is not None:
                    lease = leases.renew(db, held.lease, life=self._life)
                elif (other := leases.holder_of(db, self._lease_name)) is not None:
                    leader = other.holder
                else:
                    lease = leases.acquire(db, self._lease_name, self._holder, life=self._life)
                    leader = "" if lease is None else self._holder
        except LeaseLost as lost:
            self._held = None
            self._heard = _Heard(time.monotonic())
            log.warning("leadership_lost", why=str(lost))
        except StoreAway as away:
            self.unsure(str(away))
        else:
            self._tell(leader, lease, is_new=held is None)
            # Counted from before the question: the database began to count later.
            sure_until = asked_at + self._life.total_seconds()
            self._held = None if lease is None else _Held(lease, sure_until, asked if held is None else held.since)
            self._heard = _Heard(time.monotonic(), leader)

    def _tell(self, leader: str, lease: Lease | None, *, is_new: bool) -> None:
        if lease is not None and is_new:
            log.info("leading", lease=lease.name, term=lease.term)
        elif lease is None and leader not in ("", self._heard.leader):
            log.info("standing_by", lease=self._lease_name, leader=leader)

    def _follow(self) -> None:
        try:
            while not self._stopping.is_set():
                self.turn()
                wait = self._renew_every if self._held is not None else min(self._renew_every, LOOK_EVERY)
                self._stopping.wait(wait.total_seconds())
            if self._work_ended is not None:
                self._work_ended.wait(WORK_ENDS_WITHIN_S)
            self._give_up()
        except BaseException as error:  # noqa: BLE001 - raised again by `run`
            self._failures.append(error)
            self._stopping.set()

    def _give_up(self) -> None:
        held, self._held = self._held, None
        if held is None:
            return
        try:
            with self._sessions.write() as db:
                leases.release(db, held.lease)
        except StoreAway as away:
            log.warning("lease_left_to_run_out", why=str(away))
