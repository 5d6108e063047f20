"""A state is plain JSON, from which evidence goes on to the same last bit."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.evidence import RateEvidence, restored
from analytics.evidence.process import Process
from tests.evidence.streams import BY_NAME, KINDS, Kind, verdict

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))


def through_json(process: Process) -> Process:
    """What a store gives back."""
    return type(process).from_state(json.loads(json.dumps(process.state(), allow_nan=False)))


def assert_same(one: Process, other: Process) -> None:
    """To the last bit, in all that can be asked."""
    assert json.dumps(one.state()) == json.dumps(other.state())
    for name in ("log_e", "p_value", "highest", "threshold", "estimate"):
        assert repr(getattr(one, name)) == repr(getattr(other, name))
    assert verdict(one) == verdict(other)


@kinds
@settings(max_examples=20)
@given(data=st.data())
def test_it_goes_on_to_the_last_bit(kind: Kind, data: st.DataObject) -> None:
    """Stored and read back between any two looks, evidence is the same, and stays it."""
    process = kind.make()
    stored = through_json(process)
    for look in data.draw(st.lists(kind.look, max_size=5)):
        process.update(*look)
        stored.update(*look)
        assert_same(process, stored)
        stored = through_json(stored)
        assert_same(process, stored)


@kinds
def test_a_verdict_is_stored_with_it(kind: Kind) -> None:
    """What has failed, passed or alarmed has done so after a restart too."""
    process = kind.make()
    assert not verdict(through_json(process))
    process.update(*kind.decisive)
    assert verdict(through_json(process))
    assert_same(process, through_json(process))


@kinds
def test_the_kind_is_found_by_its_name(kind: Kind) -> None:
    """`restored` needs no class: the state names it; from_state of another class refuses it."""
    process = kind.make()
    process.update(*kind.decisive)
    assert_same(restored(json.loads(json.dumps(process.state()))), process)
    for other in KINDS:
        if type(other.make()) is not type(process):
            with pytest.raises(ValueError, match="not a state of"):
                type(other.make()).from_state(process.state())


@kinds
def test_a_state_is_a_copy(kind: Kind) -> None:
    """What a caller has taken does not move with the process."""
    process = kind.make()
    before = process.state()
    text = json.dumps(before)
    process.update(*kind.decisive)
    assert json.dumps(before) == text


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything inside of a state."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(found for key, value in inner for found in places(value, (*path, key)))]


def holder(state: Any, path: tuple[Any, ...]) -> Any:
    """What the last step of a way is taken in."""
    for key in path[:-1]:
        state = state[key]
    return state


WRONG: tuple[Any, ...] = (float("nan"), float("inf"), "x", None, [], {}, [1, 2], [[], []], {"x": 1}, True, -1, 0.5, "")


@kinds
@settings(max_examples=45)
@given(data=st.data())
def test_a_broken_state_is_refused(kind: Kind, data: st.DataObject) -> None:
    """Whatever is put in whatever place: it is ValueError or evidence, never another error."""
    process = kind.make()
    for look in data.draw(st.lists(kind.look, max_size=2)):
        process.update(*look)
    state = json.loads(json.dumps(process.state()))
    mappings = ("counts", "weights") if kind.name == "sample_ratio" else ()
    path = data.draw(st.sampled_from([path for path in places(state)[1:] if path[-1] not in mappings]))
    holder(state, path)[path[-1]] = data.draw(st.sampled_from(WRONG))
    try:
        type(process).from_state(state)
    except ValueError as error:
        assert "not a state of" in str(error)  # noqa: PT017 - most are refused, all with the same sentence


@kinds
def test_no_part_of_a_state_may_be_missing(kind: Kind) -> None:
    """Each key is needed, and each list as long as it is; only parameters have defaults."""
    process = kind.make()
    process.update(*kind.decisive)
    for path in places(process.state())[1:]:
        state = json.loads(json.dumps(process.state()))
        inside = holder(state, path)
        # Defaults, strata and arms by name, children and what waits for a partner: any number of them is a state.
        if {"parameters", "strata"} & set(path[:-1]) and path[-2] in ("parameters", "strata"):
            continue
        del inside[path[-1]]
        if isinstance(path[-1], int) and "children" in path and path[-2] == "children":
            continue
        with pytest.raises(ValueError, match="not a state of"):
            type(process).from_state(state)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "1.0", None, [], True])
@kinds
def test_the_highest_is_a_finite_number(kind: Kind, wrong: object) -> None:
    """NaN, infinity, text, nothing, lists and truths are no ln E."""
    with pytest.raises(ValueError, match="finite number"):
        type(kind.make()).from_state({**kind.make().state(), "highest": wrong})


@pytest.mark.parametrize("wrong", [1, 0, None, "true", []])
@kinds
def test_the_verdict_is_true_or_false(kind: Kind, wrong: object) -> None:
    """A number that stands for a truth was written by something else."""
    with pytest.raises(ValueError, match="neither true nor false"):
        type(kind.make()).from_state({**kind.make().state(), "reached": wrong})


@pytest.mark.parametrize("wrong", [float("nan"), "1.0", None, [1.0], True])
@pytest.mark.parametrize("name", ["rate", "clip", "arms", "cost", "paired", "rate_advance"])
def test_each_capital_is_a_finite_number(name: str, wrong: object) -> None:
    """One NaN among the capitals would make every later ln E NaN, which is never above a threshold."""
    process = BY_NAME[name].make()
    state = json.loads(json.dumps(process.state()))
    state["trials"]["logs"][2] = wrong
    with pytest.raises(ValueError, match="finite number"):
        type(process).from_state(state)


@pytest.mark.parametrize("wrong", [-1, 1.0, "3", True, None])
@pytest.mark.parametrize("key", ["seen", "n", "bad"])
def test_counts_are_whole_numbers(key: str, wrong: object) -> None:
    """Counts of a state are whole and not negative, also where a float would do."""
    state = RateEvidence(0.1, planned=10).state()
    state["trials"][key] = wrong
    with pytest.raises(ValueError, match="whole number"):
        RateEvidence.from_state(state)


@pytest.mark.parametrize("wrong", [None, [], "rate", 3, {"kind": "rates"}, {}, {"kind": []}])
def test_what_is_no_state_at_all(wrong: object) -> None:
    """Neither nothing nor another kind of thing is taken for a state."""
    with pytest.raises(ValueError, match="not a state of 'rate'"):
        RateEvidence.from_state(wrong)
    with pytest.raises(ValueError, match="no evidence is of the kind"):
        restored(wrong)
