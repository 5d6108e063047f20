"""Names and types fixed once, so that Alembic's comparisons stay stable.

Units are in the names: `_us` microseconds, `_nanousd` nano-dollars. Key columns are NOT NULL, '' means not given: a
NULL in a key would make two equal keys differ.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, MetaData, Text, false
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def key_text(name: str, **options: Any) -> Column[str]:
    """Text that keys and groups: '' where it was not given."""
    return Column(name, Text, nullable=False, **options)


def moment(name: str, **options: Any) -> Column[Any]:
    """A point in time, kept in microseconds."""
    return Column(name, DateTime(timezone=True), **options)


def integer(name: str) -> Column[int | None]:
    """A count, a duration in microseconds or an amount in nano-dollars; NULL where it is not known."""
    return Column(name, BigInteger, nullable=True)


def real(name: str) -> Column[float | None]:
    """A number that is never summed; NULL where it is not known."""
    return Column(name, DOUBLE_PRECISION, nullable=True)


def replayed() -> Column[bool]:
    """Whether an operator replayed the message: such rows are kept, and are evidence for nothing."""
    return Column("replayed", Boolean, nullable=False, server_default=false())
