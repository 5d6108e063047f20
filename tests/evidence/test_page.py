"""What docs/evidence.md shows is what happens."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("code", CODE, ids=range(len(CODE)))
def test_code_runs(code: str) -> None:
    """Each block alone, as somebody would copy it."""
    exec(compile(code, "docs/evidence.md", "exec"), {})  # noqa: S102 - a page of ours


def test_every_kind_of_evidence_has_a_line_of_code() -> None:
    """A name alone does not say what its looks are."""
    import analytics.evidence

    shown = "".join(CODE)
    for name in analytics.evidence.__all__:
        if name not in {"AllOf", "AnyOf", "Estimate", "restored", "rate_interval"}:
            assert re.search(rf"\b{name}\b", shown), name
