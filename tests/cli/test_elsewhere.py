"""Who looks at the wrong environment is told where there is something: replayed traces have one of their own."""

from datetime import UTC, datetime

import pytest

from migrations.schema import migrate
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import trace
from tests.cli.command import pointsman
from tests.store.feed import Feed


@pytest.fixture
def url(database18: str) -> str:
    """One request, of the environment replay."""
    sessions = Sessions(database18)
    migrate(sessions)
    Feed(sessions).send(trace(environment="replay", started_at=datetime.now(UTC)))
    tick(sessions)
    sessions.close()
    return database18


@pytest.mark.parametrize("more", [[], ["--as", "economics"], ["--by", "hour"]])
def test_measures(url: str, more: list[str]) -> None:
    """The environment's name and its flag; nothing of the kind where the span has nothing of any."""
    said = pointsman("measures", *more, settings={"database_url": url})
    assert "no requests in this span, but of environment replay: --environment replay" in said.out
    said = pointsman("measures", *more, "--until", "2h", settings={"database_url": url})
    assert said.out.startswith("no requests in this span\n")


def test_status(url: str) -> None:
    """Needs attention, because nobody watches nothing on purpose; the right environment is shown."""
    said = pointsman("status", settings={"database_url": url})
    assert said.code == 1
    assert "but of replay: --environment replay" in said.out
    said = pointsman("status", settings={"database_url": url, "environment": "replay"})
    assert "invoices" in said.out
