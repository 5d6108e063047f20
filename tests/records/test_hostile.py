"""What means harm is refused in seconds: 256 KiB of it, and what expands to more."""

import time

import pytest

from alerts.records.lints.registry import problems_of
from tests.records.plans import HEAD, PLAN, TITLE, compiled

_BYTES = 250_000
# Of CPU, on a machine that does other things too; the slowest takes 3 s on two cores that are shared.
_SECONDS = 15.0


def _filled(unit: str, size: int = _BYTES) -> str:
    return (unit * (size // len(unit) + 1))[:size]


CASES = {
    "commas": PLAN + _filled("x,"),
    "good triggers": f"{PLAN}\n{_filled('  * error rate > 5%' + chr(10))}",
    "unknown measures": f"{PLAN}\n{_filled('  * qqqqwerty foo bar rate > 5%' + chr(10))}",
    "long sentences": f"{PLAN}\n{_filled('  * ' + 'x,' * 1900 + chr(10))}",
    "articles": f"{PLAN}\n{_filled('  * ' + 'the ' * 900 + '> 5%' + chr(10))}",
    "operators": f"{PLAN}\n{_filled('  * ' + 'is above ' * 400 + chr(10))}",
    "steps": f"{HEAD}{TITLE}Rollout Strategy: {_filled('5%,', 3_900)}",
    "rollouts": f"{HEAD}{TITLE}{_filled('* Rollout Strategy: canary 5%, then 10%' + chr(10) * 2)}",
    "labels": f"{PLAN}x\n\n{''.join(f'abcd efgh {n:x}: y{chr(10) * 2}' for n in range(8_000))}",
    "headings": f"{HEAD}{_filled('## abcd efgh ijkl' + chr(10) * 2)}",
    "digits": f"{HEAD}## 3. Evidence\n\nGolden Set: {'1' * _BYTES}",
    "kinds": f"{HEAD}{TITLE}{_filled('shadow ')}",
    "shares": f"{HEAD}{TITLE}{_filled('5% ')}",
    "brackets": f"{HEAD}{TITLE}{_filled('[a')}",
    "stars": f"{HEAD}{TITLE}{_filled('**a *b ')}",
    "underscores": f"{HEAD}{TITLE}{_filled('_a __b ')}",
    "quotations": HEAD + _filled(">"),
    "lists in lists": HEAD + "\n".join("  " * deep + "- a" for deep in range(480)),
    "comments": HEAD + _filled("<!-- -->"),
    "comments without an end": HEAD + _filled("<!--"),
    "comments in code": HEAD + _filled("`<!--` "),
    "fences": HEAD + _filled("```\n"),
    "cells": f"{HEAD}{TITLE}|a|b|\n|-|-|\n{_filled('|a|b|' + chr(10), 100_000)}",
    "columns": HEAD + "|" + _filled("a|", 60_000) + "\n|" + _filled("-|", 60_000) + "\n",
    "definitions": HEAD + _filled("[a]: b\n"),
    "entities": f"{HEAD}{TITLE}{_filled('&gt;')}",
    "keys": f"---\n{''.join(f'k{number}: b{chr(10)}' for number in range(3_000))}---\n",
    "lists of YAML": f"---\na: {'[' * 30_000}\n---\n",
    "mappings of YAML": f"---\na: {'{a: ' * 7_000}\n---\n",
    "keys of the block": f"{PLAN}any error\n\n```yaml pointsman\n{_filled('qwerty: 1' + chr(10), 30_000)}\n```\n",
    "triggers of the block": f"{PLAN}any error\n\n```yaml pointsman\ntriggers:\n"
    + ("  - when: '" + "x," * 250 + "'\n") * 60
    + "```\n",
}


@pytest.mark.parametrize("case", CASES)
def test_harm_is_refused_in_time(case: str) -> None:
    """No record, at least one problem, all of them inside of the file, and no time that grows with a power of it."""
    text = CASES[case]
    began = time.process_time()
    read = compiled(text)
    problems = problems_of(read)
    assert time.process_time() - began < _SECONDS
    assert read.record is None
    assert problems
    assert all(1 <= told.line <= text.count("\n") + 1 for told in problems)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"x" * (256 * 1024 + 1), "too_large"),
        (b"\xff\xfe", "unreadable_text"),
        (PLAN.encode() + b"any error\0", "unreadable_text"),
        (PLAN.encode() + "any \u202eerror".encode(), "unreadable_text"),
        (PLAN.encode() + "any \u200berror".encode(), "unreadable_text"),
        (b"---\na: &a [x]\nb: [*a, *a, *a]\n---\n", "yaml"),
        (b"---\na: &a {b: *a}\n---\n", "yaml"),
        (b"---\na: !!python/object/apply:os.system [x]\n---\n", "yaml"),
        (b"---\na: b\n...\nc: d\n---\n", "yaml"),
        (f"---\n{'k: ' * 20_000}\n---\n".encode(), "too_large"),
    ],
)
def test_bytes_that_no_record_has(raw: bytes, code: str) -> None:
    """They are refused by name, whatever they would expand to."""
    read = compiled(raw)
    assert read.record is None
    assert code in {told.code for told in read.problems}
