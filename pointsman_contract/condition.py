"""A condition of a trigger: one measure beyond one threshold. Source: design §6, statistics §1 to §4."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from pointsman_contract.fields import Name, Number, Text
from pointsman_contract.measures import MEASURES, QUANTILES
from pointsman_contract.message import Part
from pointsman_contract.writable import LARGEST_MARGIN, SMALLEST, Writable

Op = Literal[">", "<", ">=", "<=", "any"]
Against = Literal["limit", "baseline", "reference"]


def _known(name: str) -> str:
    if name not in MEASURES:
        msg = "is no measure"
        raise ValueError(msg)
    return name


class Condition(Part):
    """One measure beyond one threshold.

    `against` says what the threshold is: a *limit* in the measure's unit; a margin over the *baseline* (0.2: by more
    than 20 %, on shares of bad requests; source: statistics §2), or a tolerated drift from the measure's own
    *reference* (0.1: by more than 10 %). `any` has no threshold: the first request that shows it meets the condition.
    """

    measure: Annotated[Name, AfterValidator(_known)]
    quantile: Number | None = None
    op: Op
    threshold: Writable | None = None
    unit: Text
    """Of the threshold; "1" is a share."""
    against: Against = "limit"
    text: Text
    """What the architect wrote."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.op == "any") != (self.threshold is None):
            msg = "every op but `any` has a threshold"
            raise ValueError(msg)
        if self.quantile is not None and not (MEASURES[self.measure].has_quantiles and self.quantile in QUANTILES):
            msg = "the measure has no such quantile"
            raise ValueError(msg)
        if (wrong := self._wrong()) is not None:
            raise ValueError(wrong)
        return self

    def _wrong(self) -> str | None:
        """What no sentence says."""
        measure = MEASURES[self.measure]
        if self.unit != (measure.unit if self.against == "limit" and self.op != "any" else "1"):
            return "the unit is not that of the threshold"
        if self.threshold is None:
            is_event = measure.unit == "1" and measure.better == "lower" and self.against == "limit"
            return None if is_event else "one request cannot break the measure"
        if self.quantile is None and measure.has_quantiles and self.against != "reference":
            return "a latency has a quantile"
        if self.against == "limit":
            is_well = self.threshold > 0 and (measure.unit != "1" or self.threshold < 1)
            return None if is_well else "a limit is above 0, and of a share below 1"
        if self.op not in (">", ">="):
            return "a margin is exceeded, or reached"
        if not (0.0 if self.against == "baseline" else SMALLEST) <= self.threshold <= LARGEST_MARGIN:
            return f"a margin is at most {LARGEST_MARGIN}, and a drift more than 0"
        is_worse = self.against == "reference" or measure.better != "neither"
        return None if is_worse else "the measure is neither better nor worse than a baseline's"

    @property
    def name(self) -> str:
        """The same for two conditions that are about one thing, whatever their thresholds: a label."""
        quantile = "" if self.quantile is None else f"_p{round(self.quantile * 100)}"
        against = {"limit": "", "baseline": "_vs_baseline", "reference": "_drift"}[self.against]
        return f"{self.measure}{quantile}{'_any' if self.op == 'any' else ''}{against}"

    @property
    def bad_limit(self) -> float | None:
        """The largest share of bad requests that is well, where it is tested against one: of a rate the threshold (1 -
        threshold where it is met below that), of a quantile 1 - quantile. None for everything else.
        """
        if self.against != "limit" or self.threshold is None:
            return None
        if self.quantile is not None:
            return round(1 - self.quantile, 9)
        if self.unit != "1":
            return None
        return round(1 - self.threshold, 15) if self.op in ("<", "<=") else self.threshold
