"""Records on their way into the store: all of them in one transaction."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from alerts.records.differences import Difference, differences
from alerts.records.reading import stored_text
from pointsman_contract.record import CompiledRecord
from store import model_records
from store.errors import RecordUnreadable
from store.record_revisions import RevisionSummary, StoredRevision
from store.sessions import Sessions


class Checked(NamedTuple):
    """A record of a file that may be applied."""

    name: str
    record: CompiledRecord
    text: str
    revision: str


class Done(NamedTuple):
    """What became of one. `number` is None for a new revision of a dry run; `replaces` is the one that was current,
    `changed` what differs from it: None where there was none, or another version stored it in a form of its own.
    `beside` are the other records whose current revision is about the same environment and route.
    """

    checked: Checked
    number: int | None
    is_new: bool
    was_current: bool
    replaces: int | None
    changed: Sequence[Difference] | None
    is_read_otherwise: bool = False
    beside: Sequence[str] = ()


def apply_all(sessions: Sessions, checked: Sequence[Checked], *, by: str, dry_run: bool) -> list[Done]:
    """Apply all, or none. A dry run does the same and takes it back.

    Raises RolloutUnderWay, StoreRefused, StoreAway.
    """
    done: list[Done] = []
    with suppress(_TakenBack), sessions.write() as db:
        for one in checked:
            revisions = model_records.revisions(db, one.record.id)
            before = next((known for known in revisions if known.is_current), None)
            if before is not None and before.revision == one.revision:
                # Nothing is to be done, so nothing that is under way is in the way.
                known = _readable(db, one.record.id, before.number)
                otherwise = known is None or known.record != one.record
                done.append(_unchanged(one, before.number, is_read_otherwise=otherwise))
                continue
            content = stored_text(one.text)
            applied = model_records.apply(db, one.record, content=content, revision=one.revision, by=by)
            # Somebody else may have been quicker since the look above.
            number = None if applied.before is None or not applied.became_current else applied.before.number
            replaced = None if number is None else _readable(db, one.record.id, number)
            done.append(
                Done(
                    one,
                    None if dry_run and applied.is_new else applied.number,
                    is_new=applied.is_new,
                    was_current=not applied.became_current,
                    replaces=number,
                    changed=None if replaced is None else differences(replaced.record, one.record),
                    is_read_otherwise=applied.is_read_otherwise,
                )
            )
        listed = [one.current for one in model_records.listed(db)]
        done = [one._replace(beside=_beside(one.checked.record, listed)) for one in done]
        if dry_run:
            raise _TakenBack
    return done


def _unchanged(one: Checked, number: int, *, is_read_otherwise: bool) -> Done:
    return Done(
        one, number, is_new=False, was_current=True, replaces=None, changed=None, is_read_otherwise=is_read_otherwise
    )


def _beside(record: CompiledRecord, listed: Sequence[RevisionSummary]) -> list[str]:
    where = (record.environment, record.route)
    return [one.record_id for one in listed if (one.environment, one.route) == where and one.record_id != record.id]


def _readable(db: Any, record_id: str, number: int) -> StoredRevision | None:
    try:
        return model_records.revision(db, record_id, number)
    except RecordUnreadable:
        return None


class _TakenBack(Exception):
    pass
