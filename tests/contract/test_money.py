"""Money is exact: nano-dollars, rounded once, half to even."""

from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from pointsman_contract.decode import decode, encode
from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.trace import Trace
from tests.builders import fields_on_wire, trace
from tests.contract.catalogue import Field, holding
from tests.contract.refusals import detail_of, refusal_of
from tests.strategies import amounts

COST = next(field for field in holding("usd") if field.name == "routing_cost_usd")
NANO = Decimal("0.000000001")


def amount_of(json_text: str) -> Decimal:
    """What an amount is worth that travels as this JSON."""
    amount: Decimal = COST.read(decode(Trace, COST.wire_raw(json_text)).message)
    return amount


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ("0.0000000005", "0"),
        ("0.0000000015", "0.000000002"),
        ("0.0000000025", "0.000000002"),
        ("0.00000000050000000000000001", "0.000000001"),
        ("0.0000000014999999999999999", "0.000000001"),
        ("0.000412", "0.000412"),
        ("1e-12", "0"),
        ("1e-999", "0"),
        ("5e-10", "0"),
        ("1.5E-9", "0.000000002"),
        ("15e-10", "0.000000002"),
        ("0.1", "0.1"),
        ("123456.123456789", "123456.123456789"),
        ("999999999.5", "999999999.5"),
        ("1000000000", "1000000000"),
        ("1e9", "1000000000"),
        ("1E+9", "1000000000"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("0", "0"),
    ],
)
def test_strings_and_numbers_are_rounded_half_to_even(told: str, stored: str) -> None:
    """A number counts as the shortest decimal that stands for it, so both forms give the same nano-dollars."""
    as_string = amount_of(f'"{told}"')
    assert as_string == Decimal(stored)
    # In whole nano-dollars, with no digit behind them that would have to be rounded again.
    assert -9 <= int(as_string.as_tuple().exponent) <= 0
    assert not as_string.is_signed()
    # More digits than a float holds are only safe in a string.
    if len(told) < 20:
        as_number = amount_of(told)
        assert (as_number, as_number.is_signed()) == (as_string, False)


def test_a_string_may_have_zeros_in_front() -> None:
    """Harmless, and some routers pad."""
    assert amount_of('"000.500"') == Decimal("0.5")


@pytest.mark.parametrize(
    "told",
    [
        '"-0.000000001"', '"-1"', "-1", "-1e-12", '"-1e-12"', '"NaN"', "NaN", '"nan"', '"inf"', '"Infinity"',
        "Infinity", "-Infinity", '"sNaN"', "1e400", '"1e400"', '"1e1000"', "1000000000.1", '"1000000000.000000001"',
        '"1000000000.0000000001"', "1000000001", '"1e10"', "9223372036854775808", "1" + "0" * 4000, '"1_0"', '"1,0"',
        '" 1"', '"1 "', '"1\\n"', '"\\u0661"', '"\\uff11"', '"1\\u0000"', '""', '"."', '".5"', '"5."', '"+1"', '"0x1"',
        '"1e"', '"e1"', '"1e1.5"', '"$1"', '"--0"', '"-0e5"', "true", "false", "[]", "{}", '["1"]',
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(told: str) -> None:
    """Negative, not finite, over a billion, or written in a way that only some programs read."""
    error = refusal_of(Trace, COST.wire_raw(told))
    assert error.reason is DeadLetterReason.INVALID_FIELD
    assert error.detail == (
        "routing_cost_usd: Input should be an amount in USD from 0 to 1,000,000,000, a decimal string or a number"
    )


def test_a_string_has_at_most_256_characters() -> None:
    """The limit of all strings."""
    assert amount_of('"0.' + "1" * 254 + '"') == Decimal("0.111111111")
    assert refusal_of(Trace, COST.wire("0." + "1" * 255)).reason is DeadLetterReason.INVALID_FIELD


@pytest.mark.parametrize("field", holding("usd"), ids=str)
def test_every_amount_is_read_alike(field: Field) -> None:
    """String and number, rounded, refused below zero, told apart from text."""
    assert field.read(decode(field.model, field.wire("0.0000000015")).message) == 2 * NANO
    assert field.read(decode(field.model, field.wire(1.5e-9)).message) == 2 * NANO
    for bad in ["-1", -1, "x", True]:
        assert detail_of(field.model, field.wire(bad)).startswith(f"{field.shown_path}: Input should be an amount")


@given(amounts())
@example(Decimal("0.0000000005"))
@example(Decimal("1e-400"))
def test_any_decimal_is_rounded_like_the_standard_says(amount: Decimal) -> None:
    """Python and the wire round alike, and what was rounded stays as it is."""
    exact = amount.quantize(NANO, ROUND_HALF_EVEN, Context(prec=400))
    built = trace(routing_cost_usd=amount)
    assert built.routing_cost_usd == exact
    assert decode(Trace, encode(built)).message.routing_cost_usd == exact
    assert amount_of(f'"{amount}"') == exact


@given(st.floats(0, 1e6))
def test_any_number_is_read_as_its_shortest_decimal(number: float) -> None:
    """Not as the binary fraction that the number is inside."""
    assert amount_of(repr(number)) == Decimal(repr(number)).quantize(NANO, ROUND_HALF_EVEN)


def test_the_decimal_context_of_the_thread_does_not_matter() -> None:
    """A router may compute with five digits, or trap rounding: the contract is read as everywhere."""
    with localcontext(prec=5, rounding="ROUND_UP") as context:
        context.traps[Inexact] = True
        assert amount_of('"123456.1234567885"') == Decimal("123456.123456788")
        assert trace(routing_cost_usd=Decimal("123456.1234567885")).routing_cost_usd == Decimal("123456.123456788")


@pytest.mark.parametrize("wrong", [1, 1.0, "1", Decimal(-1), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")])
def test_in_python_an_amount_is_a_decimal(wrong: object) -> None:
    """A float would already have lost what it cost."""
    with pytest.raises(ValidationError):
        trace(routing_cost_usd=wrong)


def test_amounts_travel_as_plain_decimal_strings() -> None:
    """No exponent, whatever the amount: not every reader knows one."""
    assert fields_on_wire(trace(routing_cost_usd=Decimal("1e-9")))["routing_cost_usd"] == "0.000000001"
    assert fields_on_wire(trace(routing_cost_usd=Decimal("1e9")))["routing_cost_usd"] == "1000000000.000000000"
    assert fields_on_wire(trace(routing_cost_usd=Decimal("-0")))["routing_cost_usd"] == "0.000000000"
