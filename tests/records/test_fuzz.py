"""Whatever stands in a file: no crash, no second meaning, nothing skipped; and what is printed is the same record."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.records.compiling import compile_record
from alerts.records.condition_forms import FORMS
from alerts.records.conditions import read_as
from alerts.records.lints.registry import problems_of
from alerts.records.printing import print_record, with_plain_texts
from alerts.records.problem import Misunderstood
from alerts.records.tokens import Token, tokens_of
from pointsman_contract.condition import Condition
from pointsman_contract.measures import MEASURES
from pointsman_contract.record import CompiledRecord
from tests.records.corpus import Sentence, good, passage, read, told
from tests.records.plans import PLAN, compiled
from tests.records.strategies import records, texts

_FEW = settings(max_examples=max(30, settings().max_examples // 2))
_TRIGGERS, _STEPS = good(are_triggers=True), good(are_triggers=False)
_SENTENCES = [one for one in (*_TRIGGERS, *_STEPS) if one.kind == "good"]
_SINGLE = [one for one in _TRIGGERS if one.kind == "good" and not isinstance(one.expected, list)]
# In no list of the grammar, and like nothing that is in one.
_FOREIGN = st.text("bcdfgjkqvwxz", min_size=3, max_size=8)
_TURNING = [
    "not",
    "never",
    "unless",
    "except",
    "only",
    "without",
    "after",
    "until",
    "every",
    "no",
    "below zero",
    "half",
]
# Of a condition, these say nothing that is not so without them ("any" of what is an event by itself).
_SAYING_NOTHING = {
    "the",
    "any",
    "all",
    "drops",
    "falls",
    "is",
    "of",
    "requests",
    "by",
    "more",
    "than",
    "a",
    "in",
    "model",
    "candidate's",
    "(",
    ")",
    "model's",
}
_NAMING = {word for measure in MEASURES.values() for text in measure.synonyms for word in text.split()}


def _no_harm(raw: bytes) -> None:
    began = time.process_time()
    found = compile_record(raw)
    problems = problems_of(found)
    # Ten times what it takes, and one second for what else the machine does.
    assert time.process_time() - began < 1 + 0.05 * len(raw) / 1024
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    for one in problems:
        assert 1 <= one.line <= len(lines)
        assert 1 <= one.column <= len(lines[one.line - 1]) + 1, one
    assert (found.record is None) == any(one.severity == "error" for one in found.problems)


@given(st.binary(max_size=400))
def test_bytes(raw: bytes) -> None:
    """Noise is refused, and each problem stands inside of the file."""
    _no_harm(raw)
    _no_harm(PLAN.encode() + raw)


@given(texts())
def test_texts_of_the_own_words(text: str) -> None:
    """In front of a plan, in a trigger, in a rollout and in a block: understood or told, and soon."""
    for around in (f"{text}\n", f"{PLAN}{text}\n", f"{PLAN}any error\n\n```yaml pointsman\n{text}\n```\n"):
        _no_harm(around.encode("utf-8", "surrogatepass"))
    _no_harm(PLAN.replace("canary 5% for 1 day", text).encode("utf-8", "surrogatepass"))


def _tokens(sentence: Sentence) -> tuple[Token, ...]:
    return tokens_of(passage(sentence.text)).tokens


def _written(sentence: Sentence) -> list[str]:
    return [sentence.text[token.start : token.end] for token in _tokens(sentence)]


def _looking(word: str, letters: str, marks: str) -> str:
    written = {"lower": word.lower(), "upper": word.upper(), "title": word.title()}
    return marks.format(written.get(letters, word))


@given(st.sampled_from(_SENTENCES), st.data())
def test_looks_change_no_meaning(sentence: Sentence, data: st.DataObject) -> None:
    """Other spaces, other letters, emphasis, code and links around any words: the same reading."""
    words = _written(sentence)
    marks = st.sampled_from(["{}"] * 5 + ["**{}**", "*{}*", "`{}`", "__{}__", "[{}](https://x.y/z)", "**`{}`**"])
    spaces = st.sampled_from([" ", "  ", "\n", "\t", "\u00a0", "&nbsp;", "<br>"])
    looks = st.sampled_from(["lower", "upper", "title", "as it is"])
    text = "".join(_looking(word, data.draw(looks), data.draw(marks)) + data.draw(spaces) for word in words).rstrip()
    assert read(text, is_trigger=sentence.is_trigger) == read(sentence.text, is_trigger=sentence.is_trigger)


@pytest.mark.parametrize("sentence", _SINGLE, ids=lambda one: one.text)
def test_all_forms_that_fit_agree(sentence: Sentence) -> None:
    """A condition has one meaning, by whichever forms of the grammar it is read."""
    meanings = set()
    for form in FORMS:
        try:
            meant = read_as(form, tokens_of(passage(sentence.text)))
        except Misunderstood:
            continue
        meanings |= set() if meant is None else {told(meant)}
    assert meanings == {sentence.expected}


@given(st.lists(st.sampled_from(_SINGLE), min_size=2, max_size=6, unique_by=lambda one: one.expected), st.data())
def test_the_order_of_triggers_is_that_of_the_text(several: list[Sentence], data: st.DataObject) -> None:
    """What is joined by commas, "or" and semicolons is read one by one: in another order it is in that order."""
    joints = st.sampled_from([", ", " or ", "; ", ", or ", "; or ", ". "])
    text = several[0].text + "".join(data.draw(joints) + one.text for one in several[1:])
    assert read(text, is_trigger=True) == (tuple((one.expected,) for one in several), ())


@given(st.sampled_from(_SENTENCES), _FOREIGN | st.sampled_from(_TURNING), st.data())
def test_no_word_is_skipped(sentence: Sentence, word: str, data: st.DataObject) -> None:
    """A word that the grammar does not know, or that turns a meaning around, is an error wherever it stands."""
    words = _written(sentence)
    at = data.draw(st.integers(0, len(words)))
    text = " ".join([*words[:at], word, *words[at:]])
    assert read(text, is_trigger=sentence.is_trigger).problems, text


@given(st.sampled_from(_SINGLE), st.data())
def test_every_word_counts(sentence: Sentence, data: st.DataObject) -> None:
    """Without one of its words a condition is another one or none, but for words that say nothing."""
    words = _written(sentence)
    at = data.draw(st.integers(0, len(words) - 1))
    said = read(" ".join([*words[:at], *words[at + 1 :]]), is_trigger=True)
    if words[at].casefold() in _SAYING_NOTHING | _NAMING:
        return
    assert said.problems or said.meaning != ((sentence.expected,),), words[at]


@_FEW
@given(records())
def test_a_printed_record_compiles_to_itself(record: CompiledRecord) -> None:
    """Whatever record there can be: printed and compiled it is the same, and printed again the same text."""
    text = print_record(record)
    found = compiled(text)
    assert found.problems == ()
    assert found.record == with_plain_texts(record)
    assert print_record(found.record) == text


@pytest.mark.parametrize("sentence", [one for one in _SENTENCES if one.is_trigger], ids=lambda one: one.text)
def test_a_good_record_survives_printing(sentence: Sentence) -> None:
    """What is compiled from prose is printed as prose that means the same."""
    record = compiled(f"{PLAN}{sentence.text}\n").record
    assert record is not None
    assert compiled(print_record(record)).record == with_plain_texts(record)


def test_a_condition_of_the_contract_has_one_reading() -> None:
    """The contract refuses what no sentence says: another unit, a latency without a percentile, a limit of nothing."""
    usual = {"measure": "attempt_error_rate", "op": ">", "threshold": 0.1, "unit": "1", "text": ""}
    Condition.model_validate(usual)
    for change in (
        {"unit": "s"},
        {"threshold": 0.0},
        {"threshold": 1.0},
        {"threshold": 1e-12},
        {"op": "<", "against": "baseline"},
        {"against": "baseline", "threshold": 11.0},
        {"measure": "duration", "unit": "s"},
        {"measure": "route_share", "against": "baseline"},
        {"op": "any", "threshold": None, "measure": "task_success_rate"},
    ):
        with pytest.raises(ValueError, match="validation error"):
            Condition.model_validate(usual | change)
