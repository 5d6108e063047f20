"""Traces of full size, as a router sends them that fills every field it can."""

import json
import random
from datetime import datetime, timedelta
from uuid import UUID


def attempt(rng: random.Random, role: str) -> dict[str, object]:
    """A model call with every field that a real router fills; amounts and times differ from call to call."""
    input_tokens, output_tokens = rng.randrange(200, 4_000), rng.randrange(20, 800)
    return {
        "role": role, "model": "qwen-3.5-72b", "requested_model": "qwen", "provider": "vllm", "region": "eu-central-1",
        "effort": "medium", "config": "t0.2-p0.95", "tokenizer": "qwen3", "call_mode": "json", "streamed": True,
        "enforcement": "grammar", "input_tokens": input_tokens, "cache_read_tokens": input_tokens // 2,
        "cache_write_tokens": 0, "output_tokens": output_tokens, "reasoning_tokens": output_tokens // 4,
        "input_chars": input_tokens * 4, "output_chars": output_tokens * 4,
        "prefill_cost_usd": f"{input_tokens * 0.00000033:.9f}", "cache_cost_usd": f"{input_tokens * 0.00000002:.9f}",
        "generation_cost_usd": f"{output_tokens * 0.00000121:.9f}", "tools_cost_usd": "0",
        "ttft_s": round(rng.uniform(0.05, 0.9), 6), "duration_s": round(rng.uniform(0.9, 4.0), 6), "status": "ok",
        "finish_reason": "stop", "schema_id": "invoice/3", "schema_valid": True, "repaired": False,
        "grammar_cold": False, "tool_calls": 2, "tool_calls_ok": 2, "citations": 0, "citations_supported": 0,
        "refused": False, "injection": "none", "batch_size": 16, "speculative": False,
    }  # fmt: skip


def full_trace(rng: random.Random, now: datetime, *, costs: bool = True) -> tuple[UUID, bytes]:
    """The id and the bytes of one trace with 1.2 attempts on average, started within a second before `now`.

    Without `costs` the price book has to find them.
    """
    trace_id = UUID(int=rng.getrandbits(128), version=4)
    roles = ["primary", "escalation"] if rng.random() < 0.2 else ["primary"]
    attempts = [attempt(rng, role) for role in roles]
    if not costs:
        attempts = [{k: v for k, v in one.items() if not k.endswith("_cost_usd")} for one in attempts]
    fields = {
        "kind": "pointsman.trace/1", "trace_id": str(trace_id),
        "started_at": (now - timedelta(seconds=rng.random())).isoformat().replace("+00:00", "Z"),
        "duration_s": round(rng.uniform(1.0, 5.0), 6), "environment": "prod", "router_id": f"router-{rng.randrange(8)}",
        "tenant": f"t-{rng.randrange(200)}", "session_id": f"s-{rng.randrange(10**7)}", "task_class": "extraction",
        "risk": "low", "language": "en", "modalities": ["text"], "prompt_version": "v12", "route": "invoices",
        "route_kind": "economy", "protocol": "cascade", "policy_epoch": 17, "record_revision": 3, "arm": "canary",
        "threshold": 0.7, "confidence": round(rng.random(), 4), "difficulty": round(rng.random(), 4),
        "routing_s": round(rng.uniform(0.001, 0.01), 6), "routing_cost_usd": "0.00001", "cache": "none",
        "attempts": attempts, "recovery": "none", "outcome": "success",
    }  # fmt: skip
    return trace_id, json.dumps(fields, separators=(",", ":")).encode()
