"""`pointsman evidence power`: how long verdicts take, without any service."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytics.evidence import RateEvidence
from tests.cli.command import Said, pointsman


def power(*arguments: str) -> Said:
    """Run it with a limit of 0.5 %, few runs."""
    return pointsman("evidence", "power", "--limit", "0.005", "--rate", "10/min", "--runs", "60", *arguments)


def test_power_shows_a_line_for_each_rate() -> None:
    """Requests and time until half and 90 % have their verdict; the same seed gives the same table."""
    said = power()
    assert said.code == 0
    lines = [line for line in said.out.splitlines() if line.startswith(("FAIL", "PASS"))]
    assert [line.split(" (")[0] for line in lines] == [
        "FAIL at 0.75 %",
        "FAIL at 1.00 %",
        "FAIL at 2.00 %",
        "PASS at 0.25 %",
    ]
    assert said.out == power().out != power("--seed", "2").out


def test_power_in_json_agrees_with_a_simulation_request_by_request() -> None:
    """Simulating from one bad request to the next gives the delays of looks of ten requests."""
    found = [json.loads(line) for line in power("--json", "--runs", "300", "--times", "4,0.2").out.splitlines()]
    assert [one["median_s"] for one in found] == [6 * one["median_requests"] for one in found]
    random, delays = np.random.default_rng(3), []
    for _ in range(300):
        evidence = RateEvidence(0.005, planned=14_400)
        n = 0
        while not evidence.failed:
            evidence.update(10, int(random.binomial(10, 0.02)))
            n += 10
        delays.append(n)
    assert found[0]["median_requests"] == pytest.approx(float(np.median(delays)), rel=0.2)
    assert found[1]["median_requests"] == pytest.approx(1360, rel=0.15)


def test_clipped_incidents_take_longer() -> None:
    """What a canary is planned by is the evidence that will decide: a broken one takes several blocks."""
    counted, clipped = (
        json.loads(power("--json", "--times", "20", "--incidents", how).out) for how in ("count", "clip")
    )
    assert counted["median_requests"] < 100
    assert 1800 < clipped["median_requests"] < 3600
    assert clipped["incidents"] == "clip"


def test_an_outage_at_a_small_limit_is_seen_where_incidents_are_clipped() -> None:
    """Four blocks of 6,000 requests are more bad ones than where a rate beside the limit is given up."""
    found = json.loads(
        pointsman(
            *("evidence", "power", "--limit", "0.0005", "--rate", "100/s", "--incidents", "clip", "--runs", "2"),
            *("--times", "1999", "--json"),
        ).out
    )
    assert 20_000 < found["median_requests"] < 40_000


def test_a_rate_that_is_never_detected_is_over_something() -> None:
    """Next to the limit nothing is decided: the table says after how much it was given up."""
    said = power("--times", "1.01", "--runs", "2")
    assert "over " in said.out
    found: dict[str, Any] = json.loads(power("--times", "1.01", "--runs", "2", "--json").out)
    assert (found["median_requests"], found["median_s"], found["within_plan"]) == (None, None, 0.0)
    assert found["undecided_after_requests"] > 1_000_000


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["--rate", "fast"],
            "--rate: cannot read 'fast': expected requests in a time (s, min, h, day, week), such as 10/min",
        ),
        (["--rate", "0/s"], "--rate: expected more than 0 and at most 1,000,000,000 requests, not '0/s'"),
        (["--rate", "10"], "--rate: cannot read '10'"),
        (["--times", "2,x"], "--times: cannot read '2,x'"),
        (["--times", "1"], "--times: a rate at the limit neither fails nor passes"),
        (["--times", "300"], "--times: 300 times a limit of 0.005 is no rate between 0 and 1"),
        (["--times", "-2"], "--times: -2 times a limit of 0.005 is no rate between 0 and 1"),
        (["--runs", "0"], "--runs: expected 1 to 100,000, not 0"),
        (["--seed", "-1"], "--seed: expected 0 or more"),
        (["--level", "1"], "level must be between 0 and 1"),
        (["--planned", "nan"], "planned must be finite"),
    ],
)
def test_wrong_plans_are_told(arguments: list[str], told: str) -> None:
    """The sentence names the flag, exit code 2, before anything is simulated."""
    said = power(*arguments)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


def test_power_draws(tmp_path: Path) -> None:
    """The share of canaries with their verdict as a picture."""
    assert power("--plot", str(tmp_path / "plan.svg")).code == 0
    assert (tmp_path / "plan.svg").read_bytes().startswith(b"<?xml")
