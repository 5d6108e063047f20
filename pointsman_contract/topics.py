"""Topics and what they carry. Names are shared by every process; the prefix is a setting."""

TRACES = "routing.traces"
OUTCOMES = "routing.outcomes"
HEARTBEATS = "routing.heartbeats"
POLICY = "routing.policy"
DECISIONS = "routing.decisions"

# A Kafka header: of which dead letter a message is an operator's replay, as topic/partition@offset.
REPLAY_HEADER = "pointsman-replay-of"


def place_of(topic: str, partition: int, offset: int) -> str:
    """A message's place in one word: what a replay's header holds, and what people read."""
    return f"{topic}/{partition}@{offset}"
