"""Each problem has its paragraph in docs/model-records.md, and what it shows there is what happens."""

import re

import pytest

from alerts.records.compiling import compile_record
from alerts.records.document import MAX_BYTES
from alerts.records.lints import traffic as lint
from alerts.records.lints.registry import problems_of
from alerts.records.problem import CODES, Problem
from pointsman.evidence.traffic import traffic_of
from pointsman.records.power import SimulatedPower
from pointsman.wording import lasting
from tests.records.page import PAGE, examples, paragraph, record_with, smallest

# Of the power function: enough to tell half from twice.
RUNS = 20
# What cannot be shown as text is made here.
UNSHOWN = {"too_large": "x" * MAX_BYTES, "unreadable_text": "An invoice\u200b."}


def problems(text: str, traffic: str | None = None) -> list[Problem]:
    """What `mdr lint` tells of a record, with the traffic of `--traffic`."""
    compiled = compile_record(text.encode())
    found = problems_of(compiled)
    if traffic is not None:
        read = traffic_of(traffic, "--traffic")
        known = lint.Traffic(read.per_second, str(read))
        found += lint.untestable(compiled, known, lint.testable(compiled, known, SimulatedPower(runs=RUNS)), lasting)
    return found


def traffic_of_page(code: str) -> str | None:
    """The traffic that the paragraph of a problem names."""
    found = re.search(r"--traffic ([0-9]+/\w+)", paragraph(code))
    return found[1] if found else None


def test_the_smallest_record_is_clean() -> None:
    """What everything else on the page starts from has no problem."""
    assert problems(smallest()) == []


def test_every_problem_has_a_paragraph_and_every_paragraph_a_problem() -> None:
    """In the order of the codes: errors, then warnings."""
    assert re.findall(r"^### (\w+)$", PAGE.split("## Problems")[1], re.MULTILINE) == list(CODES)


@pytest.mark.parametrize("code", [code for code in CODES if code not in UNSHOWN])
def test_the_bad_example_has_this_problem_alone(code: str) -> None:
    """With its severity, and nothing beside it that would have to be explained."""
    found = problems(record_with(examples(code)["Bad"]), traffic_of_page(code))
    assert {(told.code, told.severity) for told in found} == {(code, CODES[code][0])}, found


@pytest.mark.parametrize("code", [code for code in CODES if code not in UNSHOWN])
def test_the_good_example_is_clean(code: str) -> None:
    """Who writes it instead has no further problem."""
    found = problems(record_with(examples(code)["Good"]), traffic_of_page(code))
    assert found == []


@pytest.mark.parametrize("code", UNSHOWN)
def test_what_cannot_be_shown_is_told_too(code: str) -> None:
    """A file that is too large, or has a character that nobody sees, has this problem alone."""
    assert examples(code) == {}
    found = problems(f"{smallest()}\n{UNSHOWN[code]}\n")
    assert [(told.code, told.severity) for told in found] == [(code, CODES[code][0])]
