"""What a router embeds: traces, outcomes and heartbeats to Kafka, at no risk to its requests.

It imports pydantic, kafka-python and `pointsman_contract`, and nothing else: it goes into other people's routers.
"""

from pointsman_router.emitter import EmitterStats, TraceEmitter
from pointsman_router.limits import EmitterLimits
from pointsman_router.request import Request

__all__ = ["EmitterLimits", "EmitterStats", "Request", "TraceEmitter"]
