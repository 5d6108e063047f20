"""What means harm is refused in seconds: 256 KiB of it, and what expands to more."""

import time
from typing import NamedTuple

import pytest

from alerts.records.lints.registry import problems_of
from tests.conftest import Scale
from tests.records.plans import HEAD, PLAN, TITLE, compiled

# Of CPU, on a machine that does other things too; the slowest takes 3 s on two cores that are shared.
_SECONDS = 15.0


class Case(NamedTuple):
    """A text between two others, as often as fits into a file; `most` is the limit of what it is in."""

    head: str
    unit: str
    tail: str = ""
    most: int = 250_000

    def text(self, size: int) -> str:
        """Of about so many characters."""
        return self.head + self.unit * (min(size, self.most) // len(self.unit)) + self.tail


CASES = {
    "commas": Case(PLAN, "x,"),
    "good triggers": Case(f"{PLAN}\n", "  * error rate > 5%\n"),
    "unknown measures": Case(f"{PLAN}\n", "  * qqqqwerty foo bar rate > 5%\n"),
    "long sentences": Case(f"{PLAN}\n", f"  * {'x,' * 1900}\n"),
    "articles": Case(f"{PLAN}\n", f"  * {'the ' * 900}> 5%\n"),
    "operators": Case(f"{PLAN}\n", f"  * {'is above ' * 400}\n"),
    "strays": Case(f"{PLAN}qqq\n\n", "errors foo bar > 5% \n\n"),
    "strays in a text": Case(f"{PLAN}qqq\n\n", "If errors > 5%: if P95 5%, 5% for x. ", most=9_000),
    "rollbacks elsewhere": Case(f"{PLAN}qqq\n\n## 5. Risk Mitigation\n\n", "If errors foo > 5% roll back.\n\n"),
    "steps": Case(f"{HEAD}{TITLE}Rollout Strategy: ", "5%,", most=3_900),
    "rollouts": Case(f"{HEAD}{TITLE}", "* Rollout Strategy: canary 5%, then 10%\n\n"),
    "labels": Case(f"{PLAN}x\n\n", "".join(f"abcd efgh {number:x}: y\n\n" for number in range(3_000))),
    "headings": Case(HEAD, "## abcd efgh ijkl\n\n"),
    "digits": Case(f"{HEAD}## 3. Evidence\n\nGolden Set: ", "1"),
    "kinds": Case(f"{HEAD}{TITLE}", "shadow "),
    "shares": Case(f"{HEAD}{TITLE}", "5% "),
    "brackets": Case(f"{HEAD}{TITLE}", "[a"),
    "stars": Case(f"{HEAD}{TITLE}", "**a *b "),
    "underscores": Case(f"{HEAD}{TITLE}", "_a __b "),
    "quotations": Case(HEAD, ">"),
    "lists in lists": Case(HEAD, "\n".join("  " * deep + "- a" for deep in range(300))),
    "comments": Case(HEAD, "<!-- -->"),
    "comments without an end": Case(HEAD, "<!--"),
    "comments in code": Case(HEAD, "`<!--` "),
    "fences": Case(HEAD, "```\n"),
    "cells": Case(f"{HEAD}{TITLE}|a|b|\n|-|-|\n", "|a|b|\n"),
    "columns": Case(f"{HEAD}|{'a|' * 30_000}\n|", "-|", "\n", most=60_000),
    "definitions": Case(HEAD, "[a]: b\n"),
    "entities": Case(f"{HEAD}{TITLE}", "&gt;"),
    "keys": Case("---\n", "".join(f"k{number}: b\n" for number in range(3_000)), "---\n", most=32_000),
    "lists of YAML": Case("---\na: ", "[", "\n---\n", most=30_000),
    "mappings of YAML": Case("---\na: ", "{a: ", "\n---\n", most=30_000),
    "keys of the block": Case(f"{PLAN}any error\n\n```yaml pointsman\n", "qwerty: 1\n", "```\n", most=30_000),
    "triggers of the block": Case(
        f"{PLAN}any error\n\n```yaml pointsman\ntriggers:\n", f"  - when: '{'x,' * 250}'\n", "```\n", most=30_000
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_harm_is_refused_in_time(case: str, scale: Scale) -> None:
    """No record, at least one problem, all of them inside of the file, and no time that grows with a power of it."""
    text = CASES[case].text(scale(long=250_000, small=60_000))
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
