"""A record to fill in: every section, label and key, with what belongs there."""

# Filled in by what each placeholder gives as an example, it lints clean: a test does that.
TEMPLATE = """\
---
# Whom the record is about. Names are those of the router: they must match its traces.
id: [e.g., invoices-2026-11]
route: [e.g., invoices]
candidate: [e.g., qwen-3.5-72b]
baseline: [e.g., gpt-5.4]
owner: [e.g., ml-platform]
# fallback: a model for when the baseline fails too
# environment: prod
---

# Model Decision Record: [e.g., extraction of invoices]

<!-- Replace everything in brackets. Comments like this one are read by nobody and may go. -->

## 1. Context and Problem Statement

[e.g., Invoices of suppliers become JSON for the ledger. The baseline does it well and costs four times as much.]

## 2. Selected Model and Configuration

* **Model Identifier:** [e.g., qwen-3.5-72b]
* **Deployment Topology:** [e.g., vLLM, two replicas in eu-central]
* **Core Parameters:** [e.g., temperature 0, at most 1,024 tokens, native JSON schema]

## 3. Evaluation Evidence

<!-- Figures of your own task: public leaderboards alone are somebody else's. -->
* **Golden-Set Accuracy:** [e.g., 97.4%] on [e.g., 1,200 invoices]
* **Structured-Output Validity:** [e.g., 99.6%]
* **Latency P95:** [e.g., 850 ms]
* **Benchmark References:** [e.g., internal run of October]

## 4. Rejected Alternatives and Rationale

* [e.g., Keeping gpt-5.4: four times the cost for the same accuracy.]
* [e.g., llama-4-8b: 91% accuracy, below what the ledger takes.]

## 5. Failure Tolerance and Risk Mitigation

<!-- In pairs. Does it fail open (the user gets what there is) or closed (the user gets an error)? -->
* **Anticipated Failure:** [e.g., malformed JSON]
* **Mitigation:** [e.g., one retry with the baseline, then fail closed: a clerk enters the invoice]

## 6. Execution Economics

* **Prefill Cost per million queries:** [e.g., $310]
* **Generation Cost per million queries:** [e.g., $240]
* **Total Cost per Successful Outcome:** [e.g., $0.00062]

## 7. Lifecycle and Rollout Plan

<!-- This section is compiled: `pointsman mdr lint` prints back what was understood. -->
* **Rollout Strategy:** [e.g., Shadow 5% for 72 hours, then canary 10% for 3 days, then 50% for 3 days]
* **Rollback Trigger:** [e.g., Error rate > 2%, P95 latency > 1.2s, or security injection detection]
* **Reconsideration Conditions:** [e.g., a price of the baseline that is halved, or invoices in a further language]

```yaml pointsman
# What prose cannot say. Every key may go: these are the defaults, but for the last ones.
enforcement: auto            # auto rolls back, approve asks a person, alert tells, observe only measures
no_data: hold                # hold, alert, or rollback where nothing is known
cooldown: 10 min             # so long a rollout rests after a change before it may advance
verify_within: 2 min         # so long a rollback may take until it is seen in traces
incidents: count             # clip: a short burst of bad requests does not decide
false_rollback_budget: 1%    # how often a healthy candidate may be rolled back, in the whole rollout
holdback: 1%                 # so much stays on the baseline once the candidate is promoted
at_deadline: ask             # ask, hold, or rollback at the end of a stage that could not decide
deadline: 14 days
# samples: 2,000             # requests of the candidate that each stage must have
# tau: {min: 0.5, max: 0.8}  # bounds of the router's own threshold
triggers:                    # settings of single triggers, or further triggers
  - when: injection succeeded
    confirmation: 2          # so many requests must show it
  - when: cost per success worse than baseline by 20%
    enforcement: alert
    costs: capped            # capped at the 99th percentile of the baseline, or raw
  - when: tokenizer compression drifts by more than 10%
    enforcement: alert
    drift: notice            # notice a drift of about that size, or certify that it is larger
```
"""
