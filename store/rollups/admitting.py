"""Keys of a day are bounded: values that it has no place for become `other`, and so do keys.

A column of names takes 1,000 values a day. Several such columns have far more combinations than that, so a day takes a
number of keys, too; in what comes later all such columns are `other`. What a day has taken is stored: a late outcome
finds the row of its trace, and a rebuild makes the same rows.
"""

from sqlalchemy import Connection, text

from store.rollups.grouping import FAMILIES, Family
from store.rollups.keys import OTHER, OTHER_EPOCH

_CAPPED = [(family, part.name) for family in FAMILIES for part in family.key if part.capped]
_DAY = "CAST(minute AS date)"


def _not_given(name: str) -> str:
    """What stands where nothing was given: it needs no place, and is never `other`."""
    return "0" if name == "policy_epoch" else "''"


def _other(name: str) -> str:
    return str(OTHER_EPOCH) if name == "policy_epoch" else f"'{OTHER}'"


def key_place(family: str) -> str:
    """The name under which the keys of a family are admitted."""
    return f"{family} key"


def _admit(newcomers: str) -> str:
    """What a day has taken is counted once for a column, not for each name that somebody made up."""
    return f"""
WITH asking AS MATERIALIZED (
    SELECT n.day, n.name, n.value FROM ({newcomers}) n
    WHERE NOT EXISTS (SELECT FROM admitted_values v WHERE v.day = n.day AND v.name = n.name AND v.value = n.value)
), room AS MATERIALIZED (
    SELECT day, name,
        :most - (SELECT count(*) FROM admitted_values v WHERE v.day = c.day AND v.name = c.name) AS room
    FROM (SELECT DISTINCT day, name FROM asking) c
)
INSERT INTO admitted_values (day, name, value)
SELECT day, name, value FROM (
    SELECT day, name, value, room, row_number() OVER (PARTITION BY day, name ORDER BY value COLLATE "C") AS rank
    FROM asking JOIN room USING (day, name)
) ranked WHERE rank <= room
"""


def _is_admitted(name: str, value: str) -> str:
    return (
        f"EXISTS (SELECT FROM admitted_values v WHERE v.day = CAST(d.minute AS date) AND v.name = '{name}'"
        f" AND v.value = CAST({value} AS text))"
    )


def _name_keys(family: Family) -> str:
    """Ids of sixteen bytes of SHA-256: nobody can make up two keys with one id. A row's text is unambiguous."""
    row = f"'{family.name}' || CAST(ROW({', '.join(family.key_names)}) AS text)"
    return (
        f"UPDATE {family.deltas} SET key_id = CAST(left(encode(sha256(convert_to({row}, 'UTF8')), 'hex'), 32) AS uuid)"
    )


def _fold_keys(family: Family) -> str:
    """In a key that its day has no place for, all columns of made-up names are `other`."""
    names = [name for of, name in _CAPPED if of is family]
    folded = ", ".join(f"{name} = {_other(name)}" for name in names)
    is_folded = " AND ".join(f"{name} = {_other(name)}" for name in names)
    place = key_place(family.name)
    return f"UPDATE {family.deltas} d SET {folded} WHERE NOT ({is_folded}) AND NOT {_is_admitted(place, 'd.key_id')}"


# By the day on which the traces started, and by the column's name: a model of an attempt is one of a request too.
_ADMIT_VALUES = text(
    _admit(
        " UNION ".join(
            f"SELECT {_DAY} AS day, '{name}' AS name, CAST({name} AS text) AS value FROM {family.deltas}"
            f" WHERE {name} <> {_not_given(name)}"
            for family, name in _CAPPED
        )
    )
)
_FOLD_VALUES = [
    text(
        f"UPDATE {family.deltas} d SET {name} = {_other(name)}"
        f" WHERE {name} <> {_not_given(name)} AND NOT {_is_admitted(name, f'd.{name}')}"
    )
    for family, name in _CAPPED
]
_NAME_KEYS = [text(_name_keys(family)) for family in FAMILIES]
_ADMIT_KEYS = text(
    _admit(
        " UNION ".join(
            f"SELECT {_DAY} AS day, '{key_place(family.name)}' AS name, CAST(key_id AS text) AS value"
            f" FROM {family.deltas}"
            for family in FAMILIES
        )
    )
)
_FOLD_KEYS = [text(_fold_keys(family)) for family in FAMILIES]


def admit(db: Connection, *, values_a_day: int, keys_a_day: int) -> None:
    """Take in the values and keys that their days have room for, fold the others, and give keys their ids."""
    db.execute(_ADMIT_VALUES, {"most": values_a_day})
    for statement in (*_FOLD_VALUES, *_NAME_KEYS):
        db.execute(statement)
    db.execute(_ADMIT_KEYS, {"most": keys_a_day})
    for statement in (*_FOLD_KEYS, *_NAME_KEYS):
        db.execute(statement)
