"""Cascade economics: what a cascade costs and achieves, and when sending all to the premium route would be better.

With P the share of requests that escalate, C_L the mean cost of the first answer attempt and C_H what an escalated
request costs beyond it, E[C] = C_L + P * C_H. C_H and the qualities are *conditional*: means over the requests that did
escalate, which are not like the others (a plain mean of the strong model's cost is up to 9 % off on real data).
Unit: US dollars and shares. Basis: requests. Source: design §5.
"""

from collections.abc import Collection, Hashable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.errors import ContradictorySums
from analytics.frames import BUCKET, REQUEST_KEYS
from analytics.halving import contradictory
from analytics.intervals import Numbers, divided, numbers, wilson

NANO = 1e-9
GROUPS = ("task_class", "protocol")
# What it takes of requests.
READS = (
    "requests",
    "known",
    "succeeded",
    "priced_known",
    "priced_known_cost_nanousd",
    "priced_unknown",
    "priced_unknown_cost_nanousd",
    "priced_first_cost_nanousd",
    "escalated_known",
    "escalated_succeeded",
    "escalated_priced",
    "escalated_priced_cost_nanousd",
    "escalated_first_cost_nanousd",
    "escalation_cost_nanousd",
)
# Which columns are US dollars.
MONEY = (
    "first_cost",
    "escalated_extra_cost",
    "kept_extra_cost",
    "expected_cost",
    "observed_cost",
    "unexplained_cost",
    "premium_cost",
    "saving",
)
# Premium-direct traffic is compared where these are the same; it is on another route, by another model.
SAME = (BUCKET, "environment", "risk", "task_class")
OBSERVED = "premium-direct traffic"
ESTIMATED = "escalated requests"
NONE = "nothing"
_PREMIUM = ("premium_requests", "premium_cost", "premium_quality", "saving", "quality_gain", "break_even")


def cascade_economics(requests: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """One row for each combination of `by`, task class and protocol, in their order.

    `requests` has the columns of `by`, `task_class`, `protocol`, `route_kind`, and the sums of READS, of user-facing
    traffic; more rows than groups are summed. Costs are in US dollars, over the requests whose cost is
    known in full (`priced`); qualities are successes / known outcomes. NaN is "no data". The columns of the result:

    - `requests`, `priced`, `known`: how many there are, with a full cost, with an outcome
    - `escalation_rate` (P, of `priced`), `first_cost` (C_L), `escalated_extra_cost` (C_H), `kept_extra_cost`: what the
      others cost beyond the first attempt (routing, judges, retries)
    - `expected_cost`: C_L + P * C_H; `observed_cost`: the mean cost; `unexplained_cost`: the second less the first,
      which is (1 - P) * `kept_extra_cost`
    - `quality`, `quality_kept` (not escalated), `quality_escalated`, of all with a known outcome: `known_kept` and
      `known_escalated` are how many these are. Requests without a full cost are among them, so `escalation_rate` can
      be 0 beside a `quality_escalated`
    - `premium_cost`, `premium_quality`: of direct requests on premium routes, of the same task class (and bucket,
      environment and risk, where grouped by them); `premium_from` says whether they were observed, or estimated from
      what escalations alone cost and achieve, or neither; `premium_requests`: how many with a full cost
    - `saving`: `premium_cost` less `observed_cost`; `quality_gain`: `quality` less `premium_quality`
    - `break_even`: the escalation rate at which the cascade costs as much as premium-direct. Under 0 it never pays,
      over 1 it always does; NaN where an escalation costs nothing beyond what the others do
    - `escalation_rate_low`, `…_high` and the same of the three qualities: 95 % intervals (Wilson)
    - `note`: what the reader must know about the premium figures; of a group whose sums contradict each other, which
      has no figures, what is wrong

    Raises ValueError for a column that requests are not kept apart by, KeyError for one that is missing.
    """
    if unknown := sorted(set(by) - REQUEST_KEYS):
        raise ValueError(f"requests are not kept apart by {', '.join(unknown)}")
    groups = [*(name for name in by if name not in GROUPS), *GROUPS]
    try:
        return _economics(requests, groups)
    except ContradictorySums:
        return _without_the_wrong(requests, groups)


def _without_the_wrong(requests: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    """The groups whose sums can be, and a row without figures, with a note, for each of the others."""
    keys = list(requests[list(groups)].itertuples(index=False, name=None))

    def compute(some: Collection[tuple[Hashable, ...]]) -> pd.DataFrame:
        return _economics(requests[np.array([key in some for key in keys], dtype=bool)], groups)

    wrong = contradictory(list(dict.fromkeys(keys)), compute)
    good = compute(set(keys) - wrong.keys())
    is_wrong = np.array([key in wrong for key in keys], dtype=bool)
    if (is_wrong & _is_premium(requests)).any():
        # With what is left of the premium traffic, or none of it, the cascade would be held against something else.
        good[[*_PREMIUM]] = np.nan
        good["premium_from"], good["note"] = NONE, "premium-direct traffic has contradictory sums: not compared"
    notes = [dict(zip(groups, group, strict=True)) | {"note": note} for group, note in wrong.items()]
    return pd.DataFrame([*good.to_dict("records"), *notes], columns=good.columns)


def _economics(requests: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    """The table, by columns among which GROUPS are."""
    summed = _summed(requests, groups)
    table = pd.concat([summed[groups], _costs(summed), _qualities(summed)], axis=1)
    return _with_break_even(_with_premium(table, summed, requests, [key for key in SAME if key in groups]))


def _summed(requests: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The sums as numbers, one row for each group."""
    sums = pd.DataFrame({name: numbers(requests[name]) for name in READS}, index=requests.index)
    return pd.concat([requests[list(keys)], sums], axis=1).groupby(list(keys), as_index=False).sum()


def _priced_cost(sums: pd.DataFrame) -> tuple[Numbers, Numbers]:
    """How many requests have a full cost, and that cost in nano-dollars."""
    count = numbers(sums["priced_known"]) + numbers(sums["priced_unknown"])
    return count, numbers(sums["priced_known_cost_nanousd"]) + numbers(sums["priced_unknown_cost_nanousd"])


def _costs(sums: pd.DataFrame) -> pd.DataFrame:
    priced, cost = _priced_cost(sums)
    escalated, first = numbers(sums["escalated_priced"]), numbers(sums["priced_first_cost_nanousd"])
    extra = numbers(sums["escalated_priced_cost_nanousd"]) - numbers(sums["escalated_first_cost_nanousd"])
    rate, first_cost = divided(escalated, priced), divided(first, priced) * NANO
    # Nobody escalated: nothing is known of what it would cost, and the cost without it is known all the same.
    paid = np.where(escalated > 0, divided(extra, priced) * NANO, first_cost * 0)
    expected, observed = first_cost + paid, divided(cost, priced) * NANO
    low, high = wilson(sums["escalated_priced"], pd.Series(priced, index=sums.index, name="priced"))
    return pd.DataFrame(
        {
            "requests": sums["requests"],
            "priced": priced,
            "known": sums["known"],
            "escalation_rate": rate,
            "first_cost": first_cost,
            "escalated_extra_cost": divided(extra, escalated) * NANO,
            "kept_extra_cost": divided(cost - first - extra, priced - escalated) * NANO,
            "expected_cost": expected,
            "observed_cost": observed,
            "unexplained_cost": observed - expected,
            "escalation_rate_low": low,
            "escalation_rate_high": high,
        },
        index=sums.index,
    )


def _qualities(sums: pd.DataFrame) -> pd.DataFrame:
    """Successes / known outcomes: of all, of those that were not escalated, of those that were."""
    parts = {
        "quality": (sums["succeeded"], sums["known"]),
        "quality_kept": (sums["succeeded"] - sums["escalated_succeeded"], sums["known"] - sums["escalated_known"]),
        "quality_escalated": (sums["escalated_succeeded"], sums["escalated_known"]),
    }
    columns: dict[str, object] = {
        "known_kept": numbers(sums["known"] - sums["escalated_known"]),
        "known_escalated": sums["escalated_known"],
    }
    for name, (good, known) in parts.items():
        columns[name] = divided(numbers(good), numbers(known))
        columns[f"{name}_low"], columns[f"{name}_high"] = wilson(good, known)
    return pd.DataFrame(columns, index=sums.index)


def _is_premium(requests: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which rows are of requests that go to a premium route at once."""
    return ((requests["route_kind"] == "premium") & (requests["protocol"] == "direct")).to_numpy(dtype=bool)


def _with_premium(
    table: pd.DataFrame, summed: pd.DataFrame, requests: pd.DataFrame, same: Sequence[str]
) -> pd.DataFrame:
    """What premium-direct costs and achieves: observed where there is such traffic, else from the escalations."""
    premium = _summed(requests[_is_premium(requests)], same)
    count, cost = _priced_cost(premium)
    observed = pd.DataFrame(
        {
            "premium_requests": count,
            "premium_cost": divided(cost, count) * NANO,
            "premium_quality": divided(numbers(premium["succeeded"]), numbers(premium["known"])),
        },
        index=premium.index,
    )
    observed = pd.concat([premium[list(same)], observed], axis=1)
    found = table[list(same)].merge(observed, on=list(same), how="left").set_axis(table.index)
    is_observed = (found["premium_requests"].fillna(0) > 0).to_numpy()
    estimated = divided(numbers(summed["escalation_cost_nanousd"]), numbers(summed["escalated_priced"])) * NANO
    is_estimated = ~is_observed & ~np.isnan(estimated)
    table["premium_requests"] = found["premium_requests"].fillna(0)
    table["premium_cost"] = np.where(is_observed, found["premium_cost"], estimated)
    quality = np.where(is_estimated, table["quality_escalated"], np.nan)
    table["premium_quality"] = np.where(is_observed, found["premium_quality"], quality)
    table["premium_from"] = np.select([is_observed, is_estimated], [OBSERVED, ESTIMATED], NONE)
    notes = {
        OBSERVED: "",
        ESTIMATED: "no premium-direct traffic: estimated from the escalations, whose requests are the harder ones",
        NONE: "no premium-direct traffic",
    }
    table["note"] = table["premium_from"].map(notes)
    return table


def _with_break_even(table: pd.DataFrame) -> pd.DataFrame:
    """C_L + P*C_H + (1-P)*kept = premium, solved for P."""
    kept = table["kept_extra_cost"].fillna(0)
    per_escalation = table["escalated_extra_cost"] - kept
    room = table["premium_cost"] - table["first_cost"] - kept
    table["break_even"] = (room / per_escalation).where(per_escalation > 0)
    table["saving"] = table["premium_cost"] - table["observed_cost"]
    table["quality_gain"] = table["quality"] - table["premium_quality"]
    return table
