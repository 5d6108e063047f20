"""Whole records for tests: front matter, a plan, and what stands around it."""

from alerts.records.compiling import Compiled, compile_record

HEAD = "---\nid: inv\nroute: invoices\ncandidate: new\nbaseline: old\nowner: ml\n---\n# Record\n\n"
TITLE = "## 7. Lifecycle and Rollout Plan\n\n"
ROLLOUT = "* **Rollout Strategy:** canary 5% for 1 day\n"
# Behind it come the triggers.
PLAN = f"{HEAD}{TITLE}{ROLLOUT}* **Rollback Trigger:** "


def names(compiled: Compiled) -> list[str]:
    """The names of the triggers, whether or not there is a record."""
    return [one.trigger.name for one in compiled.triggers]


def codes(compiled: Compiled) -> list[str]:
    """Of all problems that stop it from being a record."""
    return [told.code for told in compiled.problems]


def compiled(text: str | bytes) -> Compiled:
    """What is understood of a file."""
    return compile_record(text.encode() if isinstance(text, str) else text)
