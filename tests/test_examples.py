"""The examples turn real data into files of traces without losing or inventing anything.

They run as a user runs them, and what they wrote is compared with an independent reading of their input.
"""

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pointsman.replay.tracefile import survey
from pointsman_contract.attempt import Attempt
from pointsman_contract.decode import decode
from pointsman_contract.fields import NANO_USD
from pointsman_contract.trace import Trace

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "replay"
DATA = ROOT.parent / "shared" / "data"
HAIKU_PRICE = '"claude-3-haiku-20240307": {\n    "input_token_price_per_million": 0.25'
HAIKU, GEMINI = "claude-3-haiku-20240307", "gemini-2.0-flash-001"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data is not at ../shared/data")


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run an example as a program."""
    command = [sys.executable, str(EXAMPLES / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def read(path: Path) -> list[Trace]:
    """Every line, by the contract, with nothing in it that the contract does not know."""
    assert survey(path).unknown == 0
    return [decode(Trace, line).message for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The files of both converters, and what they said."""
    out = tmp_path_factory.mktemp("converted")
    said = ""
    for script in ("azure.py", "routerarena.py"):
        result = run(script, "--data", DATA, "--out", out)
        assert result.returncode == 0, result.stderr
        said += result.stdout
    return out, said


@needs_data
@pytest.mark.parametrize(("service", "count"), [("conv", 19_366), ("code", 8_819)])
def test_azure_traces_are_the_rows(converted: tuple[Path, str], service: str, count: int) -> None:
    """Each row is one trace with its time and its tokens, in order, to the last microsecond and token."""
    with (DATA / "azure_llm_2023" / f"AzureLLMInferenceTrace_{service}.csv").open(newline="") as stream:
        rows = [
            (datetime.fromisoformat(row[0][:26]).replace(tzinfo=UTC), int(row[1]), int(row[2]))
            for row in list(csv.reader(stream))[1:]
        ]
    traces = read(converted[0] / f"azure-{service}.jsonl")
    assert len(traces) == count
    assert rows == [(t.started_at, t.attempts[0].input_tokens, t.attempts[0].output_tokens) for t in traces]
    assert len({trace.trace_id for trace in traces}) == count
    assert f"{count:,} traces, {sum(row[1] for row in rows):,} input" in converted[1]


@needs_data
def test_azure_traces_make_nothing_up(converted: tuple[Path, str]) -> None:
    """What the data does not have is absent or says so: no outcome, no cost, no latency, no model."""
    trace = read(converted[0] / "azure-code.jsonl")[0]
    required = {"kind", "trace_id", "started_at", "environment", "router_id", "task_class", "route", "attempts"}
    for name in set(Trace.model_fields) - required:
        assert getattr(trace, name) == Trace.model_fields[name].default, name
    given = {name for name, value in trace.attempts[0].model_dump().items() if value is not None}
    assert given == {"role", "model", "input_tokens", "output_tokens", "status"}
    assert trace.attempts[0].model == trace.router_id == "not-in-the-data"


def answers(model: str) -> dict[str, dict[str, Any]]:
    """The input of the cascade."""
    lines = (DATA / "routerarena" / f"{model}.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["global_index"]: row for row in (json.loads(line, parse_float=Decimal) for line in lines)}


def cost(attempts: Sequence[Attempt]) -> Decimal:
    """What attempts cost in all their parts."""
    parts = ("prefill_cost_usd", "cache_cost_usd", "generation_cost_usd", "tools_cost_usd")
    return sum((getattr(attempt, part) for attempt in attempts for part in parts), Decimal(0))


@needs_data
def test_the_cascade_asks_the_second_model_where_the_first_scored_nothing(converted: tuple[Path, str]) -> None:
    """809 queries, 347 of them escalated; the outcome follows the score of the last answer."""
    first, second = answers(HAIKU), answers(GEMINI)
    traces = read(converted[0] / "routerarena-cascade-simulation.jsonl")
    assert len(traces) == 809
    for trace, (query, row) in zip(traces, first.items(), strict=True):
        escalated = row["evaluation_result"]["score"] == 0
        final = second[query] if escalated else row
        roles = [(attempt.role, attempt.model) for attempt in trace.attempts]
        assert roles == [("primary", HAIKU), ("escalation", GEMINI)][: 1 + escalated]
        assert (trace.outcome == "success") == (final["evaluation_result"]["score"] > 0)
        assert trace.recovery == ("stronger_model" if escalated else "none")
        assert query.startswith(f"{trace.task_class}_")
    assert Counter(len(trace.attempts) for trace in traces) == {1: 462, 2: 347}
    assert Counter(trace.outcome for trace in traces) == {"success": 626, "failure": 183}


@needs_data
def test_the_cascade_keeps_tokens_characters_and_cost(converted: tuple[Path, str]) -> None:
    """Sums by model equal the input's exactly; the given cost carries noise of binary fractions under a nano-dollar."""
    traces = read(converted[0] / "routerarena-cascade-simulation.jsonl")
    first = answers(HAIKU)
    handed_on = [query for query, row in first.items() if row["evaluation_result"]["score"] == 0]
    second = {query: row for query, row in answers(GEMINI).items() if query in handed_on}
    for model, rows in ((HAIKU, first.values()), (GEMINI, second.values())):
        attempts = [attempt for trace in traces for attempt in trace.attempts if attempt.model == model]
        for name in ("input_tokens", "output_tokens"):
            assert sum(getattr(attempt, name) for attempt in attempts) == sum(row["token_usage"][name] for row in rows)
        assert [attempt.input_chars for attempt in attempts] == [len(row["question"]) for row in rows]
        assert [attempt.output_chars for attempt in attempts] == [len(row["generated_answer"]) for row in rows]
        given = [Decimal(row["evaluation_result"]["inference_cost"]) for row in rows]
        assert cost(attempts) == sum(amount.quantize(NANO_USD) for amount in given)
        assert abs(cost(attempts) - sum(given)) < Decimal("1e-15")


@needs_data
def test_the_cascade_says_that_it_is_a_simulation(converted: tuple[Path, str]) -> None:
    """File name, route, environment and console say so; the times are one second apart because there are none."""
    out, said = converted
    assert "routerarena-cascade-simulation.jsonl:\n  a simulation over real answers, 809 traces" in said
    traces = read(out / "routerarena-cascade-simulation.jsonl")
    assert {trace.route for trace in traces} == {"routerarena-cascade-simulation"}
    assert {trace.environment for trace in traces} == {"simulation"}
    gaps = {(after.started_at - before.started_at).total_seconds() for before, after in pairwise(traces)}
    assert gaps == {1.0}


def test_a_second_conversion_is_the_same_file(tmp_path: Path) -> None:
    """Ids and numbers follow from the seed: the same seed gives the same bytes, another seed other ones."""
    for name, seed in (("one", "7"), ("two", "7"), ("three", "8")):
        assert run("synthetic.py", "--out", tmp_path / name, "--requests", "200", "--seed", seed).returncode == 0
    one, two, three = ((tmp_path / name / "synthetic.jsonl").read_bytes() for name in ("one", "two", "three"))
    assert one == two != three


def test_synthetic_traces_are_valid_and_say_what_they_are(tmp_path: Path) -> None:
    """Every line decodes, arms and escalations occur, shadows follow their original, and every name says synthetic."""
    result = run("synthetic.py", "--out", tmp_path, "--requests", "2000")
    traces = read(tmp_path / "synthetic.jsonl")
    assert f"synthetic, {len(traces):,} traces of 2,000 requests" in result.stdout
    names = {trace.environment for trace in traces} | {trace.route for trace in traces}
    names |= {attempt.model for trace in traces for attempt in trace.attempts}
    assert all(name.startswith("synthetic") for name in names)
    assert {trace.arm for trace in traces} == {"baseline", "canary", "shadow"}
    assert {attempt.role for trace in traces for attempt in trace.attempts} == {"primary", "escalation", "retry"}
    assert {trace.outcome for trace in traces} == {"success", "failure", "unknown"}
    first_tokens = [a.ttft_s for t in traces if t.route == "synthetic-chat" for a in t.attempts if a.status == "ok"]
    assert all(first is not None and first > 0 for first in first_tokens)
    served = {trace.trace_id for trace in traces if trace.arm != "shadow"}
    assert {trace.shadow_of for trace in traces if trace.arm == "shadow"} <= served
    assert [trace.started_at for trace in traces] == sorted(trace.started_at for trace in traces)


@pytest.mark.parametrize("script", ["azure.py", "routerarena.py", "synthetic.py"])
def test_help_shows_an_example(script: str) -> None:
    """Each script tells how it is run and what to do with its file."""
    said = run(script, "--help").stdout
    assert f"python examples/replay/{script}" in said
    assert "pointsman replay build/replay/" in said


@pytest.mark.parametrize("script", ["azure.py", "routerarena.py"])
def test_missing_input_is_one_sentence(tmp_path: Path, script: str) -> None:
    """A wrong directory is named with the file that was looked for, and exits with 2."""
    result = run(script, "--data", tmp_path, "--out", tmp_path / "out")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "No such file or directory" in result.stderr
    assert not (tmp_path / "out").exists()


GOOD = "2023-11-16 18:15:46.6805900,374,44\r\n"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "the columns are missing"),
        ("TIMESTAMP,Tokens\r\n", "the columns are TIMESTAMP, Tokens"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\r\n", "no rows"),
        (f"TIMESTAMP,ContextTokens,GeneratedTokens\r\n{GOOD}2023-11-16 18:15:46,374,44\r\n", "line 3: '2023-11-16"),
        (f"TIMESTAMP,ContextTokens,GeneratedTokens\r\n{GOOD}{GOOD[:20]}", "line 3: 1 columns instead of 3"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\r\n" + GOOD.replace("374", "-1"), "ContextTokens is '-1'"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\r\n" + GOOD.replace(",44", ",0"), "line 2: no generated tokens"),
    ],
)
def test_odd_azure_rows_are_refused(tmp_path: Path, content: str, problem: str) -> None:
    """What is not the known format is refused with its line, and no file is written."""
    directory = tmp_path / "azure_llm_2023"
    directory.mkdir()
    (directory / "AzureLLMInferenceTrace_conv.csv").write_bytes(content.encode())
    result = run("azure.py", "--data", tmp_path, "--out", tmp_path / "out")
    assert (result.returncode, result.stdout) == (2, "")
    assert problem in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.glob("out/*"))


@needs_data
@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("cost.json", '"claude-3-haiku-20240307"', '"other"', "no table of prices with both models"),
        ("cost.json", HAIKU_PRICE, HAIKU_PRICE + "1", "the given cost 0.000237250 is not tokens x price"),
        (f"{GEMINI}.jsonl", '"global_index": "AIME_112"', '"global_index": "AIME_1"', "answered different queries"),
        (f"{GEMINI}.jsonl", '"question": "Please', '"question": "Kindly', "were asked different questions"),
        (f"{HAIKU}.jsonl", '"input_tokens": 349', '"input_tokens": "?"', "line 1: token_usage.input_tokens"),
        (f"{HAIKU}.jsonl", '"AIME_106"', '"AIME_112"', "line 2: not one answer"),
        (f"{HAIKU}.jsonl", "{", "", "line 1: line: Invalid JSON"),
    ],
)
def test_odd_answers_are_refused(tmp_path: Path, file: str, old: str, new: str, problem: str) -> None:
    """Where two inputs do not fit together the cascade is not simulated: a guess would look like data."""
    directory = tmp_path / "routerarena"
    directory.mkdir()
    for source in (DATA / "routerarena").iterdir():
        text = source.read_text(encoding="utf-8")
        (directory / source.name).write_text(text.replace(old, new, 1) if source.name == file else text)
    result = run("routerarena.py", "--data", tmp_path, "--out", tmp_path / "out")
    assert (result.returncode, result.stdout) == (2, "")
    assert problem in result.stderr
    assert "Traceback" not in result.stderr
