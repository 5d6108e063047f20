"""What a fault came to, as a line in the test's report: shown by pytest with -rP."""

from tests.audit import Audited

_MB = 1_000_000


def tell(fault: str, figures: Audited, **more: object) -> None:
    """Print the audit's figures, and what else was measured."""
    shown = {
        "messages": figures.messages,
        "traces": figures.traces,
        "outcomes": figures.outcomes,
        "heartbeats": figures.heartbeats,
        "dead_letters": figures.dead_letters,
        "duplicates": figures.duplicates,
        "gaps": figures.gaps,
        "batches": figures.batches,
        **more,
    }
    print(f"audit {fault}: " + " ".join(f"{name}={value}" for name, value in shown.items()))  # noqa: T201 - the report


def megabytes(count: int) -> str:
    """Bytes in MB, with one decimal."""
    return f"{count / _MB:.1f}MB"
