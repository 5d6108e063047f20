"""`pointsman mdr apply`, against a database."""

from pathlib import Path

from alerts.records.compiling import compile_record
from store.sessions import Sessions
from tests.cli.stored_records import ID, mdr, objects, rolling
from tests.ingest import stored
from tests.records.written import WHOLE, with_block, written
from tests.store.feed import execute


def test_the_same_content_twice_is_one_revision(url: str, record_file: Path) -> None:
    """Other ends of lines are the same content; a second apply says so and stores nothing."""
    said = mdr(url, "apply", record_file)
    assert said.code == 0
    revision = compile_record(WHOLE.encode()).revision
    assert said.out.startswith(f"{ID} revision 1 ({revision[:12]}) is now the current one: prod/invoices, 3 triggers")
    record_file.write_bytes(WHOLE.replace("\n", "\r\n").encode())
    again = mdr(url, "apply", record_file)
    assert again.out == f"{ID} revision 1 ({revision[:12]}) is the current one already: nothing changed\n"
    assert stored.count(url, "model_records") == 1


def test_every_revision_is_kept_and_the_last_applied_is_current(url: str, record_file: Path) -> None:
    """A change is revision 2 and tells what differs; the first content once more is revision 1 again, and current."""
    mdr(url, "apply", record_file)
    record_file.write_text(
        written(rollback_trigger="Error rate > 1%, P95 latency > 1.2s, or security injection detection.")
    )
    second = mdr(url, "apply", record_file)
    assert "revision 2" in second.out
    assert "in place of revision 1" in second.out
    assert "attempt error rate > 0.5%" in second.out
    assert "its evidence begins anew" in second.out
    record_file.write_text(WHOLE)
    third = mdr(url, "apply", record_file)
    assert "revision 1" in third.out
    assert "known from before" in third.out
    listed = objects(mdr(url, "list", ID, "--json"))
    assert [(one["number"], one["current"]) for one in listed] == [(2, False), (1, True)]
    assert [one["revisions"] for one in objects(mdr(url, "list", "--json"))] == [2]


def test_who_brought_a_revision_back_is_told(url: str, record_file: Path) -> None:
    """The first and the last who applied it, each with the time; `previous` is what was current before."""
    other = written(rollback_trigger="Error rate > 1%")
    for text, by in ((WHOLE, "ada"), (other, "ben"), (WHOLE, "cleo")):
        record_file.write_text(text)
        mdr(url, "apply", record_file, "--by", by)
    (line,) = [line for line in mdr(url, "list").out.splitlines() if ID in line]
    assert line.endswith("cleo")
    shown = mdr(url, "show", ID).out.splitlines()[0]
    assert "by ada, again" in shown
    assert shown.endswith("by cleo")
    assert "revision 2" in mdr(url, "show", f"{ID}@previous").out
    assert mdr(url, "diff", ID).out.startswith(f"{ID}@2 -> {ID}@1\n")


def test_two_records_about_one_route_know_of_each_other(url: str, record_file: Path) -> None:
    """Both may be there as drafts; whoever applies the second is told."""
    assert "also about" not in mdr(url, "apply", record_file).out
    record_file.write_text(written(id="invoices-llama"))
    assert f"also about prod/invoices: {ID};" in mdr(url, "apply", record_file).out


def test_a_second_rollout_is_refused_by_name(url: str, record_file: Path, tmp_path: Path) -> None:
    """While a revision is in canary, neither its next one nor another record of the route is applied; the very same is
    no change, and another route is free.
    """
    mdr(url, "apply", record_file)
    rolling(url, "canary")
    other = tmp_path / "other.md"
    other.write_text(written(id="invoices-llama"))
    for name, text in ((record_file, written(owner="ledger-team")), (other, written(id="invoices-llama"))):
        name.write_text(text)
        said = mdr(url, "apply", name)
        assert said.code == 1
        assert f"record {ID} revision 1" in said.err
        assert "is in canary on prod/invoices" in said.err
    record_file.write_text(WHOLE)
    assert mdr(url, "apply", record_file).code == 0
    other.write_text(written(id="orders-llama", route="orders"))
    assert mdr(url, "apply", other).code == 0


def test_all_files_or_none(url: str, record_file: Path, tmp_path: Path) -> None:
    """One file with an error: nothing is stored, and every problem is told with its place."""
    wrong = tmp_path / "wrong.md"
    wrong.write_text(written(rollback_trigger="Error rate > 0.5"))
    said = mdr(url, "apply", record_file, wrong)
    assert (said.code, said.out) == (1, "")
    assert f"{wrong}:38:38: error: 0.5 has no unit" in said.err
    assert said.err.endswith("nothing was applied\n")
    assert stored.count(url, "model_records") == 0


def test_two_files_of_one_record_are_wrong_use(url: str, record_file: Path, tmp_path: Path) -> None:
    """Which of them would count depended on their order."""
    other = tmp_path / "other.md"
    other.write_text(written(owner="ledger-team"))
    said = mdr(url, "apply", record_file, other)
    assert said.code == 2
    assert f"both are the record {ID}" in said.err
    assert stored.count(url, "model_records") == 0


def test_a_dry_run_stores_nothing(url: str, record_file: Path) -> None:
    """It says what would be done, and meets what would be met: a rollout that is under way refuses it too."""
    said = mdr(url, "apply", record_file, "--dry-run")
    assert said.code == 0
    assert "would be the current one" in said.out
    assert stored.count(url, "model_records") == 0
    mdr(url, "apply", record_file)
    rolling(url, "shadow")
    record_file.write_text(written(owner="ledger-team"))
    assert mdr(url, "apply", record_file, "--dry-run").code == 1


def test_warnings_are_told_and_do_not_hinder_unless_asked(url: str, record_file: Path) -> None:
    """--strict refuses what lint --strict refuses."""
    record_file.write_text(written(rollout_strategy="canary 10% for 3 days"))
    assert mdr(url, "apply", record_file, "--strict").code == 1
    said = mdr(url, "apply", record_file)
    assert said.code == 0
    assert "no shadow stage" in said.err


def test_a_form_of_another_version_is_no_dead_end(url: str, record_file: Path) -> None:
    """A revision that this version cannot read is told by name; its record is listed, and a next one is applied."""
    mdr(url, "apply", record_file)
    sessions = Sessions(url)
    execute(sessions, "UPDATE model_records SET compiled = CAST(:form AS jsonb)", form='{"candidate": "qwen"}')
    sessions.close()
    said = mdr(url, "show", ID)
    assert said.code == 1
    assert "another version" in said.err
    assert ID in mdr(url, "list").out
    record_file.write_text(with_block("holdback: 2%"))
    applied = mdr(url, "apply", record_file)
    assert applied.code == 0
    assert "what differs is not known" in applied.err
    assert mdr(url, "show", ID).code == 0


def test_a_reading_of_another_version_is_told(url: str, record_file: Path) -> None:
    """The same content again is no change; what was agreed on stays, and who reads it otherwise is told."""
    mdr(url, "apply", record_file)
    assert objects(mdr(url, "apply", record_file, "--json"))[0]["read_otherwise"] is False
    sessions = Sessions(url)
    execute(sessions, "UPDATE model_records SET compiled = jsonb_set(compiled, '{holdback_bp}', '0')")
    sessions.close()
    said = mdr(url, "apply", record_file)
    assert said.code == 0
    assert "nothing changed" in said.out
    assert "this one reads it otherwise" in said.err
    assert objects(mdr(url, "apply", record_file, "--json"))[0]["read_otherwise"] is True
