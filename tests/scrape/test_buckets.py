"""The edges of the histograms are those that everybody has, to 1 %."""

import numpy as np
import pytest

from analytics.bins import bins_of, last_bin_within, seconds_of
from analytics.scrape.families import EDGES_S, LAST_BINS


def test_the_edges_of_the_conventions() -> None:
    """OpenTelemetry's for generative AI, and those for models that reason."""
    wanted = "0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10 15 20 30 45 60"
    assert list(map(float, wanted.split())) == list(EDGES_S)


@pytest.mark.parametrize("edge", EDGES_S)
def test_an_edge_is_within_one_percent(edge: float) -> None:
    """A time of which 1 % more is below it is in its bucket, one of which 1 % less is above it is not."""
    shorter, longer = bins_of(np.array([edge / 1.01 * (1 - 1e-9), edge / 0.99 * (1 + 1e-9)]))
    assert shorter <= last_bin_within(edge) < longer
    assert seconds_of(np.array([last_bin_within(edge)]))[0] <= edge


def test_no_bucket_is_empty_by_its_edges() -> None:
    """Edges rise, and so do the bins at which they stand."""
    assert list(LAST_BINS) == sorted(set(LAST_BINS))
