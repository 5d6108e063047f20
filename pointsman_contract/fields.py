"""The types of the contract's fields, with the limits that the store can hold.

Source: design §3. Strings have no NUL (PostgreSQL cannot store one), integers fit into 63 bits, times have a zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar, get_args
from uuid import UUID

from pydantic import AwareDatetime, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

MAX_MESSAGE_BYTES = 1024 * 1024
MAX_ATTEMPTS = 64
MAX_TEXT = 256
MAX_INTEGER = 2**63 - 1
MAX_USD = Decimal(1_000_000_000)
MAX_SECONDS = 1_000_000_000.0
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)

NANO_USD = Decimal("1e-9")
NO_NUL = r"^[^\x00]*$"
DATE_FIRST = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]"
_ZONE_LAST = r".*([Zz]|[+-][0-9]{2}:?[0-9]{2})$"
_UUID = r"^([0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"
_UUID_LENGTH = 36
# A difference of two costs may come out as -0, which is no negative amount.
_AMOUNT = r"^([0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?|-0+(\.0+)?)$"
# Below MAX_USD and in whole nano-dollars: there is nothing to round and nothing to refuse.
_PLAIN_AMOUNT = r"^[0-9]{1,9}(\.[0-9]{1,9})?$"
_NOT_AN_AMOUNT = f"Input should be an amount in USD from 0 to {MAX_USD:,}, a decimal string or a number"
_ZERO_USD = Decimal(0)
# Not the thread's context: a router that embeds the contract may have set its own precision there.
_MONEY = Context(prec=40, rounding=ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999, traps=[InvalidOperation])


@dataclass
class Unknowns:
    """What a message held that this version of the contract does not know: counted, never an error.

    `fields` are the paths of fields that were ignored, `values` the names of describing fields whose value became
    `other`.
    """

    fields: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.fields or self.values)

    def add(self, other: "Unknowns") -> None:
        """Take in what another message held."""
        self.fields += other.fields
        self.values += other.values


class Describing:
    """A set that only describes: an unknown value on the wire becomes `other` and is counted.

    A newer router must not blind an older monitor. In Python the set is strict, so that a typing error in a router's
    own code is found where it is made.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        known = handler(source)
        unknown = core_schema.with_info_after_validator_function(
            _count_unknown, core_schema.str_schema(max_length=MAX_TEXT, pattern=NO_NUL)
        )
        either = core_schema.union_schema(
            [known, unknown],
            mode="left_to_right",
            custom_error_type="describing",
            custom_error_message=f"Input should be a string of at most {MAX_TEXT} characters without NUL",
        )
        return core_schema.json_or_python_schema(json_schema=either, python_schema=known)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        known = handler(schema["python_schema"])
        unknown = {"type": "string", "maxLength": MAX_TEXT, "pattern": NO_NUL, "description": "becomes `other`"}
        return {"anyOf": [known, unknown]}


def _count_unknown(_: str, info: core_schema.ValidationInfo) -> str:
    if isinstance(info.context, Unknowns):
        info.context.values.append(info.field_name or "")
    return "other"


class _ZonedTime:
    """RFC 3339 with a zone. pydantic alone would also read "1700000000", which names no zone."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        zoned = core_schema.datetime_schema(tz_constraint="aware", ge=EARLIEST, lt=LATEST, strict=False)
        text = core_schema.chain_schema([core_schema.str_schema(pattern=DATE_FIRST), zoned])
        strict = core_schema.datetime_schema(tz_constraint="aware", ge=EARLIEST, lt=LATEST, strict=True)
        return core_schema.json_or_python_schema(
            json_schema=text,
            python_schema=strict,
            serialization=core_schema.plain_serializer_function_ser_schema(_as_utc, when_used="json"),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "pattern": DATE_FIRST + _ZONE_LAST}


def _as_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class _InOneSentence:
    """One problem in place of one for each member of a union, whose paths would name pydantic's inner types."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.custom_error_schema(
            handler(source), custom_error_type="one_sentence", custom_error_message=self._sentence
        )


class _HexId:
    """A UUID as 32 hex digits or hyphenated, in either case; the braces and `urn:` of other notations are refused."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # The other notations are longer, so that the length alone keeps them out.
        text = core_schema.str_schema(max_length=_UUID_LENGTH)
        wire = core_schema.custom_error_schema(
            core_schema.chain_schema([text, core_schema.uuid_schema()]),
            custom_error_type="hex_id",
            custom_error_message="Input should be a UUID, hyphenated or as 32 hex digits",
        )
        return core_schema.json_or_python_schema(json_schema=wire, python_schema=handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": _UUID}


class _Dollars:
    """USD as a decimal string or a JSON number, rounded once, half to even, to nano-dollars."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # Six amounts a trace come this way: read by Decimal itself they cost a third of what a function of ours does.
        plain = core_schema.no_info_after_validator_function(Decimal, core_schema.str_schema(pattern=_PLAIN_AMOUNT))
        told = core_schema.union_schema(
            [
                core_schema.str_schema(pattern=_AMOUNT, max_length=MAX_TEXT),
                core_schema.int_schema(),
                core_schema.float_schema(allow_inf_nan=False),
            ],
            mode="left_to_right",
        )
        wire = core_schema.union_schema(
            [plain, core_schema.no_info_after_validator_function(_read_amount, told)],
            mode="left_to_right",
            custom_error_type="money",
            custom_error_message=_NOT_AN_AMOUNT,
        )
        python = core_schema.decimal_schema(allow_inf_nan=False, strict=True)
        return core_schema.json_or_python_schema(
            json_schema=wire,
            python_schema=core_schema.no_info_after_validator_function(_nano_dollars, python),
            serialization=core_schema.plain_serializer_function_ser_schema(_as_plain_decimal, when_used="json"),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "anyOf": [
                {"type": "string", "pattern": _AMOUNT, "maxLength": MAX_TEXT},
                {"type": "number", "minimum": 0, "maximum": int(MAX_USD)},
            ],
            "description": f"USD from 0 to {MAX_USD:,}, rounded half to even to nano-dollars",
        }


def _read_amount(told: str | float) -> Decimal:
    # The shortest decimal of a float is what its sender wrote; its binary value is not.
    return _nano_dollars(Decimal(repr(told) if isinstance(told, float) else told))


def _nano_dollars(amount: Decimal) -> Decimal:
    if _ZERO_USD <= amount <= MAX_USD:
        return _MONEY.quantize(amount, NANO_USD).copy_abs()
    raise PydanticCustomError("money", _NOT_AN_AMOUNT)


def _as_plain_decimal(amount: Decimal) -> str:
    return f"{amount:f}"


T = TypeVar("T")

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT, pattern=NO_NUL)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=NO_NUL)]
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
# Not `Count = Field(ge=1)` at the field: of two limits on one side pydantic keeps the type's.
FromOne = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]
TraceId = Annotated[UUID, _HexId()]
Moment = Annotated[AwareDatetime, _ZonedTime()]
Usd = Annotated[Decimal, _Dollars()]
Revision = Annotated[
    Text | Count,
    Field(union_mode="left_to_right"),
    _InOneSentence(f"Input should be a string of at most {MAX_TEXT} characters without NUL or an integer below 2^63"),
]
# One bad item is enough: 1 MiB of bad counters would otherwise take 20 seconds and 3 GB to refuse.
Several = Annotated[tuple[T, ...], Field(fail_fast=True)]


def values_of(literal: Any) -> Sequence[str]:
    """The values of a set, in the order in which the contract names them."""
    plain = getattr(literal, "__value__", literal)
    args = get_args(plain)
    if args and not isinstance(args[0], str):
        return values_of(args[0])
    return args
