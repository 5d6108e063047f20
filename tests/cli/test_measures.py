"""`pointsman measures` shows what was counted, says how sure it is, and names what it cannot show."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from migrations.schema import migrate
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import attempt, outcome, trace
from tests.cli.command import Said, pointsman
from tests.store.feed import OUTCOMES_0, Feed, execute

HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)


def paid(dollars: str, **fields: Any) -> Any:
    """An answered call that cost so much."""
    nothing = {"prefill_cost_usd": Decimal(0), "cache_cost_usd": Decimal(0), "tools_cost_usd": Decimal(0)}
    return attempt(generation_cost_usd=Decimal(dollars), **nothing | fields)


@pytest.fixture
def url(database18: str) -> str:
    """Two routes of prod: three requests of invoices, of which one failed, and one of chat that nobody judged."""
    sessions = Sessions(database18)
    migrate(sessions)
    feed = Feed(sessions)
    told = [
        trace(started_at=HOUR, duration_s=1.0, attempts=(paid("0.10", effort="low"),)),
        trace(started_at=HOUR, duration_s=2.0, attempts=(paid("0.20"), paid("0.40", role="escalation", model="big"))),
        trace(started_at=HOUR + timedelta(hours=1), duration_s=3.0, attempts=(paid("0.20"),)),
    ]
    feed.send(
        *told,
        trace(started_at=HOUR, route="chat", task_class="a\x1bb"),
        trace(started_at=HOUR, environment="stage"),
        trace(started_at=HOUR, arm="shadow", attempts=(paid("9"),)),
    )
    values = ("success", "success", "failure")
    feed.send(
        *(outcome(trace_id=one.trace_id, outcome=value) for one, value in zip(told, values, strict=True)),
        to=OUTCOMES_0,
    )
    tick(sessions)
    sessions.close()
    return database18


def measures(url: str, *arguments: str) -> Said:
    """Run it."""
    return pointsman("measures", *arguments, settings={"database_url": url})


def line_of(said: Said, first: str) -> str:
    """The line of this route or measure in the table."""
    (line,) = [line for line in said.out.splitlines() if line.startswith(f"{first} ")]
    return re.sub(r"\s{2,}", " | ", line.strip())


def test_a_line_for_each_route(url: str) -> None:
    """Of this environment and of users alone; what is not known is no data and never 0."""
    said = measures(url)
    assert said.code == 0, said
    assert line_of(said, "invoices").startswith("invoices | 3 | 66.7 % | 100 % | $0.450 | 33.3 %")
    assert line_of(said, "chat").startswith("chat | 1 | - |")
    assert "stage" not in said.out
    assert "environment prod; counted up to" in said.out


def test_costs_that_are_not_all(url: str) -> None:
    """A table says which routes have requests without a full cost, and what tells what they lack."""
    said = measures(url)
    assert "chat: 1 without a full cost are left out" in said.out
    assert "what they lack: pointsman prices check" in said.out
    assert "invoices: " not in said.out


def test_programs_are_told_that_not_all_is_counted(url: str) -> None:
    """Beside the output, which has figures alone."""
    sessions = Sessions(url)
    Feed(sessions).send(trace(started_at=HOUR))
    execute(sessions, "UPDATE ingest_batches SET committed_at = now() - interval '90 s'")
    sessions.close()
    said = measures(url, "--json")
    assert said.code == 0
    assert re.search(r"9\d s behind: does pointsman steer", said.err)


def test_all_measures_of_one_route(url: str) -> None:
    """Value, interval, count and coverage; those without data are named."""
    said = measures(url, "--route", "invoices")
    assert line_of(said, "eventual_success_rate") == "eventual_success_rate | 66.7 % | 20.8 to 93.9 % | 3 | 100 %"
    assert line_of(said, "duration P50").startswith("duration P50 | 2.0")
    assert "no data: " in said.out
    assert "citation_grounding" in said.out.split("no data: ")[1]


def test_for_programs(url: str) -> None:
    """Every measure in plain numbers; what is not known is null or empty."""
    rows = [json.loads(line) for line in measures(url, "--json").out.splitlines()]
    found = {(row["route"], row["measure"], row["quantile"], row["part"]): row for row in rows}
    success = found["invoices", "cost_per_success", None, ""]
    assert (success["value"], success["count"], success["unit"]) == (pytest.approx(0.45), 3, "USD")
    assert found["chat", "cost_per_success", None, ""]["value"] is None
    table = list(csv.DictReader(io.StringIO(measures(url, "--csv").out)))
    assert len(table) == len(rows)
    assert {row["value"] for row in table if row["route"] == "chat" and row["measure"] == "cost_per_success"} == {""}


def test_by_keys(url: str) -> None:
    """A stranger's words move no cursor; a measure that a key cannot keep apart is named."""
    said = measures(url, "--by", "route,task_class")
    assert "a\\x1bb" in said.out
    said = measures(url, "--by", "effort", "-m", "cost per success", "-m", "error rate")
    assert "left out, not kept apart by effort: cost_per_success" in said.out
    assert "attempt_error_rate" in said.out
    assert line_of(said, "low").startswith("low | 1 | 0 %")


def test_over_time(url: str) -> None:
    """A small plot over every hour of the span, with gaps where nothing was; all rows for programs."""
    said = measures(url, "--since", "5h", "--by", "hour", "-m", "cost_per_success", "--route", "invoices")
    assert re.search(r"cost_per_success +[▁-█ ]+", said.out), said.out
    rows = [json.loads(line) for line in measures(url, "--by", "hour", "-m", "success rate", "--json").out.splitlines()]
    assert [(row["bucket"], row["value"]) for row in rows] == [
        (HOUR.isoformat(), 1.0),
        ((HOUR + timedelta(hours=1)).isoformat(), 0.0),
    ]


def test_other_traffic_is_shown_apart(url: str) -> None:
    """Shadows and probes cost money too."""
    said = measures(url, "--traffic", "all", "--by", "arm", "-m", "spend")
    assert line_of(said, "shadow") == "shadow | 1 | $9.00 | 100 %"


def test_another_environment_is_named(url: str) -> None:
    """Who looks into an empty one is told which others there are."""
    said = measures(url, "--environment", "test")
    assert "no requests in this span, but of environment prod, stage: --environment prod" in said.out
    assert line_of(measures(url, "--environment", "stage"), "invoices").startswith("invoices | 1 |")


def test_sums_that_contradict_each_other(url: str) -> None:
    """Hide no other route and no other measure; what is wrong and what mends it is told."""
    sessions = Sessions(url)
    of_chat = "(SELECT key_id FROM request_keys WHERE route = 'chat')"
    execute(sessions, f"UPDATE request_rollups_hour SET succeeded = known + 1 WHERE key_id IN {of_chat}")
    sessions.close()
    said = measures(url)
    assert said.code == 0, said
    assert line_of(said, "invoices").startswith("invoices | 3 | 66.7 % | 100 % | $0.450")
    assert line_of(said, "chat ").startswith("chat | 1 | - |")
    assert "chat: succeeded: more than known, of which it is a part\n" in said.out
    assert "pointsman rollups verify finds the day, and rebuild makes its sums again" in said.out
    alone = measures(url, "--route", "chat")
    assert "\nsucceeded: more than known" in alone.out
    rows = [json.loads(line) for line in measures(url, "-m", "success rate", "--json").out.splitlines()]
    assert {row["route"]: (row["value"] is None, row["count"] is None) for row in rows} == {
        "chat": (True, True),
        "invoices": (False, False),
    }


def test_several_measures_are_several_tables(url: str) -> None:
    """Each says what its count is of, with interval and coverage; of times with all quantiles, or the one named."""
    said = measures(url, "-m", "request error rate", "-m", "errors", "-m", "latency")
    first, second, third = said.out.split("\n\n")[:3]
    assert first.split("\n")[:2] == ["attempt_error_rate", "route     attempts  value  95 % interval  known"]
    assert second.split("\n")[1].split()[:2] == ["route", "requests"]
    assert re.search(r"P50 +P90 +P95 +P99", third)
    named = measures(url, "-m", "p99 latency").out
    assert re.search(r"requests +P99 +95 % interval +known", named)
    assert "P50" not in named


def test_measures_with_parts(url: str) -> None:
    """A row for each part, with keys and without."""
    said = measures(url, "-m", "recoveries", "--by", "route")
    assert re.search(r"invoices +none +3 +100 %", said.out), said.out
    assert "recovery_mix none" in measures(url, "-m", "recoveries", "--route", "invoices").out


def test_a_rate_is_of_time_that_has_gone(url: str) -> None:
    """Neither what is to come of this hour nor an end in the future is divided by."""
    sessions = Sessions(url)
    begin = datetime.now(UTC)
    Feed(sessions).send(*(trace(started_at=begin, route="now") for _ in range(90)))
    tick(sessions)
    sessions.close()
    hour = begin.replace(minute=0, second=0, microsecond=0)
    for until in ([], ["--until", f"{begin + timedelta(days=9):%Y-%m-%dT%H:%M}"]):
        said = measures(url, "-m", "rps", "--by", "hour", "--route", "now", "--since", "1h", "--json", *until)
        (row,) = [json.loads(line) for line in said.out.splitlines()]
        # From the span's first minute on where it began in this hour.
        seconds = 90 / row["value"]
        gone = (datetime.now(UTC) - hour).total_seconds()
        assert seconds <= gone + 1
        assert seconds >= (begin - hour).total_seconds() - 61


def test_totals_of_an_hour_that_is_not_over_are_not_plotted(url: str) -> None:
    """They would look like a fall; a value that is no total stays."""
    said = measures(url, "--since", "5h", "--by", "hour", "-m", "spend", "-m", "escalation", "--route", "invoices")
    assert "spend" in said.out
    assert "without hours that are counted only in part" not in said.out
    sessions = Sessions(url)
    Feed(sessions).send(trace(started_at=datetime.now(UTC), attempts=(paid("0.01"),)))
    tick(sessions)
    sessions.close()
    said = measures(url, "--since", "5h", "--by", "hour", "-m", "spend", "-m", "escalation", "--route", "invoices")
    assert "\nspend: without hours that are counted only in part; --json has all\n" in said.out
    assert line_of(said, "spend ").endswith("$0 | $0.700 | $0")
    assert line_of(said, "escalation_rate").endswith("0 % | 50.0 % | 0 %")


def test_why_there_is_nothing(url: str) -> None:
    """Keys that nothing is kept apart by, no data although there are requests, a route that there is not."""
    said = measures(url, "--by", "record_revision,provider")
    assert "nothing to show: no measure is kept apart by all of record_revision, provider\n" in said.out
    said = measures(url, "-m", "failure modes", "--by", "route")
    assert "nothing to show: 4 requests in this span, but what was asked for has no data\n" in said.out
    said = measures(url, "--route", "invoice")
    assert "no requests of this route in this span, but of invoices: --route invoices\n" in said.out
    assert "of invoices, chat: --route invoices\n" in measures(url, "--route", "zzz").out
    said = measures(url, "-m", "spend", "--by", "language")
    assert said.out.startswith("nothing to show: not kept apart by language: spend\n")
    said = measures(url, "-m", "spend", "--by", "language", "--json")
    assert (said.out, said.err) == ("", "pointsman: nothing to show: not kept apart by language: spend\n")


def test_what_is_not_counted_is_told(url: str) -> None:
    """Where nothing is found, because nobody counts."""
    sessions = Sessions(url)
    Feed(sessions).send(trace(started_at=datetime.now(UTC), environment="new"))
    sessions.close()
    said = measures(url, "--environment", "new")
    assert re.search(r"what came in the last \d+ s is not counted yet", said.out), said.out
    assert "nobody leads, so nothing is counted: run pointsman steer, or up\n" in said.out


def test_coverage_that_nobody_tells_has_no_column(url: str) -> None:
    """By provider there is no outcome."""
    assert "known" not in measures(url, "--by", "provider").out.split("\n")[0]


def test_programs_get_whole_counts_and_whole_money(url: str) -> None:
    """Without what floating point makes of 0.1 + 0.2."""
    rows = [json.loads(line) for line in measures(url, "-m", "spend", "--json").out.splitlines()]
    assert {row["route"]: (row["value"], row["count"]) for row in rows} == {"chat": (None, 1), "invoices": (0.9, 3)}
    assert '"count": 3,' in measures(url, "-m", "spend", "--json").out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--by", "colour"], "--by: there is no colour; there are minute, hour, day, arm"),
        (["--by", "hour,day"], "--by: each key once, and one of minute, hour and day"),
        (["-m", "latensy"], "--measure: there is no 'latensy'; near it: duration"),
        (["-m", "happiness of users"], "docs/measures.md lists them"),
        (["--since", "tomorrow"], "--since: cannot read 'tomorrow'"),
        (["--since", "1h", "--until", "2h"], "--until: expected a time after --since"),
        (["--since", "0d"], "--since: expected a time before now, not '0d'"),
        (["--as", "economics", "-m", "spend"], "--as economics has figures of its own: leave out --measure"),
        (["--as", "swap", "--by", "provider"], "--as swap: shadows are not kept apart by provider"),
        (["--json", "--csv"], "--json and --csv: one of them"),
        (["--as", "poem"], "--as: expected economics or swap"),
        (["--traffic", "bots"], "--traffic: expected user, probe or all"),
        (["--since", "60d", "--by", "minute"], "--by minute: minutes are kept since"),
        (["--as", "economics", "--by", "effort"], "requests are not kept apart by effort"),
    ],
)
def test_wrong_use(url: str, arguments: list[str], sentence: str) -> None:
    """One sentence that says what would be right, and exit code 2."""
    said = measures(url, *arguments)
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err


def test_a_store_without_rollups(database18: str) -> None:
    """Says what is missing."""
    sessions = Sessions(database18)
    migrate(sessions)
    sessions.close()
    said = measures(database18)
    assert said.code == 0
    assert "no requests in this span\n" in said.out
    assert "nothing is counted yet: does pointsman steer (or up) run?" in said.out
