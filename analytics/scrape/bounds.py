"""Which sets of labels have a place of their own; the others are counted under `other`."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TypeVar

from store.rollups.keys import OTHER

Labels = tuple[str, ...]
_Of = TypeVar("_Of", str, int)


def largest(sizes: Mapping[Labels, int], most: int) -> set[Labels]:
    """The `most` largest; of equal ones the first by name."""
    return set(sorted(sizes, key=lambda labels: (-sizes[labels], labels))[:most])


class Places:
    """Gives places for a day, the largest of those that come together first. None is taken back before the day ends: a
    set that moved between a place and `other` would make a counter fall.
    """

    def __init__(self, most: int) -> None:
        self.taken: set[Labels] = set()
        self.folded = 0
        self._most = most
        self._day: date | None = None

    def give(self, day: date, sizes: Mapping[Labels, int]) -> None:
        """To those that have none yet, while there are some; `folded` is how many go without."""
        if day != self._day:
            self._day, self.taken = day, set()
        newcomers = {labels: size for labels, size in sizes.items() if labels not in self.taken}
        self.taken |= largest(newcomers, self._most - len(self.taken))
        self.folded = sum(labels not in self.taken for labels in newcomers)


def placed(rows: Iterable[tuple[Labels, Counter[_Of]]], places: set[Labels]) -> dict[Labels, Counter[_Of]]:
    """Rows (sums by column, or times by bin) summed by their labels, or under `other` in each label."""
    found: dict[Labels, Counter[_Of]] = {}
    for labels, sums in rows:
        under = labels if labels in places else (OTHER,) * len(labels)
        found.setdefault(under, Counter()).update(sums)
    return found
