"""Every check, in the order of the report."""

from collections.abc import Callable, Iterator

from pointsman.doctor.clocks import check_clocks
from pointsman.doctor.counting import check_leadership, check_prices, check_rollups
from pointsman.doctor.findings import Finding, Level, Observed
from pointsman.doctor.progress import check_ingest, check_lag, check_offsets
from pointsman.doctor.services import check_kafka, check_postgresql, check_schema, check_settings
from pointsman.doctor.store import check_days, check_gaps, check_letters
from pointsman.doctor.topics import check_topics
from pointsman.exits import ATTENTION, BLIND, WELL, WRONG_USE

CHECKS: tuple[Callable[[Observed], Iterator[Finding]], ...] = (
    check_settings,
    check_kafka,
    check_postgresql,
    check_schema,
    check_topics,
    check_clocks,
    check_ingest,
    check_offsets,
    check_lag,
    check_leadership,
    check_rollups,
    check_prices,
    check_days,
    check_letters,
    check_gaps,
)


def examine(seen: Observed) -> list[Finding]:
    """What every check finds."""
    return [finding for check in CHECKS for finding in check(seen)]


def exit_code(findings: list[Finding]) -> int:
    """The worst: wrong settings hide everything, a service that did not answer hides much; warnings are no reason."""
    levels = {finding.level for finding in findings}
    if Level.WRONG in levels:
        return WRONG_USE
    if Level.BLIND in levels:
        return BLIND
    return ATTENTION if Level.PROBLEM in levels else WELL
