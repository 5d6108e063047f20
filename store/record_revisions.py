"""Revisions of Model Decision Records as values, made from the rows that hold them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import Row

from pointsman_contract.record import CompiledRecord
from store.errors import RecordUnreadable

SHORT_HASH = 12
# What a statement selects for them, of `model_records m`.
SUMMARY = (
    "m.revision, m.record_id, m.number, m.environment, m.route, m.compiled ->> 'candidate' AS candidate, m.applied_at,"
    " m.applied_by, m.last_applied_at, m.last_applied_by, m.turn,"
    " m.turn = (SELECT max(o.turn) FROM model_records o WHERE o.record_id = m.record_id) AS is_current"
)
WHOLE = f"{SUMMARY}, m.content, m.compiled::text AS compiled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionSummary:
    """A revision of a record, without what it says.

    `applied_at` and `applied_by` are of its first time; `last_applied_at` and `last_applied_by` of when it last became
    the current one. `turn` rises with each such time: the highest of a record is current, the next one was before it.
    """

    revision: str
    record_id: str
    number: int
    environment: str
    route: str
    candidate: str
    applied_at: datetime
    applied_by: str
    last_applied_at: datetime
    last_applied_by: str
    turn: int
    is_current: bool

    @property
    def short(self) -> str:
        """The beginning of the hash, for people."""
        return self.revision[:SHORT_HASH]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRevision(RevisionSummary):
    """A revision with its Markdown, and what was read from it when it first came."""

    content: str
    record: CompiledRecord


class NewestRollout(NamedTuple):
    """The newest rollout of a record, and the number of the revision that it is of."""

    number: int
    state: str
    changed_at: datetime


class ListedRecord(NamedTuple):
    """A record: its current revision, how many it has, and its newest rollout if there was any."""

    current: RevisionSummary
    revisions: int
    rollout: NewestRollout | None


class Applied(NamedTuple):
    """What applying a content did.

    `before` was the record's current revision, None where there was none. `became_current`: it is the current one now,
    and was not. `is_read_otherwise`: what is stored, and stays, was read from the same content otherwise.
    """

    number: int
    is_new: bool
    before: RevisionSummary | None
    became_current: bool
    is_read_otherwise: bool = False


def summary_of(row: Row[Any]) -> RevisionSummary:
    """Of a row of SUMMARY."""
    return RevisionSummary(**_fields(row))


def stored_of(row: Row[Any]) -> StoredRevision:
    """Of a row of WHOLE. Raises RecordUnreadable."""
    try:
        record = read_compiled(row.compiled)
    except ValidationError as error:
        raise RecordUnreadable(
            f"record {row.record_id} revision {row.number} ({row.revision[:SHORT_HASH]}) was stored by another version"
            " of Pointsman in a form that this one does not know: run that version, or change the record and apply it"
        ) from error
    return StoredRevision(**_fields(row), content=row.content, record=record)


def read_compiled(compiled: str) -> CompiledRecord:
    """From JSON as text: the values are strict, and what is parsed has neither tuples nor decimals.

    Raises ValidationError.
    """
    return CompiledRecord.model_validate_json(compiled)


def _fields(row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in RevisionSummary.__slots__}
