"""What the block does not take, said in words that say what to write."""

import pytest

from alerts.records.compiling import compile_record
from tests.records.plans import PLAN


def told(block: str) -> str:
    """The first problem of a record with this block."""
    return compile_record(f"{PLAN}any error\n\n```yaml pointsman\n{block}\n```\n".encode()).problems[0].message


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("holdback: 1.500%", "may be 1.5 or 1,500"),
        ("cooldown: 2.000 min", "may be 2 or 2,000"),
        ("tau: {min: 0.5, max: 1.250}", "may be 1.25 or 1,250"),
        ("samples: 2.000", "may be 2 or 2,000"),
        ("samples: 2.5", "whole number"),
        ("samples: 0", "whole number"),
        ("samples: many", "such as 10,000"),
        ("confirmation: 99999999999999999999", "whole number"),
        ("false_rollback_budget: 0.02", "write 2%"),
        ("false_rollback_budget: 60%", "at most 50%"),
        ("false_rollback_budget: 0%", "more than 0%"),
        ("margin: 2000%", "at most 1000%"),
        ("deadline: 0 s", "more than 0"),
        ("cooldown: 10", "write 10 min"),
        ("enforcement: page", "'auto'"),
        ("stages: []", '"- step: canary 10% for 24 hours"'),
        ("stages: [canary 5%]", '"- step: canary 10% for 24 hours"'),
        ("stages: canary 5%", '"- step: canary 10% for 24 hours"'),
        ("stages: [{step: }]", "such as canary 10%"),
        ("stages: [{samples: 5}]", "is missing"),
        ("triggers: [Error rate > 5%]", '"- when: Error rate > 1%"'),
        ("triggers: [{when: ''}]", "such as Error rate > 1%"),
        ("tau: 0.5", "{min: 0.5, max: 0.8}"),
    ],
)
def test_a_value_that_is_not_taken_says_what_to_write(block: str, words: str) -> None:
    """A number with two meanings, or one that its key does not take."""
    said = told(block)
    assert words in said
    assert not any(word in said for word in ("List", "String", "dictionary", "instance", "valid", "than or equal"))


def test_requests_are_counted_as_in_the_prose() -> None:
    """In thousands and millions too."""
    for samples in ("2k", "2,000", "2000", "0.002m"):
        text = f"{PLAN}any error\n\n```yaml pointsman\nsamples: {samples}\n```\n"
        record = compile_record(text.encode()).record
        assert record is not None
        assert {stage.samples for stage in record.stages} == {2000}
