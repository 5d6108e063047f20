"""`pointsman.outcome/1`: what became known of a request later. Source: design §3."""

from typing import Literal

from pydantic import Field

from pointsman_contract.fields import MAX_ATTEMPTS, Moment, Name, Number, Seconds, TraceId, Usd
from pointsman_contract.message import Message
from pointsman_contract.vocabulary import OutcomeSource, OutcomeValue

OUTCOME_KIND: Literal["pointsman.outcome/1"] = "pointsman.outcome/1"


class Outcome(Message):
    """A verdict on one trace. Several may come: the best source wins, then the latest `observed_at`."""

    kind: Literal["pointsman.outcome/1"] = OUTCOME_KIND
    trace_id: TraceId
    trace_started_at: Moment | None = None
    """The trace's own `started_at`: it saves the search for the day."""
    outcome: OutcomeValue
    source: OutcomeSource
    """Whose word it is. Human counts more than business, then user, judge, auto; an unknown source counts least."""
    observed_at: Moment
    human_review_s: Seconds | None = None
    """Time that a person spent on the request, in all. An outcome that tells it, or the cost, replaces both as the
    trace and outcomes of lesser sources have them: it corrects them and is no second bill."""
    human_cost_usd: Usd | None = None
    """What that time cost, in all; without it the seconds are priced by the price book."""
    scores: dict[Name, Number] | None = Field(default=None, max_length=MAX_ATTEMPTS)
    """Grades by name, as their source gave them."""
