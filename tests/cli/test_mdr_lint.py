"""`pointsman mdr lint | template | schema`: without settings, without a database."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from alerts.records.block import Block, read_block
from alerts.records.block_schema import block_schema
from alerts.records.passages import Place
from alerts.records.yaml_values import YamlText, read_yaml
from pointsman.records.power import SimulatedPower
from tests.cli.command import Said, as_process, pointsman
from tests.records.written import WHOLE, with_block, written

_PLACEHOLDER = re.compile(r"\[e\.g\., ([^\]]*)\]")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A record that is well."""
    path = tmp_path / "invoices.md"
    path.write_text(WHOLE)
    return path


def lint(*arguments: str | Path) -> Said:
    """Run it."""
    return pointsman("mdr", "lint", *map(str, arguments))


def lint_json(*arguments: str | Path) -> Any:
    """What it prints with --json, of one file."""
    return json.loads(lint("--json", *arguments).out)


def test_the_sentences_of_the_template_compile_as_agreed(file: Path) -> None:
    """The record's two sentences give these triggers and stages, key by key."""
    found = lint_json(file)
    assert found["triggers"] == [
        {
            "measure": "attempt_error_rate",
            "quantile": None,
            "op": ">",
            "threshold": 0.005,
            "unit": "1",
            "against": "limit",
            "text": "Error rate > 0.5%",
        },
        {
            "measure": "duration",
            "quantile": 0.95,
            "op": ">",
            "threshold": 1.2,
            "unit": "s",
            "against": "limit",
            "text": "P95 latency > 1.2s",
        },
        {
            "measure": "injection_succeeded",
            "quantile": None,
            "op": "any",
            "threshold": None,
            "unit": "1",
            "against": "limit",
            "text": "security injection detection",
        },
    ]
    assert found["stages"] == [
        {"kind": "shadow", "weight_bp": 100, "duration_s": 259200},
        {"kind": "canary", "weight_bp": 1000, "duration_s": 86400, "assumed": ["duration_s"]},
    ]
    assert found["problems"] == []
    assert found["record"]["id"] == "invoices-2026-11"


def test_what_was_understood_is_printed_in_words(file: Path) -> None:
    """With units, with what is assumed, with every default; and that nothing is wrong."""
    said = lint(file)
    assert said.code == 0
    for words in (
        "qwen-3.5-72b for gpt-5.4 on route invoices (prod)",
        "bad: more than 5% of requests slower than 1.2 s",
        "outside of the false-rollback budget",
        "canary 10% (24 hours are assumed)",
        "deadline 14 days, then asks",
        "at most 1% of healthy candidates",
        f"{file}: clean",
    ):
        assert words in said.out


def test_problems_are_told_as_compilers_do(tmp_path: Path) -> None:
    """File, line, column, severity, sentence, code: editors find the place. Errors end with 1, nothing is half-made."""
    path = tmp_path / "wrong.md"
    path.write_text(written(rollback_trigger="Eror rate > 0.5%, P95 latency > 1.2"))
    said = lint("--quiet", path)
    assert said.code == 1
    closest = "attempt_error_rate, retry_rate"
    assert said.out.splitlines() == [
        f'{path}:38:25: error: "Eror rate" is no measure; closest: {closest} [unknown_measure]',
        f"{path}:38:57: error: 1.2 has no unit: write 1.2 s or 1.2 ms [unit]",
    ]
    assert lint_json(path)["record"] is None


def test_warnings_fail_where_they_are_to(tmp_path: Path) -> None:
    """A warning ends with 0, and with 1 where --strict is given; the record is whole."""
    path = tmp_path / "warned.md"
    path.write_text(written(rollout_strategy="canary 10% for 3 days"))
    assert "warning: no shadow stage" in lint(path).out
    assert lint(path).code == 0
    assert lint("--strict", path).code == 1
    assert lint_json(path)["record"] is not None


def test_several_files_are_one_line_each(file: Path, tmp_path: Path) -> None:
    """Each file has its object with its name; one that is wrong fails the whole."""
    other = tmp_path / "other.md"
    other.write_text("# no record\n")
    said = lint("--json", file, other)
    found = [json.loads(line) for line in said.out.splitlines()]
    assert [one["file"] for one in found] == [str(file), str(other)]
    assert (said.code, lint("--json", file).code) == (1, 0)


def test_standard_input_is_a_file(file: Path) -> None:
    """As in `pointsman mdr template | … | pointsman mdr lint -`: here with nothing in it, which is no record."""
    said = as_process("mdr", "lint", "-")
    assert said.code == 1
    assert "-:1:1: error: no front matter" in said.out


@pytest.mark.parametrize("name", ["missing.md", "."])
def test_a_name_that_is_no_file_is_wrong_use(file: Path, tmp_path: Path, name: str) -> None:
    """Nothing is said of the other files before: the sentence is not lost above them."""
    said = lint(file, tmp_path / name)
    assert (said.code, said.out) == (2, "")
    assert "missing.md" in said.err or "is a directory" in said.err


def test_no_settings_are_needed(file: Path) -> None:
    """A process with no variables at all: neither a database nor a broker is asked for."""
    assert as_process("mdr", "lint", str(file)).code == 0


def test_traffic_that_is_too_little_is_told(file: Path) -> None:
    """At 1,200 requests a day neither trigger can be tested; a million a day is enough for both. The figures are those
    of the simulation.
    """
    found = lint_json("--traffic", "1200/day", file)
    assert [told["code"] for told in found["problems"]] == ["untestable_limit", "untestable_limit"]
    power = SimulatedPower()(0.005, alpha=0.0045, planned=120, margin=0.0, incidents="count")
    assert power.to_fail is not None
    assert found["power"][0]["to_fail_requests"] == power.to_fail
    assert found["power"][0]["to_fail_s"] == pytest.approx(power.to_fail * 86_400 / 120, abs=1)
    assert power.to_pass is not None
    # 1 % in shadow, 10 % as a canary.
    assert found["power"][0]["to_pass_s"] == [round(power.to_pass * 86_400 / share) for share in (12, 120)]
    assert found["not_estimated"] == []
    plenty = lint_json("--traffic", "1000000/day", file)
    assert plenty["problems"] == []
    assert "half of the candidates at twice the limit" in lint("--traffic", "1200/day", file).out


def test_what_is_not_estimated_is_named(tmp_path: Path) -> None:
    """Comparisons and costs take traffic too, how much is not known: they are not passed over."""
    path = tmp_path / "compared.md"
    path.write_text(written(rollback_trigger="Error rate worse than baseline by 5%, or cost per success > $0.02"))
    sentences = ["attempt error rate worse than baseline by 5%", "cost per success > $0.02"]
    assert lint_json("--traffic", "1200/day", path)["not_estimated"] == sentences
    assert f"not estimated: {'; '.join(sentences)}" in lint("--traffic", "1200/day", path).out


def test_traffic_as_people_write_it(file: Path) -> None:
    """With thousands, with k, in the plural, by the week: the same."""
    found = [
        lint_json("--traffic", text, file)["power"] for text in ("7,000/week", "7k / weeks", "1000 requests per day")
    ]
    assert found[0] == found[1] == found[2]


def test_standard_input_is_read_once() -> None:
    """A second - would be an empty file."""
    assert as_process("mdr", "lint", "-", "-").code == 2


@pytest.mark.parametrize("traffic", ["many", "0/day", "5/fortnight", "1200perday", "1,20/day"])
def test_traffic_that_is_none_is_wrong_use(file: Path, traffic: str) -> None:
    """With a sentence that shows how it is written."""
    said = lint("--traffic", traffic, file)
    assert said.code == 2
    assert "--traffic" in said.err


def test_the_stores_traffic_needs_a_database(file: Path) -> None:
    """`--traffic store` without one says which setting is missing."""
    said = lint("--traffic", "store", file)
    assert said.code == 2
    assert "database_url" in said.err.casefold().replace("-", "_")


def test_the_template_is_clean_once_it_is_filled_in(tmp_path: Path) -> None:
    """As it comes every placeholder is an error, at its place, and nothing else; with its own examples it is clean."""
    template = pointsman("mdr", "template").out
    path = tmp_path / "new.md"
    path.write_text(template)
    problems = lint_json(path)["problems"]
    assert {told["code"] for told in problems} == {"placeholder"}
    lines = template.split("\n")
    placed = {(told["line"], told["column"]) for told in problems}
    for number, line in enumerate(lines, 1):
        for found in re.finditer(r"\[e\.g\.", line):
            assert (number, found.start() + 1) in placed, line
    path.write_text(_PLACEHOLDER.sub(r"\1", template))
    said = lint("--strict", path)
    assert (said.code, said.out.splitlines()[-1]) == (0, f"{path}: clean")


def test_the_schema_is_that_of_the_block() -> None:
    """Every key that is read is in it, nothing else is allowed, and the block of the template has the keys of it."""
    schema = json.loads(pointsman("mdr", "schema").out)
    assert schema == block_schema()
    assert set(schema["properties"]) == set(Block.model_fields)
    assert schema["additionalProperties"] is False
    block = pointsman("mdr", "template").out.partition("```yaml pointsman\n")[2].partition("```")[0]
    value, problems = read_yaml(YamlText(block, tuple(Place(line + 1, 1) for line in range(block.count("\n") + 1))))
    assert not problems
    assert not read_block(value)[1]
    assert value is not None
    assert set(value.keys) <= set(schema["properties"])


def test_words_of_a_record_move_no_cursor(tmp_path: Path) -> None:
    """What a record holds is printed as harmless text: escapes are refused as characters that nobody sees."""
    path = tmp_path / "hostile.md"
    path.write_text(written(owner="ml\x1b[2Jplatform"))
    said = lint(path)
    assert said.code == 1
    assert "\x1b" not in said.out + said.err
    assert "unreadable_text" in said.out


def test_block_settings_are_in_the_words(tmp_path: Path) -> None:
    """What the block says of a trigger is printed back with it."""
    path = tmp_path / "block.md"
    path.write_text(with_block("triggers:\n  - when: error rate\n    incidents: clip\n    enforcement: approve"))
    said = lint(path)
    assert "asks a person to roll back; bad: more than 0.5% of dispatched requests; short bursts do not decide" in (
        " ".join(said.out.split())
    )
