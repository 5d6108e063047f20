"""A rollback sentence cut into its conditions, and which of them belong together.

A comma, a semicolon and "or" separate triggers, each of which is enough alone; "and" joins conditions that must be met
together, and binds tighter. A list with commas and "and" but no "or" is ambiguous: people write it for both.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from alerts.records.conditions import condition_of
from alerts.records.leads import group_of, lead_in, lead_of, only_lead, without_tail
from alerts.records.passages import Passage, Place, without_markup
from alerts.records.percentiles import completed
from alerts.records.problem import Misunderstood, Problem, problem
from alerts.records.tokens import Tokens, split, tokens_of
from pointsman_contract.condition import Condition
from pointsman_contract.record import MAX_TRIGGERS
from pointsman_contract.trigger import MAX_CONDITIONS

_JOINTS = {",": "comma", "or": "or", "and": "and", "&": "and", ";": "stop", ".": "stop"}
_SIDES = {"above", "below", "over", "under"}


class ReadCondition(NamedTuple):
    """A condition and where it stands."""

    condition: Condition
    place: Place


class TriggersRead(NamedTuple):
    """The triggers of a text, each with its conditions, and what was not understood."""

    triggers: tuple[tuple[ReadCondition, ...], ...]
    problems: tuple[Problem, ...]


class _Joint(NamedTuple):
    first: int
    last: int
    kinds: frozenset[str]


def read_field(sentences: Sequence[Passage], depths: Sequence[int] = ()) -> TriggersRead:
    """The triggers of a field. What stands in a text of its own (an item of a list) is enough alone, unless "all of:"
    stands ahead of them. `depths` says how far in each of the texts stands.
    """
    rest = list(sentences)
    group = only_lead(rest[0]) if len(rest) > 1 else None
    read: list[TriggersRead] = []
    for number, passage in enumerate(rest):
        if number == 0 and group is not None:
            continue
        read.append(read_triggers(passage, _ends_of_items(group) if number < len(rest) - 1 else {}))
        if _has_more_below(passage, depths[number : number + 2]):
            told = "a condition with others below it: are they enough alone, or needed too? Write one list"
            read.append(TriggersRead((), (problem("ambiguous", passage.place(0), told),)))
        if sum(max(len(one.triggers), len(one.problems)) for one in read) > MAX_TRIGGERS:
            told = f"more than {MAX_TRIGGERS} triggers, or problems with them: the rest is not read"
            read.append(TriggersRead((), (problem("no_trigger", passage.place(0), told),)))
            break
    triggers = tuple(trigger for one in read for trigger in one.triggers)
    problems = tuple(told for one in read for told in one.problems)
    if group in ("all", "both"):
        joined = tuple(condition for trigger in triggers for condition in trigger)
        # Which of them "all" means, of a list below a list or of more than two, is anyone's guess.
        is_clear = len(depths) < 2 or (depths[0] < depths[1] and len(set(depths[1:])) == 1)
        if (
            any(len(one.triggers) > 1 for one in read)
            or len(joined) > (2 if group == "both" else MAX_CONDITIONS)
            or not is_clear
        ):
            told = "a list of all that must be met together has one condition in each item, and nothing beside it"
            return TriggersRead((), (*problems, problem("ambiguous", rest[0].place(0), told)))
        # Half of an "and" would be met far more often than the whole.
        triggers = () if problems else (joined,)
    return TriggersRead(triggers, problems)


def _has_more_below(passage: Passage, depths: Sequence[int]) -> bool:
    """Whether a text that is no label's own, or says "all of", is followed by one further in."""
    if len(depths) < 2 or depths[1] <= depths[0]:
        return False
    lead = lead_of(passage)
    return depths[0] > 0 or (lead is not None and group_of(lead) in ("all", "both"))


def _ends_of_items(group: str | None) -> Mapping[str, bool]:
    """What may join an item of a list to the next one, and whether it says the same as the list does."""
    is_all = group in ("all", "both")
    return {"or": not is_all, "and": is_all, ",": True}


def _without_end(tokens: Tokens, ends: Mapping[str, bool]) -> Tokens:
    """An item without the `, or` at its end. Raises Misunderstood where it says something else than the list does."""
    at = len(tokens.tokens)
    while at and tokens.tokens[at - 1].plain in (*ends, ";"):
        at -= 1
        if not ends.get(tokens.tokens[at].plain, True):
            told = f'"{tokens.tokens[at].plain}" at the end of an item: is each item enough alone, or are all needed?'
            told += ' Leave it out where each is enough; else write "all of:" ahead of the list'
            raise Misunderstood("ambiguous", told, tokens.tokens[at].start, tokens.end)
    return Tokens(tokens.passage, tokens.tokens[:at]) if ends else tokens


def read_triggers(written: Passage, ends: Mapping[str, bool] = MappingProxyType({})) -> TriggersRead:
    """Every trigger of a text of one or more sentences. Understood or told: nothing is left out.

    `ends` are words that may stand at the end, as another text follows; False for those that contradict the list.
    """
    passage = without_markup(written)
    triggers: list[tuple[ReadCondition, ...]] = []
    problems: list[Problem] = []
    try:
        sentences = _sentences(_without_end(tokens_of(passage), ends))
    except Misunderstood as refused:
        return TriggersRead((), (_told(refused, passage),))
    for number, sentence in enumerate(sentences):
        try:
            groups = _groups(sentence, is_last=number == len(sentences) - 1)
        except Misunderstood as refused:
            problems.append(_told(refused, passage))
            continue
        named: list[Condition] = []
        for group in groups:
            read = []
            for part in group:
                try:
                    named.append(condition_of(completed(part, named)))
                    read.append(ReadCondition(named[-1], passage.place(part.start)))
                except Misunderstood as refused:
                    problems.append(_told(refused, passage))
            # Half of an "and" would be met far more often than the whole.
            if len(read) == len(group):
                triggers.append(tuple(read))
    return TriggersRead(tuple(triggers), tuple(problems))


def _told(refused: Misunderstood, passage: Passage) -> Problem:
    return problem(refused.code, passage.place(refused.start), refused.message)


def _sentences(tokens: Tokens) -> list[Tokens]:
    """Between full stops and semicolons; "or" behind one of them says what they say."""
    stops = [at for at, token in enumerate(tokens.tokens) if _JOINTS.get(token.plain) == "stop"]
    found = [sentence for sentence in split(tokens, stops) if sentence.tokens]
    for number, sentence in enumerate(found[1:], 1):
        first = sentence.tokens[0].plain
        if first == "or" and len(sentence.tokens) > 1:
            found[number] = Tokens(sentence.passage, sentence.tokens[1:])
        elif first == "and":
            told = (
                'is each enough alone, or are both needed? Write "or" for the one, and "and" without ";" for the other'
            )
            raise Misunderstood("ambiguous", told, sentence.start, sentence.end)
    return found


def _groups(sentence: Tokens, *, is_last: bool) -> list[list[Tokens]]:
    """The parts of a sentence: those of one inner list belong together."""
    sentence = without_tail(sentence)
    lead = lead_in(sentence)
    group = "" if lead is None else group_of(lead)
    body = sentence.after(lead.end()) if lead is not None else sentence
    joints = _joints(body)
    parts = _parts(body, joints)
    if len(parts) > MAX_TRIGGERS:
        told = f"{len(parts):,} conditions in one sentence; {MAX_TRIGGERS} at most"
        raise Misunderstood("not_understood", told, body.start)
    kinds = {kind for joint in joints for kind in joint.kinds}
    if group and not is_last:
        told = f'what "{group}" means ends with its sentence, and more of them follow: join them by commas'
        raise Misunderstood("ambiguous", told, sentence.start, sentence.end)
    if group in ("all", "both"):
        if "or" in kinds or (group == "both" and ("comma" in kinds or len(parts) != 2)):
            raise _ambiguous(body, parts)
        return [_few(parts)]
    if group == "either" and "and" in kinds and "or" not in kinds:
        raise _ambiguous(body, parts)
    if group in ("any", "one") and "or" not in kinds:
        return [[part] for part in parts]
    if {"and", "comma"} <= kinds and "or" not in kinds:
        raise _ambiguous(body, parts)
    groups = [[parts[0]]]
    for joint, part in zip(joints, parts[1:], strict=True):
        if joint.kinds == {"and"}:
            groups[-1].append(part)
        else:
            groups.append([part])
    return [_few(one) for one in groups]


def _few(parts: list[Tokens]) -> list[Tokens]:
    if len(parts) > MAX_CONDITIONS:
        raise Misunderstood(
            "not_understood", f"{len(parts)} conditions joined by and; {MAX_CONDITIONS} at most", parts[0].start
        )
    return parts


def _joints(body: Tokens) -> list[_Joint]:
    """Neighbouring signs and words that separate conditions, as one each: `, or`."""
    found: list[_Joint] = []
    plain = [token.plain for token in body.tokens]
    for at, word in enumerate(plain):
        kind = _JOINTS.get(word)
        # and/or is or.
        if word == "/" and plain[at - 1 : at] == ["and"] and plain[at + 1 : at + 2] == ["or"]:
            kind = "or"
        if kind is None or (word == "or" and _of_operator(plain, at)):
            continue
        if found and found[-1].last == at - 1:
            found[-1] = _Joint(found[-1].first, at, found[-1].kinds | {kind})
        else:
            found.append(_Joint(at, at, frozenset({kind})))
    return [joint._replace(kinds=frozenset({"or"})) if joint.kinds >= {"and", "or"} else joint for joint in found]


def _of_operator(plain: list[str], at: int) -> bool:
    """Whether this "or" belongs to `greater than or equal to`, `at or above`, `equal to or less than`."""
    before, behind = plain[max(at - 2, 0) : at], plain[at + 1 : at + 3]
    return (
        behind[:1] == ["equal"]
        or before == ["equal", "to"]
        or (before[-1:] == ["at"] and behind[:1] != [] and behind[0] in _SIDES)
    )


def _parts(body: Tokens, joints: list[_Joint]) -> list[Tokens]:
    parts, begin = [], 0
    for first, last in [*((joint.first, joint.last) for joint in joints), (len(body.tokens), len(body.tokens))]:
        part = Tokens(body.passage, body.tokens[begin:first])
        if not part.tokens:
            at = body.tokens[first].start if first < len(body.tokens) else body.end
            raise Misunderstood("not_understood", "a condition is missing here", at)
        parts.append(part)
        begin = last + 1
    return parts


def _ambiguous(body: Tokens, parts: list[Tokens]) -> Misunderstood:
    texts = [part.text for part in parts]
    alone = " or ".join(texts) if len(texts) == 2 else f"{', '.join(texts[:-1])}, or {texts[-1]}"
    told = f'two meanings: each is enough alone, "{alone}"; or all of them together, "{" and ".join(texts)}"'
    return Misunderstood("ambiguous", f"{told}. Write one of these", body.start, body.end)
