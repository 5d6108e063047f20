"""Compiled records with sensible values, applied and rolled out: a test names only what it is about."""

from hashlib import sha256
from typing import Any

from sqlalchemy import text

from pointsman_contract.condition import Condition
from pointsman_contract.record import CompiledRecord
from pointsman_contract.stage import Stage
from pointsman_contract.trigger import Trigger
from store import model_records
from store.record_revisions import Applied
from store.sessions import Sessions
from tests.store.feed import execute

BEGIN_ROLLOUT = (
    "INSERT INTO rollouts (revision, environment, route, state)"
    " SELECT revision, environment, route, :state FROM model_records WHERE record_id = :record_id AND number = :number"
)


def condition(**overrides: Any) -> Condition:
    """Attempt error rate over half a percent."""
    fields: dict[str, Any] = {
        "measure": "attempt_error_rate",
        "op": ">",
        "threshold": 0.005,
        "unit": "1",
        "text": "Error rate > 0.5%",
    }
    return Condition(**fields | overrides)


def compiled(record_id: str = "MDR-7", **overrides: Any) -> CompiledRecord:
    """A candidate for one route, by shadow and canary."""
    fields: dict[str, Any] = {
        "id": record_id,
        "route": "invoices",
        "environment": "prod",
        "candidate": "qwen-3.5-72b",
        "baseline": "gpt-5.4",
        "owner": "ml-platform",
        "triggers": (Trigger(conditions=(condition(),)),),
        "stages": (
            Stage(kind="shadow", weight_bp=100, duration_s=259_200.0),
            Stage(kind="canary", weight_bp=1000, samples=20_000),
        ),
    }
    return CompiledRecord(**fields | overrides)


def hash_of(content: str) -> str:
    """As who reads records makes it; here of the content as it is."""
    return sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def applied(sessions: Sessions, record: CompiledRecord, content: str, by: str = "ada") -> Applied:
    """Apply it in a transaction of its own."""
    with sessions.write() as db:
        return model_records.apply(db, record, content=content, revision=hash_of(content), by=by)


def rolled_out(sessions: Sessions, state: str, record_id: str = "MDR-7", number: int = 1) -> None:
    """Store a rollout of a revision."""
    execute(sessions, BEGIN_ROLLOUT, state=state, record_id=record_id, number=number)


def no_rollouts(sessions: Sessions) -> None:
    """Take them all away."""
    with sessions.write() as db:
        db.execute(text("DELETE FROM rollouts"))
