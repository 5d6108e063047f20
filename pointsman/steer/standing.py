"""Whether this process leads."""

from typing import Literal, NamedTuple, Protocol

from store.leases import Lease

State = Literal["leading", "standby", "unsure"]


class Standing(NamedTuple):
    """In one word and one sentence; who leads has a term, and knows since when (`time.monotonic`). `trouble` is why the
    database was not heard the last time; '' where it was.
    """

    state: State
    detail: str
    term: int = 0
    since: float = 0.0
    trouble: str = ""


class Leads(Protocol):
    """Who knows it; answers at once, in any thread."""

    @property
    def lease(self) -> Lease | None:
        """The lease while it is surely held and work shall go on."""

    @property
    def standing(self) -> Standing:
        """As far as it is known."""
