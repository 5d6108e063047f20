"""Every lint, in the order in which they are done: a tuple to read, nothing registers itself."""

from collections.abc import Callable, Iterator

from alerts.records.compiling import Compiled
from alerts.records.lints import arguments, form, plan, unread
from alerts.records.problem import Problem

LINTS: tuple[Callable[[Compiled], Iterator[Problem]], ...] = (
    form.placeholders,
    form.missing_sections,
    unread.unlabelled,
    form.candidate_differs,
    arguments.evidence,
    arguments.alternatives,
    arguments.failures,
    arguments.costs,
    plan.untested,
    plan.injections,
    plan.shadow,
    plan.latency,
    plan.rollback,
    plan.budget,
    plan.advance,
    plan.sticky,
)


def problems_of(compiled: Compiled) -> list[Problem]:
    """What could not be understood and what the lints find, by line; each once."""
    if not compiled.text:
        return list(compiled.problems)
    found = [*compiled.problems, *(told for lint in LINTS for told in lint(compiled))]
    return sorted(dict.fromkeys(found), key=lambda told: (told.line, told.column, told.severity, told.code))
