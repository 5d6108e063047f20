"""A process that wants to lead: says each time that it takes the lease, and acts while it holds it.

It acts by adding rows to `acts` (name, term, at) in transactions that pass the fence first. `--skew` puts its wall
clock wrong, as far as Python can see it.
"""

import argparse
import sys
import threading
import time
from datetime import timedelta

from sqlalchemy import text

from pointsman.steer.leadership import Leadership
from store.errors import LeaseLost, StoreAway
from store.leases import fence
from store.sessions import Sessions

_ACT = text("INSERT INTO acts (holder, term, at) VALUES (:holder, :term, clock_timestamp())")


def say(word: str) -> None:
    """Tell the test that waits for it."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    """Follow the lease, and act every fifty milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("holder")
    parser.add_argument("--skew", type=float, default=0.0)
    parser.add_argument("--blind", action="store_true", help="act on the lease of the beginning, whatever it hears")
    chosen = parser.parse_args()
    if chosen.skew:
        wall = time.time
        time.time = lambda: wall() + chosen.skew
    sessions = Sessions(chosen.url)
    leadership = Leadership(sessions, "steer", chosen.holder)
    threading.Thread(target=leadership.run, daemon=True).start()
    told = first = None
    while True:
        time.sleep(timedelta(milliseconds=50).total_seconds())
        lease = leadership.lease
        if lease is not None and lease.term != told:
            told, first = lease.term, first or lease
            say(f"leading {lease.term}")
        acting = first if chosen.blind else lease
        if acting is None:
            continue
        try:
            with sessions.write() as db:
                fence(db, acting)
                db.execute(_ACT, {"holder": chosen.holder, "term": acting.term})
        except LeaseLost:
            say("late")
        except StoreAway:
            continue


if __name__ == "__main__":
    main()
