"""A pretend router: two models, a tenth of the traffic on the canary, and every request on record.

Run: python examples/router/plain.py --bootstrap localhost:9092 --requests 200

It needs the topics (`pointsman topics create`) and no model: the answers are made up. At the end it says how many
traces Kafka has; the exit code is 1 where some were not delivered.
"""

import argparse
import random
import sys
import time
from uuid import UUID, uuid4

from pointsman_contract.vocabulary import Arm
from pointsman_router import Request, TraceEmitter

ROUTE, EPOCH = "invoices", 17
MODELS: dict[Arm, str] = {"baseline": "gpt-5.4", "canary": "qwen-3.5-72b"}
CANARY_BASIS_POINTS = 1_000


def choose_arm(trace_id: UUID) -> Arm:
    """By a hash of trace id and epoch: each request on its own, and the same one always the same way."""
    place = (trace_id.int ^ EPOCH * 0x9E3779B97F4A7C15) % 10_000
    return "canary" if place < CANARY_BASIS_POINTS else "baseline"


def call_model(rng: random.Random) -> tuple[str, int, int]:
    """What a provider might say: text, input tokens, output tokens. One call in fifty fails."""
    time.sleep(rng.uniform(0.001, 0.005))
    if rng.random() < 0.02:
        raise TimeoutError
    output_tokens = rng.randint(20, 400)
    return "x" * output_tokens * 4, rng.randint(200, 2_000), output_tokens


def answer(request: Request, arm: Arm, rng: random.Random) -> None:
    """Ask the arm's model, and the other one where it fails; tell of each call when it has ended."""
    try:
        text, input_tokens, output_tokens = call_model(rng)
    except TimeoutError:
        request.attempt(role="primary", model=MODELS[arm], status="timeout", input_tokens=0, output_tokens=0)
    else:
        request.attempt(
            role="primary",
            model=MODELS[arm],
            status="ok",
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            output_chars=len(text),
        )
        request.finish(outcome="success")
        return
    text, input_tokens, output_tokens = call_model(rng)
    request.attempt(
        role="fallback",
        model=MODELS["baseline"],
        status="ok",
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        output_chars=len(text),
    )
    request.finish(outcome="success", recovery="stronger_model")


def main() -> int:
    """Route the requests, close the emitter, say what arrived."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", default="localhost:9092", help="Kafka, host:port (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=200, help="how many (default: %(default)s)")
    parser.add_argument("--environment", default="prod", help="(default: %(default)s)")
    parser.add_argument("--router-id", default="router-plain", help="(default: %(default)s)")
    parser.add_argument("--topic-prefix", default="", help="in front of the topics' names (default: none)")
    arguments = parser.parse_args()

    rng = random.Random()
    emitter = TraceEmitter(
        arguments.bootstrap,
        environment=arguments.environment,
        router_id=arguments.router_id,
        topic_prefix=arguments.topic_prefix,
    )
    emitter.policy_applied(ROUTE, EPOCH)
    for _ in range(arguments.requests):
        trace_id = uuid4()
        arm = choose_arm(trace_id)
        try:
            with emitter.dispatch(
                route=ROUTE, arm=arm, task_class="extraction", epoch=EPOCH, trace_id=trace_id
            ) as request:
                answer(request, arm, rng)
        except TimeoutError:
            # Both models failed. The trace says so: it has what was told before.
            continue
    emitter.close(timeout_s=10)
    stats = emitter.stats()
    print(f"{arguments.requests:,} requests routed, {stats.delivered:,} traces delivered, {stats.dropped:,} dropped")
    if stats.delivered < arguments.requests:
        print(f"is Kafka at {arguments.bootstrap}, and has it the topics? pointsman topics create", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
