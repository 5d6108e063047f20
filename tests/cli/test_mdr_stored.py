"""`pointsman mdr list | show | diff` and `lint --traffic store`, against a database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.records.compiling import compile_record
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import trace
from tests.cli.command import pointsman
from tests.cli.stored_records import ID, mdr, objects, rolling
from tests.records.written import WHOLE, with_block, written
from tests.store.feed import Feed


def test_shown_in_words_as_json_and_as_it_was_written(url: str, record_file: Path) -> None:
    """The current revision, or the one that is asked for by number, by the beginning of its hash, or as previous."""
    mdr(url, "apply", record_file)
    record_file.write_text(with_block("holdback: 2%"))
    mdr(url, "apply", record_file, "--by", "ada")
    assert "2% stays on gpt-5.4" in mdr(url, "show", ID).out
    assert "by ada" in mdr(url, "show", ID).out
    assert mdr(url, "show", f"{ID}@2", "--source").out == record_file.read_text()
    first = compile_record(WHOLE.encode())
    for reference in ("1", first.revision[:4], first.revision, "previous"):
        found = objects(mdr(url, "show", f"{ID}@{reference}", "--json"))[0]
        assert found["revision"] == first.revision
        assert first.record is not None
        assert found["record"] == first.record.model_dump(mode="json")


@pytest.mark.parametrize("reference", ["invoices", f"{ID}@7", f"{ID}@ffffffff", f"{ID}@previous", "a b", "@1", ""])
def test_what_is_not_there_is_told(url: str, record_file: Path, reference: str) -> None:
    """With what there is instead; exit code 2."""
    mdr(url, "apply", record_file)
    said = mdr(url, "show", reference)
    assert said.code == 2
    assert ID in said.err or "is no record" in said.err


def test_a_file_is_compared_with_what_is_stored(url: str, record_file: Path) -> None:
    """The same: 0. Another meaning: 1, with what follows for the evidence. Other prose: 0, and --text shows it."""
    mdr(url, "apply", record_file)
    assert mdr(url, "diff", record_file).code == 0
    assert "they mean the same" in mdr(url, "diff", record_file).out
    record_file.write_text(with_block("deadline: 14 days"))
    assert mdr(url, "diff", record_file).code == 0
    record_file.write_text(WHOLE.replace("for the ledger", "for our ledger"))
    assert mdr(url, "diff", record_file).code == 0
    assert "the prose differs" in mdr(url, "diff", record_file).out
    assert mdr(url, "diff", record_file, "--text").code == 1
    assert "+Invoices of suppliers become JSON for our ledger." in mdr(url, "diff", record_file, "--text").out
    record_file.write_text(
        with_block("no_data: alert", written(rollback_trigger="Error rate > 0.5%, P95 latency > 2s"))
    )
    found = objects(mdr(url, "diff", record_file, "--json"))
    assert {(one["change"], one["what"], one["follows"]) for one in found} == {
        ("changed", "trigger", "its evidence begins anew"),
        ("removed", "trigger", ""),
        ("changed", "no data of attempt error rate > 0.5%", "its evidence goes on"),
        ("changed", "no data of P95 duration > 2 s", "its evidence begins anew"),
    }


def test_two_files_need_no_database(record_file: Path, tmp_path: Path) -> None:
    """And neither does lint: records are reviewed where no database is."""
    other = tmp_path / "other.md"
    other.write_text(written(candidate="llama-4", model_identifier="llama-4"))
    said = pointsman("mdr", "diff", str(record_file), str(other))
    assert said.code == 1
    assert "all evidence begins anew" in said.out


def test_a_stored_record_against_its_revision_before(url: str, record_file: Path) -> None:
    """With its id alone; of one revision there is nothing to compare, which is told."""
    mdr(url, "apply", record_file)
    said = mdr(url, "diff", ID)
    assert said.code == 2
    assert f"{ID} has no revision before {ID}@1" in said.err
    record_file.write_text(with_block("holdback: 2%"))
    mdr(url, "apply", record_file)
    assert "holdback" in mdr(url, "diff", ID).out
    assert mdr(url, "diff", f"{ID}@1", f"{ID}@1").code == 0


def test_a_diff_of_a_file_with_errors_is_wrong_use(record_file: Path) -> None:
    """It names the command that shows them."""
    record_file.write_text("no record")
    said = pointsman("mdr", "diff", str(record_file), str(record_file))
    assert said.code == 2
    assert f"pointsman mdr lint {record_file}" in said.err


def test_an_empty_store_says_how_to_begin(url: str) -> None:
    """And a record that is not there is wrong use."""
    assert mdr(url, "list").out == "no record was applied yet; see: pointsman mdr apply --help\n"
    assert mdr(url, "list", "--json").out == ""
    assert mdr(url, "list", "invoices").code == 2


def test_the_stores_own_traffic(url: str, record_file: Path) -> None:
    """`lint --traffic store` takes the route's rate of the last days; of a route without requests it says so."""
    sessions = Sessions(url)
    began = datetime.now(UTC) - timedelta(hours=2)
    Feed(sessions).send(*(trace(route="invoices", environment="prod", started_at=began) for _ in range(4)))
    tick(sessions)
    sessions.close()
    said = mdr(url, "lint", record_file, "--traffic", "store")
    assert said.code == 0
    assert "requests a day (measured over 2" in said.out
    assert "[untestable_limit]" in said.out
    record_file.write_text(written(route="orders"))
    none = mdr(url, "lint", record_file, "--traffic", "store")
    assert none.code == 0
    assert "prod/orders had no request in the last 7 days" in none.err
    assert f"{record_file}: clean" in none.out


def test_listed_as_a_table(url: str, record_file: Path) -> None:
    """A line for each record with its rollout, and for each revision."""
    mdr(url, "apply", record_file, "--by", "ada")
    rolling(url, "canary")
    (line,) = [line for line in mdr(url, "list").out.splitlines() if ID in line]
    assert "prod/invoices" in line
    assert "canary (revision 1)" in line
    assert "ada" in line
    assert "current" in mdr(url, "list", ID).out
