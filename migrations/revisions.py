"""The revisions of this version, by the names of their files: Alembic takes longer to load than most commands last."""

from functools import cache
from pathlib import Path


@cache
def _revisions() -> tuple[str, ...]:
    """In the order of their numbers, which is that of their lives."""
    names = sorted(file.stem for file in (Path(__file__).parent / "versions").glob("[0-9]*.py"))
    if not names:
        msg = "this installation holds no migrations"
        raise RuntimeError(msg)
    return tuple(names)


def head_revision() -> str:
    """The revision that this version of Pointsman needs."""
    return _revisions()[-1]


def known_revisions() -> frozenset[str]:
    """Every revision of this version."""
    return frozenset(_revisions())
