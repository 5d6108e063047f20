"""A record as an architect writes it, with the template's own sentences; a test changes what it is about."""

WHOLE = """\
---
id: invoices-2026-11
route: invoices
candidate: qwen-3.5-72b
baseline: gpt-5.4
owner: ml-platform
---
# Model Decision Record: extraction of invoices

## 1. Context and Problem Statement
Invoices of suppliers become JSON for the ledger.

## 2. Selected Model and Configuration
* **Model Identifier:** qwen-3.5-72b
* **Deployment Topology:** vLLM, two replicas
* **Core Parameters:** temperature 0

## 3. Evaluation Evidence
* **Golden-Set Accuracy:** 97.4% on 1,200 invoices
* **Structured-Output Validity:** 99.6%
* **Latency P95:** 850 ms
* **Benchmark References:** none

## 4. Rejected Alternatives and Rationale
* Keeping gpt-5.4: four times the cost.

## 5. Failure Tolerance and Risk Mitigation
* **Anticipated Failure:** malformed JSON
* **Mitigation:** one retry, then fail closed

## 6. Execution Economics
* **Prefill Cost per million queries:** $310
* **Generation Cost per million queries:** $240
* **Total Cost per Successful Outcome:** $0.00062

## 7. Lifecycle and Rollout Plan
* **Rollout Strategy:** Shadow route 1% of live traffic for 72 hours, scaling to 10% canary.
* **Rollback Trigger:** Error rate > 0.5%, P95 latency > 1.2s, or security injection detection.
* **Reconsideration Conditions:** a price of the baseline that is halved
"""


def written(**changes: str) -> str:
    """The record with each of these labels' texts (`rollback_trigger="…"`) or front matter keys in place of its own."""
    lines = WHOLE.split("\n")
    for name, text in changes.items():
        label = f"* **{name.replace('_', ' ').title()}:**"
        at = next(number for number, line in enumerate(lines) if line.startswith((label, f"{name}:")))
        lines[at] = f"{label} {text}" if lines[at].startswith("*") else f"{name}: {text}"
    return "\n".join(lines)


def with_block(block: str, record: str = WHOLE) -> str:
    """The record with a block behind it."""
    return f"{record}\n```yaml pointsman\n{block}\n```\n"
