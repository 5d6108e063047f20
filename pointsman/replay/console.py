"""A whole replay at a terminal: check the file, publish it, say what was done; with a bar for each."""

from pathlib import Path
from typing import Any

from ingest.connection import KafkaConnection
from ingest.producer import KafkaPublisher
from pointsman.replay.bar import checking_bar, publishing_bar
from pointsman.replay.plan import ReplayPlan
from pointsman.replay.run import ReplaySummary, run_replay
from pointsman.replay.tracefile import survey
from pointsman.wording import counted


class ReplayInterrupted(KeyboardInterrupt):
    """Somebody pressed Ctrl-C; the text says how much was published."""


def replay_file(path: Path, *, connection: KafkaConnection, **options: Any) -> str:
    """Publish the file as `options`, those of ReplayPlan, say; returns what was done, in a sentence or two.

    Raises ReplayRefused where the file breaks the contract (nothing is sent then), ReplayInterrupted,
    BrokerUnreachable, KafkaDenied, DeliveryFailed.
    """
    if not (size := path.stat().st_size):
        return f"{path} is empty: nothing was published"
    with checking_bar(size) as checked:
        found = survey(path, checked)
    plan = ReplayPlan(path=path, survey=found, **options)
    if not found.traces:
        return f"{path} holds no traces: nothing was published"
    with KafkaPublisher(connection) as publisher, publishing_bar(found.traces) as published:
        try:
            summary = run_replay(plan, publisher, progress=published)
        except KeyboardInterrupt as error:
            raise ReplayInterrupted(
                f"interrupted: {publisher.delivered:,} of {counted(found.traces, 'trace')} were published"
            ) from error
    return _told(summary, plan)


def _told(summary: ReplaySummary, plan: ReplayPlan) -> str:
    rate = summary.published / max(summary.seconds, 0.001)
    unknown = plan.survey.unknown
    note = f"\n{unknown:,} of them held fields or values that this version does not know" if unknown else ""
    return (
        f"{counted(summary.published, 'trace')} published to {plan.topic} in {summary.seconds:.1f} s ({rate:,.0f}/s),"
        f" environment {summary.environment},"
        f" started {summary.first:%Y-%m-%d %H:%M:%S} to {summary.last:%Y-%m-%d %H:%M:%S} UTC{note}"
    )
