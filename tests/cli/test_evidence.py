"""`pointsman evidence`: explain and power, without any service."""

import json
from pathlib import Path

import pytest

from analytics.evidence import RateAdvance, RateEvidence
from pointsman.screens.evidence import e_value
from tests.cli.command import Said, as_process, pointsman

PNG, SVG = b"\x89PNG\r\n", b"<?xml"


def explain(counts: Path | str, *arguments: str) -> Said:
    """Run it with a limit of 0.5 % and 100,000 planned requests."""
    return pointsman(
        "evidence", "explain", "--limit", "0.005", "--planned", "100000", "--counts", str(counts), *arguments
    )


def written(path: Path, looks: list[tuple[int, int]], header: str = "n,bad\n") -> Path:
    """A file of counts."""
    path.write_text(header + "".join(f"{n},{bad}\n" for n, bad in looks))
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A canary that is well for 20 looks of 100 and then has 5 % bad."""
    return written(tmp_path / "bad.csv", [(100, 0)] * 20 + [(100, 5)] * 20)


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """One that has hardly begun."""
    return written(tmp_path / "short.csv", [(10, 0), (12, 1), (0, 0)])


def test_a_fail_is_told_with_its_place(bad: Path) -> None:
    """Verdict first, with the look at which it fell; exit code 1; the table marks the same look."""
    said = explain(bad)
    assert said.code == 1
    evidence = RateEvidence(0.005, planned=100_000)
    at = 0
    for n, k in [(100, 0)] * 20 + [(100, 5)] * 20:
        evidence.update(n, k)
        at += 1
        if evidence.failed:
            break
    assert said.out.startswith(f"FAIL at look {at} ({100 * at:,} requests, {5 * (at - 20)} bad): E to fail reached ")
    assert [line.split()[0] for line in said.out.splitlines() if line.endswith("FAIL")] == [str(at)]
    assert "95 % interval" in said.out


def test_json_has_every_look_and_the_same_numbers(bad: Path) -> None:
    """A program gets what the library says, to the last bit."""
    said = explain(bad, "--json")
    found = json.loads(said.out)
    evidence, advance = RateEvidence(0.005, planned=100_000), RateAdvance(0.005)
    for number, (n, k) in enumerate([(100, 0)] * 20 + [(100, 5)] * 20):
        evidence.update(n, k)
        advance.update(n, k)
        assert found["path"][number]["log_e_to_fail"] == evidence.log_e
        assert found["path"][number]["log_e_to_pass"] == advance.log_e
    assert (found["verdict"], found["looks"], found["n"], found["bad"]) == ("FAIL", 40, 4000, 100)
    assert found["p_value"] == evidence.p_value
    assert [found[name] for name in ("limit", "planned", "alpha", "incidents")] == [0.005, 100_000, 0.01, "count"]
    assert found["estimate"]["interval"] == "anytime-valid"


def test_too_little_is_insufficient_and_no_failure(short: Path) -> None:
    """Neither verdict: exit code 0, how far both are, and no word of well or bad."""
    said = explain(short)
    assert said.code == 0
    assert said.out.startswith("INSUFFICIENT after look 3 (22 requests, 1 bad): E to fail was at most ")


def test_a_pass_is_told(tmp_path: Path) -> None:
    """A canary that is well for long enough passes."""
    said = explain(written(tmp_path / "well.csv", [(100, 0)] * 40))
    assert said.code == 0
    assert said.out.startswith("PASS at look ")


def test_a_fail_makes_a_pass_void(tmp_path: Path) -> None:
    """Who passed and failed later has failed."""
    said = explain(written(tmp_path / "late.csv", [(100, 0)] * 40 + [(100, 20)] * 4))
    assert said.code == 1
    assert "The PASS at look " in said.out
    assert said.out.splitlines()[0].endswith(" is void.")


def test_looks_that_are_longer_than_a_block_are_told(tmp_path: Path) -> None:
    """A burst of one second within a look of ten minutes cannot be seen to be one."""
    counts = written(tmp_path / "long.csv", [(100, 0), (6000, 80)])
    said = explain(counts, "--incidents", "clip")
    assert (said.code, "warning: 1 of 2 looks are longer than a block of 600 requests" in said.err) == (1, True)
    assert explain(counts).err == ""


def test_a_void_pass_is_marked_as_one(tmp_path: Path) -> None:
    """In the table too, where it would be read as a verdict."""
    lines = explain(written(tmp_path / "void.csv", [(20, 20), (50_000, 0)])).out.splitlines()
    assert [line.split("  ")[-1].strip() for line in lines if line.endswith(("FAIL", ")"))][-2:] == [
        "FAIL",
        "(PASS)",
    ]


def test_looks_without_requests_are_no_data(tmp_path: Path) -> None:
    """Nothing was counted: that is told as such, and is no verdict."""
    said = explain(written(tmp_path / "idle.csv", [(0, 0), (0, 0)]))
    assert (said.code, said.out.splitlines()[0]) == (0, "NO_DATA: no look has a request.")


@pytest.mark.parametrize(
    "header", ["", "n,bad\n", "N, Bad\n", "\ufeffn,bad\n"], ids=["none", "plain", "spaced", "byte-order-mark"]
)
def test_the_header_may_be_there_or_not(tmp_path: Path, header: str) -> None:
    """Two columns need no names."""
    said = explain(written(tmp_path / "a.csv", [(100, 1)] * 3, header), "--json")
    assert json.loads(said.out)["n"] == 300


def test_other_columns_are_passed_over(tmp_path: Path) -> None:
    """A file with times and names in it needs no editing; empty lines are none."""
    path = tmp_path / "wide.csv"
    path.write_text('at,bad,n,why\n2026-11-29T01:00,2,100,"a, b"\n\n2026-11-29T01:01,0,90,\n')
    found = json.loads(explain(path, "--json").out)
    assert (found["n"], found["bad"]) == (190, 2)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "holds no looks"),
        ("n,bad\n", "holds no looks"),
        ("n,bad\n10,11\n", "line 2: 11 bad of 10"),
        ("n,bad\n10,1\n-1,0\n", "line 3: n must be a whole number from 0 on, not '-1'"),
        ("n,bad\n10,1.5\n", "line 2: bad must be a whole number from 0 on, not '1.5'"),
        ("n,bad\n10\n", "line 2: 1 field where the first line has 2"),
        ("requests,failures\n10,1\n", "the first line must name the columns n and bad once each, or be two numbers"),
        ("n,bad,n\n10,1,3\n", "the first line must name the columns n and bad once each, or be two numbers"),
        ("n,bad\n" + "x,y\n" * 50, "50 problems: line 2: n must be"),
        ("n,bad\n9999999999999999,1\n", "line 2: n must be a whole number"),
        ("n,bad\n1,000,500\n", "line 2: 3 fields where the first line has 2"),
        ("10,1\n1,000,500\n", "line 2: 3 fields where the first line has 2"),
        ("n;bad\n10;1\n", "fields must be separated by commas, as in n,bad: the first line is 'n;bad'"),
        ("n\tbad\n10\t1\n", "fields must be separated by commas"),
    ],
)
def test_wrong_files_are_told_with_their_lines(tmp_path: Path, content: str, told: str) -> None:
    """One sentence, exit code 2, nothing half read."""
    path = tmp_path / "wrong.csv"
    path.write_text(content)
    said = explain(path)
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert len(said.err) < 800


@pytest.mark.parametrize("content", [b"\xff\xfe\x00n", b"n,bad\n\x00\x01,2\n", b'n,bad\n"1' + b"x" * 200_000])
def test_what_is_no_text_is_told(tmp_path: Path, content: bytes) -> None:
    """A picture, a spreadsheet or an open quote: a sentence, no traceback."""
    path = tmp_path / "binary.csv"
    path.write_bytes(content)
    said = explain(path)
    assert said.code == 2
    assert "Traceback" not in said.err
    assert len(said.err) < 800


def test_no_file_and_a_directory(tmp_path: Path) -> None:
    """The system's own reason."""
    assert "No such file" in explain(tmp_path / "none.csv").err
    assert "Is a directory" in explain(tmp_path).err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--limit", "5"], "limit must be between 0 and 1 (0.5 % is 0.005), not 5"),
        (["--limit", "nan"], "limit must be finite"),
        (["--planned", "0"], "planned must be at least 1, not 0"),
        (["--alpha", "0"], "alpha must be between 0 and 1"),
        (["--margin", "-1"], "margin must be at least 0, not -1"),
        (["--plot", "a.gif"], "--plot: expected a name that ends in .png or .svg, not 'a.gif'"),
        (["--plot", "nowhere/a.svg"], "--plot: there is no directory nowhere"),
        (["--incidents", "ignore"], "--incidents"),
        (["--limit", "0,005"], "'--limit': expected a share such as 0.005 or 0.5%, not '0,005'"),
        (["--limit", "100%"], "limit must be between 0 and 1 (0.5 % is 0.005), not 1"),
        (["--planned", "1,00"], "'--planned': expected a number of requests such as 100000, not '1,00'"),
        (["--alpha", "1e-300"], "alpha must be between 0 and 1 (0.5 % is 0.005), and 1e-15 or more away from both"),
    ],
)
def test_wrong_numbers_are_told(short: Path, arguments: list[str], told: str) -> None:
    """The sentence names the flag or the number, exit code 2, before anything is read."""
    said = explain(short, *arguments)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


@pytest.mark.parametrize(("name", "begins"), [("a.png", PNG), ("a.svg", SVG), ("A.SVG", SVG)])
def test_plots_are_pictures(bad: Path, tmp_path: Path, name: str, begins: bytes) -> None:
    """PNG and SVG; the same counts give the same bytes."""
    first, second = tmp_path / name, tmp_path / f"again-{name}"
    explain(bad, "--plot", str(first))
    explain(bad, "--plot", str(second))
    assert first.read_bytes().startswith(begins)
    assert first.read_bytes() == second.read_bytes()


def test_shares_in_percent_and_counts_with_separators(short: Path) -> None:
    """What people write is read: 0.5% is 0.005, 100,000 is 100000."""
    assert explain(short, "--limit", "0.5%", "--planned", "100,000", "--alpha", "1 %").out == explain(short).out


@pytest.mark.parametrize("looks", [[(100, 0)], [(0, 0), (0, 0)], [(5, 5)] * 300, [(10**14, 10**11)] * 50])
def test_plots_of_odd_canaries(tmp_path: Path, looks: list[tuple[int, int]]) -> None:
    """One look, no requests, a breach far above every height, very large numbers: a picture, without a warning."""
    said = explain(written(tmp_path / "odd.csv", looks), "--plot", str(tmp_path / "odd.svg"))
    assert said.err == ""
    picture = (tmp_path / "odd.svg").read_text()
    assert ("no look has a request" in picture) == (looks[0][0] == 0)
    assert ("FAIL at 100" in picture, "PASS at 20" in picture) == (True, True)


def test_counts_from_a_pipe() -> None:
    """`-` is standard input, as everywhere; here it is empty."""
    said = as_process("evidence", "explain", "--limit", "0.005", "--planned", "1000", "--counts", "-")
    assert (said.code, "standard input holds no looks" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("log_e", "shown"),
    [(4.605170185988092, "100"), (0.0, "1"), (2302.585092994046, "10^1000"), (-1000.0, "10^-435"), (9.2, "9,900")],
)
def test_e_for_people(log_e: float, shown: str) -> None:
    """Numbers as far as they can be read, powers of ten beyond."""
    assert e_value(log_e) == shown
