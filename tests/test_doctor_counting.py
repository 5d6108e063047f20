"""What `pointsman doctor` says of who leads, of rollups, and of attempts without a price."""

from datetime import timedelta
from typing import Any

import pytest

from pointsman.doctor.checks import examine
from pointsman.doctor.findings import Observed
from store.counting import CountingFacts, Unpriced
from store.leases import Lease
from tests.test_doctor_rules import COUNTING, NOW, seen, troubles


def counting(**changes: Any) -> CountingFacts:
    """A store that is counted, but for these changes; those of freshness come by `behind` and `read_until`."""
    fresh = {name: changes.pop(name) for name in ("behind", "read_until", "stored_at") if name in changes}
    return COUNTING._replace(freshness=COUNTING.freshness._replace(**fresh), **changes)


@pytest.mark.parametrize(
    ("observed", "check", "level", "says"),
    [
        (seen(counting=counting(lease=None)), "leadership", "problem", "nobody ever did"),
        (
            seen(counting=counting(lease=Lease("steer", "host/12/olive", 3, NOW - timedelta(minutes=7)))),
            "leadership",
            "problem",
            "nobody has led for 420 s (host/12/olive was the last)",
        ),
        (
            seen(counting=counting(behind=timedelta(seconds=40))),
            "rollups",
            "warning",
            "40 s behind, counted up to 2026",
        ),
        (seen(counting=counting(behind=timedelta(hours=5))), "rollups", "problem", "5 h behind"),
        (
            seen(counting=counting(behind=timedelta(seconds=2), read_until=None)),
            "rollups",
            "problem",
            "2 s behind, nothing was ever counted",
        ),
        (
            seen(counting=counting(behind=timedelta(days=3), read_until=None)),
            "rollups",
            "problem",
            "3 days behind, nothing was ever counted",
        ),
        (
            seen(
                counting=counting(price_entries=0, unpriced=[Unpriced("", "qwen", 1200), Unpriced("openai", "gpt", 1)])
            ),
            "prices",
            "warning",
            "the price book is empty, 1,201 attempts in 24 h without a cost: any provider/qwen, openai/gpt",
        ),
        (
            seen(counting=counting(unpriced=[Unpriced("p", f"m{one}", 9 - one) for one in range(5)])),
            "prices",
            "warning",
            "p/m0, p/m1, p/m2 and 2 more",
        ),
    ],
)
def test_one_thing_is_wrong(observed: Observed, check: str, level: str, says: str) -> None:
    """It is told once, under its check, with what helps."""
    (finding,) = troubles(observed)
    assert (finding.check, finding.level.value) == (check, level)
    assert says in finding.detail
    assert finding.fix


def test_who_leads_is_told() -> None:
    """With how long the lease lives: who looks twice sees it renewed. A store without rows has nothing to count."""
    told = {finding.check: finding.detail for finding in examine(seen(counting=counting(stored_at=None)))}
    assert told["leadership"] == "host/12/olive leads, the lease lives for another 8 s (term 3)"
    assert told["rollups"] == "nothing is stored yet"
    assert told["prices"] == "the price book has 2 entries, and every attempt that was counted in 24 h has a cost"


def test_an_empty_book_is_well_where_routers_tell_their_costs() -> None:
    """It has nothing to do there, and says so."""
    told = {finding.check: finding.detail for finding in examine(seen(counting=counting(price_entries=0)))}
    assert told["prices"] == "the price book is empty, and every attempt that was counted in 24 h has a cost"
