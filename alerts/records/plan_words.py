"""Ways to write a rollout that mean the same, as the one that is read: words for numbers, numbered steps, parentheses.

Each is a rewriting of the plain text of tokens. What is put in stands where the words stood that it is for.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from alerts.records import operators
from alerts.records.counts import COUNTS
from alerts.records.problem import Misunderstood
from alerts.records.quantities import ANY_PERCENT, ANY_SPAN, NUMBER
from alerts.records.tokens import Token, Tokens

_TIME = rf"(?:for )?(?:at least )?{NUMBER}(?: -)? {ANY_SPAN}"
_SHARE = rf"{NUMBER} {ANY_PERCENT}"
_REQUESTS = rf"(?:for )?(?:at least )?{NUMBER} ?[km]? (?:requests|samples)"
# Not seconds: "a second canary" is another one.
_LONG = r"(?:minutes?|hours?|days?|weeks?)"
_WHICHEVER = r"whichever (?:is|comes|takes) (?:later|longer|last)"
_LATER = rf"(?:(?: ,)? {_WHICHEVER}| \( {_WHICHEVER} \))"


def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S){pattern}(?!\S)")


_COUNTED = _whole(rf"(?P<count>{operators.any_of(tuple(COUNTS))})(?P<joint> | - |-)(?P<unit>{_LONG})")
_ONE = _whole(rf"(?:(?P<ahead>for|at least) an? (?P<unit>{_LONG})|an? (?P<first>{_LONG})(?= (?:of|at) ))")
_LEAST = _whole(rf"(?<!\d )(?:min|minimum)(?: \.)? (?P<requests>{NUMBER} ?[km]? (?:requests|samples))")
_BOTH = _whole(
    rf"(?:(?P<time>{_TIME})(?: ,)? or (?P<requests>{_REQUESTS})"
    rf"|(?P<first>{_REQUESTS})(?: ,)? or (?P<behind>{_TIME})){_LATER}"
)
_INSIDE = _whole(rf"\( (?:(?P<time>{_TIME})|(?P<other>{_SHARE}|{_REQUESTS})) \)")
_NAMED = _whole(r"(?:phase|step|stage) (?P<number>[0-9]+) [:-]")


def as_read(tokens: Tokens) -> Tokens:
    """A plan in the words that `rollouts.py` reads. Raises Misunderstood where steps are numbered in another order."""
    tokens = _without_numbers(tokens)
    tokens = _rewritten(tokens, _COUNTED, _in_digits)
    tokens = _rewritten(tokens, _ONE, _one)
    tokens = _rewritten(tokens, _LEAST, lambda found: f"at least {found['requests']}")
    tokens = _rewritten(tokens, _BOTH, _both)
    return _rewritten(tokens, _INSIDE, lambda found: found["other"] or _timed(found["time"]))


def _one(found: re.Match[str]) -> str:
    return f"1 {found['first']}" if found["first"] else f"{found['ahead']} 1 {found['unit']}"


def _in_digits(found: re.Match[str]) -> str:
    return f"{COUNTS[found['count']]} {'' if found['joint'] == ' ' else '- '}{found['unit']}"


def _both(found: re.Match[str]) -> str:
    time, requests = found["time"] or found["behind"], found["requests"] or found["first"]
    return f"{_timed(time)} and {requests.removeprefix('for ')}"


def _timed(time: str) -> str:
    return time if time.startswith("for ") else f"for {time}"


def _without_numbers(tokens: Tokens) -> Tokens:
    """`1. Shadow … 2. Canary …` and `Phase 1: shadow …`, with full stops ahead of the steps."""
    begins = [found.span() for found in _NAMED.finditer(tokens.plain)]
    numbers = [int(found["number"]) for found in _NAMED.finditer(tokens.plain)]
    if numbers and (numbers[0] > 1 or numbers != list(range(numbers[0], numbers[0] + len(numbers)))):
        told = "steps are numbered 1, 2, 3 in their order: what stands first comes first"
        raise Misunderstood("not_understood", told, tokens.start, tokens.end)
    at = 0
    while found := re.compile(rf"(?<!\S){len(begins) + 1} [.)](?= \S)").search(tokens.plain, at):
        if numbers or (not begins and found.start()):
            break
        begins.append(found.span())
        at = found.end()
    for (begin, end), (behind, _) in pairwise([*begins, (len(tokens.plain), 0)]):
        if not tokens.plain[end:behind].strip(" ,;.->="):
            told = f'"{tokens.written(begin, end)}" has no step behind it'
            raise Misunderstood("not_understood", told, tokens.at(begin), tokens.end)
    return _replaced(tokens, [(begin, end, ".") for begin, end in begins])


def _rewritten(tokens: Tokens, pattern: re.Pattern[str], words: Callable[[re.Match[str]], str]) -> Tokens:
    return _replaced(tokens, [(*found.span(), words(found)) for found in pattern.finditer(tokens.plain)])


def _replaced(tokens: Tokens, changes: list[tuple[int, int, str]]) -> Tokens:
    """The tokens with other words between these offsets of the plain text."""
    kept: list[Token] = []
    at = 0
    for begin, end, words in changes:
        inside = tokens.between(begin, end)
        kept += [
            *tokens.between(at, begin).tokens,
            *(Token("word", word, inside.start, inside.end) for word in words.split(" ")),
        ]
        at = end
    return Tokens(tokens.passage, (*kept, *tokens.after(at).tokens)) if changes else tokens
