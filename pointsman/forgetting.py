"""Forget one session or one tenant, day by day; counts as it goes, prints nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field

from store.forgetting import (
    Forgotten,
    Whose,
    count_traces,
    forget_day,
    newest_batch,
    stored_days,
    stored_since,
)
from store.forgetting_letters import Unseen, delete_letters, find_letters, unseen
from store.forgetting_tenants import count_tenant_sums, rename_tenant
from store.sessions import Sessions

_SHOWN = 5


@dataclass
class Forgetting:
    """What was found, and what was deleted so far."""

    whose: Whose
    found_traces: int = 0
    found_letters: int = 0
    # Daily sums under the tenant's name, which get another one.
    found_sums: int = 0
    deleted: Forgotten = field(default_factory=Forgotten)
    deleted_letters: int = 0
    mentions: int = 0
    first_mentions: list[int] = field(default_factory=list)
    hidden: Unseen = field(default_factory=lambda: Unseen(0, 0))
    renamed_rollups: int = 0
    # Traces that are there all the same: they came meanwhile, or they or an outcome of theirs are not counted yet.
    stored_meanwhile: int = 0

    @property
    def found_anything(self) -> bool:
        """Whether there is anything to delete, or to rename."""
        return bool(self.found_traces or self.found_letters or self.found_sums)

    def count(self, sessions: Sessions, progress: Callable[[int], None]) -> None:
        """Count what would go; `progress` is told the days that are done. Raises StoreAway."""
        for done, day in enumerate(stored_days(sessions), 1):
            self.found_traces += count_traces(sessions, self.whose, day)
            progress(done)
        if self.whose.column == "tenant":
            self.found_sums = count_tenant_sums(sessions, self.whose)
        self._look_through_letters(sessions, delete=False)

    def delete(self, sessions: Sessions, progress: Callable[[int], None]) -> None:
        """Delete it; a run that is cut short leaves whole traces only. Raises StoreAway."""
        began_behind = newest_batch(sessions)
        waiting = set()
        for done, day in enumerate(stored_days(sessions), 1):
            for some in forget_day(sessions, self.whose, day, behind=began_behind):
                self.deleted = self.deleted.plus(some)
                if some.waiting:
                    waiting.add(day)
            progress(done)
        self._look_through_letters(sessions, delete=True)
        if self.whose.column == "tenant":
            self.renamed_rollups = rename_tenant(sessions, self.whose, kept=waiting, behind=began_behind)
        self.stored_meanwhile = self.deleted.waiting + stored_since(sessions, self.whose, began_behind)

    def _look_through_letters(self, sessions: Sessions, *, delete: bool) -> None:
        self.found_letters = self.mentions = 0
        self.first_mentions = []
        for letters in find_letters(sessions, self.whose):
            self.found_letters += len(letters.belong)
            if delete:
                self.deleted_letters += delete_letters(sessions, letters.belong)
            self.mentions += len(letters.mention)
            self.first_mentions += letters.mention[: _SHOWN - len(self.first_mentions)]
        self.hidden = unseen(sessions)
