"""The registry holds every measure that has a name, each in a file of its own."""

from pathlib import Path

import pytest

import analytics.measures
from analytics.measures.definition import AnyMeasure, Mix, Quantiles
from analytics.measures.registry import REGISTRY
from pointsman_contract.measures import MEASURES
from store.rollups.keys import ATTEMPT_KEY, REQUEST_KEY

# What measures share, and what is made of all of them.
SHARED = {"__init__", "definition", "registry", "table", "shares", "times", "mixes", "span", "injections"}
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
    requests, attempts = ({key.name for key in keys} | {"bucket"} for keys in (REQUEST_KEY, ATTEMPT_KEY))
    keys = {"requests": requests, "attempts": attempts, "probes": (requests & attempts) - {"probe"}}[of]
    assert measure.keys == keys
    assert measure.splits_by(sorted(keys))
    assert not measure.splits_by(["no_such_column"])
