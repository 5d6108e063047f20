"""Stored revisions by what people call them: `invoices-2026-11`, `invoices-2026-11@2`, `invoices-2026-11@ab12cd34`."""

import difflib
import re
from collections.abc import Sequence
from typing import NamedTuple

from pointsman.exits import UsageError
from pointsman_contract.writable import ID
from store import model_records
from store.record_revisions import RevisionSummary, StoredRevision
from store.sessions import Sessions

_REFERENCE = re.compile(rf"(?P<id>{ID.pattern})(?:@(?P<which>[0-9a-fA-F]+|previous))?")
_SHORTEST_HASH = 4
_MOST_NAMED = 5


class Reference(NamedTuple):
    """A record, and which revision: a number, the beginning of a hash (four letters or more), `previous` (what
    was current before the current one), or '' for that.
    """

    record_id: str
    which: str


def reference_of(text: str) -> Reference | None:
    """What the text refers to; None where it cannot be a reference."""
    found = _REFERENCE.fullmatch(text)
    return None if found is None else Reference(found["id"], found["which"] or "")


def stored(sessions: Sessions, reference: Reference) -> StoredRevision:
    """That revision. Raises UsageError, which says what there is instead; RecordUnreadable."""
    record_id, which = reference
    with sessions.snapshot() as db:
        revisions = model_records.revisions(db, record_id)
        known = [] if revisions else [one.current.record_id for one in model_records.listed(db)]
    if not revisions:
        alike = difflib.get_close_matches(record_id, known, n=_MOST_NAMED) or known[:_MOST_NAMED]
        told = f"; there are {', '.join(alike)}" if alike else "; none was applied yet: pointsman mdr apply FILE"
        raise UsageError(f"no record {record_id} is stored{told}")
    matching = _matching(which, revisions)
    if len(matching) != 1:
        numbers = ", ".join(f"{record_id}@{one.number}" for one in revisions[:_MOST_NAMED])
        if which == "previous":
            raise UsageError(f"{record_id} has no revision before {numbers}: there is nothing to compare it with")
        many = "several revisions" if matching else "no revision"
        raise UsageError(f"{record_id}@{which}: {many}; there are {numbers}")
    with sessions.read() as db:
        found = model_records.revision(db, record_id, matching[0].number)
    if found is None:
        raise UsageError(f"{record_id}@{matching[0].number} is gone")
    return found


def _matching(which: str, revisions: Sequence[RevisionSummary]) -> Sequence[RevisionSummary]:
    """A number first: few records have thousands of revisions, and short hashes of digits alone are few too."""
    if which in ("", "previous"):
        by_turn = sorted(revisions, key=lambda one: one.turn, reverse=True)
        return by_turn[:1] if not which else by_turn[1:2]
    numbered = [one for one in revisions if which.isdecimal() and one.number == int(which)]
    if numbered or len(which) < _SHORTEST_HASH:
        return numbered
    return [one for one in revisions if one.revision.startswith(which.casefold())]
