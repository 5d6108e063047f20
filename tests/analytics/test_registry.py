"""The registry holds every measure that has a name, each in a file of its own."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

import analytics.measures
from analytics.frames import Frames
from analytics.measures.definition import AnyMeasure, Mix, Quantiles
from analytics.measures.registry import REGISTRY
from analytics.measures.table import measures_table
from pointsman_contract.measures import MEASURES
from store.rollups.keys import (
    ATTEMPT_KEY,
    ATTEMPT_MIXES,
    ATTEMPT_TIMES,
    REQUEST_KEY,
    REQUEST_MIXES,
    REQUEST_TIMES,
    SHADOW_KEY,
)
from tests.analytics.sums import attempts, latency, mix, requests, shadows

# What measures share, and what is made of all of them.
SHARED = {"__init__", "definition", "registry", "table", "shares", "times", "mixes", "span", "injections", "swaps"}
each_measure = pytest.mark.parametrize("measure", REGISTRY, ids=lambda measure: measure.name)


def test_every_name_has_a_measure() -> None:
    """What a record can name can be computed, and the other way round."""
    assert sorted(measure.name for measure in REGISTRY) == sorted(MEASURES)


def test_every_measure_is_a_file() -> None:
    """A measure stands in the file of its name, and no file is left over."""
    files = {path.stem for path in Path(analytics.measures.__path__[0]).glob("*.py")}
    assert files - SHARED == set(MEASURES)


@each_measure
def test_a_measure_is_documented(measure: AnyMeasure) -> None:
    """Its file says first what it is, then its unit, what it counts and where that is from."""
    module = __import__(measure.compute.__module__, fromlist=["__doc__"])
    assert measure.compute.__module__ == f"analytics.measures.{measure.name}"
    assert measure.compute.__name__ == measure.name
    assert module.__doc__ is not None
    assert ": " in module.__doc__.splitlines()[0]
    unit = module.__doc__.partition("Unit: ")[2].partition(".")[0].partition(" ")[0]
    assert unit == measure.named.unit
    assert "Basis: " in module.__doc__
    assert "Source: " in module.__doc__


@each_measure
def test_quantiles_are_where_the_name_says_so(measure: AnyMeasure) -> None:
    """A quantile before a name means something exactly where the measure has quantiles."""
    assert isinstance(measure, Quantiles) == measure.named.has_quantiles


@each_measure
def test_a_measure_knows_by_what_it_can_be_split(measure: AnyMeasure) -> None:
    """By the keys of what it counts and by time; probes read both and take the keys that both have."""
    of = measure.of if isinstance(measure, Quantiles | Mix) else measure.basis
    requests, attempts, shadowing = (
        {key.name for key in keys} | {"bucket"} for keys in (REQUEST_KEY, ATTEMPT_KEY, SHADOW_KEY)
    )
    both = (requests & attempts) - {"probe"}
    keys = {"requests": requests, "attempts": attempts, "shadows": shadowing, "probes": both}[of]
    assert measure.keys == keys
    assert measure.splits_by(sorted(keys))
    assert not measure.splits_by(["no_such_column"])


def rows_from(measure: AnyMeasure, frames: Frames) -> pd.DataFrame:
    """What is reported of the measure, from these frames."""
    return measures_table(frames, ["route"], 60, only=[measure.name]).rows


def everything() -> Frames:
    """Every sum of every frame, no two of a kind alike, and every kind of time and of mix."""
    sums = {"requests": 40, "known": 30, "succeeded": 20, "failed": 5, "escalated": 4, "cached": 3, "cost_nanousd": 9}
    tries = {"attempts": 50, "errors": 6, "cancelled": 2, "schema_known": 9, "schema_valid": 8, "first_attempts": 40}
    kinds = enumerate([*REQUEST_TIMES, *ATTEMPT_TIMES, *REQUEST_MIXES, *ATTEMPT_MIXES], start=1)
    by = {"route": "a"}
    timed = {kind: number for number, kind in kinds}
    return Frames(
        requests=requests(**by, **sums),
        attempts=attempts(**by, **tries),
        latency=pd.concat([latency(kind, {100 * timed[kind]: 9}, **by) for kind in (*REQUEST_TIMES, *ATTEMPT_TIMES)]),
        mix=pd.concat([mix(kind, {"none": timed[kind]}, **by) for kind in (*REQUEST_MIXES, *ATTEMPT_MIXES)]),
        probe_requests=requests(**by, **sums, probe=["golden", "adversarial"]).assign(route="a"),
        probe_attempts=attempts(**by, **tries, probe=["schema", "tools"]).assign(route="a"),
        shadows=shadows(**by, shadows=9, input_paired=8, output_paired=7, input_priced=6, both_priced=5),
    )


def cut(frames: Frames, measure: AnyMeasure, without: tuple[str, str] = ("", "")) -> Frames:
    """Only what the measure says that it takes, less the sum `without` of a frame."""
    kept: dict[str, pd.DataFrame] = {}
    for name, sums in measure.takes.items():
        frame: pd.DataFrame = getattr(frames, name)
        keys = ["route", "probe"] if "probe" in frame else ["route"]
        kept[name] = frame[[*keys, *(one for one in sums if (name, one) != without)]]
    by_kind = {"latency": frames.latency, "mix": frames.mix}
    if isinstance(measure, Quantiles | Mix):
        rows = by_kind[measure.basis]
        assert rows is not None
        kept[measure.basis] = rows[rows["kind"] == measure.kind]
    return Frames(**kept)


@each_measure
def test_a_measure_takes_what_it_says_and_no_more(measure: AnyMeasure) -> None:
    """From these sums, and rows of this kind, comes the same as from all; and each of the sums is missed."""
    whole = everything()
    expected = rows_from(measure, whole)
    assert len(expected) > 0
    pd.testing.assert_frame_equal(rows_from(measure, cut(whole, measure)), expected)
    taken: Sequence[tuple[str, str]] = [(name, one) for name, sums in measure.takes.items() for one in sums]
    assert len(set(taken)) == len(taken) > 0
    for name, one in taken:
        with pytest.raises(KeyError, match=one):
            rows_from(measure, cut(whole, measure, without=(name, one)))
