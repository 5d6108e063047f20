"""Every sentence of the corpus means what its architect meant, or says why it does not."""

import pytest

from alerts.records import operators
from alerts.records.measure_words import is_tested
from pointsman_contract.measures import MEASURES
from tests.records.corpus import Sentence, meaning, read, sentences

_NUMBERS = {
    "1": ("5%", "0.05"),
    "s": ("2 s", "2"),
    "USD": ("$2", "2"),
    "ratio": ("2x", "2"),
    "chars/token": ("2 chars/token", "2"),
    "requests/s": ("2 requests/s", "2"),
    "tokens/s": ("2 tokens/s", "2"),
}


@pytest.mark.parametrize("sentence", sentences(), ids=lambda one: one.text[:60] or "nothing")
def test_a_sentence_means_what_the_corpus_says(sentence: Sentence) -> None:
    """It compiles to exactly that and nothing else; or its first problem has that code, that place and those words."""
    said = read(sentence.text, is_trigger=sentence.is_trigger)
    if not str(sentence.expected).startswith("!"):
        assert (said.meaning, said.problems) == (meaning(sentence), ())
        return
    _, code, place, *words = sentence.expected.split(" ")
    first = said.problems[0]
    assert (first.code, f"{first.line}:{first.column}") == (code, place)
    assert " ".join(words).casefold() in first.message.casefold()


def test_the_corpus_is_large_and_of_every_kind() -> None:
    """At least 160 sentences, and of good, odd, wrong, ambiguous and hostile ones some of each."""
    every = sentences()
    assert len(every) >= 160
    assert {one.kind for one in every} == {"good", "odd", "wrong", "ambiguous", "hostile"}
    assert len({one.text for one in every}) == len(every)


@pytest.mark.parametrize(
    ("name", "written"),
    [(one.name, text) for one in MEASURES.values() for text in (one.name, one.name.replace("_", " "), *one.synonyms)],
)
def test_every_measure_is_known_by_all_of_its_names(name: str, written: str) -> None:
    """Each name and synonym in a sentence is that measure, with its percentile where it has some."""
    measure = MEASURES[name]
    number, value = _NUMBERS[measure.unit]
    for quantile, short in (("P95 ", " p95"), ("P99 ", " p99")) if measure.has_quantiles else (("", ""),):
        for text in (f"{quantile}{written} > {number}", f"The {quantile}{written.upper()} exceeds {number}"):
            assert read(text, is_trigger=True) == (((f"{name}{short} > {value} {measure.unit}",),), ())
    if measure.has_quantiles:
        (told,) = read(f"{written} > {number}", is_trigger=True).problems
        assert told.code == "no_quantile"


@pytest.mark.parametrize("op", [">", "<", ">=", "<="])
def test_every_word_of_comparison_is_known(op: operators.Comparison) -> None:
    """Each is its sign, alone and behind `is`; what rises is above, and what falls below."""
    value = f"attempt_error_rate {op} 0.05 1"
    verbs = ("", "is ", "rises " if op.startswith(">") else "drops ")
    for word in operators.WORDS[op]:
        for verb in verbs:
            assert read(f"Error rate {verb}{word} 5%", is_trigger=True) == (((value,),), ()), word


def test_measures_without_a_test_are_understood_and_named_as_such() -> None:
    """What no test decides still means one measure: the lint says that it would never be met."""
    undecided = [one.name for one in MEASURES.values() if not is_tested(one.name, "limit", quantile=0.95)]
    assert {"route_share", "spend", "probes", "swap_cost"} <= set(undecided)
