"""Take a forgotten tenant's name off the rollups: its rows get the name `forgotten`, and keys that lead nowhere.

A day on which counted traces of the tenant are left keeps the name: an outcome of theirs that comes later must find
their row. The next run takes it. Places that the name and its keys had among a day's admitted values stay taken: freed
ones would be given to values that were `other` when their traces were counted.
"""

from collections.abc import Collection
from datetime import date

from sqlalchemy import text

from store.forgetting import Whose
from store.rollups.cursors import take_turn
from store.rollups.keys import OTHER, TENANT_KEY
from store.sessions import Sessions

FORGOTTEN = "forgotten"
# They name nobody: the first is whoever a day had no place for.
_NOBODY = (OTHER, FORGOTTEN)
_ITS = "tenant = :value AND (CAST(:environment AS text) IS NULL OR environment = :environment)"
_IS_FREE = "<> ALL(CAST(:kept AS date[]))"
_BESIDE = ", ".join(part.name for part in TENANT_KEY if part.name != "tenant")
_DAYS_LEFT = text(f"SELECT DISTINCT CAST(started_at AS date) FROM traces WHERE batch_id > :behind AND {_ITS}")
_RENAME = text(
    "WITH old AS MATERIALIZED (SELECT k.*, gen_random_uuid() AS new_id FROM tenant_keys k"
    f" WHERE {_ITS} AND EXISTS (SELECT FROM tenant_rollups_day r WHERE r.key_id = k.key_id"
    f" AND CAST(r.bucket AS date) {_IS_FREE})),"
    f" renamed AS (INSERT INTO tenant_keys (key_id, tenant, {_BESIDE})"
    f" SELECT new_id, '{FORGOTTEN}', {_BESIDE} FROM old),"
    " places AS (UPDATE admitted_values v SET value = CAST(o.new_id AS text) FROM old o"
    f" WHERE v.name = 'tenant key' AND v.value = CAST(o.key_id AS text) AND v.day {_IS_FREE})"
    " UPDATE tenant_rollups_day r SET key_id = o.new_id FROM old o"
    f" WHERE r.key_id = o.key_id AND CAST(r.bucket AS date) {_IS_FREE}"
)
_DROP_KEYS = text(
    f"DELETE FROM tenant_keys k WHERE {_ITS}"
    " AND NOT EXISTS (SELECT FROM tenant_rollups_day r WHERE r.key_id = k.key_id)"
)
# Another environment's sums of that day may still have the name.
_HIDE_NAME = text(
    f"UPDATE admitted_values v SET value = '{FORGOTTEN} ' || gen_random_uuid()"
    " WHERE v.name = 'tenant' AND v.value = :value AND NOT EXISTS (SELECT FROM tenant_keys k"
    " JOIN tenant_rollups_day r USING (key_id) WHERE k.tenant = :value AND CAST(r.bucket AS date) = v.day)"
    f" AND v.day {_IS_FREE}"
)
_COUNT = text(f"SELECT count(*) FROM tenant_rollups_day JOIN tenant_keys USING (key_id) WHERE {_ITS}")


def rename_tenant(sessions: Sessions, whose: Whose, *, kept: Collection[date], behind: int) -> int:
    """Give the tenant's daily sums the name `forgotten`; returns how many. Raises StoreAway.

    `kept` are days on which traces of the tenant wait; days of what was stored behind the batch `behind` keep the name
    too.
    """
    if whose.value in _NOBODY:
        return 0
    parameters = {"value": whose.value, "environment": whose.environment}
    with sessions.write() as db:
        take_turn(db, is_patient=True)
        left = db.execute(_DAYS_LEFT, {**parameters, "behind": behind}).scalars()
        days = {"kept": sorted({*kept, *left})}
        renamed = db.execute(_RENAME, {**parameters, **days}).rowcount
        db.execute(_DROP_KEYS, parameters)
        db.execute(_HIDE_NAME, {**parameters, **days})
    return renamed


def count_tenant_sums(sessions: Sessions, whose: Whose) -> int:
    """How many daily sums have the tenant's name; they outlive its traces. Raises StoreAway."""
    if whose.value in _NOBODY:
        return 0
    with sessions.read() as db:
        db.execute(text("SET LOCAL statement_timeout = 0"))
        return int(db.execute(_COUNT, {"value": whose.value, "environment": whose.environment}).scalar_one())
