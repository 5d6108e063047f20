"""Small routers as processes of their own: run with a name, an address and a prefix of topics.

`python -m tests.router.programs forks 127.0.0.1:9092 prefix.`
"""

import os
import sys
import time
from multiprocessing import get_context

from pointsman_router import TraceEmitter
from tests.router.routing import route_many


def forks(emitter: TraceEmitter) -> None:
    """As a pre-forking server does: made before, used before and after, in both processes; ended in each."""
    route_many(emitter, 10)
    request = emitter.dispatch(route="open-at-fork", task_class="t").__enter__()
    child = os.fork()
    request.__exit__(None, None, None)
    route_many(emitter, 20 if child else 40)
    if child:
        os.waitpid(child, 0)


def works_in_children(emitter: TraceEmitter) -> None:
    """Children that never use it leave no trace of their own, and end."""
    route_many(emitter, 10)
    time.sleep(0.3)
    children = [get_context("fork").Process(target=time.sleep, args=(0.1,)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(10)
        if child.exitcode != 0:
            sys.exit(3)


def exits(emitter: TraceEmitter) -> None:
    """Ends without a word to the emitter, once it is connected."""
    route_many(emitter, 1)
    while not emitter.stats().delivered:
        time.sleep(0.01)
    route_many(emitter, 499)


def crashes(emitter: TraceEmitter) -> None:
    """Ends with an error outside of a request."""
    exits(emitter)
    raise ZeroDivisionError


if __name__ == "__main__":
    made = TraceEmitter(sys.argv[2], environment="prod", router_id="router-3", topic_prefix=sys.argv[3])
    {"forks": forks, "works_in_children": works_in_children, "exits": exits, "crashes": crashes}[sys.argv[1]](made)
