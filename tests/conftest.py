"""Options, marks and Hypothesis profiles of the whole suite; fixtures come from tests/services and tests/ingest."""

import gc
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.services.fixtures", "tests.ingest.fixtures"]

# How long an example takes says more about the machine than about the code: no deadline, no complaint about slow data.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("default"), print_blob=True)
settings.register_profile("long", parent=settings.get_profile("default"), max_examples=2000, print_blob=True)


@dataclass(frozen=True)
class Scale:
    """Picks the size of a test: `scale(long=200_000, small=40_000)`."""

    is_long: bool

    def __call__(self, long: int, small: int) -> int:
        """`long` under --long, else `small`."""
        return long if self.is_long else small


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> Scale:
    """Chooses between the full size of a test and the one for every day."""
    return Scale(is_long=bool(request.config.getoption("--long")))


@pytest.fixture
def uncollected() -> Iterator[None]:
    """What is in a reference cycle stays for as long as the test, as it does for seconds in a process that ingests."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --long."""
    parser.addoption("--long", action="store_true", help="full sizes, and the tests marked long")


def pytest_configure(config: pytest.Config) -> None:
    """Choose how hard Hypothesis tries; its own --hypothesis-profile still has the last word."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts what runs in its background so, and every process of a test would be deaf to it too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("--long"):
        settings.load_profile("long")
    else:
        settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Leave out what takes long, unless asked for."""
    for item in items:
        if item.get_closest_marker("long") and not config.getoption("--long"):
            item.add_marker(pytest.mark.skip(reason="takes long: run with --long"))
