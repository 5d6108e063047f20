"""A record never compiles to what its page does not show, and never leaves out in silence what it shows."""

import pytest

from tests.records.plans import HEAD, PLAN, ROLLOUT, TITLE, codes, compiled, names

# What stands in the file, and the problem that says what is wrong with it.
REFUSED = {
    "a comment that begins in a span of code": (f"{PLAN}error rate > 5% `<!--` or refusals > 1% `-->`\n", "not_under"),
    "a comment that begins in a block of code": (
        f"{HEAD}```\n<!--\n```\n{PLAN.removeprefix(HEAD)}any error\n\n```\n-->\n```\n",
        "block",
    ),
    "a comment inside of a text, over several lines": (
        f"{PLAN}any error\n\nNote <!-- hidden\n\nRollback Trigger: refusals > 1%\n\n-->\n",
        "unclosed_comment",
    ),
    "a comment that browsers end at once": (f"{PLAN}any error <!--> or refusals > 1% <!-- -->\n", "unclosed_comment"),
    "a comment that browsers end at a mark": (f"{PLAN}any error\n\n<!-- a --!> any timeout -->\n", "unclosed_comment"),
    "a comment without an end": (f"{PLAN}any error\n\n<!-- Rollback Trigger: any timeout\n", "unclosed_comment"),
    "the beginning of a comment, escaped": (f"{PLAN}any error \\<!-- any timeout -->\n", "not_understood"),
    "a header above a column": (f"{PLAN}\n\n  | Never a trigger |\n  |---|\n  | any error |\n", "unknown_measure"),
    "a condition over two columns": (
        f"{PLAN}\n\n  | Trigger | Step |\n  |---|---|\n  | Error rate | > 5% |\n",
        "not_understood",
    ),
    "a column of another section": (
        f"{PLAN}any error\n\n## 3. Evidence\n\n| Rollback Trigger |\n|---|\n| any timeout |\n",
        "field",
    ),
    "a heading of another section": (
        f"{PLAN}any error\n\n## 3. Evidence\n\n### Rollback Trigger\n\nany timeout\n",
        "field",
    ),
    "a label of another section": (
        f"{PLAN}any error\n\n## 5. Risk Mitigation\n\n* **Rollback Trigger:** any timeout\n",
        "field",
    ),
    "a label ahead of all sections": (
        f"{HEAD}Rollback Trigger: any timeout\n\n{PLAN.removeprefix(HEAD)}any error\n",
        "field",
    ),
    "a heading that is almost the label": (f"{PLAN}any error\n\n### Rolback Trigger\n\nany timeout\n", "field"),
    "a label that is a section of its own": (f"{PLAN}any error\n\n## Rollback Trigger\n\nany timeout\n", "section"),
    "a sentence that is a section": (f"{PLAN}any error\n\n## Rollback Trigger: any timeout\n", "section"),
    "a sentence that a line makes a section": (f"{PLAN}any error\n\nRollback Trigger: any timeout\n---\n", "section"),
    "a second plan": (f"{PLAN}any error\n\n{TITLE}* **Rollback Trigger:** any timeout\n", "section"),
    "a label that says when": (f"{PLAN}any error\n* **Rollback Trigger (not in force):** any timeout\n", "field"),
    "a label that says how many": (
        f"{HEAD}{TITLE}{ROLLOUT}* **Rollback Triggers (all of):**\n  * any error\n  * any timeout\n",
        "field",
    ),
    "a label that is struck out": (f"{PLAN}any error\n* ~~Rollback Trigger~~: any timeout\n", "field"),
    "a definition of a link as a label": (f"{PLAN}any error\n\n[Rollback Trigger]: error_rate>50%\n", "field"),
    "a definition of a link": (f"{PLAN}any error\n\n[x]:\nRollback:error_rate>50%\n", "not_understood"),
    "a line that becomes a quotation": (f"{PLAN}injection\n> 1%\n", "not_understood"),
    "a quotation": (f"{PLAN}any error\n\n> Rollback Trigger: any timeout\n", "not_understood"),
    "an element that hides": (
        f"{PLAN}any error\n\n<div hidden>\n\nRollback: any timeout\n\n</div>\n",
        "not_understood",
    ),
    "a block of code": (f"{PLAN}any error\n\n```\nRollback Trigger: any timeout\n```\n", "block"),
    "struck-out text": (f"{PLAN}any error, ~~any timeout~~\n", "not_understood"),
    "the star of a footnote": (f"{PLAN}error rate > 5%*\n\n\\*not at night\n", "not_understood"),
    "a list too far inside": (
        PLAN + "\n" + "".join(f"{'  ' * deep}* any {('error', 'timeout')[deep % 2]}\n" for deep in range(1, 14)),
        "too_large",
    ),
    "an exception as an item": (f"{PLAN}any error\n  * except at night\n", "unknown_measure"),
    "a condition below a condition": (f"{PLAN}\n  * any error\n    * any timeout\n", "ambiguous"),
    "all of, and a list": (f"{PLAN}all of: error rate > 5%\n  * refusals > 1%\n", "ambiguous"),
    "all of, and more beside it": (
        f"{PLAN}\n  * all of:\n    * error rate > 5%\n    * refusals > 1%\n  * any timeout\n",
        "ambiguous",
    ),
    "another limit in the block": (
        f"{PLAN}error rate > 0.5%\n\n```yaml pointsman\ntriggers:\n  - when: error rate > 50%\n```\n",
        "duplicate_trigger",
    ),
    "other stages in the block": (
        f"{PLAN}any error\n\n```yaml pointsman\nstages:\n  - step: canary 50%\n```\n",
        "contradictory_stages",
    ),
    "two entries for one trigger": (
        f"{PLAN}any error\n\n```yaml pointsman\ntriggers: [{{when: any error}}, {{when: error rate}}]\n```\n",
        "invalid_value",
    ),
    "a second block": (f"{PLAN}any error\n\n```yaml pointsman\n```\n\n```yaml pointsman\n```\n", "block"),
    "a share that would be rounded": (
        f"{PLAN}any error\n\n```yaml pointsman\nholdback: 0.125%\n```\n",
        "invalid_value",
    ),
    "a deadline of nothing": (f"{PLAN}any error\n\n```yaml pointsman\ndeadline: 0 s\n```\n", "invalid_value"),
    "a deadline ahead of the end": (
        f"{PLAN}any error\n\n```yaml pointsman\ndeadline: 1 h\n```\n",
        "contradictory_stages",
    ),
    "requests said twice": (
        f"{PLAN}any error\n\n```yaml pointsman\nstages: [{{step: canary 5% for 9 requests, samples: 5}}]\n```\n",
        "invalid_value",
    ),
    "a second rollout": (f"{PLAN}any error\n* **Rollout Strategy:** canary 50%\n", "field"),
    "a key that comes twice": (PLAN.replace("owner: ml", "owner: ml\nowner: ops") + "any error\n", "invalid_value"),
    "an anchor": (PLAN.replace("owner: ml", "owner: &a ml") + "any error\n", "yaml"),
    "a name that nobody sees": (PLAN.replace("owner: ml", 'owner: "m\\u200bl"') + "any error\n", "invalid_value"),
}
SHOWN = {
    "a comment in its line": f"{PLAN}any error <!-- or any timeout -->\n",
    "a comment in lines of its own": f"{PLAN}any error\n\n<!-- hidden\n\nRollback Trigger: any timeout\n\n-->\n",
    "a block inside of a comment": f"{PLAN}any error\n\n<!--\n```yaml pointsman\nholdback: 2%\n```\n-->\n",
    "a list of one": f"{PLAN}\n  * any error\n",
    "a list with numbers": f"{PLAN}\n  1. any error\n",
    "a list that stands too far in": f"{PLAN}\n         * any error\n",
    "a table": f"{PLAN}\n\n  | Trigger |\n  |---|\n  | any error |\n",
    "a column": f"{HEAD}{TITLE}{ROLLOUT}\n| | Rollback Trigger |\n|---|---|\n| note | any error |\n",
    "a smaller heading": f"{HEAD}{TITLE}{ROLLOUT}\n### Rollback Trigger\n\nany error\n",
    "a label with a number": f"{HEAD}{TITLE}{ROLLOUT}* **Rollback Trigger 1:** any error\n",
    "a line of dashes under an item": f"{PLAN}\n  * any error\n    ---\n",
    "other ends of lines": f"{PLAN}any error\n".replace("\n", "\r\n"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_reads_two_ways_is_refused(case: str) -> None:
    """No record is made, and the first problem of that code says where."""
    text, code = REFUSED[case]
    read = compiled(text)
    assert read.record is None
    assert any(told.startswith(code) for told in codes(read)), codes(read)


@pytest.mark.parametrize("case", SHOWN)
def test_what_shows_is_read_and_what_is_hidden_is_not(case: str) -> None:
    """However it is laid out, the one trigger that a page shows is the one of the record."""
    read = compiled(SHOWN[case])
    assert read.record is not None, read.problems
    assert names(read) == ["attempt_error_rate_any"]
    assert read.record.holdback_bp == 100
