"""What stands around the conditions of a rollback sentence: `roll back if any of:` ahead, `, roll back` behind."""

import re

from alerts.records.passages import Passage, without_markup
from alerts.records.problem import Misunderstood
from alerts.records.tokens import Tokens, tokens_of

_HOLD = r"(?:(?:are|is) (?:met|true) ?|holds? ?)?"
_THESE = rf"(?:(?:the following|these)(?: conditions| triggers)? ?)?{_HOLD}(?:: )?"
_WHEN = r"(?:if|when|whenever|once|as soon as)"
_LEAD = re.compile(
    r"(?:(?:we )?(?:automatic |automatically |immediate |immediately )?"
    r"(?:(?:roll back|rollback|revert)(?: to (?:the )?baseline)?|switch back to (?:the )?baseline"
    rf"|(?:stop|halt|abort)(?: the (?:rollout|canary))?(?= (?:immediately |automatically )?{_WHEN} ))"
    r"(?: immediately| automatically)? ?(?:: )?)?"
    rf"(?:(?P<when>{_WHEN}|on|upon|in case of) )?"
    rf"(?P<group>(?:any|any one|one) of {_THESE}|all of {_THESE}|either |both )?"
)
# Says again what every trigger does; anything else behind the conditions might say when they hold.
_TAIL = re.compile(r" , (?:roll back|rollback)(?: immediately| automatically)?(?: to (?:the )?baseline)?")
_BEGINS = re.compile(r"(?:if|when) ")


def lead_of(written: Passage) -> re.Match[str] | None:
    """What stands ahead of the conditions of a text."""
    try:
        tokens = tokens_of(without_markup(written))
    except Misunderstood:
        return None
    return lead_in(tokens)


def lead_in(tokens: Tokens) -> re.Match[str] | None:
    """The same, of a text that is cut into tokens."""
    return _LEAD.match(f"{tokens.plain} ")


def group_of(lead: re.Match[str]) -> str:
    """`any`, `one`, `all`, `either`, `both`, or nothing."""
    return (lead["group"] or "").split(" ")[0]


def only_lead(written: Passage) -> str | None:
    """The group of a text that only leads to a list, `any of the following:`; empty for `if:`, None for all others."""
    lead = lead_of(written)
    if lead is None or not lead[0] or lead.string[lead.end() :].strip(" :"):
        return None
    return group_of(lead)


def without_tail(tokens: Tokens) -> Tokens:
    """A sentence that begins with "if" or "when", without the `, roll back immediately` at its end."""
    if not _BEGINS.match(tokens.plain):
        return tokens
    behind = next((found for found in _TAIL.finditer(tokens.plain) if found.end() == len(tokens.plain)), None)
    return tokens if behind is None else tokens.until(behind.start() + 1)
