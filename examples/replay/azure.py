"""Azure's LLM inference traces of November 2023 as files for `pointsman replay`.

Two production services, 58 minutes each: conversation (19,366 requests) and code (8,819). The data gives a time, the
input tokens and the output tokens of each request. Nothing is made up: no outcome, no cost, no latency. Fields that
the contract requires and the data does not have say so in plain words; the status is ok because every request of the
data generated tokens, and one that did not is refused. TIMESTAMP has seven fractional digits and no zone: UTC, cut to
microseconds (the seventh digit is 0 throughout).

Data: Azure Public Dataset, CC-BY-4.0; cite Patel et al., Splitwise, ISCA 2024 (see README.md here).
"""

import argparse
import csv
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

from pointsman.replay.script import ends_in_a_sentence
from pointsman.replay.tracefile import write_traces
from pointsman_contract.attempt import Attempt
from pointsman_contract.errors import PointsmanError
from pointsman_contract.trace import Trace

SERVICES = ("conv", "code")
COLUMNS = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
NOT_IN_THE_DATA = "not-in-the-data"
# Ids are made from the row, so that a second conversion gives the same file.
_IDS = UUID("f5b2a3b0-6a55-4c55-9b0c-7f6b0f3c2a11")
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})\d", re.ASCII)
_COUNT = re.compile(r"\d{1,18}", re.ASCII)
_EXAMPLE = """example:
  python examples/replay/azure.py --data ../shared/data --out build/replay
  pointsman replay build/replay/azure-conv.jsonl --speed 60"""


class OddInput(PointsmanError):
    """The input is not what it is known to be."""


def traces_of(path: Path, service: str) -> Iterator[Trace]:
    """One trace a row, in the file's order."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = csv.reader(stream)
        header = next(rows, [])
        if header != COLUMNS:
            raise OddInput(f"{path}: the columns are {', '.join(header) or 'missing'}, not {', '.join(COLUMNS)}")
        try:
            for row in rows:
                yield _trace(row, service, rows.line_num)
        except (ValueError, csv.Error) as error:
            raise OddInput(f"{path}: line {rows.line_num:,}: {error}") from error


def _trace(row: Sequence[str], service: str, line: int) -> Trace:
    if len(row) != len(COLUMNS):
        raise ValueError(f"{len(row)} columns instead of {len(COLUMNS)}")
    time = _TIMESTAMP.fullmatch(row[0])
    if time is None:
        raise ValueError(f"{row[0]!r} is no time with seven fractional digits")
    input_tokens, output_tokens = _count(row, 1), _count(row, 2)
    if output_tokens == 0:
        raise ValueError("no generated tokens, and the data does not say whether the request failed")
    return Trace(
        trace_id=uuid5(_IDS, f"{service}/{line}"),
        started_at=datetime.fromisoformat(time[1]).replace(tzinfo=UTC),
        environment="azure-llm-2023",
        router_id=NOT_IN_THE_DATA,
        task_class=service,
        route=f"azure-{service}",
        attempts=(
            Attempt(
                role="primary",
                model=NOT_IN_THE_DATA,
                input_tokens=input_tokens,
                output_tokens=output_tokens,
                status="ok",
            ),
        ),
    )


def _count(row: Sequence[str], column: int) -> int:
    if not _COUNT.fullmatch(row[column]):
        raise ValueError(f"{COLUMNS[column]} is {row[column]!r}, not a count")
    return int(row[column])


def convert(service: str, data: Path, out: Path) -> str:
    """Write the file of one service; returns lines that say what is in it."""
    source = data / "azure_llm_2023" / f"AzureLLMInferenceTrace_{service}.csv"
    target = out / f"azure-{service}.jsonl"
    traces = list(traces_of(source, service))
    if not traces:
        raise OddInput(f"{source}: no rows")
    count = write_traces(target, traces)
    attempts = [attempt for trace in traces for attempt in trace.attempts]
    starts = [trace.started_at for trace in traces]
    return (
        f"{target}:\n  {count:,} traces, {sum(attempt.input_tokens for attempt in attempts):,} input"
        f" and {sum(attempt.output_tokens for attempt in attempts):,} output tokens,"
        f" {min(starts):%Y-%m-%d %H:%M:%S} to {max(starts):%H:%M:%S} UTC"
    )


def main() -> None:
    """Convert both services."""
    parser = argparse.ArgumentParser(
        description="Turn the Azure LLM inference traces of 2023 into files for `pointsman replay`.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="directory that holds azure_llm_2023/")
    parser.add_argument("--out", type=Path, required=True, help="directory for the files, made if it is missing")
    arguments = parser.parse_args()
    with ends_in_a_sentence(parser):
        for service in SERVICES:
            print(convert(service, arguments.data, arguments.out))


if __name__ == "__main__":
    main()
