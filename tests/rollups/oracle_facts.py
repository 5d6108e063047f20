"""What one trace means, in plain Python: written from the words in `store/rollups`, without a look at its SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from pointsman_contract.attempt import Attempt
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace

ANSWERS = {"primary", "retry", "escalation", "fallback"}
INJECTED = {"detected", "blocked", "succeeded"}
RANKS = {"human": 5, "business": 4, "user": 3, "judge": 2, "auto": 1, "other": 0}
LATE_AFTER = timedelta(days=7)
NEAR = timedelta(days=1)


class Told(NamedTuple):
    """An outcome, where it stands and when the broker took it."""

    outcome: Outcome
    topic_id: UUID
    partition: int
    offset: int
    broker_time: datetime

    @property
    def weight(self) -> tuple[int, datetime, UUID, int, int]:
        """The best outcome has the largest."""
        outcome = self.outcome
        return RANKS[outcome.source], outcome.observed_at, self.topic_id, self.partition, self.offset


def micros(seconds: float | None) -> int | None:
    """Microseconds as they are stored."""
    return None if seconds is None else round(seconds * 1e6)


def nanos(dollars: Decimal | None) -> int | None:
    """Nano-dollars; the contract has rounded already."""
    return None if dollars is None else int(dollars.scaleb(9))


def cost_of(attempt: Attempt) -> int | None:
    """What an attempt cost; not known where its parts are not."""
    parts = (
        attempt.prefill_cost_usd, attempt.cache_cost_usd, attempt.generation_cost_usd, attempt.tools_cost_usd
    )  # fmt: skip
    known = [amount for part in parts if (amount := nanos(part)) is not None]
    return sum(known) if len(known) == len(parts) else None


def known_cost(attempts: Iterable[Attempt]) -> int:
    """What is known of the cost of these."""
    return sum(cost_of(attempt) or 0 for attempt in attempts)


def visible(attempt: Attempt) -> int:
    """Tokens that a reader sees."""
    return attempt.output_tokens - (attempt.reasoning_tokens or 0)


def inter_token(attempt: Attempt) -> int | None:
    """Whole microseconds between two visible tokens."""
    duration, ttft = micros(attempt.duration_s), micros(attempt.ttft_s)
    if not attempt.streamed or duration is None or ttft is None or duration < ttft or visible(attempt) < 2:
        return None
    return (duration - ttft) // (visible(attempt) - 1)


@dataclass(frozen=True)
class Request:
    """A trace with all outcomes that were told so far; those of other traces are left out here."""

    trace: Trace
    told: Sequence[Told]

    @cached_property
    def mine(self) -> list[Told]:
        """Its own outcomes, the best one last."""

        def near(outcome: Outcome) -> bool:
            start = outcome.trace_started_at
            return start is None or abs(start - self.trace.started_at) <= NEAR

        own = [one for one in self.told if one.outcome.trace_id == self.trace.trace_id and near(one.outcome)]
        return sorted(own, key=lambda one: one.weight)

    @cached_property
    def best(self) -> Told | None:
        """The outcome row that counts; None where the trace's own word does."""
        if not self.mine:
            return None
        best = self.mine[-1]
        weaker_than_auto = RANKS[best.outcome.source] < RANKS["auto"]
        return None if weaker_than_auto and self.trace.outcome != "unknown" else best

    @property
    def outcome(self) -> str:
        """What became of the request."""
        return self.best.outcome.outcome if self.best else self.trace.outcome

    @property
    def known(self) -> bool:
        """Whether anybody knows."""
        return self.outcome != "unknown"

    @property
    def success(self) -> bool:
        """Whether it was one."""
        return self.outcome == "success"

    @property
    def late(self) -> bool:
        """Whether what is known came behind the horizon."""
        return self.best is not None and self.best.broker_time > self.trace.started_at + LATE_AFTER

    @cached_property
    def human(self) -> tuple[int | None, int | None]:
        """Microseconds and nano-dollars of people."""
        for one in reversed(self.mine):
            if one.outcome.human_review_s is not None or one.outcome.human_cost_usd is not None:
                return micros(one.outcome.human_review_s), nanos(one.outcome.human_cost_usd)
        return micros(self.trace.human_review_s), nanos(self.trace.human_cost_usd)

    @cached_property
    def answers(self) -> list[Attempt]:
        """Its answer attempts in order."""
        return [attempt for attempt in self.trace.attempts if attempt.role in ANSWERS]

    @property
    def final(self) -> Attempt | None:
        """The last of them."""
        return self.answers[-1] if self.answers else None

    def has(self, role: str) -> bool:
        """Whether an attempt has this role."""
        return any(attempt.role == role for attempt in self.trace.attempts)

    @property
    def escalated(self) -> bool:
        """Handed on to a stronger model."""
        return self.has("escalation") or self.trace.recovery == "stronger_model"

    @property
    def delivered(self) -> bool:
        """Somebody got an answer."""
        recovery = self.trace.recovery
        if recovery == "fail_closed":
            return False
        if self.trace.cache != "none" or recovery == "human_review":
            return True
        if self.final is None:
            return False
        some_ok = any(answer.status == "ok" for answer in self.answers)
        return self.final.status == "ok" or (
            some_ok and (self.final.status == "cancelled" or recovery == "fail_open")
        )  # fmt: skip

    @property
    def unpriced(self) -> int:
        """Attempts whose cost nobody knows."""
        return sum(cost_of(attempt) is None for attempt in self.trace.attempts)

    @property
    def priced(self) -> bool:
        """The cost is known in full."""
        time, cost = self.human
        return not self.unpriced and not (time and cost is None)

    @cached_property
    def cost(self) -> int:
        """All that is known of it."""
        around = (self.trace.routing_cost_usd, self.trace.retrieval_cost_usd)
        return known_cost(self.trace.attempts) + sum(nanos(part) or 0 for part in around) + (self.human[1] or 0)

    @property
    def ttft(self) -> int | None:
        """What a user waited for the first token."""
        final, whole = self.final, micros(self.trace.duration_s)
        if final is None or not final.streamed or whole is None:
            return None
        place = max(at for at, attempt in enumerate(self.trace.attempts) if attempt.role in ANSWERS)
        spans = [micros(attempt.duration_s) for attempt in self.trace.attempts[place:]]
        ttft = micros(final.ttft_s)
        known = [span for span in spans if span is not None]
        if ttft is None or len(known) < len(spans) or sum(known) > whole:
            return None
        return whole - sum(known) + ttft
