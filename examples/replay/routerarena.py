"""A cascade simulated over real answers of RouterArena, as a file for `pointsman replay`.

The data has the same 809 queries answered by two models. This simulates a router over them: claude-3-haiku answers
first, and where its score is 0 gemini-2.0-flash answers too (role `escalation`). No such router ran.

As given: question and answer texts (their lengths), input and output tokens, provider, cost, score. The given cost is
input tokens x input price + output tokens x output price of cost.json, to the nano-dollar in every row (the input
carries the noise of binary fractions behind that), so the parts prefill and generation are stated exactly, cache and
tools are 0; a row where the sum does not hold is refused. Gemini's `total_tokens` is one more than its parts in 374
rows; the parts are used, and priced.

Ours: the outcome is success where the final score is over 0, in line with the cascade's rule (127 of the 1,618
answers have a partial score; one has a negative score, which is not 0, so it does not escalate and is no success).
Times are not in the data: the requests start one second apart. The task class is the data set's name in global_index.

Data: RouteWorks/RouterArena, Apache-2.0 (see README.md here).
"""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid5

from pydantic import BaseModel, TypeAdapter, ValidationError

from pointsman.replay.script import ends_in_a_sentence
from pointsman.replay.tracefile import write_traces
from pointsman_contract.attempt import Attempt
from pointsman_contract.errors import PointsmanError
from pointsman_contract.fields import NANO_USD, Count, Usd
from pointsman_contract.trace import Trace
from pointsman_contract.vocabulary import Role

FIRST_MODEL = "claude-3-haiku-20240307"
SECOND_MODEL = "gemini-2.0-flash-001"
TITLE = "routerarena-cascade-simulation"
FIRST_START = datetime(2025, 1, 1, tzinfo=UTC)
APART = timedelta(seconds=1)
# Ids are made from the query, so that a second conversion gives the same file.
_IDS = UUID("0b6f6f2e-7f0c-4d0b-8f53-3b7d5f0a9e42")
_MILLION = 1_000_000
_EXAMPLE = f"""example:
  python examples/replay/routerarena.py --data ../shared/data --out build/replay
  pointsman replay build/replay/{TITLE}.jsonl"""


class OddInput(PointsmanError):
    """The input is not what it is known to be."""


class Price(BaseModel):
    """A model's price, as cost.json has it."""

    input_token_price_per_million: Decimal
    output_token_price_per_million: Decimal


class Usage(BaseModel):
    """Tokens of an answer."""

    input_tokens: Count
    output_tokens: Count


class Evaluation(BaseModel):
    """What RouterArena made of an answer; the cost is read as the contract reads money, rounded to the nano-dollar."""

    score: float
    inference_cost: Usd


class Answer(BaseModel):
    """One line of a model's results; fields that are not used are left out."""

    global_index: str
    question: str
    generated_answer: str
    llm_selected: str
    provider: str
    success: bool
    token_usage: Usage
    evaluation_result: Evaluation

    @property
    def score(self) -> float:
        """The score as given: mostly 0 or 1, partial for texts."""
        return self.evaluation_result.score


def answers_of(path: Path, model: str) -> dict[str, Answer]:
    """A model's answers by query, in the file's order."""
    answers: dict[str, Answer] = {}
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                answer = Answer.model_validate_json(line)
            except ValidationError as error:
                raise OddInput(f"{path}: line {number:,}: {_first_problem(error)}") from error
            if answer.llm_selected != model or answer.global_index in answers:
                raise OddInput(f"{path}: line {number:,}: not one answer of {model} for each query")
            answers[answer.global_index] = answer
    return answers


def prices_of(path: Path) -> dict[str, Price]:
    """Prices by model."""
    try:
        table = json.loads(path.read_bytes())
        known = {model: table[model] for model in (FIRST_MODEL, SECOND_MODEL)}
        return TypeAdapter(dict[str, Price]).validate_python(known)
    except ValidationError as error:
        raise OddInput(f"{path}: {_first_problem(error)}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise OddInput(f"{path}: no table of prices with both models") from error


def cascade(data: Path) -> Iterator[Trace]:
    """One trace a query: the first model's answer, and the second's where the first scored 0."""
    directory = data / "routerarena"
    prices = prices_of(directory / "cost.json")
    first_answers = answers_of(directory / f"{FIRST_MODEL}.jsonl", FIRST_MODEL)
    second_answers = answers_of(directory / f"{SECOND_MODEL}.jsonl", SECOND_MODEL)
    if first_answers.keys() != second_answers.keys():
        raise OddInput(f"{directory}: the two models answered different queries")
    for position, (query, first) in enumerate(first_answers.items()):
        second = second_answers[query]
        if first.question != second.question:
            raise OddInput(f"{directory}: query {query}: the two models were asked different questions")
        escalated = first.score == 0
        final = second if escalated else first
        attempts = [_attempt(first, "primary", prices)]
        if escalated:
            attempts.append(_attempt(second, "escalation", prices))
        yield Trace(
            trace_id=uuid5(_IDS, query),
            started_at=FIRST_START + position * APART,
            environment="simulation",
            router_id="simulated-cascade",
            task_class=query.rpartition("_")[0] or query,
            route=TITLE,
            protocol="cascade",
            attempts=tuple(attempts),
            recovery="stronger_model" if escalated else "none",
            outcome="success" if final.score > 0 else "failure",
        )


def _attempt(answer: Answer, role: Role, prices: dict[str, Price]) -> Attempt:
    price, usage = prices[answer.llm_selected], answer.token_usage
    prefill = usage.input_tokens * price.input_token_price_per_million / _MILLION
    generation = usage.output_tokens * price.output_token_price_per_million / _MILLION
    given = answer.evaluation_result.inference_cost
    if prefill.quantize(NANO_USD) + generation.quantize(NANO_USD) != given:
        raise OddInput(
            f"{answer.llm_selected}, query {answer.global_index}: the given cost {given:f}"
            f" is not tokens x price, {prefill + generation:f}"
        )
    return Attempt(
        role=role,
        model=answer.llm_selected,
        provider=answer.provider,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        input_chars=len(answer.question),
        output_chars=len(answer.generated_answer),
        prefill_cost_usd=prefill,
        cache_cost_usd=Decimal(0),
        generation_cost_usd=generation,
        tools_cost_usd=Decimal(0),
        status="ok" if answer.success else "error",
    )


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    return f"{'.'.join(str(step) for step in problem['loc']) or 'line'}: {problem['msg']}"


def convert(data: Path, out: Path) -> str:
    """Write the file; returns lines that say what is in it."""
    traces = list(cascade(data))
    target = out / f"{TITLE}.jsonl"
    count = write_traces(target, traces)
    attempts = [attempt for trace in traces for attempt in trace.attempts]
    cost = sum((attempt.prefill_cost_usd or 0) + (attempt.generation_cost_usd or 0) for attempt in attempts)
    return (
        f"{target}:\n  a simulation over real answers, {count:,} traces, {len(attempts) - count:,} escalated,"
        f" {sum(trace.outcome == 'success' for trace in traces):,} successes,\n"
        f"  {sum(attempt.input_tokens for attempt in attempts):,} input"
        f" and {sum(attempt.output_tokens for attempt in attempts):,} output tokens, {cost:f} USD"
    )


def main() -> None:
    """Convert the data."""
    parser = argparse.ArgumentParser(
        description="Simulate a cascade over the real answers of RouterArena, as a file for `pointsman replay`.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="directory that holds routerarena/")
    parser.add_argument("--out", type=Path, required=True, help="directory for the file, made if it is missing")
    arguments = parser.parse_args()
    with ends_in_a_sentence(parser):
        print(convert(arguments.data, arguments.out))


if __name__ == "__main__":
    main()
