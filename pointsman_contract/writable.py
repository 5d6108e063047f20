"""Numbers and names that can be written into a record and read back: to the last digit, and by people too."""

import re
from typing import Annotated

from pydantic import AfterValidator

from pointsman_contract.fields import Name, Number

# What lies beyond them says nothing, and what lies between them can be written out in a sentence, digit by digit.
LARGEST, SMALLEST = 1e12, 1e-9
# A margin of more is a slip of the pen.
LARGEST_MARGIN = 10.0
# It is a label of metrics and an argument of commands.
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
PLACEHOLDER = re.compile(r"<[^<>]*>|\[.*\]|TODO|TBD|FIXME|XXX")


def _writable(value: float) -> float:
    if value and not SMALLEST <= abs(value) <= LARGEST:
        msg = f"is 0, or from {SMALLEST} to {LARGEST:,.0f}"
        raise ValueError(msg)
    # There is no negative zero in prose.
    return value + 0.0


def _one_line(name: str) -> str:
    if not name.isprintable() or name != name.strip() or PLACEHOLDER.fullmatch(name):
        msg = "is one line of letters that people see, without spaces around it, and no placeholder"
        raise ValueError(msg)
    return name


def _id(name: str) -> str:
    if not ID.fullmatch(name):
        msg = "is up to 128 letters, digits, '.', '_' and '-'"
        raise ValueError(msg)
    return name


Writable = Annotated[Number, AfterValidator(_writable)]
OneLine = Annotated[Name, AfterValidator(_one_line)]
Id = Annotated[OneLine, AfterValidator(_id)]
