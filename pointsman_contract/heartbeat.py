"""`pointsman.heartbeat/1`: once a second from each router. Source: design §3."""

from typing import Literal

from pydantic import Field

from pointsman_contract.fields import Count, Moment, Name, Several
from pointsman_contract.message import Message, Part
from pointsman_contract.vocabulary import Arm

HEARTBEAT_KIND: Literal["pointsman.heartbeat/1"] = "pointsman.heartbeat/1"


class AppliedEpoch(Part):
    """The policy epoch that a router follows on one route, and since when."""

    epoch: Count
    applied_at: Moment
    """When this router began to follow this epoch."""


class RouteCounter(Part):
    """Requests of one route, arm, task class and epoch since the router booted; both counts only rise."""

    route: Name
    arm: Arm
    task_class: Name
    epoch: Count
    dispatched: Count
    """Requests given to this arm; raised before the request takes its `started_at`."""
    finished: Count
    """Those of them that ended, well or badly."""


class Heartbeat(Message):
    """A router is alive, follows these epochs, and has dispatched this much since `boot_id`."""

    kind: Literal["pointsman.heartbeat/1"] = HEARTBEAT_KIND
    router_id: Name
    boot_id: Name
    """Made anew at each start of the router: counters only rise within one."""
    sequence: Count
    """Rises with each heartbeat of a boot."""
    at: Moment
    """Taken before the counters are read."""
    environment: Name
    epochs: dict[Name, AppliedEpoch] = Field(default_factory=dict)
    """The applied epoch of each route, by the route's name."""
    counters: Several[RouteCounter] = ()
    """Epochs older than ten minutes with nothing in flight are left out."""
    emitted: Count = 0
    """Traces handed to the producer since boot."""
    dropped: Count = 0
    """Traces given up since boot, because they could not be sent."""
