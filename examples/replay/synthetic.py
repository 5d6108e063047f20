"""Synthetic traces for `pointsman replay`, for where no real data is at hand.

Everything here is invented, models and prices too, and says so in its names. The seed decides all of it: the same
seed gives the same file. Three routes: `synthetic-extract` is a cascade whose cheap model hands on some requests,
`synthetic-chat` streams, splits its traffic between a baseline and a canary and copies some requests to a shadow, and
`synthetic-search` answers directly and retries what failed.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from pointsman.replay.script import ends_in_a_sentence
from pointsman.replay.tracefile import write_traces
from pointsman_contract.attempt import Attempt
from pointsman_contract.trace import Trace
from pointsman_contract.vocabulary import Arm, OutcomeValue, Protocol, Recovery, Role, Status

FIRST_START = datetime(2025, 1, 1, tzinfo=UTC)
REQUESTS_PER_SECOND = 10.0
_EXAMPLE = """example:
  python examples/replay/synthetic.py --out build/replay --requests 3000 --seed 7
  pointsman replay build/replay/synthetic.jsonl --speed 10"""


@dataclass(frozen=True)
class Model:
    """An invented model; the prices are nano-dollars a token. `tokens`: how many of its own a usual token makes."""

    name: str
    input_price: int
    output_price: int
    seconds: float
    success: float
    failing: float
    tokens: float = 1.0


SMALL = Model("synthetic-small", 100, 400, 0.4, 0.80, 0.004)
SMALL_NEXT = Model("synthetic-small-next", 80, 320, 0.35, 0.79, 0.006, tokens=1.14)
LARGE = Model("synthetic-large", 2_500, 10_000, 1.6, 0.93, 0.003)


class Router:
    """An invented router: draws requests and what becomes of them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._now = FIRST_START

    def requests(self, count: int) -> Iterator[Trace]:
        """This many requests; a request that is copied to a shadow gives two traces."""
        routes = (self._extract, self._chat, self._search)
        for _ in range(count):
            self._now += timedelta(seconds=self._random.expovariate(REQUESTS_PER_SECOND))
            yield from self._random.choices(routes, weights=(5, 3, 2))[0]()

    def _extract(self) -> Iterator[Trace]:
        tokens = self._tokens(1_500, 200)
        attempts = [self._attempt("primary", SMALL, tokens)]
        good = self._good(attempts[-1], SMALL)
        escalated = not good and self._random.random() < 0.7
        if escalated:
            attempts.append(self._attempt("escalation", LARGE, tokens))
            good = self._good(attempts[-1], LARGE)
        yield self._trace("extract", "cascade", attempts, good=good, recovery="stronger_model" if escalated else "none")

    def _chat(self) -> Iterator[Trace]:
        tokens = self._tokens(600, 300)
        canary = self._random.random() < 0.1
        model = SMALL_NEXT if canary else SMALL
        attempt = _streamed(self._attempt("primary", model, tokens))
        arm: Arm = "canary" if canary else "baseline"
        served = self._trace("chat", "direct", [attempt], good=self._good(attempt, model), arm=arm)
        yield served
        if arm == "baseline" and self._random.random() < 0.05:
            copy = _streamed(self._attempt("primary", SMALL_NEXT, tokens))
            good = self._good(copy, SMALL_NEXT)
            yield self._trace("chat", "direct", [copy], good=good, arm="shadow", shadow_of=served.trace_id)

    def _search(self) -> Iterator[Trace]:
        tokens = self._tokens(4_000, 120)
        attempts = [self._attempt("primary", LARGE, tokens)]
        retried = attempts[-1].status != "ok"
        if retried:
            attempts.append(self._attempt("retry", LARGE, tokens))
        good = self._good(attempts[-1], LARGE)
        yield self._trace("search", "direct", attempts, good=good, recovery="retry" if retried else "none")

    def _trace(
        self,
        task_class: str,
        protocol: Protocol,
        attempts: list[Attempt],
        *,
        good: bool,
        recovery: Recovery = "none",
        arm: Arm = "baseline",
        shadow_of: UUID | None = None,
    ) -> Trace:
        outcome: OutcomeValue = "success" if good else "failure"
        # Not every outcome becomes known.
        if self._random.random() < 0.15:
            outcome = "unknown"
        return Trace(
            trace_id=UUID(int=self._random.getrandbits(128), version=4),
            started_at=self._now,
            duration_s=round(sum(attempt.duration_s or 0.0 for attempt in attempts) + 0.01, 3),
            environment="synthetic",
            router_id=f"synthetic-router-{self._random.randint(1, 3)}",
            task_class=task_class,
            route=f"synthetic-{task_class}",
            protocol=protocol,
            arm=arm,
            shadow_of=shadow_of,
            attempts=tuple(attempts),
            recovery=recovery,
            outcome=outcome,
        )

    def _attempt(self, role: Role, model: Model, tokens: tuple[int, int]) -> Attempt:
        failing = self._random.random() < model.failing
        status: Status = self._random.choice(("error", "timeout", "rate_limited")) if failing else "ok"
        # Some prompts suit a tokenizer better than others.
        input_tokens = (
            round(tokens[0] * model.tokens * (1 + (tokens[0] % 11 - 5) / 100)) if model.tokens > 1 else tokens[0]
        )
        output_tokens = 0 if failing else round(tokens[1] * model.tokens)
        return Attempt(
            role=role,
            model=model.name,
            provider="synthetic",
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            output_chars=0 if failing else 4 * tokens[1],
            prefill_cost_usd=_nano_usd(input_tokens * model.input_price),
            cache_cost_usd=Decimal(0),
            generation_cost_usd=_nano_usd(output_tokens * model.output_price),
            tools_cost_usd=Decimal(0),
            duration_s=round(self._random.lognormvariate(0.0, 0.4) * model.seconds, 3),
            status=status,
        )

    def _good(self, attempt: Attempt, model: Model) -> bool:
        return attempt.status == "ok" and self._random.random() < model.success

    def _tokens(self, input_median: int, output_median: int) -> tuple[int, int]:
        return (
            1 + round(input_median * self._random.lognormvariate(0.0, 0.6)),
            1 + round(output_median * self._random.lognormvariate(0.0, 0.5)),
        )


def _streamed(attempt: Attempt) -> Attempt:
    """Token by token, the first one after a fifth of the time; what failed has none."""
    first = round(attempt.duration_s / 5, 3) if attempt.duration_s and attempt.status == "ok" else None
    return attempt.model_copy(update={"streamed": True, "ttft_s": first})


def _nano_usd(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-9)


def main() -> None:
    """Write synthetic.jsonl."""
    parser = argparse.ArgumentParser(
        description="Write synthetic traces for `pointsman replay`: invented routes, models, prices and outcomes.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="directory for the file, made if it is missing")
    parser.add_argument("--requests", type=int, default=3_000, help="how many requests (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="decides everything (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.requests < 1:
        parser.exit(2, f"{parser.prog}: --requests: at least 1 is needed\n")
    target = arguments.out / "synthetic.jsonl"
    with ends_in_a_sentence(parser):
        count = write_traces(target, Router(arguments.seed).requests(arguments.requests))
        print(f"{target}:\n  synthetic, {count:,} traces of {arguments.requests:,} requests, seed {arguments.seed}")


if __name__ == "__main__":
    main()
