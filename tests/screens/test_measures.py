"""Tables of measures fit their reader: a pipe gets whole lines, a terminal what it has room for."""

import pytest

from pointsman.screens.measures import print_groups, print_one_group
from tests.figures import figures


def test_notes_stand_below(capsys: pytest.CaptureFixture[str]) -> None:
    """A note is a sentence and no column; in a pipe every sentence is one line, however long."""
    cost = figures("cost_per_success", 0.02, coverage=0.85, bound_low=0.019, bound_high=0.03, note="some note")
    none = [
        figures(name) for name in ("ttft", "user_ttft", "inter_token_latency", "citation_grounding", "tool_success")
    ]
    print_one_group([cost, *none])
    lines = capsys.readouterr().out.splitlines()
    assert "cost_per_success: between $0.0190 and $0.0300 once every outcome is known; some note" in lines
    assert "no data: ttft, user_ttft, inter_token_latency, citation_grounding, tool_success" in lines


@pytest.mark.parametrize(
    ("measure", "value", "shown"),
    [
        ("tokenizer_compression", 4.0, "4.00 chars/token 3.90 to 4.10 100"),
        ("duration", 4.0, "4.00 s 3.90 to 4.10 s 100"),
    ],
)
def test_a_word_as_a_unit_stands_once(
    capsys: pytest.CaptureFixture[str], measure: str, value: float, shown: str
) -> None:
    """The interval leaves it to the value."""
    print_one_group([figures(measure, value, low=3.9, high=4.1)])
    assert shown in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("width", "has_errors"), [(80, False), (200, True)])
def test_columns_leave_room_for_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int, *, has_errors: bool
) -> None:
    """On a terminal names are whole, and the measures that matter less give way; coverage stands beside success."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    names = ("synthetic-extract", "synthetic-small-next")
    values = {
        "eventual_success_rate": 0.9,
        "cost_per_success": 0.02,
        "escalation_rate": 0.1,
        "attempt_error_rate": 0.01,
    }
    print_groups([figures(name, value, group=names) for name, value in values.items()], ["route", "model"])
    out = capsys.readouterr().out
    assert all(name in out for name in names)
    assert "90.0 %  100 %" in out
    assert ("errors" in out) is has_errors
