"""Points in time as people write them on a command line."""

import re
from datetime import UTC, date, datetime, timedelta

from pointsman.exits import UsageError

_AGE = re.compile(r"^([0-9]{1,5})\s*([mhdw])$")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_EXPECTED = "expected a day (2026-11-28), a time (2026-11-28T14:00), or an age such as 90m, 6h, 7d or 2w"


def moment_of(text: str, flag: str, *, now: datetime) -> datetime:
    """`2026-11-28`, `2026-11-28T14:00Z` (UTC where no zone is given), or an age before `now`: `90m`, `6h`, `7d`, `2w`.

    Raises UsageError, which names `flag`.
    """
    found = _AGE.match(text.strip())
    try:
        if found is not None:
            return now - int(found[1]) * _UNITS[found[2]]
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{flag}: cannot read {text!r}: {_EXPECTED}") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def age_of(text: str, flag: str) -> timedelta:
    """`90m`, `6h`, `7d`, `2w`. Raises UsageError, which names `flag`."""
    found = _AGE.match(text.strip())
    if found is None:
        raise UsageError(f"{flag}: cannot read {text!r}: expected an age such as 15m or 6h")
    return int(found[1]) * _UNITS[found[2]]


def day_of(text: str, flag: str, *, now: datetime) -> date:
    """The UTC day of such a moment. Raises UsageError."""
    return moment_of(text, flag, now=now).date()
