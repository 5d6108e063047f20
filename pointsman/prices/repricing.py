"""Price anew what is stored of a period: compare first, then write, day by day, with the rollups of each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from store.pricing import PriceBook
from store.repricing import Period, Repriced, compare_prices, reprice_day
from store.rollups.comparing import comparable_days
from store.sessions import Sessions


class Totals(NamedTuple):
    """Of one model: what is priced by the book or by nobody. Money in nano-dollars, without what has no price."""

    attempts: int = 0
    changed: int = 0
    unpriced_before: int = 0
    unpriced_after: int = 0
    before_nanousd: int = 0
    after_nanousd: int = 0

    def plus(self, one: Repriced) -> "Totals":
        """With one more attempt."""
        return Totals(
            self.attempts + 1,
            self.changed + one.changed,
            self.unpriced_before + (one.before is None),
            self.unpriced_after + (one.after is None),
            self.before_nanousd + (one.before or 0),
            self.after_nanousd + (one.after or 0),
        )


@dataclass
class Repricing:
    """Prices a period by one book: what is written is what was compared."""

    book: PriceBook
    since: datetime
    until: datetime
    model: str | None = None
    totals: dict[str, Totals] = field(default_factory=dict)
    written: int = 0
    rebuilt: list[date] = field(default_factory=list)
    skipped: list[date] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """How many attempts have other costs by this book."""
        return sum(totals.changed for totals in self.totals.values())

    def days(self, sessions: Sessions) -> list[date]:
        """The days of the period of which all raw rows are stored. Raises StoreAway.

        Others keep the costs that they were counted with: their sums cannot be made again, and an outcome that comes
        later would take away a cost that was never added.
        """
        return [day for day in comparable_days(sessions).days if self._covers(day)]

    def left_out(self, sessions: Sessions) -> list[date]:
        """The days of the period of which raw rows were deleted. Raises StoreAway."""
        return [day for day, _ in comparable_days(sessions).left_out if self._covers(day)]

    def _covers(self, day: date) -> bool:
        return self.since.date() <= day <= self.until.date() and self.since < self.until

    def compare(self, sessions: Sessions, progress: Callable[[int], None]) -> None:
        """Find what would change; `progress` is told the days that are done. Raises StoreAway."""
        for done, day in enumerate(self.days(sessions), 1):
            for some in compare_prices(sessions, self.book, day, self._period):
                for one in some:
                    self.totals[one.model] = self.totals.get(one.model, Totals()).plus(one)
            progress(done)

    def write(self, sessions: Sessions, progress: Callable[[int], None]) -> None:
        """Keep the new costs, and make the rollups of every day that has some again, day by day. Raises StoreAway.

        Cut short, it is finished by the next run. A day of which raw rows were deleted meanwhile is `skipped`.
        """
        for done, day in enumerate(self.days(sessions), 1):
            written = reprice_day(sessions, self.book, day, self._period)
            if written is None:
                self.skipped.append(day)
            elif written:
                self.written += written
                self.rebuilt.append(day)
            progress(done)

    @property
    def _period(self) -> Period:
        return Period(self.since, self.until, self.model)
