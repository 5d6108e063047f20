"""The `yaml pointsman` block: what prose cannot say. One model, for reading it and for its JSON Schema."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from alerts.records.block_words import refusal
from alerts.records.passages import Place
from alerts.records.problem import Problem, problem
from alerts.records.quantities import NUMBER, PERCENT, SPANS, Unreadable, as_float, count_of, quantity, unmistakable
from alerts.records.tokens import LONGEST_SENTENCE
from alerts.records.yaml_values import Value
from pointsman_contract.measures import edit_distance
from pointsman_contract.record import MAX_STAGES, MAX_TRIGGERS
from pointsman_contract.stage import MAX_DURATION_S, AtDeadline
from pointsman_contract.trigger import Costs, Drift, Enforcement, Incidents, NoData
from pointsman_contract.writable import LARGEST_MARGIN, SMALLEST

_QUANTITY = re.compile(rf"(?P<sign>-?)(?P<number>{NUMBER})\s*(?P<unit>\S.*)?")
_COUNT = re.compile(r"(?P<number>[0-9][0-9.,]*) ?(?P<times>[km])?")


def _share(text: object) -> float:
    return _read(text, lambda number, unit: quantity(number, unit, PERCENT, "1%").value, "a share such as 1%")


def _span(text: object) -> float:
    seconds = _read(text, lambda number, unit: quantity(number, unit, SPANS, "10 min").value, "a time such as 10 min")
    if seconds > MAX_DURATION_S:
        raise ValueError("at most 366 days")
    return seconds


def _count(text: object) -> int:
    found = _COUNT.fullmatch(text.casefold()) if isinstance(text, str) else None
    if found is None:
        raise ValueError("expected a whole number such as 10,000")
    try:
        return count_of(found["number"], found["times"] or "")
    except Unreadable as unreadable:
        raise ValueError(str(unreadable)) from None


def _number(text: object) -> float:
    return _read(text, lambda number, unit: unmistakable(f"{number}{unit}"), "a number such as 0.7", is_signed=True)


def _read(text: object, read: Callable[[str, str], Decimal], expected: str, *, is_signed: bool = False) -> float:
    found = _QUANTITY.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"expected {expected}")
    if found["sign"] and not is_signed:
        raise ValueError(f"expected {expected}")
    try:
        value = as_float(read(found["number"], (found["unit"] or "").casefold()))
    except Unreadable as unreadable:
        raise ValueError(str(unreadable)) from None
    return -value if found["sign"] else value


def _in_basis_points(share: float) -> float:
    if abs(share * 10_000 - round(share * 10_000)) > SMALLEST:
        raise ValueError("routers know hundredths of a percent")
    return share


def _shown_as(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


_COUNT_PATTERN = r"^[0-9][0-9.,]* ?[kKmM]?$"
_SHARE_PATTERN = r"^[0-9][0-9.,]* ?(%|percent|pct)$"
_UNITS = "|".join(sorted((unit for unit in SPANS if " " not in unit), key=len, reverse=True))
Share = Annotated[float, BeforeValidator(_share), _shown_as(_SHARE_PATTERN, "1%")]
Time = Annotated[float, BeforeValidator(_span), _shown_as(rf"^[0-9][0-9.,]* ?({_UNITS})$", "10 min")]
Count = Annotated[
    int,
    BeforeValidator(_count),
    Field(ge=1, le=2**63 - 1),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": _COUNT_PATTERN}]}),
]
Real = Annotated[float, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
Sentence = Annotated[str, Field(min_length=1, max_length=LONGEST_SENTENCE)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class TriggerSettings(_Part):
    """How a trigger is treated."""

    enforcement: Enforcement | None = None
    """auto: rolls back (default). approve: asks a person. alert: tells. observe: only measures."""
    no_data: NoData | None = None
    """What is done where nothing is known: hold (default), alert, rollback."""
    cooldown: Time | None = None
    """After a change the rollout rests so long before it may advance. Default 10 min."""
    verify_within: Annotated[Time, Field(gt=0)] | None = None
    """Within so long a rollback must be seen in traces. Default 2 min."""
    margin: Annotated[Share, Field(ge=0, le=LARGEST_MARGIN)] | None = None
    """To advance, the share of bad requests must be below the limit (or the baseline's share) x (1 + margin)."""
    incidents: Incidents | None = None
    """count (default): a burst of bad requests is a breach. clip: a short burst does not decide."""
    costs: Costs | None = None
    """Of costs: raw (default), or capped at the 99th percentile of the baseline."""
    drift: Drift | None = None
    """Of drift: notice (default) one of about the size, or certify that it is larger."""
    confirmation: Count | None = None
    """Of zero tolerance: so many requests must show it. Default 1."""


class TriggerEntry(TriggerSettings):
    """Settings of one trigger. It is one of the prose with the same measures, or a further one."""

    when: Sentence
    """A sentence as in the prose, such as Error rate > 0.5%; or a measure, whose triggers are meant."""


class StageEntry(_Part):
    """A step of the rollout."""

    step: Sentence
    """A step as in the prose, such as canary 10% for 24 hours."""
    samples: Count | None = None
    """Requests of the candidate that the stage must have before it ends."""
    deadline: Annotated[Time, Field(gt=0)] | None = None
    """How long it may take. Default 14 days, or twice its time."""
    at_deadline: AtDeadline | None = None
    """What is done then: ask (default), hold, rollback."""


class Tau(_Part):
    """Bounds of the router's own threshold."""

    min: Real
    max: Real
    enforcement: Enforcement = "approve"
    """auto: a better threshold is set. approve (default): a person is asked. alert, observe: it is noted."""


class Block(TriggerSettings):
    """The whole block. Settings of triggers stand for those that say nothing of their own."""

    false_rollback_budget: Annotated[Share, Field(gt=0, le=0.5)] | None = None
    """How often a healthy candidate may be rolled back, in the whole rollout. Default 1%."""
    holdback: Annotated[Share, Field(ge=0, le=0.5), AfterValidator(_in_basis_points)] | None = None
    """Of what is promoted, so much stays on the baseline. Default 1%."""
    tau: Tau | None = None
    """Bounds of the router's own threshold."""
    samples: Count | None = None
    """Of each stage that says nothing of its own: requests of the candidate that it must have before it ends."""
    deadline: Annotated[Time, Field(gt=0)] | None = None
    """Of each stage that says nothing of its own: how long it may take."""
    at_deadline: AtDeadline | None = None
    """Of each stage that says nothing of its own: what is done then."""
    stages: Annotated[list[StageEntry], Field(min_length=1, max_length=MAX_STAGES)] | None = None
    """The steps, in place of the sentence under Rollout Strategy."""
    triggers: Annotated[list[TriggerEntry], Field(min_length=1, max_length=MAX_TRIGGERS)] | None = None
    """Settings of single triggers, and further triggers."""


def read_block(value: Value | None) -> tuple[Block, list[Problem]]:
    """The block, or an empty one; and what is wrong, each at its place."""
    if value is None:
        return Block(), []
    try:
        return Block.model_validate(_plain(value)), []
    except ValidationError as error:
        return Block(), [_problem(value, one) for one in error.errors(include_url=False, include_context=True)]


def place_in(value: Value | None, *path: str | int) -> Place:
    """Where the value at a path of keys and indexes stands; of the key where the last step is one."""
    return _along(value, path)[0]


def value_place(value: Value | None, *path: str | int) -> Place:
    """Where the value at a path stands, not its key."""
    place, found = _along(value, path)
    return place if found is None else found.place


def _along(value: Value | None, path: tuple[str | int, ...]) -> tuple[Place, Value | None]:
    """`place_in`, and the value there, as far as there is one."""
    place = Place(1, 1) if value is None else value.place
    for step in path:
        if value is None or value.data is None:
            break
        if isinstance(value.data, dict) and step in value.keys:
            place = value.keys[str(step)]
            value = value.data.get(str(step))
        elif isinstance(value.data, list) and isinstance(step, int) and step < len(value.data):
            value = value.data[step]
            place = value.place
    return place, value


def closest_key(key: str, known: "list[str]") -> str:
    """The key that was perhaps meant, as the end of a sentence."""
    alike = [one for one in known if abs(len(key) - len(one)) <= max(2, len(one) // 3)]
    close = min(alike, key=lambda one: (edit_distance(key, one), one), default="")
    told = f"did you mean {close}? " if close and edit_distance(key, close) <= max(2, len(close) // 3) else ""
    return f"{told}known: {', '.join(sorted(known))}"


def _plain(value: Value) -> Any:
    if isinstance(value.data, dict):
        return {key: _plain(one) for key, one in value.data.items()}
    return [_plain(one) for one in value.data] if isinstance(value.data, list) else value.data


_MODELS: dict[str, type[BaseModel]] = {"triggers": TriggerEntry, "stages": StageEntry, "tau": Tau}


def _problem(value: Value, error: Any) -> Problem:
    path = [
        step for step in error["loc"] if isinstance(step, int) or step in _KEYS or error["type"] == "extra_forbidden"
    ]
    place = place_in(value, *path)
    name = ".".join(str(step) for step in path if isinstance(step, str))
    if error["type"] == "extra_forbidden":
        model = _MODELS.get(str(path[0]), Block) if len(path) > 1 else Block
        known = list(model.model_fields)
        return problem("unknown_key", place, f"{path[-1]} is no key here; {closest_key(str(path[-1]), known)}")
    key = name.rsplit(".", maxsplit=1)[-1]
    return problem("invalid_value", place, f"{name}: {refusal(key, error)}")


_ALL: tuple[type[BaseModel], ...] = (Block, *_MODELS.values())
_KEYS = {key for model in _ALL for key in model.model_fields}
