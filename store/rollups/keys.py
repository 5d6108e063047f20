"""By what rollups are kept apart. Source: design §4; `probe` beside it, since test traffic is outside of the requests.

A column of names that anybody can make up takes 1,000 values a day; what comes later is `other` (an epoch: -1). What
was not given ('', epoch 0) needs no place. The values that a day took are stored: a rebuild gives the same rows.
"""

from typing import NamedTuple

VALUES_A_DAY = 1000
# Of each family; folded ones beside them: their columns of made-up names are all `other`.
KEYS_A_DAY = 20_000
OTHER = "other"
OTHER_EPOCH = -1


class Key(NamedTuple):
    """One column of a key; `capped` where its values are not from a closed set."""

    name: str
    capped: bool = False


# Pairs of environment and route are admitted before their traces are stored (`store/routes.py`).
REQUEST_KEY: tuple[Key, ...] = (
    Key("environment"),
    Key("route"),
    Key("route_kind"),
    Key("arm"),
    Key("record_revision", capped=True),
    Key("policy_epoch", capped=True),
    Key("protocol"),
    Key("task_class", capped=True),
    Key("risk"),
    # The final model: of the last answer attempt; '' where there is none, as for a cache hit.
    Key("model", capped=True),
    Key("probe"),
)
ATTEMPT_KEY: tuple[Key, ...] = (
    Key("environment"),
    Key("route"),
    Key("arm"),
    Key("role"),
    Key("model", capped=True),
    Key("provider", capped=True),
    Key("effort", capped=True),
    Key("enforcement"),
    Key("call_mode"),
    Key("language", capped=True),
    Key("task_class", capped=True),
    # Input tokens: 4k (up to 4,096), 32k, 128k, over.
    Key("context"),
    Key("probe"),
)
TENANT_KEY: tuple[Key, ...] = (
    Key("environment"),
    Key("tenant", capped=True),
    Key("route"),
    Key("model", capped=True),
    Key("provider", capped=True),
    # request, input, cache, output, tools.
    Key("token_type"),
)
# A shadow request beside the request that it shadows. Models are those of the first answer attempts, which had the same
# prompt; `baseline_model` is '' until the other request is there.
SHADOW_KEY: tuple[Key, ...] = (
    Key("environment"),
    Key("route"),
    Key("policy_epoch", capped=True),
    Key("task_class", capped=True),
    Key("language", capped=True),
    Key("call_mode"),
    Key("effort", capped=True),
    Key("model", capped=True),
    Key("baseline_model", capped=True),
)
ANSWER_ROLES = ("primary", "retry", "escalation", "fallback")
# `mix` rows: which set a value is from.
REQUEST_MIXES = ("failure_mode", "recovery")
ATTEMPT_MIXES = ("attempt_failure_mode",)
# `latency` rows: what was timed. The first two belong to a request's key, the others to an attempt's.
REQUEST_TIMES = ("duration", "ttft")
ATTEMPT_TIMES = ("attempt_duration", "attempt_ttft", "inter_token")
