"""What can go wrong between the project and its database.

PointsmanError
└── StoreError
    ├── AddressUnreadable      the database URL is not one
    ├── StoreAway              no answer, or the connection broke: try again later
    │   └── StatementTooSlow   a statement took longer than it may: try again with less
    ├── StoreDenied            the server answers, and says no: wrong user, password or database name
    ├── StoreRefused           the data breaks a rule of the database (SQLSTATE 22, 23)
    ├── DayMissing             no partition takes a row's day: make it, or refuse the row
    ├── DuplicateRaced         another consumer stored the same trace meanwhile: look again
    ├── OffsetsMoved           somebody else stored these offsets: drop the batch, read again
    ├── PricesChanged          somebody else changed the price book meanwhile: check the import again
    ├── RolloutUnderWay        another revision is in shadow or canary on the route: it has to end first
    ├── RecordUnreadable       another version stored a record in a form that this one does not know
    ├── LeaseLost              somebody else may lead now: stop what only a leader does
    └── WrongRevision          the schema is not the one that this version needs
"""

from pointsman_contract.errors import PointsmanError


class StoreError(PointsmanError):
    """Everything that the store raises on purpose."""


class AddressUnreadable(StoreError):
    """The database URL cannot be parsed."""


class StoreAway(StoreError):
    """The database does not answer, is shutting down, or a lock was not to be had in time."""


class StatementTooSlow(StoreAway):
    """A statement was ended by its time-out, or by an operator."""


class StoreDenied(StoreError):
    """The server answers and refuses the connection: the settings are wrong, waiting does not help."""


class StoreRefused(StoreError):
    """A row that PostgreSQL does not take; names the SQLSTATE."""


class DayMissing(StoreError):
    """A trace's day has no partition."""


class DuplicateRaced(StoreError):
    """Another transaction stored one of the batch's traces between the look-up and the insert."""


class OffsetsMoved(StoreError):
    """The compare-and-set on `ingest_offsets` was lost."""


class PricesChanged(StoreError):
    """The price book is not the one that an import was checked against."""


class RolloutUnderWay(StoreError):
    """One rollout at a time: another revision is in shadow or canary on the same environment and route."""


class RecordUnreadable(StoreError):
    """A stored record that this version of Pointsman cannot read."""


class LeaseLost(StoreError):
    """A lease ran out, or another process holds it."""


class WrongRevision(StoreError):
    """The schema has another revision than this version of Pointsman needs."""
