"""`docs/contract.md`: what routers send and read, for the person who builds one."""

from collections.abc import Iterator
from typing import NamedTuple

from pointsman.reference.examples import HEARTBEAT, OUTCOME, POLICY, TRACE, as_text
from pointsman.reference.field_table import field_table, set_values
from pointsman.reference.markdown import block, code, codes, page, table
from pointsman.reference.schemas import wire_schema
from pointsman_contract import topics
from pointsman_contract.errors import REASON_MEANINGS
from pointsman_contract.failure_modes import FAILURE_MODES
from pointsman_contract.message import Message


class Documented(NamedTuple):
    """A message with what its model does not say."""

    example: Message
    topic: str
    key: str
    written: str

    @property
    def name(self) -> str:
        """`trace` for `pointsman.trace/1`."""
        return self.example.kind.removeprefix("pointsman.").split("/")[0]


MESSAGES = (
    Documented(TRACE, topics.TRACES, "trace id", "by routers, one for each finished request"),
    Documented(OUTCOME, topics.OUTCOMES, "trace id", "by whoever learns how a request turned out"),
    Documented(
        HEARTBEAT, topics.HEARTBEATS, "router id", "by routers, once a second, and at once after applying a policy"
    ),
    Documented(POLICY, topics.POLICY, "environment/route", "by Pointsman; compacted, read by routers"),
)

_INTRO = """
# The contract

What routers and Pointsman tell each other over Kafka. Every message is one flat JSON object in UTF-8 with `kind` first.
A version only ever gains optional fields; what would break a reader becomes a new kind on a new topic.
"""

_READING = """
## How a message is read

- **Absent is not 0.** A field that is absent, or null where that is allowed, is not known, unless the table names a
  default. A measure without input shows "no data". A field with a default must not be null.
- **Unknown fields** are ignored and counted: a newer router must not blind an older monitor.
- **Strict sets** refuse a value that they do not know, because it decides what a request counts for.
  **Describing sets** read such a value (text of at most 256 characters) as `other`, and count it.
- **Types are not converted.** `"5"` is no integer, `1.0` is none either, and `1` is not true.
- **Text** has no NUL character; a length counts characters, not bytes.
- **Money** is a decimal string (best) or a JSON number in USD. It is rounded once, half to even, to nano-dollars.
  Exponents are read (`"4e-7"`); what is below zero, a plus sign, blanks, `_`, NaN and infinity are refused.
- **Times** are RFC 3339 with a zone, from 1970 to 9998, kept to the microsecond. A time that lies over five minutes
  ahead of the broker's timestamp of its message is refused.
- **Size:** at most 1 MiB a message. Of a name that comes twice in an object the last counts.

A message that breaks a rule becomes a [dead letter](#dead-letters) as a whole; nothing of it is stored as a trace.

In Python, build messages with the models of `pointsman_contract` and `encode` them: a misspelt field or an unknown
value is an error there.
"""

_UNITS = (
    ("_s", "seconds; a fraction is welcome"),
    ("_usd", "US dollars"),
    ("_tokens", "tokens as the provider bills them; input includes cached tokens, output includes reasoning tokens"),
    ("_chars", "Unicode characters"),
    ("_bp", "basis points: 10,000 are the whole"),
)

_FAILURE_MODES = """
## Failure modes

How bad each is, how well it is seen, and who can repair it. Severity and the trace's `risk` give an alert its severity.
"""

_DEAD_LETTERS = """
## Dead letters

What Pointsman cannot read or store is kept with its topic, partition, offset, a reason, and a detail. For a field the
detail names the path and what should be there, never the value that was; names that the router chose (a route in
`epochs`) are shown as `*`.
"""


def render() -> str:
    """The page as Markdown."""
    return page(
        _INTRO,
        _topics(),
        _READING,
        "## Units",
        "A field's name ends in its unit.",
        table(("ending", "unit"), [(code(ending), unit) for ending, unit in _UNITS]),
        *(part for message in MESSAGES for part in _message(message)),
        "## Sets",
        _sets(),
        _FAILURE_MODES,
        table(
            ("failure mode", "severity", "detectability", "recoverability"),
            [(code(mode), *(trait.replace("_", " ") for trait in traits)) for mode, traits in FAILURE_MODES.items()],
        ),
        _DEAD_LETTERS,
        table(("reason", "meaning"), [(code(reason), meaning) for reason, meaning in REASON_MEANINGS.items()]),
    )


def _topics() -> str:
    rows = [
        (code(topic), f"[{code(example.kind)}](#{name})", key, written, f"[schema](schemas/{name}.schema.json)")
        for message in MESSAGES
        for (example, topic, key, written), name in [(message, message.name)]
    ]
    return table(("topic", "message", "key", "written", ""), rows)


def _message(message: Documented) -> Iterator[str]:
    schema = wire_schema(type(message.example))
    yield f"## {message.name.capitalize()}"
    yield schema["description"]
    yield field_table(schema)
    for name, part in schema.get("$defs", {}).items():
        yield f"### {name}"
        yield part["description"]
        yield field_table(part)
    yield block("json", as_text(message.example))


def _sets() -> str:
    found: dict[str, bool] = {}
    for message in MESSAGES:
        schema = wire_schema(type(message.example))
        for part in (schema, *schema.get("$defs", {}).values()):
            for name, field in part["properties"].items():
                values = set_values(field)
                if values is not None:
                    found[name] = values[1]
    strict = codes(name for name, is_strict in found.items() if is_strict)
    describing = codes(name for name, is_strict in found.items() if not is_strict)
    return table(
        ("sets", "fields", "an unknown value"),
        [("strict", strict, "is a dead letter"), ("describing", describing, "becomes `other` and is counted")],
    )
