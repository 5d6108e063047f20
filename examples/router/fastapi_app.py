"""A router as a FastAPI middleware: each request to the models behind it is a trace, streamed or not.

Run: python examples/router/fastapi_app.py --bootstrap localhost:9092 --port 8000
Ask: curl localhost:8000/v1/chat/completions -H 'Content-Type: application/json' \
     -d '{"model": "auto", "messages": [{"role": "user", "content": "hello"}]}'

It needs the extra `examples` and the topics (`pointsman topics create`). The models are stubs in the same process.
"""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Annotated, Any
from uuid import UUID, uuid4

import uvicorn
from fastapi import Body, FastAPI, Response
from fastapi.responses import StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pointsman_contract.vocabulary import Arm
from pointsman_router import Request, TraceEmitter

ROUTE, EPOCH = "chat", 3
MODELS: dict[Arm, str] = {"baseline": "gpt-5.4", "canary": "qwen-3.5-72b"}
CANARY_BASIS_POINTS = 2_000
WORDS = ["the", "points", "are", "set", "and", "the", "train", "follows"]
# The usage is in the last chunk of a stream.
TAIL_BYTES = 64 * 1024


def choose_arm(trace_id: UUID) -> Arm:
    """By a hash of trace id and epoch: each request on its own, and the same one always the same way."""
    place = (trace_id.int ^ EPOCH * 0x9E3779B97F4A7C15) % 10_000
    return "canary" if place < CANARY_BASIS_POINTS else "baseline"


class Routing:
    """Chooses the model, and tells the emitter how it went. Pure ASGI: the block ends when the last byte is sent."""

    def __init__(self, app: ASGIApp, emitter: TraceEmitter) -> None:
        self._app = app
        self._emitter = emitter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route what goes to the models; everything else passes."""
        if scope["type"] != "http" or scope["path"] != "/v1/chat/completions":
            await self._app(scope, receive, send)
            return
        body = await _read_json(receive)
        trace_id = uuid4()
        arm = choose_arm(trace_id)
        with self._emitter.dispatch(route=ROUTE, arm=arm, task_class="chat", epoch=EPOCH, trace_id=trace_id) as request:
            call = Call(request, MODELS[arm], send, streamed=bool(body.get("stream")))
            replayed = _replay(json.dumps(body | {"model": MODELS[arm]}).encode(), receive)
            headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
            try:
                await self._app({**scope, "headers": headers}, replayed, call.send)
            except Exception as error:
                call.tell(type(error).__name__)
                raise
            finally:
                call.tell()


class Call:
    """Watches one answer on its way to the client."""

    def __init__(self, request: Request, model: str, send: Send, *, streamed: bool) -> None:
        self._request = request
        self._model = model
        self._send = send
        self._streamed = streamed
        self._began = perf_counter()
        self._status = 0
        self._ttft_s: float | None = None
        self._received = bytearray()
        self._complete = False
        self._told = False

    async def send(self, message: Message) -> None:
        """Look at a part of the answer, and pass it on with the trace's id."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = [*message["headers"], (b"x-trace-id", str(self._request.trace_id).encode())]
        elif message["type"] == "http.response.body":
            if message.get("body") and self._ttft_s is None:
                self._ttft_s = perf_counter() - self._began
            self._received += message.get("body", b"")
            if self._streamed:
                del self._received[:-TAIL_BYTES]
            self._complete = not message.get("more_body", False)
        await self._send(message)

    def tell(self, error_type: str | None = None) -> None:
        """What is known when the answer has ended, however it ended; told once."""
        if self._told:
            return
        self._told = True
        usage = _usage(bytes(self._received), streamed=self._streamed)
        well = self._complete and self._status == 200
        if self._status >= 400:
            error_type = f"http_{self._status}"
        self._request.attempt(
            role="primary",
            model=self._model,
            status="ok" if well else "error" if error_type else "cancelled",
            input_tokens=usage.get("prompt_tokens", 0),
            output_tokens=usage.get("completion_tokens", 0),
            streamed=self._streamed,
            ttft_s=self._ttft_s if self._streamed else None,
            duration_s=perf_counter() - self._began,
            error_type=error_type,
        )
        self._request.finish(outcome="unknown" if well else "failure" if error_type else "abandoned")


def _usage(received: bytes, *, streamed: bool) -> dict[str, int]:
    """The `usage` of an answer or of the last chunk that has one; nothing where it never came."""
    found: dict[str, int] = {}
    lines = received.split(b"\n") if streamed else [b"data: " + received]
    for line in lines:
        try:
            chunk: Any = json.loads(line.removeprefix(b"data: "))
            found = chunk.get("usage") or found
        except (ValueError, AttributeError):
            continue
    return found


async def _read_json(receive: Receive) -> dict[str, Any]:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _replay(body: bytes, receive: Receive) -> Receive:
    """For the application: the body that was read already, and then whatever comes."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return parts.pop() if parts else await receive()

    return again


def add_stub_models(app: FastAPI) -> None:
    """A stand-in for an OpenAI-compatible server. A message that says `fail` is answered with 500."""

    @app.post("/v1/chat/completions", response_model=None)
    async def complete(body: Annotated[dict[str, Any], Body()]) -> dict[str, Any] | Response:
        if not isinstance(body.get("messages"), list):
            return Response('{"error": {"type": "invalid_request_error"}}', 400, media_type="application/json")
        prompt = " ".join(str(message.get("content", "")) for message in body["messages"])
        if prompt == "fail":
            return Response(json.dumps({"error": {"type": "server_error"}}), 500, media_type="application/json")
        usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(WORDS)}
        if body.get("stream"):
            return StreamingResponse(_stream(body["model"], usage), media_type="text/event-stream")
        message = {"role": "assistant", "content": " ".join(WORDS)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {"object": "chat.completion", "model": body["model"], "choices": [choice], "usage": usage}


async def _stream(model: str, usage: dict[str, int]) -> AsyncIterator[str]:
    for word in WORDS:
        await asyncio.sleep(0.002)
        yield _event({"model": model, "choices": [{"index": 0, "delta": {"content": word + " "}}]})
    yield _event({"model": model, "choices": [], "usage": usage})
    yield "data: [DONE]\n\n"


def _event(chunk: dict[str, Any]) -> str:
    return f"data: {json.dumps({'object': 'chat.completion.chunk', **chunk})}\n\n"


def build_app(emitter: TraceEmitter) -> FastAPI:
    """Stub models with the router in front of them; the emitter is closed with the server."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        emitter.policy_applied(ROUTE, EPOCH)
        yield
        emitter.close()

    app = FastAPI(lifespan=lifespan)
    add_stub_models(app)
    app.add_middleware(Routing, emitter=emitter)
    return app


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", default="localhost:9092", help="Kafka, host:port (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="on 127.0.0.1 (default: %(default)s)")
    parser.add_argument("--environment", default="prod", help="(default: %(default)s)")
    parser.add_argument("--router-id", default="router-fastapi", help="(default: %(default)s)")
    parser.add_argument("--topic-prefix", default="", help="in front of the topics' names (default: none)")
    arguments = parser.parse_args()
    emitter = TraceEmitter(
        arguments.bootstrap,
        environment=arguments.environment,
        router_id=arguments.router_id,
        topic_prefix=arguments.topic_prefix,
    )
    uvicorn.run(build_app(emitter), host="127.0.0.1", port=arguments.port)


if __name__ == "__main__":
    main()
