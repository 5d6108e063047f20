"""Pretend requests of a router."""

from typing import Any
from uuid import UUID

from pointsman_router import TraceEmitter


def route_one(emitter: TraceEmitter, **overrides: Any) -> UUID:
    """One well-ended request with one attempt; its id."""
    keywords: dict[str, Any] = {"route": "invoices", "arm": "canary", "task_class": "extraction", "epoch": 17}
    with emitter.dispatch(**keywords | overrides) as request:
        request.attempt(role="primary", model="qwen-3.5-72b", status="ok", input_tokens=1234, output_tokens=321)
        request.finish(outcome="success")
    return request.trace_id


def route_many(emitter: TraceEmitter, count: int, **overrides: Any) -> list[UUID]:
    """Several of them."""
    return [route_one(emitter, **overrides) for _ in range(count)]
