"""Inside of a look nothing depends on an order: the verdict and ln E are the same to the last bit."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.evidence import (
    ArmCounts,
    ArmsAdvance,
    ArmsEvidence,
    CostAdvance,
    CostEvidence,
    CostLimitEvidence,
    MeanDetector,
    SampleRatio,
)
from analytics.evidence.process import Process
from tests.evidence.reference_arms import Request, arrays
from tests.evidence.streams import BY_NAME, SENT, arm_looks, requests, sent_look, value_looks

_FEW = settings(max_examples=60)


def assert_alike(*processes: Process) -> None:
    """Alike in everything that is stored, whatever the order of its keys."""
    first, *others = (json.dumps(process.state(), sort_keys=True) for process in processes)
    assert all(other == first for other in others)


@settings(max_examples=50)
@given(arm_looks, st.randoms(use_true_random=False), st.booleans())
def test_strata_in_any_order(looks: list[dict[str, ArmCounts]], random: st.DataObject, advance: bool) -> None:  # noqa: FBT001
    """Strata of a look are multiplied together, in whatever order they are named."""
    one, other = (ArmsAdvance(margin=0.2) if advance else ArmsEvidence(planned=900) for _ in range(2))
    for look in looks:
        names = list(look)
        random.shuffle(names)  # type: ignore[attr-defined]
        one.update(look)
        other.update({name: look[name] for name in names})
    assert_alike(one, other)
    assert one.log_e == other.log_e


def test_many_strata_in_any_order() -> None:
    """A hundred strata forwards and backwards: their logarithms are summed exactly, not one after the other."""
    counts = {str(at): ArmCounts(20 + at, at % 7, 300 - at, at % 11) for at in range(100)}
    one, other = ArmsEvidence(planned=900), ArmsEvidence(planned=900)
    one.update(counts)
    other.update(dict(reversed(counts.items())))
    assert_alike(one, other)


@_FEW
@given(st.lists(st.lists(requests, max_size=9), max_size=4), st.randoms(use_true_random=False))
def test_costs_against_a_limit_in_any_order(looks: list[list[Request]], random: st.DataObject) -> None:
    """Requests of one arm have no partner: their order says nothing."""
    one, other = (CostLimitEvidence(3, cap=10, planned=100) for _ in range(2))
    for look in looks:
        one.update(arrays(look))
        random.shuffle(look)  # type: ignore[attr-defined]
        other.update(arrays(look))
    assert_alike(one, other)


@_FEW
@given(st.lists(st.tuples(requests, requests, requests), max_size=8), st.permutations(range(8)), st.booleans())
def test_blocks_in_any_order(
    blocks: list[tuple[Request, Request, Request]],
    order: list[int],
    turned: bool,  # noqa: FBT001
) -> None:
    """As long as partners stay partners, their order says nothing; nor does the order within a block."""
    shuffled = [blocks[at] for at in order if at < len(blocks)]
    for make in (
        lambda: CostEvidence(cap=10, tail_share=0.1, planned=100),
        lambda: CostAdvance(cap=10, margin=0.2),
    ):
        processes = make(), make()
        for process, those in zip(processes, (blocks, shuffled), strict=True):
            alone = arrays([block[0] for block in those])
            many = arrays([one for block in those for one in (block[1:] if those is blocks else block[:0:-1])])
            process.update(*((many, alone) if turned else (alone, many)))
        assert_alike(*processes)


@_FEW
@given(value_looks, st.randoms(use_true_random=False))
def test_values_in_any_order(looks: list[list[float]], random: st.DataObject) -> None:
    """Values of a look are summed exactly."""
    one, other = BY_NAME["mean_detector"].make(), BY_NAME["mean_detector"].make()
    assert isinstance(one, MeanDetector)
    for look in looks:
        one.update(look)
        random.shuffle(look)  # type: ignore[attr-defined]
        other.update(look)
    assert_alike(one, other)


@settings(max_examples=50)
@given(st.lists(sent_look, max_size=6))
def test_shards_of_the_dispatched_add_up(looks: list[dict[str, int]]) -> None:
    """The sample ratio knows sums only: all looks at once, or in any parts and order."""
    one, backwards, once = SampleRatio(SENT), SampleRatio(SENT), SampleRatio(SENT)
    for look in looks:
        one.update(look)
    for look in reversed(looks):
        backwards.update(dict(reversed(look.items())))
    once.update({arm: sum(look.get(arm, 0) for look in looks) for arm in SENT})
    assert one.log_e == backwards.log_e == once.log_e


@settings(max_examples=50)
@given(st.lists(st.tuples(*[st.integers(0, 40)] * 2).map(sorted), min_size=1, max_size=5))
def test_shards_are_summed_before_the_update(shards: list[list[int]]) -> None:
    """Shards in any order make the same look, for every kind that takes counts."""
    for name in ("rate", "clip", "rate_advance", "rate_detector"):
        one, other = BY_NAME[name].make(), BY_NAME[name].make()
        one.update(sum(shard[1] for shard in shards), sum(shard[0] for shard in shards))
        other.update(sum(shard[1] for shard in reversed(shards)), sum(shard[0] for shard in reversed(shards)))
        assert_alike(one, other)
