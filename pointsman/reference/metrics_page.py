"""`docs/metrics.md`, from the metrics themselves."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from analytics.scrape.families import FAMILIES, MOST_SETS, MOST_WIDE_SETS
from ingest.metrics import IngestMetrics
from pointsman.settings import Settings
from pointsman.steer.metrics import SteerMetrics
from pointsman.wiring import build_registry

_HEAD = """<!-- Made by scripts/generate from the code. Change the code, not this file. -->

# Metrics

`GET /metrics` on the port of `http_port`, in Prometheus' text format. Labels are bounded: no trace, no user, no prompt.
`GET /healthz` on the same port answers 200 while the process does what it has to and 503 otherwise, with the state and
one sentence. Of `ingest`, which is well while messages reach the store:

| state | means |
| --- | --- |
| `starting` | not connected yet, or joining the consumer group |
| `reading` | all is well; with no partition assigned it stands by |
| `waiting_for_broker` | Kafka does not answer; it goes on alone once it does |
| `waiting_for_store` | the database does not answer, or takes no writes; it goes on alone once a batch is stored |
| `waiting_for_topics` | a topic is missing; the sentence names the command |
| `stopped` | ingest ended by itself; the log says why |

Of `steer`, which is well while it does its tasks, or another process does; `up` is well where both are, and has this
under `steer`, with the last success, the rows and the failure of each task:

| state | means |
| --- | --- |
| `leading` | it does the tasks; 503 where one fails, hangs, or has had no success for a minute or ten of its rounds |
| `standby` | another process does, the sentence names it |
| `unsure` | the database does not answer: nobody knows who leads; it goes on alone |
"""
_ROUTES = f"""
Metrics of routes (requests, attempts, tokens, spend, measures) come from the rollups. Who leads reads them every 15 s,
and alone shows them; a scrape asks no database. After two minutes without a reading there is nothing, rather than old
figures. Counters and histograms are of the current UTC day, by when a request started: at midnight they begin anew,
which Prometheus takes for a restart. What a later outcome may take back is a gauge, named `_today`. Of the combinations
of labels that traffic brings, {MOST_SETS:,} of each metric are told apart ({MOST_WIDE_SETS} of histograms and of
measures), those with most requests first; what comes beyond is under `other` in each, and stays there until midnight.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
"""


def render() -> str:
    """The page as Markdown."""
    registry = build_registry(Settings())
    IngestMetrics(registry)
    SteerMetrics(registry)
    routes = [_row(family.name, family.type, family.labels, family.meaning) for family in FAMILIES]
    return _HEAD + _ROUTES + "".join(sorted([*_rows(registry), *routes]))


def _row(name: str, kind: str, labels: Sequence[str], meaning: str) -> str:
    return f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {meaning} |\n"


def _rows(registry: CollectorRegistry) -> list[str]:
    rows = []
    # What a collector calls its labels is nowhere public; the names are what a scrape shows.
    for collector in registry._collector_to_names:  # noqa: SLF001
        name = collector._name + ("_total" if collector._type == "counter" else "")  # type: ignore[attr-defined]  # noqa: SLF001
        kind, labels = collector._type, collector._labelnames  # type: ignore[attr-defined]  # noqa: SLF001
        rows.append(_row(name, kind, labels, collector._documentation))  # type: ignore[attr-defined]  # noqa: SLF001
    return rows
