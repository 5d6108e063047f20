"""What can be wrong with a message.

PointsmanError
└── ContractError          a message that the contract refuses; carries the reason of its dead letter
"""

from enum import StrEnum


class DeadLetterReason(StrEnum):
    """Why a message is a dead letter: a closed set, because it is a metric's label."""

    TOMBSTONE = "tombstone"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    INVALID_JSON = "invalid_json"
    UNKNOWN_KIND = "unknown_kind"
    INVALID_FIELD = "invalid_field"
    FUTURE_TIME = "future_time"
    OLDER_THAN_RETENTION = "older_than_retention"
    TOO_MANY_ROUTES = "too_many_routes"
    STORE_REFUSED = "store_refused"


REASON_MEANINGS: dict[DeadLetterReason, str] = {
    DeadLetterReason.TOMBSTONE: "The message has no value (null).",
    DeadLetterReason.EMPTY: "The value has no bytes.",
    DeadLetterReason.TOO_LARGE: "The value is over 1 MiB.",
    DeadLetterReason.NOT_UTF8: "The value is not UTF-8.",
    DeadLetterReason.INVALID_JSON: "The value is not one JSON object: truncated, malformed, or another JSON type.",
    DeadLetterReason.UNKNOWN_KIND: "`kind` is missing, or is not the kind that this topic carries.",
    DeadLetterReason.INVALID_FIELD: "A field is missing, of a wrong type, or over a limit; the detail names its path.",
    DeadLetterReason.FUTURE_TIME: "A time is over five minutes ahead of the broker's timestamp of the message.",
    DeadLetterReason.OLDER_THAN_RETENTION: "The trace started before the days that the store still keeps.",
    DeadLetterReason.TOO_MANY_ROUTES: "The day already has 1,000 routes; a route name must not carry an id.",
    DeadLetterReason.STORE_REFUSED: "The contract accepts the message, PostgreSQL does not; the detail has its error.",
}


class PointsmanError(Exception):
    """Everything that Pointsman raises on purpose."""


class ContractError(PointsmanError):
    """A message that breaks the contract.

    `reason` goes to the dead letter, `detail` names the first problems with their paths and never quotes a value:
    what a router sends may be private.
    """

    def __init__(self, reason: DeadLetterReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
