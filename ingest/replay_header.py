"""The header that marks an operator's replay of a dead letter: topic/partition@offset of the first message.

Any producer can set it. It says nothing in anybody's favour: what carries it is kept and is evidence for nothing, so a
producer that sets it takes away its own messages and no others.
"""

from collections.abc import Iterable

from pointsman_contract.topics import REPLAY_HEADER, place_of

# A topic's name has at most 249 characters, a partition 10 digits, an offset 19.
_MAX_CHARS = 280
_NOT_TOLD = "?"


def replay_headers(topic: str, partition: int, offset: int) -> list[tuple[str, bytes]]:
    """The headers of a replay of this message."""
    return [(REPLAY_HEADER, place_of(topic, partition, offset).encode())]


def replay_of(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """What the headers say that this is a replay of; None where none of them is ours, `?` where ours says nothing."""
    for name, value in headers:
        if name == REPLAY_HEADER:
            told = (value or b"")[: _MAX_CHARS * 4].decode(errors="replace").replace("\0", "")
            return told[:_MAX_CHARS] or _NOT_TOLD
    return None
