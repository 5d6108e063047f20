"""Price files: every problem is told at once and with its line, and nothing of a file with problems is taken."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pointsman.prices.files import MAX_BYTES, FileUnreadable, read_file
from pointsman.prices.genai import entries_of_package
from pointsman.prices.lines import Gathered, gather, line_of
from pointsman.prices.plan import plan_import
from store.price_entries import Unit
from store.pricing import Usage
from tests.prices import numbered, price

_PAGE = (Path(__file__).parent.parent / "docs" / "prices.md").read_text(encoding="utf-8")
_HEADER = "provider,model,unit,usd_per_million,usd_per_hour,above_input_tokens,valid_from,valid_to,gpus\n"


def gathered(file: Path, content: str | bytes) -> Gathered:
    """What a file with this content holds."""
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    found = Gathered()
    lines = []
    for raw in read_file(file):
        if isinstance(raw, str):
            found.problems.append(raw)
        elif (line := line_of(raw.place, raw.fields, file.name, found.problems)) is not None:
            lines.append(line)
    gather(lines, found)
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A price file to be."""
    return tmp_path / "prices.csv"


def example(language: str) -> str:
    """The one of docs/prices.md."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", _PAGE, re.DOTALL)
    return str(found)


def test_the_examples_of_the_page(file: Path) -> None:
    """They are read as the page says, and hold no tie."""
    found = gathered(file, example("csv"))
    assert found.problems == []
    gpt, claude, qwen, people = (one.entry for one in found.entries)
    assert gpt.prices[:2] == (price(Unit.CACHE_READ_TOKENS, "0.25"), price(Unit.INPUT_TOKENS, "2.5"))
    assert (gpt.provider, gpt.valid_from, gpt.valid_to) == ("openai", datetime(2026, 3, 1, tzinfo=UTC), None)
    assert claude.valid_to == datetime(2026, 12, 31, tzinfo=UTC)
    assert (qwen.gpus, qwen.assumed_batch_size, people.is_human_review) == (4, 16, True)
    assert plan_import(found.entries, [], replace=False).problems == []
    found = gathered(file.with_suffix(".json"), example("json"))
    assert found.problems == []
    assert [one.entry.model for one in found.entries] == ["qwen-3.5-72b", ""]
    costs = numbered(gpt).costs("gpt-5.4-mini", "openai", datetime(2026, 11, 1, tzinfo=UTC), Usage(300_000, 10))
    assert costs is not None
    assert (costs.prefill, costs.generation) == (300_000 * 5000, 10 * 22_500)


def test_every_column_and_unit_is_on_the_page() -> None:
    """In its tables."""
    from pointsman.prices.lines import COLUMNS

    for name in (*COLUMNS, *Unit):
        assert f"`{name}`" in _PAGE, name


@pytest.mark.parametrize(
    "lines",
    [
        "\ufeff" + _HEADER + ",m,input_tokens,1,,,,,\n",
        _HEADER.replace("\n", "\r\n") + "\r\n" + ",m,input_tokens,1,,,,,\r\n\r\n",
        _HEADER + ' , m , input_tokens ,"1.0", ,,,,\n',
        "unit,model,usd_per_million\ninput_tokens,m,1\n",
        _HEADER + ",m,input_tokens,1,,0,1970-01-01,,",
    ],
)
def test_files_as_spreadsheets_write_them(file: Path, lines: str) -> None:
    """With a byte order mark, other line ends, blanks, quotes, empty lines, columns in another order: all the same."""
    found = gathered(file, lines)
    assert found.problems == []
    (placed,) = found.entries
    assert (placed.entry.model, placed.entry.prices) == ("m", (price(Unit.INPUT_TOKENS, "1"),))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (",m,input_tokens,-1,,,,,", "line 2: usd_per_million: '-1' is no amount from 0 to 1,000,000"),
        (",m,input_tokens,NaN,,,,,", "'NaN' is no amount"),
        (",m,input_tokens,1e3,,,,,", "'1e3' is no amount"),
        (",m,input_tokens,١,,,,,", "is no amount"),  # noqa: RUF001 - a digit, and not ours
        (",m,input_tokens,1000000.000000001,,,,,", "is no amount"),
        (f",m,input_tokens,{'9' * 400},,,,,", "is no amount"),
        (",m,input_tokens,0.0000000001,,,,,", "at most nine decimals"),
        (',m,input_tokens,"1,5",,,,,', "'1,5' is no amount"),
        (",m,input_tokens,,,,,,", "input_tokens has its price in usd_per_million"),
        (",m,input_tokens,1,1,,,,", "and in no other column"),
        (",m,gpu_hours,1,,,,,", "gpu_hours has its price in usd_per_hour"),
        (",m,tokens,1,,,,,", "unit: 'tokens' is none of input_tokens, "),
        (",m,,1,,,,,", "unit: must not be empty"),
        (",,input_tokens,1,,,,,", "model: must not be empty"),
        (f",{'m' * 257},input_tokens,1,,,,,", "model: longer than 256 characters"),
        ("open*,m,input_tokens,1,,,,,", "provider: is a name, not a pattern"),
        (",m,human_review_hours,,30,,,,", "human_review_hours has neither provider nor model"),
        (",m,input_tokens,1,,-5,,,", "above_input_tokens: '-5' is no whole number"),
        (",m,input_tokens,1,,99999999999999999999,,,", "is no whole number"),
        (",m,gpu_hours,,1,7,,,", "above_input_tokens: gpu_hours has no tiers"),
        (",m,input_tokens,1,,,,,4", "gpus is for gpu_hours alone"),
        (",m,gpu_hours,,1,,,,0", "gpus: '0' is no whole number from 1"),
        (",m,input_tokens,1,,,yesterday,,", "valid_from: 'yesterday' is no date such as"),
        (",m,input_tokens,1,,,2026-02-30,,", "valid_from: '2026-02-30' is no date"),
        (",m,input_tokens,1,,,2026-02-01T10:00:00,,", "has no zone"),
        (",m,input_tokens,1,,,1969-12-31,,", "is out of reach"),
        (",m,input_tokens,1,,,2026-01-02,2026-01-02,", "valid_to is not after valid_from"),
        (",m,input_tokens,1,,,,", "line 2: 8 fields, the header has 9"),
        (",m,input_tokens,1,,7,,,", "input_tokens has no price up to 7 input tokens"),
        (",m,input_tokens,1,,,,,\n,m,input_tokens,1,,,,,", "line 3: the same price as in line 2"),
        (",m,input_tokens,1,,,,,\n,m,gpu_hours,,1,,,,", "lines 2, 3: an entry has a price for hours or for tokens"),
        (',m,input_tokens,"1,,,,,', "line 2: unexpected end of data"),
    ],
)
def test_wrong_lines(file: Path, line: str, sentence: str) -> None:
    """One problem, which names the line and what would be right."""
    (problem,) = gathered(file, _HEADER + line).problems
    assert sentence in problem


def test_all_problems_are_told(file: Path) -> None:
    """Not only the first: a long file is corrected once."""
    problems = gathered(file, _HEADER + ",m,input_tokens,x,,,,,\n,,y,1,,,,,\n,n,output_tokens,1,,x,z,,\n").problems
    assert [problem.split(": ")[:2] for problem in problems] == [
        ["line 2", "usd_per_million"],
        ["line 3", "unit"],
        ["line 4", "above_input_tokens"],
        ["line 4", "valid_from"],
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"model,unit\xff\n", "is not UTF-8"),
        (b"model,unit\n\0", "holds NUL"),
        (b"x" * (MAX_BYTES + 1), "more than 16 MiB"),
        (b"model,unit,price\n", "unknown columns: 'price'"),
        (b"model\n", "missing columns: unit"),
        (b"model,unit,unit\n", "columns that come twice: unit"),
        (b"[1", "Expecting"),
        (b'{"model": "m"}', "expected an array"),
        (b'[{"unit": "x", "unit": "y"}]', "'unit' comes twice in one object"),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_files_that_are_none(file: Path, content: bytes, sentence: str) -> None:
    """One sentence, with the file's name."""
    with pytest.raises(FileUnreadable, match=re.escape(sentence)) as caught:
        gathered(file, content)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        ({"price": 1}, "item 1: unknown names: 'price'"),
        (7, "item 1: expected an object"),
        ({"model": ["m"], "unit": "input_tokens"}, "item 1: model: expected text or a number"),
        ({"model": "m", "unit": "input_tokens", "usd_per_million": True}, "usd_per_million: expected text or a number"),
        ({"model": "m", "unit": "input_tokens", "usd_per_million": float("nan")}, "'NaN' is no amount"),
        ({"model": "m", "unit": "input_tokens", "usd_per_million": 1e300}, "is no amount"),
        ({"model": "m\0", "unit": "input_tokens", "usd_per_million": 1}, "model: holds characters that are no text"),
        ({"model": "\ud800", "unit": "input_tokens", "usd_per_million": 1}, "model: holds characters that are no text"),
    ],
)
def test_wrong_items(file: Path, item: object, sentence: str) -> None:
    """JSON is looked at as closely as CSV."""
    (problem,) = gathered(file, json.dumps([item])).problems
    assert sentence in problem


def test_json_amounts_are_exact(file: Path) -> None:
    """A number is what its digits say, not the float nearest to it."""
    content = '[{"model": "m", "unit": "input_tokens", "usd_per_million": 0.123456789}]'
    assert gathered(file, content).entries[0].entry.prices == (price(Unit.INPUT_TOKENS, "0.123456789"),)


def test_the_package_holds_no_tie() -> None:
    """Every provider's entries, thousands of them, and the whole of it a second time is the same."""
    found, left_out = entries_of_package([])
    assert len(found) > 1000
    assert all(left_out.values())
    plan = plan_import(found, [], replace=False)
    assert plan.problems == []
    again = plan_import(found, plan.new, replace=False)
    assert (again.new, again.unchanged) == ([], len(found))


def test_a_newer_package() -> None:
    """From a day on, only what differs then is new: what is in the book keeps the past, and holds where it is alike."""
    found, _ = entries_of_package(["anthropic"])
    book = [replace(one.entry, price_id=number) for number, one in enumerate(found, 1)]
    day = datetime(2026, 11, 28, tzinfo=UTC)
    news, _ = entries_of_package(["anthropic"], day)
    assert {one.entry.valid_from for one in news} == {day}
    plan = plan_import(news, book, replace=False, only_news=True)
    assert (plan.new, plan.problems) == ([], [])
    dearer = [
        replace(one, prices=tuple(price._replace(nanousd=price.nanousd + 1) for price in one.prices))
        if one.model == "claude-sonnet-5"
        else one
        for one in book
    ]
    plan = plan_import(news, dearer, replace=False, only_news=True)
    assert [(one.model, one.valid_from) for one in plan.new] == [("claude-sonnet-5", day)]
    assert (plan.withdrawn, plan.problems) == ([], [])


def test_the_package_and_the_book_agree() -> None:
    """Wherever both know a price it is the same, but for the rounding of three parts; tiers and dates too."""
    import genai_prices
    from genai_prices.data import providers

    wanted = ["anthropic", "openai", "google", "mistral"]
    book = numbered(*(one.entry for one in entries_of_package(wanted)[0]))
    compared = 0
    for at in (datetime(2025, 6, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)):
        for provider in (one for one in providers if one.id in wanted):
            for model in provider.models:
                usage = Usage(250_000, 1000, 100_000, 0)
                costs = book.costs(model.id, provider.id, at, usage)
                if costs is None:
                    continue
                told = genai_prices.Usage(input_tokens=250_000, output_tokens=1000, cache_read_tokens=100_000)
                theirs = model.calc_price(told, provider, genai_request_timestamp=at)
                assert abs(sum(costs[1:]) - theirs.total_price * 10**9) <= 2, model.id
                compared += 1
    assert compared > 100
