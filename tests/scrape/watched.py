"""A real Prometheus with the deployment's rules, and what its queries find."""

import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests import queries
from tests.services.prometheus import get_json, prometheus, until_found

_WITHIN_S = 40.0


class Watched(NamedTuple):
    """Prometheus at an address."""

    address: str

    def value(self, expression: str, *, of: float | None = None) -> float:
        """The only value of a query, once there is one (once it is `of`)."""

        def found(answer: Any) -> list[float]:
            values = [float(one["value"][1]) for one in answer["data"]["result"]]
            return values if of is None or values == [of] else []

        (value,) = until_found(self._url(expression), found, within_s=_WITHIN_S)
        return float(value)

    def wait_for_nothing(self, expression: str) -> None:
        """Wait until a query finds nothing any more."""
        until_found(self._url(expression), lambda answer: not answer["data"]["result"], within_s=_WITHIN_S)

    def found(self, expression: str) -> list[Any]:
        """What a query finds now. Fails where Prometheus does not understand it."""
        answer = get_json(self._url(expression))
        assert answer["status"] == "success", expression
        return list(answer["data"]["result"])

    def _url(self, expression: str) -> str:
        return f"http://{self.address}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"


@contextmanager
def scraping(programs: Path, directory: Path, port: int) -> Iterator[Watched]:
    """Scrapes that port twice a second."""
    config = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
        "rule_files": [str(queries.RULES / "*.yml")],
        "scrape_configs": [{"job_name": "pointsman", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
    }
    file = directory / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    with prometheus(programs, directory, file) as address:
        yield Watched(address)
