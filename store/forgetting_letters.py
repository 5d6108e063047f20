"""Dead letters that seem to hold a session or a tenant: their bytes are what somebody sent, so nothing is certain.

A letter *belongs* where the value follows the field's name, in whatever notation: `"tenant": "acme"`, `tenant='acme'`,
JSON inside of JSON. It *mentions* where the value stands somewhere else. What was cut off, hashed only, or written in
another spelling is not found.
"""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import text

from store.forgetting import Whose
from store.rows import KEPT_PAYLOAD_BYTES
from store.sessions import Sessions

# Payloads of up to 64 KiB each.
_AT_ONCE = 100
_CANDIDATES = text(
    "SELECT id, environment, payload FROM dead_letters WHERE id > :after AND id <= :up_to AND EXISTS"
    " (SELECT 1 FROM unnest(CAST(:needles AS bytea[])) AS needle WHERE position(needle IN payload) > 0)"
    " ORDER BY id LIMIT :limit"
)
_UNSEEN = text(
    "SELECT count(*) FILTER (WHERE payload IS NULL),"
    " count(*) FILTER (WHERE payload IS NOT NULL AND payload_bytes > :kept) FROM dead_letters"
)


class Letters(NamedTuple):
    """Ids of letters that belong to somebody, and of those that only mention the value."""

    belong: list[int]
    mention: list[int]


class Unseen(NamedTuple):
    """Letters in which nothing, or not everything, can be looked for."""

    hashed: int
    cut: int


def find_letters(sessions: Sessions, whose: Whose) -> Iterator[Letters]:
    """Look through the dead letters, the oldest first, some at a time. Raises StoreAway."""
    needles = spellings(whose.value)
    pattern = _follows_name(whose.column, needles)
    after = 0
    with sessions.read() as db:
        up_to = db.execute(text("SELECT coalesce(max(id), 0) FROM dead_letters")).scalar_one()
    while True:
        with sessions.read() as db:
            # Each look at a letter reads its payload.
            db.execute(text("SET LOCAL statement_timeout = 0"))
            rows = db.execute(
                _CANDIDATES, {"after": after, "up_to": up_to, "needles": needles, "limit": _AT_ONCE}
            ).all()
        if not rows:
            return
        found = Letters([], [])
        for row in rows:
            elsewhere = whose.environment is not None and row.environment != whose.environment
            belongs = pattern.search(row.payload) is not None and not elsewhere
            if belongs:
                found.belong.append(row.id)
            elif not elsewhere or not row.environment:
                found.mention.append(row.id)
        yield found
        after = rows[-1].id


def delete_letters(sessions: Sessions, ids: list[int]) -> int:
    """Delete these; returns how many were still there. Raises StoreAway."""
    if not ids:
        return 0
    with sessions.write() as db:
        return db.execute(text("DELETE FROM dead_letters WHERE id = ANY(:ids)"), {"ids": ids}).rowcount


def unseen(sessions: Sessions) -> Unseen:
    """How many letters hide what they hold. Raises StoreAway."""
    with sessions.read() as db:
        return Unseen(*db.execute(_UNSEEN, {"kept": KEPT_PAYLOAD_BYTES}).one())


def spellings(value: str) -> list[bytes]:
    """How the value may stand in bytes: as it is, as JSON with or without escapes, and as JSON inside of JSON."""
    written = {_inside_json(value, ascii_only=ascii_only) for ascii_only in (False, True)}
    written |= {_inside_json(text, ascii_only=True) for text in written}
    return sorted({value.encode(), *(text.encode() for text in written)})


def _inside_json(text: str, *, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _follows_name(column: str, needles: list[bytes]) -> re.Pattern[bytes]:
    # A few signs between them, no letter or digit; and the value ends where a longer one would go on.
    either = b"|".join(map(re.escape, needles))
    return re.compile(column.encode() + rb"[^0-9A-Za-z]{1,8}(?:" + either + rb")(?![0-9A-Za-z_\-])")
