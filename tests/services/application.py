"""A small application with both embedded services, for tests that kill it or send it Ctrl-C.

`python -m tests.services.application DIRECTORY` says "ready" once both run. On Ctrl-C it still works with both, as an
application does that finishes its batch, and says "finished".
"""

import signal
import sys
import time
from pathlib import Path

import psycopg

from pointsman.embedded.broker import embedded_broker
from pointsman.embedded.guarded import accepts_connections
from pointsman.embedded.postgres import embedded_postgres

_FOREVER_S = 3600


def main(directory: Path) -> None:
    """Run both services until something ends this process."""
    # A shell starts what it runs in the background with SIGINT ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with embedded_broker() as bootstrap, embedded_postgres(directory) as database:
        with psycopg.connect(database.url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS starts (at timestamptz)")
            connection.execute("INSERT INTO starts VALUES (now())")
        say("ready")
        try:
            time.sleep(_FOREVER_S)
        except KeyboardInterrupt:
            # Long enough for a signal to the services to show.
            time.sleep(0.5)
            host, port = bootstrap.split(":")
            with psycopg.connect(database.url) as connection:
                connection.execute("SELECT count(*) FROM starts")
            say("finished" if accepts_connections((host, int(port))) else "the broker is gone")


def say(word: str) -> None:
    """Tell the test that waits for it."""
    sys.stderr.write(f"{word}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
