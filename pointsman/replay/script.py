"""How a script that makes files for a replay ends badly: in a sentence."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pointsman_contract.errors import PointsmanError


@contextmanager
def ends_in_a_sentence(parser: argparse.ArgumentParser) -> Iterator[None]:
    """Exit with 2 and what is wrong with the input or the disk, with 130 and silently after Ctrl-C."""
    try:
        yield
    except PointsmanError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    except OSError as error:
        parser.exit(2, f"{parser.prog}: {error.filename}: {error.strerror}\n")
    except KeyboardInterrupt:
        sys.exit(130)
