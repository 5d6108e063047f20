"""Records on a terminal: what was understood, and what is wrong."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts.records.compiling import Compiled
from alerts.records.differences import Difference
from alerts.records.lints.traffic import Testable, Traffic
from alerts.records.problem import Problem
from alerts.records.wording import (
    Understood,
    figures_words,
    identity,
    not_compiled,
    settings_words,
    stage_words,
    trigger_words,
)
from pointsman.terminal import harmless, is_narrow, print_table, print_words
from pointsman.wording import counted, lasting
from pointsman_contract.record import CompiledRecord
from pointsman_contract.stage import Stage
from pointsman_contract.trigger import Trigger

if TYPE_CHECKING:
    from store.record_revisions import ListedRecord, RevisionSummary


def print_understood(compiled: Compiled) -> None:
    """Everything that was understood; of a record that is none, what there is."""
    if compiled.record is not None:
        print_record_words(compiled.record)
    else:
        print_words("no whole record: what was understood of it is")
        _print_parts([one.trigger for one in compiled.triggers], [one.stage for one in compiled.stages])
    prose = not_compiled(compiled)
    if prose:
        print_words("\nprose of section 7, which nothing acts on")
        print_table(_table((f"line {line}", harmless(text)) for line, text in prose))


def print_record_words(record: CompiledRecord) -> None:
    """Whom it is about, its triggers, stages, settings and figures."""
    print_words(harmless(identity(record)))
    _print_parts(record.triggers, record.stages)
    print_words("\nsettings")
    print_table(_words(settings_words(record)))
    figures = list(figures_words(record))
    if figures:
        print_words("\nthe record's own figures")
        print_table(_words(figures))


def _print_parts(triggers: Sequence[Trigger], stages: Sequence[Stage]) -> None:
    print_words("\nrollback, where any of these is met")
    print_table(_words(map(trigger_words, triggers)) if triggers else _table([("none", "")]))
    print_words("\nrollout")
    print_table(_words(map(stage_words, stages)) if stages else _table([("none", "")]))


def _words(understood: Iterable[Understood]) -> Table:
    return _table((harmless(one.subject), harmless(one.meaning)) for one in understood)


def _table(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table("", "", box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 2))
    for row in rows:
        table.add_row(*row)
    return table


def print_power(tested: Sequence[Testable], not_estimated: Sequence[str], traffic: Traffic) -> None:
    """For each trigger on one limit, how many requests deciding takes, and how long in these stages."""
    print_words(
        f"\nhow long it takes at {traffic.told}: half of the candidates at twice the limit FAIL by then, through all"
        " canary stages; half of those at half of it PASS, in the stage where that takes longest"
    )
    table = Table("trigger", "to FAIL", "", "to PASS", "", box=None, pad_edge=False, padding=(0, 2, 0, 2))
    for column in table.columns[1:]:
        column.justify = "right"
    for one in tested:
        slowest = max((seconds for seconds in one.passes_after_s if seconds is not None), default=None)
        fail, passed = one.power
        table.add_row(one.sentence, *_after(fail, one.fails_after_s), *_after(passed, slowest))
    if tested:
        print_table(table)
    if not_estimated:
        print_words(f"not estimated: {harmless('; '.join(not_estimated))}")


def _after(requests: int | None, seconds: float | None) -> tuple[str, str]:
    return ("very long", "") if requests is None else (f"{requests:,}", "" if seconds is None else lasting(seconds))


def problem_line(name: str, told: Problem) -> str:
    """As compilers write it, so that editors find the place."""
    return harmless(f"{name}:{told.line}:{told.column}: {told.severity}: {told.message} [{told.code}]")


def print_problems(name: str, problems: Sequence[Problem]) -> None:
    """A line for each, with its severity in a colour on a terminal that has some."""
    console = Console(highlight=False)
    for told in problems:
        line = Text(problem_line(name, told))
        line.highlight_words([f": {told.severity}: "], style="bold red" if told.severity == "error" else "yellow")
        console.print(line, soft_wrap=not console.is_terminal)


def summary(problems: Sequence[Problem]) -> str:
    """`1 error, 2 warnings`, or `clean`."""
    errors = sum(told.severity == "error" for told in problems)
    warnings = len(problems) - errors
    parts = [counted(number, noun) for number, noun in ((errors, "error"), (warnings, "warning")) if number]
    return ", ".join(parts) or "clean"


def revision_line(one: "RevisionSummary") -> str:
    """Which revision it is, and since when."""
    now = "the current one" if one.is_current else "not the current one"
    again = ""
    if one.last_applied_at != one.applied_at:
        again = f", again {one.last_applied_at:%Y-%m-%d %H:%M} by {one.last_applied_by}"
    first = f"applied {one.applied_at:%Y-%m-%d %H:%M} UTC by {one.applied_by}"
    return harmless(f"revision {one.number} ({one.short}), {now}; {first}{again}")


def print_records(listed: "Sequence[ListedRecord]") -> None:
    """A line for each record. Ids are never cut: two of them may differ in their last letter."""
    narrow = is_narrow()
    names = ("record", "on", "candidate", "revision", *(() if narrow else ("of",)), "rollout")
    table = Table(*names, *(() if narrow else ("applied (UTC)", "by")), box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
        column.justify = "right" if column.header in ("revision", "of") else "left"
    for one in listed:
        current = one.current
        rollout = "-" if one.rollout is None else f"{one.rollout.state} (revision {one.rollout.number})"
        applied = (f"{current.last_applied_at:%Y-%m-%d %H:%M}", harmless(current.last_applied_by))
        table.add_row(
            harmless(current.record_id),
            harmless(f"{current.environment}/{current.route}"),
            harmless(current.candidate),
            str(current.number),
            *(() if narrow else (str(one.revisions),)),
            rollout,
            *(() if narrow else applied),
        )
    print_table(table)


def print_revisions(revisions: "Sequence[RevisionSummary]") -> None:
    """A line for each revision of a record: when it first came, and when it last became the current one."""
    table = Table("revision", "hash", "", "on", "candidate", "first applied (UTC)", "by", box=None, pad_edge=False)
    table.columns[0].justify = "right"
    again = any(one.last_applied_at != one.applied_at for one in revisions)
    for name in ("last applied", "by") if again else ():
        table.add_column(name)
    for column in table.columns:
        column.overflow = "fold"
    for one in revisions:
        last = (f"{one.last_applied_at:%Y-%m-%d %H:%M}", harmless(one.last_applied_by)) if again else ()
        table.add_row(
            str(one.number),
            one.short,
            "current" if one.is_current else "",
            harmless(f"{one.environment}/{one.route}"),
            harmless(one.candidate),
            f"{one.applied_at:%Y-%m-%d %H:%M}",
            harmless(one.applied_by),
            *last,
        )
    print_table(table)


_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


def print_differences(changed: Sequence[Difference]) -> None:
    """A line for each, or that there is none: what it was and is, and what follows for the evidence."""
    if not changed:
        print_words("they mean the same")
        return
    console = Console(highlight=False)
    for one in changed:
        sign, colour = _SIGNS[one.change]
        values = " -> ".join(text for text in (one.before, one.after) if text)
        follows = f" ({one.follows})" if one.follows else ""
        line = Text.assemble((sign, colour), harmless(f" {one.what}: {values}{follows}"))
        console.print(line, soft_wrap=not console.is_terminal)


def difference_json(one: Difference) -> dict[str, str]:
    """As JSON has it."""
    return one._asdict()
