"""`pointsman evidence power`: how long a canary takes to fail or to pass."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from pointsman.commands.evidence_flags import (
    Alpha,
    Incidents,
    Level,
    Limit,
    Margin,
    PlannedOrDay,
    Plot,
    wrong_numbers_told,
)
from pointsman.exits import UsageError
from pointsman.options import with_settings
from pointsman.settings import Settings

if TYPE_CHECKING:
    from pointsman.evidence.planning import Answer, Asked

_DAY_S = 86_400
_MOST_RUNS = 100_000
_MOST_MULTIPLES = 20


@with_settings()
def power_command(  # noqa: PLR0913 - each is a flag
    *,
    limit: Limit,
    rate: Annotated[
        str, typer.Option(help="Requests that the candidate gets: 10/min, 5/s, 200/h, 3000/day.", metavar="TRAFFIC")
    ],
    planned: PlannedOrDay = None,
    times: Annotated[
        str, typer.Option(help="True rates in multiples of the limit: above 1 to fail, below to pass.", metavar="TIMES")
    ] = "1.5,2,4,0.5",
    alpha: Alpha = 0.01,
    incidents: Incidents = "count",
    level: Level = 0.05,
    margin: Margin = 0.0,
    runs: Annotated[int, typer.Option(help="Simulated canaries for each rate.", metavar="N")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the random numbers: the same seed, the same table.", metavar="N")] = 1,
    plot: Plot = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each true rate.")] = False,
    settings: Settings,
) -> None:
    """Show how long a canary takes to detect a rate above the limit, and to pass with one below: plan it by this.

    Simulates canaries with the evidence that decides in production, and shows after how many requests, and how long,
    half and 90 % of them have their verdict, and how many within the planned requests.

    Example: pointsman evidence power --limit 0.005 --rate 10/min
    """
    del settings
    from pointsman.evidence.planning import Asked
    from pointsman.evidence.plots import check_plot, draw_plan, save
    from pointsman.evidence.traffic import traffic_of
    from pointsman.screens.evidence import print_plan

    if plot is not None:
        check_plot(plot)
    traffic = traffic_of(rate, "--rate")
    of_a_day = max(traffic.per_second * _DAY_S, 1.0)
    wanted = of_a_day if planned is None else planned
    asked = Asked(limit, traffic, wanted, alpha, level, margin, _multiples(times, limit), runs, seed, incidents)
    answers = _answers(asked)
    if plot is not None:
        save(draw_plan(asked, answers), plot)
    if as_json:
        for one in answers:
            _write_json(asked, one)
    else:
        print_plan(asked, answers)


def _answers(asked: "Asked") -> "list[Answer]":
    from pointsman.evidence.planning import plan_of
    from pointsman.replay.bar import counting_bar

    if not 1 <= asked.runs <= _MOST_RUNS:
        raise UsageError(f"--runs: expected 1 to {_MOST_RUNS:,}, not {asked.runs:,}")
    if asked.seed < 0:
        raise UsageError(f"--seed: expected 0 or more, not {asked.seed}")
    with wrong_numbers_told(), counting_bar("simulating", asked.runs * len(asked.times)) as progress:
        return plan_of(asked, progress)


def _multiples(text: str, limit: float) -> list[float]:
    """`1.5,2,4,0.5`; each is to make a rate."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--times: cannot read {text!r}: expected numbers such as 1.5,2,4,0.5") from None
    if len(found) > _MOST_MULTIPLES:
        raise UsageError(f"--times: at most {_MOST_MULTIPLES} numbers, not {len(found)}")
    if 1.0 in found:
        raise UsageError("--times: a rate at the limit neither fails nor passes: leave out 1")
    for one in found:
        if 0 < limit < 1 and not 0 < limit * one < 1:
            raise UsageError(
                f"--times: {one:g} times a limit of {limit:g} is no rate between 0 and 1 (0.5 % is 0.005, or 0.5%)"
            )
    return found


def _write_json(asked: "Asked", answer: "Answer") -> None:
    seconds = asked.traffic.per_second
    found = {
        "verdict": answer.verdict,
        "rate": answer.rate,
        "times_limit": answer.times,
        "median_requests": answer.median,
        "median_s": None if answer.median is None else answer.median / seconds,
        "p90_requests": answer.ninety,
        "p90_s": None if answer.ninety is None else answer.ninety / seconds,
        "undecided_after_requests": answer.given_up or None,
        "within_plan": answer.within_plan,
        "limit": asked.limit,
        "requests_per_second": seconds,
        "planned": asked.planned,
        "alpha": asked.alpha,
        "incidents": asked.incidents,
        "level": asked.level,
        "margin": asked.margin,
        "runs": asked.runs,
        "seed": asked.seed,
    }
    typer.echo(json.dumps(found))
