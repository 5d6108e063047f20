"""`P50 latency > 400 ms, P95 > 1.2 s`: a percentile alone is one of the measure that the sentence has named."""

import re
from collections.abc import Sequence

from alerts.records import operators
from alerts.records.problem import Misunderstood
from alerts.records.tokens import Token, Tokens
from pointsman_contract.condition import Condition
from pointsman_contract.measures import MEASURES

_ALONE = re.compile(
    r"(?:the |its )?(?:p ?[0-9]+(?:\.[0-9]+)?|[0-9]+(?:st|nd|rd|th) (?:percentile|quantile)|median)"
    rf"(?= (?:{operators.ANY}|is|worse|drifts?|[0-9.,]+) |$)"
)


def completed(tokens: Tokens, before: Sequence[Condition]) -> Tokens:
    """A condition on a percentile alone with the measure of those before it in its sentence; others as they are.

    The word that is put in has no letters in the text, so that the condition says what was written. Raises
    Misunderstood where there is no measure that it can be of, or more than one.
    """
    found = _ALONE.match(tokens.plain)
    if found is None:
        return tokens
    names = sorted({one.measure for one in before if MEASURES[one.measure].has_quantiles})
    if found.end() == len(tokens.plain):
        told = f'"{tokens.text}" alone is no condition: write each one out, as in P95 latency > 2 s, P99 latency > 3 s'
        raise Misunderstood("not_understood", told, tokens.start, tokens.end)
    if len(names) != 1:
        written = tokens.written(0, found.end())
        told = f'"{written}" of what? write "{written} latency", say'
        code = "ambiguous" if names else "unknown_measure"
        raise Misunderstood(code, told, tokens.start, tokens.end)
    ahead = tokens.until(found.end())
    word = Token("word", names[0].replace("_", " "), ahead.end, ahead.end)
    return Tokens(tokens.passage, (*ahead.tokens, word, *tokens.after(found.end()).tokens))
