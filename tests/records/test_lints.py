"""Where lints of plan and form begin and where they end: what is just a problem, and what is just none."""

import pytest

from alerts.records.compiling import compile_record
from alerts.records.lints.registry import problems_of
from tests.records.page import Example, codes, codes_with_block, record_with

TRIGGER = "* **Rollback Trigger:** "


def sentences(part: str, info: str = "markdown") -> list[str]:
    """What is said about them."""
    return [told.message for told in problems_of(compile_record(record_with(Example(info, part)).encode()))]


@pytest.mark.parametrize(
    ("own", "trigger", "is_broken"),
    [
        ("1.19 s", "P95 latency > 1.2 s", False),
        ("1.2 s", "P95 latency > 1.2 s", True),
        ("1,200 ms", "P95 latency > 1.2 s", True),
        ("1.3 s", "model latency P95 > 1.2 s", True),
        ("1.3 s", "P99 latency > 1.2 s", True),
        ("1.3 s", "P90 latency > 1.2 s", False),
        ("1.3 s", "P95 time to first token > 1.2 s", False),
        ("1.3 s", "P95 latency worse than baseline by 10%", False),
        ("P50 400 ms, P95 900 ms", "P95 latency > 600 ms", True),
        ("P50 400 ms, P95 900 ms", "P95 latency > 1 s", False),
    ],
)
def test_a_limit_is_above_the_own_p95(own: str, trigger: str, is_broken: bool) -> None:  # noqa: FBT001 - a column
    """A limit of a P95 or P99 of the whole request or the attempt, that is at or below the P95 of section 3."""
    found = codes(f"* **Latency P95:** {own}\n{TRIGGER}{trigger}\n")
    assert found == ["limit_below_own_p95"] * is_broken


def test_at_its_own_p95_a_candidate_is_not_rolled_back_and_cannot_pass() -> None:
    """The sentence says which of both."""
    assert "could not pass" in sentences(f"* **Latency P95:** 1.2 s\n{TRIGGER}P95 latency > 1.2 s\n")[0]
    assert "rolled back" in sentences(f"* **Latency P95:** 1.3 s\n{TRIGGER}P95 latency > 1.2 s\n")[0]


TEN = [
    "error rate > 1%", "user error rate > 1%", "timeouts > 1%", "refusals > 3%", "retries > 5%", "fallbacks > 4%",
    "escalations > 40%", "human escalation > 5%", "schema validity < 98%", "tool success < 95%",
]  # fmt: skip


def test_ten_triggers_are_not_too_many() -> None:
    """Zero tolerance takes no part of the budget and does not count."""
    assert codes(f"{TRIGGER}{', '.join(TEN)}, or injection succeeded\n") == []


def test_eleven_triggers_are_too_many() -> None:
    """The eleventh that shares the budget."""
    assert codes(f"{TRIGGER}{', '.join(TEN)}, or P95 latency > 2 s\n") == ["many_triggers"]


def test_triggers_that_only_alert_are_not_counted() -> None:
    """They take no part of the budget, so they make no other trigger later."""
    block = "triggers:\n  - when: P95 latency > 2 s\n    enforcement: alert\n"
    assert codes_with_block(f"{TRIGGER}{', or '.join(TEN)}\n", block) == []


@pytest.mark.parametrize(
    "text",
    [
        "97.4%, see [the run](https://example.com/run)", "97.4% [the run][1]", "97.4% [the run][run]", "97.4%[^1]",
        "97.4%[^a-note]", "[x] 97.4%", "[ ] 97.4%", "97.4% [1]", "97.4% between [0.96, 0.98]", 'stop=["END"], 97.4%',
        "97.4% of fields[name]", "97.4%, as P95 < the rest", "97.4% of <total> tags",
    ],
)  # fmt: skip
def test_these_are_no_placeholders(text: str) -> None:
    """Links, footnotes, boxes, references, intervals, lists of values, indexes, comparisons, tags of a prompt."""
    assert codes(f"* **Golden-Set Accuracy:** {text}\n") == []


@pytest.mark.parametrize(
    "text", ["97.4% [e.g., on 1,200 invoices]", "97.4% TODO", "97.4% <your figure>", "97.4% on [set]", "97.4% (TBD)"]
)
def test_these_are_placeholders(text: str) -> None:
    """What a template leaves."""
    assert codes(f"* **Golden-Set Accuracy:** {text}\n") == ["placeholder"]


def test_an_example_of_the_template_is_no_figure() -> None:
    """A placeholder with a number in it is told, and the record has no figure by it."""
    record = record_with(Example("markdown", "* **Golden-Set Accuracy:** [e.g., 84.2%]\n"))
    compiled = compile_record(record.encode())
    assert [told.code for told in problems_of(compiled)] == ["placeholder"]
    assert compiled.figures.golden_set_accuracy is None


def test_a_placeholder_is_told_in_one_line() -> None:
    """The beginning of a long one is enough; what is no example may be meant to stay."""
    long = f"[e.g., {'a long story ' * 10}]"
    assert sentences(f"* **Golden-Set Accuracy:** 97.4% {long}\n") == [
        "[e.g., a long story a long story a long ...] is a placeholder: fill it in"
    ]
    assert "parentheses" in sentences("* **Golden-Set Accuracy:** 97.4% on [set]\n")[0]


@pytest.mark.parametrize(("model", "which"), [("qwen-3.5-72b", "candidate"), ("gpt-5.4", "baseline")])
def test_a_fallback_is_a_third_model(model: str, which: str) -> None:
    """It is for when the baseline fails too, so neither of the two is one."""
    record = record_with(Example("markdown", "* **Golden-Set Accuracy:** 97.4%\n"))
    record = record.replace("\nowner:", f"\nfallback: {model}\nowner:")
    told = problems_of(compile_record(record.encode()))
    assert [one.code for one in told] == ["invalid_value"]
    assert f"the fallback is the {which} itself" in told[0].message
    assert "when the baseline fails too" in told[0].message


@pytest.mark.parametrize(
    ("title", "other"),
    [("4. Rejected Alternatives and Rationale", "Considered Options"),
     ("4. Rejected Alternatives and Rationale", "4. Options Considered"),
     ("7. Lifecycle and Rollout Plan", "7. Rollout and Lifecycle")],
)  # fmt: skip
def test_titles_that_mean_the_same(title: str, other: str) -> None:
    """What other templates call a section."""
    record = record_with(Example("markdown", "* **Golden-Set Accuracy:** 97.4%\n"))
    assert problems_of(compile_record(record.replace(f"## {title}", f"## {other}").encode())) == []


def test_decision_drivers_are_a_section_of_their_own() -> None:
    """They may be a part of the context, or of the reasons: they stand for none of the seven, and for people."""
    assert codes("## Decision Drivers\n\n* The price of an invoice.\n") == []


@pytest.mark.parametrize("name", ["qwen-3.5-72b", "Qwen 3.5 72B", "`qwen-3.5-72b` (AWQ)", "vendor/qwen-3.5-72b-awq"])
def test_a_model_is_known_by_its_name_in_any_spelling(name: str) -> None:
    """Blanks, hyphens and case make no difference; a name may go on behind a hyphen."""
    assert codes(f"* **Model Identifier:** {name}\n") == []


@pytest.mark.parametrize("name", ["qwen-3.5", "qwen-3.5-72", "qwen-3.5-72b2", "qwen-3.5-72b.1", "the usual one"])
def test_a_model_is_not_known_by_a_part_of_its_name(name: str) -> None:
    """Nor by a name that begins as it does: gpt-5.4 is not gpt-5."""
    assert codes(f"* **Model Identifier:** {name}\n") == ["candidate_differs"]


@pytest.mark.parametrize(
    "text",
    ["We roll back when customers complain.", "It is rolled back by hand.", "A shadow of 5% comes first.",
     "Revert at once if it is slow."],
)  # fmt: skip
def test_a_plan_that_nobody_follows_is_told(text: str) -> None:
    """In section 7 without a label, and in a section that is none of the seven."""
    assert codes(f"## Further plans\n\n{text}\n") == ["unlabelled"]


@pytest.mark.parametrize(
    "text", ["The first try was rolled back in May.", "It had been rolled back.", "The canary of May took a week."]
)
def test_what_happened_may_be_told(text: str) -> None:
    """The past is acted on by nobody, and nobody expects it."""
    assert codes(f"## History\n\n{text}\n") == []


@pytest.mark.parametrize(
    "text",
    ["sticky sessions", "session affinity", "users stick to one arm", "each user stays on the same arm",
     "hashed by session", "assigned per user"],
)  # fmt: skip
def test_sessions_that_share_their_fate_are_told(text: str) -> None:
    """In whatever words a topology says it."""
    assert codes(f"* **Deployment Topology:** {text}\n") == ["sticky_sessions"]


@pytest.mark.parametrize(
    "text", ["no sticky sessions", "without session affinity", "sticky sessions are off", "answers stick to the schema"]
)
def test_sessions_that_do_not_stick_are_not_told(text: str) -> None:
    """What is said to be off, and the word in another sense."""
    assert codes(f"* **Deployment Topology:** {text}\n") == []


@pytest.mark.parametrize(
    ("margin", "only_stops"), [("", True), ("margin: 0%", True), ("margin: 5%", False), ("enforcement: alert", False)]
)
def test_equality_cannot_be_proven(margin: str, only_stops: bool) -> None:  # noqa: FBT001 - a column
    """A trigger beside the baseline without a margin of its own or in the block; one that only alerts may be so."""
    trigger = f"{TRIGGER}error rate worse than baseline, or any injection\n"
    found = codes_with_block(trigger, margin or "samples: 10")
    assert [code for code in found if code != "nothing_rolls_back"] == ["only_stops"] * only_stops


def test_a_margin_of_nothing_takes_the_own_one_away() -> None:
    """`margin: 0%` beside "worse by 20%": it may be rolled back from 20 % on, and must be proven to be no worse."""
    found = codes_with_block(f"{TRIGGER}error rate worse than baseline by 20%\n", "margin: 0%")
    assert found == ["only_stops"]


@pytest.mark.parametrize("setting", ["enforcement: alert", "enforcement: observe"])
def test_a_detected_injection_may_alert(setting: str) -> None:
    """Only a rollback that any user could cause is a problem."""
    block = f"triggers:\n  - when: injection detected\n    {setting}\n"
    assert codes_with_block(f"{TRIGGER}error rate > 1%, or any injection detected\n", block) == []


def test_a_label_that_is_almost_right_is_told_once() -> None:
    """Not a second time as a sentence that nobody follows."""
    assert codes("* **Rollback Triger:** roll back when refusals > 3%\n") == ["field"]


@pytest.mark.parametrize(
    "text",
    [
        "Only on weekdays.",
        "This does not apply to the pilot customers.",
        "Except for the first hour, all of this holds.",
    ],
)
def test_nothing_beside_the_plan_narrows_it(text: str) -> None:
    """An exception in prose is followed by nobody, and reads as if it were."""
    assert codes(f"* **Reconsideration Conditions:** A second language.\n\n{text}\n") == ["unlabelled"]


def test_reconsideration_rolls_nothing_back() -> None:
    """What would be reconsidered is for people; a trigger among it is one that nobody follows."""
    assert codes("* **Reconsideration Conditions:** Roll back if error rate > 5%\n") == ["unlabelled"]
    assert codes("* **Reconsideration Conditions:** The price of the baseline is halved\n") == []


@pytest.mark.parametrize(
    ("triggers", "is_told"),
    [
        ("any injection", False),
        ("error rate > 1%, or tokenizer compression drifts by more than 10%", False),
        ("tokenizer compression drifts by more than 10%", True),
    ],
)
def test_something_rolls_back_before_promotion(triggers: str, is_told: bool) -> None:  # noqa: FBT001 - a column
    """Zero tolerance does; drift alone does not, for its reference is there once the candidate is promoted."""
    assert codes(f"{TRIGGER}{triggers}\n") == ["nothing_rolls_back"] * is_told


@pytest.mark.parametrize("text", ["[RFC 118]", "[Smith 2024]", "[TOC]", "[DEVEX-311]"])
def test_names_in_brackets_are_no_placeholders(text: str) -> None:
    """References and marks of other programs stand in brackets too."""
    assert codes(f"* **Reconsideration Conditions:** A second language, {text}.\n") == []


def test_a_part_of_a_section_may_have_a_part_of_its_title() -> None:
    """A heading "Problem Statement" inside of section 1 is no second section 1."""
    whole = "## 1. Context and Problem Statement\n\n### Context\n\nInvoices.\n\n### Problem Statement\n\nCosts.\n"
    assert codes(whole) == []
