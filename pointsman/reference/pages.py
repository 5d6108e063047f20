"""Which pages are made from the code, and how they are written."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pointsman.reference import commands_page, contract_page, measures_page, metrics_page, roles_page, settings_page
from pointsman.reference.schemas import block_schema_file, schema_file
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.outcome import Outcome
from pointsman_contract.policy import Policy
from pointsman_contract.trace import Trace


class Page(NamedTuple):
    """A file below the repository's root, and what makes its text."""

    path: str
    text: Callable[[], str]


PAGES: tuple[Page, ...] = (
    Page("docs/contract.md", contract_page.render),
    Page("docs/settings.md", settings_page.render),
    Page("docs/commands.md", commands_page.render),
    Page("docs/metrics.md", metrics_page.render),
    Page("docs/measures.md", measures_page.render),
    Page("docs/roles.md", roles_page.render),
    Page("docs/schemas/trace.schema.json", partial(schema_file, Trace)),
    Page("docs/schemas/outcome.schema.json", partial(schema_file, Outcome)),
    Page("docs/schemas/heartbeat.schema.json", partial(schema_file, Heartbeat)),
    Page("docs/schemas/policy.schema.json", partial(schema_file, Policy)),
    Page("docs/schemas/record-block.schema.json", block_schema_file),
)


def write_reference(root: Path) -> list[Path]:
    """Write every page below the repository's root; returns the files."""
    files = []
    for page in PAGES:
        file = root / page.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page.text(), encoding="utf-8", newline="\n")
        files.append(file)
    return files
