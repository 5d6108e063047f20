"""`pointsman mdr apply | list | show | diff`, against a database."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.records.compiling import compile_record
from migrations.schema import migrate
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import trace
from tests.cli.command import Said, pointsman
from tests.ingest import stored
from tests.records.written import WHOLE, with_block, written
from tests.store.feed import Feed, execute
from tests.store.records import rolled_out

_ID = "invoices-2026-11"


@pytest.fixture
def url(database18: str) -> str:
    """A store without records."""
    sessions = Sessions(database18)
    migrate(sessions)
    sessions.close()
    return database18


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A record that is well."""
    path = tmp_path / "invoices.md"
    path.write_text(WHOLE)
    return path


def mdr(url: str, *arguments: str | Path) -> Said:
    """Run it."""
    return pointsman("mdr", *map(str, arguments), settings={"database_url": url})


def objects(said: Said) -> list[dict[str, Any]]:
    """The JSON objects that a command printed."""
    return [json.loads(line) for line in said.out.splitlines()]


def rolling(url: str, state: str, *, record_id: str = _ID, number: int = 1) -> None:
    """A rollout of a revision, as the loop would store it."""
    sessions = Sessions(url)
    rolled_out(sessions, state, record_id, number)
    sessions.close()


def test_the_same_content_twice_is_one_revision(url: str, file: Path) -> None:
    """Other ends of lines are the same content; a second apply says so and stores nothing."""
    said = mdr(url, "apply", file)
    assert said.code == 0
    revision = compile_record(WHOLE.encode()).revision
    assert said.out.startswith(f"{_ID} revision 1 ({revision[:12]}) is now the current one: prod/invoices, 3 triggers")
    file.write_bytes(WHOLE.replace("\n", "\r\n").encode())
    again = mdr(url, "apply", file)
    assert again.out == f"{_ID} revision 1 ({revision[:12]}) is the current one already: nothing changed\n"
    assert stored.count(url, "model_records") == 1


def test_every_revision_is_kept_and_the_last_applied_is_current(url: str, file: Path) -> None:
    """A change is revision 2 and tells what differs; the first content once more is revision 1 again, and current."""
    mdr(url, "apply", file)
    file.write_text(written(rollback_trigger="Error rate > 1%, P95 latency > 1.2s, or security injection detection."))
    second = mdr(url, "apply", file)
    assert "revision 2" in second.out
    assert "in place of revision 1" in second.out
    assert "attempt error rate > 0.5%" in second.out
    assert "its evidence begins anew" in second.out
    file.write_text(WHOLE)
    third = mdr(url, "apply", file)
    assert "revision 1" in third.out
    assert "known from before" in third.out
    listed = objects(mdr(url, "list", _ID, "--json"))
    assert [(one["number"], one["current"]) for one in listed] == [(2, False), (1, True)]
    assert [one["revisions"] for one in objects(mdr(url, "list", "--json"))] == [2]


def test_who_brought_a_revision_back_is_told(url: str, file: Path) -> None:
    """The first and the last who applied it, each with the time; `previous` is what was current before."""
    other = written(rollback_trigger="Error rate > 1%")
    for text, by in ((WHOLE, "ada"), (other, "ben"), (WHOLE, "cleo")):
        file.write_text(text)
        mdr(url, "apply", file, "--by", by)
    (line,) = [line for line in mdr(url, "list").out.splitlines() if _ID in line]
    assert line.endswith("cleo")
    shown = mdr(url, "show", _ID).out.splitlines()[0]
    assert "by ada, again" in shown
    assert shown.endswith("by cleo")
    assert "revision 2" in mdr(url, "show", f"{_ID}@previous").out
    assert mdr(url, "diff", _ID).out.startswith(f"{_ID}@2 -> {_ID}@1\n")


def test_two_records_about_one_route_know_of_each_other(url: str, file: Path) -> None:
    """Both may be there as drafts; whoever applies the second is told."""
    assert "also about" not in mdr(url, "apply", file).out
    file.write_text(written(id="invoices-llama"))
    assert f"also about prod/invoices: {_ID};" in mdr(url, "apply", file).out


def test_a_second_rollout_is_refused_by_name(url: str, file: Path, tmp_path: Path) -> None:
    """While a revision is in canary, neither its next one nor another record of the route is applied; the very same is
    no change, and another route is free.
    """
    mdr(url, "apply", file)
    rolling(url, "canary")
    other = tmp_path / "other.md"
    other.write_text(written(id="invoices-llama"))
    for name, text in ((file, written(owner="ledger-team")), (other, written(id="invoices-llama"))):
        name.write_text(text)
        said = mdr(url, "apply", name)
        assert said.code == 1
        assert f"record {_ID} revision 1" in said.err
        assert "is in canary on prod/invoices" in said.err
    file.write_text(WHOLE)
    assert mdr(url, "apply", file).code == 0
    other.write_text(written(id="orders-llama", route="orders"))
    assert mdr(url, "apply", other).code == 0


def test_all_files_or_none(url: str, file: Path, tmp_path: Path) -> None:
    """One file with an error: nothing is stored, and every problem is told with its place."""
    wrong = tmp_path / "wrong.md"
    wrong.write_text(written(rollback_trigger="Error rate > 0.5"))
    said = mdr(url, "apply", file, wrong)
    assert (said.code, said.out) == (1, "")
    assert f"{wrong}:38:38: error: 0.5 has no unit" in said.err
    assert said.err.endswith("nothing was applied\n")
    assert stored.count(url, "model_records") == 0


def test_two_files_of_one_record_are_wrong_use(url: str, file: Path, tmp_path: Path) -> None:
    """Which of them would count depended on their order."""
    other = tmp_path / "other.md"
    other.write_text(written(owner="ledger-team"))
    said = mdr(url, "apply", file, other)
    assert said.code == 2
    assert f"both are the record {_ID}" in said.err
    assert stored.count(url, "model_records") == 0


def test_a_dry_run_stores_nothing(url: str, file: Path) -> None:
    """It says what would be done, and meets what would be met: a rollout that is under way refuses it too."""
    said = mdr(url, "apply", file, "--dry-run")
    assert said.code == 0
    assert "would be the current one" in said.out
    assert stored.count(url, "model_records") == 0
    mdr(url, "apply", file)
    rolling(url, "shadow")
    file.write_text(written(owner="ledger-team"))
    assert mdr(url, "apply", file, "--dry-run").code == 1


def test_warnings_are_told_and_do_not_hinder_unless_asked(url: str, file: Path) -> None:
    """--strict refuses what lint --strict refuses."""
    file.write_text(written(rollout_strategy="canary 10% for 3 days"))
    assert mdr(url, "apply", file, "--strict").code == 1
    said = mdr(url, "apply", file)
    assert said.code == 0
    assert "no shadow stage" in said.err


def test_shown_in_words_as_json_and_as_it_was_written(url: str, file: Path) -> None:
    """The current revision, or the one that is asked for by number, by the beginning of its hash, or as previous."""
    mdr(url, "apply", file)
    file.write_text(with_block("holdback: 2%"))
    mdr(url, "apply", file, "--by", "ada")
    assert "2% stays on gpt-5.4" in mdr(url, "show", _ID).out
    assert "by ada" in mdr(url, "show", _ID).out
    assert mdr(url, "show", f"{_ID}@2", "--source").out == file.read_text()
    first = compile_record(WHOLE.encode())
    for reference in ("1", first.revision[:4], first.revision, "previous"):
        found = objects(mdr(url, "show", f"{_ID}@{reference}", "--json"))[0]
        assert found["revision"] == first.revision
        assert first.record is not None
        assert found["record"] == first.record.model_dump(mode="json")


@pytest.mark.parametrize("reference", ["invoices", f"{_ID}@7", f"{_ID}@ffffffff", f"{_ID}@previous", "a b", "@1", ""])
def test_what_is_not_there_is_told(url: str, file: Path, reference: str) -> None:
    """With what there is instead; exit code 2."""
    mdr(url, "apply", file)
    said = mdr(url, "show", reference)
    assert said.code == 2
    assert _ID in said.err or "is no record" in said.err


def test_a_file_is_compared_with_what_is_stored(url: str, file: Path) -> None:
    """The same: 0. Another meaning: 1, with what follows for the evidence. Other prose: 0, and --text shows it."""
    mdr(url, "apply", file)
    assert mdr(url, "diff", file).code == 0
    assert "they mean the same" in mdr(url, "diff", file).out
    file.write_text(with_block("deadline: 14 days"))
    assert mdr(url, "diff", file).code == 0
    file.write_text(WHOLE.replace("for the ledger", "for our ledger"))
    assert mdr(url, "diff", file).code == 0
    assert "the prose differs" in mdr(url, "diff", file).out
    assert mdr(url, "diff", file, "--text").code == 1
    assert "+Invoices of suppliers become JSON for our ledger." in mdr(url, "diff", file, "--text").out
    file.write_text(with_block("no_data: alert", written(rollback_trigger="Error rate > 0.5%, P95 latency > 2s")))
    found = objects(mdr(url, "diff", file, "--json"))
    assert {(one["change"], one["what"], one["follows"]) for one in found} == {
        ("changed", "trigger", "its evidence begins anew"),
        ("removed", "trigger", ""),
        ("changed", "no data of attempt error rate > 0.5%", "its evidence goes on"),
        ("changed", "no data of P95 duration > 2 s", "its evidence begins anew"),
    }


def test_two_files_need_no_database(file: Path, tmp_path: Path) -> None:
    """And neither does lint: records are reviewed where no database is."""
    other = tmp_path / "other.md"
    other.write_text(written(candidate="llama-4", model_identifier="llama-4"))
    said = pointsman("mdr", "diff", str(file), str(other))
    assert said.code == 1
    assert "all evidence begins anew" in said.out


def test_a_stored_record_against_its_revision_before(url: str, file: Path) -> None:
    """With its id alone; of one revision there is nothing to compare, which is told."""
    mdr(url, "apply", file)
    said = mdr(url, "diff", _ID)
    assert said.code == 2
    assert f"{_ID} has no revision before {_ID}@1" in said.err
    file.write_text(with_block("holdback: 2%"))
    mdr(url, "apply", file)
    assert "holdback" in mdr(url, "diff", _ID).out
    assert mdr(url, "diff", f"{_ID}@1", f"{_ID}@1").code == 0


def test_a_diff_of_a_file_with_errors_is_wrong_use(file: Path) -> None:
    """It names the command that shows them."""
    file.write_text("no record")
    said = pointsman("mdr", "diff", str(file), str(file))
    assert said.code == 2
    assert f"pointsman mdr lint {file}" in said.err


def test_a_form_of_another_version_is_no_dead_end(url: str, file: Path) -> None:
    """A revision that this version cannot read is told by name; its record is listed, and a next one is applied."""
    mdr(url, "apply", file)
    sessions = Sessions(url)
    execute(sessions, "UPDATE model_records SET compiled = CAST(:form AS jsonb)", form='{"candidate": "qwen"}')
    sessions.close()
    said = mdr(url, "show", _ID)
    assert said.code == 1
    assert "another version" in said.err
    assert _ID in mdr(url, "list").out
    file.write_text(with_block("holdback: 2%"))
    applied = mdr(url, "apply", file)
    assert applied.code == 0
    assert "what differs is not known" in applied.err
    assert mdr(url, "show", _ID).code == 0


def test_a_reading_of_another_version_is_told(url: str, file: Path) -> None:
    """The same content again is no change; what was agreed on stays, and who reads it otherwise is told."""
    mdr(url, "apply", file)
    assert objects(mdr(url, "apply", file, "--json"))[0]["read_otherwise"] is False
    sessions = Sessions(url)
    execute(sessions, "UPDATE model_records SET compiled = jsonb_set(compiled, '{holdback_bp}', '0')")
    sessions.close()
    said = mdr(url, "apply", file)
    assert said.code == 0
    assert "nothing changed" in said.out
    assert "this one reads it otherwise" in said.err
    assert objects(mdr(url, "apply", file, "--json"))[0]["read_otherwise"] is True


def test_an_empty_store_says_how_to_begin(url: str) -> None:
    """And a record that is not there is wrong use."""
    assert mdr(url, "list").out == "no record was applied yet; see: pointsman mdr apply --help\n"
    assert mdr(url, "list", "--json").out == ""
    assert mdr(url, "list", "invoices").code == 2


def test_the_stores_own_traffic(url: str, file: Path) -> None:
    """`lint --traffic store` takes the route's rate of the last days; of a route without requests it says so."""
    sessions = Sessions(url)
    began = datetime.now(UTC) - timedelta(hours=2)
    Feed(sessions).send(*(trace(route="invoices", environment="prod", started_at=began) for _ in range(4)))
    tick(sessions)
    sessions.close()
    said = mdr(url, "lint", file, "--traffic", "store")
    assert said.code == 0
    assert "requests a day (measured over 2" in said.out
    assert "[untestable_limit]" in said.out
    file.write_text(written(route="orders"))
    none = mdr(url, "lint", file, "--traffic", "store")
    assert none.code == 0
    assert "prod/orders had no request in the last 7 days" in none.err
    assert f"{file}: clean" in none.out


def test_listed_as_a_table(url: str, file: Path) -> None:
    """A line for each record with its rollout, and for each revision."""
    mdr(url, "apply", file, "--by", "ada")
    rolling(url, "canary")
    (line,) = [line for line in mdr(url, "list").out.splitlines() if _ID in line]
    assert "prod/invoices" in line
    assert "canary (revision 1)" in line
    assert "ada" in line
    assert "current" in mdr(url, "list", _ID).out
