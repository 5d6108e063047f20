"""What people write for >, >=, < and <=, as regular expressions over plain text (`tokens.py`)."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Comparison = Literal[">", "<", ">=", "<="]

_ABOVE = (
    ">", "above", "over", "beyond", "exceeds", "exceed", "exceeding", "exceeded", "surpasses", "surpass",
    "greater than", "higher than", "more than", "larger than", "longer than", "slower than",
)  # fmt: skip
_BELOW = (
    "<", "below", "under", "less than", "lower than", "fewer than", "smaller than", "shorter than", "faster than",
)  # fmt: skip
_AT_LEAST = (
    ">=", "at least", "at or above", "no less than", "greater than or equal to", "more than or equal to",
    "higher than or equal to", "equal to or greater than",
)  # fmt: skip
_AT_MOST = (
    "<=", "at most", "at or below", "no more than", "less than or equal to", "lower than or equal to",
    "equal to or less than",
)  # fmt: skip
_STANDS = ("is", "are", "gets", "goes", "be", "of")
# What stands ahead of "than the baseline" where more is worse.
HIGHER = ("higher", "slower", "more", "greater", "larger", "longer")
_RISES = ("rises", "rise", "climbs", "climb", "grows", "grow", "increases", "increase", "jumps", "jump")
_UP = ("up", "is up", "are up")
_DOWN = ("down", "is down", "are down")
_FALLS = ("drops", "drop", "falls", "fall", "sinks", "sink", "dips", "dip", "decreases", "decrease")

# What is written alone, with `is` and its like, or with a verb of its own direction.
WORDS: Mapping[Comparison, tuple[str, ...]] = MappingProxyType(
    {">": _ABOVE, "<": _BELOW, ">=": _AT_LEAST, "<=": _AT_MOST}
)


def any_of(words: tuple[str, ...]) -> str:
    """A group of alternatives, the longest first."""
    return f"(?:{'|'.join(re.escape(word) for word in sorted(words, key=len, reverse=True))})"


UPWARDS = f"(?:{any_of((*_STANDS, *_RISES))} )?{any_of((*_ABOVE, *_AT_LEAST))}"
DOWNWARDS = f"(?:{any_of((*_STANDS, *_FALLS))} )?{any_of((*_BELOW, *_AT_MOST))}"
RISES = any_of((*_RISES, *_UP))
FALLS = any_of((*_FALLS, *_DOWN))
WORSENS = any_of(("degrades", "degrade", "worsens", "worsen", "regresses", "regress"))
STANDS = f"(?:{any_of((*_STANDS, *_RISES))} )?"
MOVES = any_of((
    *_RISES, *_FALLS, "degrades", "degrade", "worsens", "worsen", "improves", "regresses", "regress", "changes",
))  # fmt: skip
ANY = f"(?:{UPWARDS}|{DOWNWARDS})"


def comparison_of(words: str) -> Comparison:
    """The comparison that words matched by `ANY` stand for."""
    for comparison in (">=", "<=", ">", "<"):
        for word in WORDS[comparison]:
            if words == word or words.endswith(f" {word}"):
                return comparison
    raise ValueError(words)
