"""Names of measures: a closed list, read without regard to case, spaces and hyphens."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.screens.measures import HEADLINES
from pointsman_contract.measures import MEASURES, QUANTILES, MeasureMeant, closest_measures, measure_named

TEXTS = [(text, measure) for measure in MEASURES.values() for text in (measure.name, *measure.synonyms)]


@pytest.mark.parametrize(
    ("text", "name", "quantile"),
    [
        ("error rate", "attempt_error_rate", None),
        ("Error Rate", "attempt_error_rate", None),
        ("user error rate", "request_error_rate", None),
        ("P95 latency", "duration", 0.95),
        ("p99 of request duration", "duration", 0.99),
        ("latency p50", "duration", 0.5),
        ("95th percentile of the latency", "duration", 0.95),
        ("median TTFT", "ttft", 0.5),
        ("P95 e2e latency", "duration", 0.95),
        ("latency at the 95th percentile", "duration", 0.95),
        ("latency at P95", "duration", 0.95),
        ("user-visible P95 TTFT", "user_ttft", 0.95),
        ("model P95 latency", "attempt_duration", 0.95),
        ("latency", "duration", None),
        ("time to first token", "ttft", None),
        ("Time-to-First-Token", "ttft", None),
        ("schema adherence", "schema_adherence", None),
        ("structured-output validity", "schema_adherence", None),
        ("first-attempt schema adherence", "first_attempt_schema_adherence", None),
        ("cost per successful outcome", "cost_per_success", None),
        ("success", "eventual_success_rate", None),
        ("escalated", "escalation_rate", None),
        ("per success", "cost_per_success", None),
        ("  success   rate ", "eventual_success_rate", None),
        ("task_success_rate", "task_success_rate", None),
        ("security injection detection", "injection_succeeded", None),
    ],
)
def test_what_people_write_is_understood(text: str, name: str, quantile: float | None) -> None:
    """A record's words name one measure, with its quantile where they say one."""
    assert measure_named(text) == MeasureMeant(MEASURES[name], quantile)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "eror rate",
        "P95",
        "P95 error rate",
        "P97 latency",
        "P95 P95 latency",
        "request P97 latency",
        "at P95",
        "rate",
        "P95 of",
        "-",
    ],
)
def test_nothing_is_guessed(text: str) -> None:
    """A misspelling, a quantile of a rate or one that is not kept, half a name: none of them is a measure."""
    assert measure_named(text) is None


def test_no_text_means_two_measures() -> None:
    """Names and synonyms are all different, also once hyphens and case are gone."""
    plain = [re.sub(r"[\s_-]+", " ", text.lower()) for text, _ in TEXTS]
    assert len(plain) == len(set(plain))


def test_synonyms_are_written_plainly() -> None:
    """In lower case with single spaces, so that the page shows them as they are looked up."""
    for measure in MEASURES.values():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", measure.name)
        assert all(re.fullmatch(r"[a-z][a-z0-9]*( [a-z]+)*", text) for text in measure.synonyms), measure


@given(st.sampled_from(TEXTS), st.data())
def test_case_and_separators_make_no_difference(entry: tuple[str, object], data: st.DataObject) -> None:
    """However a known text is spaced, hyphenated or capitalised, it means the same measure."""
    text, measure = entry
    parts = re.split(r"[ _]", text)
    between = st.sampled_from([" ", "-", "_", "  ", " - ", "\t", "\u2011"])
    written = parts[0] + "".join(data.draw(between) + part for part in parts[1:])
    if data.draw(st.booleans()):
        written = written.upper()
    assert measure_named(written) == (measure, None)


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    """Whatever a record says, it is looked up without an error, and what is named has quantiles that are kept."""
    found = measure_named(text)
    assert found is None or found.quantile in (None, *QUANTILES)
    assert set(closest_measures(text)) <= set(MEASURES)


def test_the_closest_are_named_for_the_message() -> None:
    """A misspelling is answered with what it looks like, at most three, and noise with nothing."""
    assert closest_measures("eror rate")[0] == "attempt_error_rate"
    assert closest_measures("P95 latancy")[0] == "duration"
    assert len(closest_measures("rate")) <= 3
    assert closest_measures("qqqqqqqq") == ()
    assert closest_measures("drops") == ()
    assert "timeout_rate" not in closest_measures("tokenizer")
    assert closest_measures("schema")[0] == "first_attempt_schema_adherence"
    assert closest_measures("chars/token")[0] == "tokenizer_compression"
    assert closest_measures("") == ()


@pytest.mark.parametrize("title", [column.title for column in HEADLINES if not column.is_coverage])
def test_titles_of_columns_are_understood(title: str) -> None:
    """What a table calls a measure names it, or leads to it; P95 alone says nothing of what."""
    meant = measure_named(title)
    names = closest_measures(title) if meant is None else (meant.measure.name,)
    (column,) = [column for column in HEADLINES if column.title == title]
    assert column.measure in names or title == "P95"
