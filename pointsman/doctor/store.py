"""Are the days ready, does retention get on, and is what could not be read within its bounds?"""

from collections.abc import Iterator

from pointsman.doctor.findings import Finding, Level, Observed, ok, problem, warning
from store.days import DAYS_AHEAD

_PAGED_SHARE = 0.01
_NEARLY_FULL = 0.8
# At midnight there is one less, until the next round of maintenance.
_ENOUGH_DAYS = DAYS_AHEAD - 1
_LIST = "pointsman dead-letters list --since 24h"


def check_days(seen: Observed) -> Iterator[Finding]:
    """The partitions of the days to come are there, and none is stuck on its way out."""
    if seen.store is None:
        return
    if seen.days_ahead < _ENOUGH_DAYS:
        detail = f"{seen.days_ahead} days are ready after today, {DAYS_AHEAD} is well"
        fix = "run `pointsman up` or `pointsman steer` beside ingest: they keep them; at once: pointsman migrate"
        yield warning("days", detail, fix) if seen.days_ahead else problem("days", detail, fix)
    if seen.store.pending_detaches:
        detail = f"{seen.store.pending_detaches} days are on their way out and wait for a reader, or were cut short"
        yield warning("days", detail, "end old transactions (pg_stat_activity); the next round finishes them")
    if seen.days_ahead >= _ENOUGH_DAYS and not seen.store.pending_detaches:
        yield ok("days", f"{seen.days_ahead} ready after today")


def check_letters(seen: Observed) -> Iterator[Finding]:
    """Dead letters are few, and far from the size at which ingest stops."""
    if seen.store is None:
        return
    dead, read = seen.store.dead_last_day, seen.store.read_last_day
    share = dead / read if read else 0.0
    full = seen.store.letters_bytes / seen.settings.dead_letter_storage_limit_bytes
    told = f"{dead:,} of {read:,} messages in 24 h, {full:.0%} of the storage limit"
    if full >= 1:
        yield problem("dead letters", f"{told}: ingest stops", f"{_LIST}; then dead_letter_storage_limit_bytes")
    elif share >= _PAGED_SHARE:
        yield problem("dead letters", f"{told}: {share:.1%} could not be read", _LIST)
    elif full >= _NEARLY_FULL:
        yield warning("dead letters", f"{told}, at which ingest stops", f"{_LIST}; or dead_letter_payload = hash")
    else:
        yield Finding("dead letters", Level.OK, told, _LIST if dead else "")


def check_gaps(seen: Observed) -> Iterator[Finding]:
    """Kafka deleted nothing unread."""
    if seen.store is None:
        return
    if seen.store.gaps_last_day:
        detail = (
            f"{seen.store.gaps_last_day:,} in 24 h: Kafka deleted {seen.store.gap_offsets_last_day:,} offsets unread"
        )
        yield problem("gaps", detail, "pointsman offsets list names them; raise the topic's retention")
    else:
        yield ok("gaps", "none in 24 h")
