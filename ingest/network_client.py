"""Where kafka-python 3.0.12 does not keep its word: what a failed constructor leaves, who creates topics, how old an
answer is.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kafka.future import Future

from ingest.refusals import client_that_notes_refusals, explain


@contextmanager
def closed_on_failure() -> Iterator[Callable[..., Any]]:
    """For kafka-python's setting `kafka_client`: a client that cannot reach a broker leaves nothing behind.

    What is raised gets a note that says why the last connection failed.
    """
    made: list[Any] = []

    def make(**settings: Any) -> Any:
        made.append(client_that_notes_refusals(**settings))
        return made[-1]

    try:
        yield make
    except BaseException as error:
        # Its thread and its sockets would stay, one more of each with every try.
        for client in made:
            with suppress(Exception):
                client.close()
        for client in made:
            explain(error, client)
        raise


def create_no_topics(cluster: Any) -> None:
    """For the cluster of a consumer or producer: its setting `allow_auto_create_topics` does not get there by itself.

    Kafka creates what a client asks about, with settings of its own, unless it is told not to.
    """
    cluster.config["allow_auto_create_topics"] = False


def ask_anew(cluster: Any) -> Any:
    """Ask the broker for topics; the future's answer is to this question, or to a later one. Never blocks.

    kafka-python takes the answer to a question that is on its way already, and may have been answered long ago.
    """
    earlier = cluster._refresh_future  # noqa: SLF001 - kafka-python shows it nowhere else
    if earlier is None or earlier.is_done:
        return cluster.request_update()
    answer = Future()
    # On kafka-python's own thread, once the earlier one is out of the way.
    earlier.add_both(lambda _: cluster.request_update().chain(answer))
    return answer
