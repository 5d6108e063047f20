"""Fourteen ways to break a trace, with the reason that each must be a dead letter for."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from pointsman_contract.decode import encode
from pointsman_contract.errors import DeadLetterReason as Reason
from pointsman_contract.trace import Trace

_TWO_MB = 2_000_000


def broken_messages(valid: Trace, now: datetime | None = None) -> Iterator[tuple[str, Reason, bytes | None]]:
    """(what is broken, the expected reason, the bytes; None is a tombstone), made from a valid trace."""
    wire = json.loads(encode(valid))
    moment = now or datetime.now(UTC)

    def changed(**changes: Any) -> bytes:
        return json.dumps({**wire, "trace_id": str(uuid4()), **changes}).encode()

    def attempt(**changes: Any) -> bytes:
        return changed(attempts=[{**wire["attempts"][0], **changes}])

    yield "cut off in the middle", Reason.INVALID_JSON, changed()[:120]
    yield "a number where text belongs", Reason.INVALID_FIELD, changed(route=7)
    yield "NaN as a duration", Reason.INVALID_FIELD, changed(duration_s=float("nan"))
    yield "a NUL character", Reason.INVALID_FIELD, changed(route="inv\0ices")
    yield "no bytes at all", Reason.EMPTY, b""
    yield "two megabytes", Reason.TOO_LARGE, changed(tenant="x" * _TWO_MB)
    yield "not UTF-8", Reason.NOT_UTF8, changed(tenant="TENANT").replace(b"TENANT", b"\xff\xfe")
    yield "a kind that nobody knows", Reason.UNKNOWN_KIND, changed(kind="pointsman.trace/9")
    yield "a time without a zone", Reason.INVALID_FIELD, changed(started_at="2026-11-23T18:00:00")
    yield "an hour ahead", Reason.FUTURE_TIME, changed(started_at=(moment + timedelta(hours=1)).isoformat())
    yield "a year old", Reason.OLDER_THAN_RETENTION, changed(started_at=(moment - timedelta(days=365)).isoformat())
    yield "a negative count", Reason.INVALID_FIELD, attempt(input_tokens=-1)
    yield "an integer over 2^63", Reason.INVALID_FIELD, attempt(input_tokens=2**63)
    yield "a tombstone", Reason.TOMBSTONE, None
