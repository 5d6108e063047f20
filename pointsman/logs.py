"""Log lines: for people on a terminal, JSON for machines; always on standard error."""

import logging
import os
import sys

import structlog


def configure_logs(level: str, style: str) -> None:
    """Set up structlog; `style` is auto, console or json. Libraries are heard from warnings on."""
    for_people = style == "console" or (style == "auto" and sys.stderr.isatty())
    colors = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0)
        if for_people
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if for_people else "iso", utc=not for_people),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # kafka-python logs each reconnect; our own lines say what it means. Its payloads must never reach a log.
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr, force=True)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
