"""What a test that runs on every broker gets."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Broker:
    """A running broker. `bootstrap` is host:port; `kind` tells a test what it may ask for.

    Tansu has no LogAppendTime and no read_committed, and a second consumer needs 13 to 17 s to join a group.
    """

    bootstrap: str
    kind: Literal["tansu", "kafka"]
