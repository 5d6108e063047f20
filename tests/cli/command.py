"""Run a command of Pointsman to its end: as a process of its own, or, much quicker, in this one."""

import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import NamedTuple

import structlog

from pointsman.__main__ import main
from tests.ingest.process import environment


class Said(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def as_process(*arguments: str, settings: Mapping[str, object] | None = None, within_s: float = 60.0) -> Said:
    """A process of its own; `settings` come as POINTSMAN_ variables and are the only ones."""
    run = subprocess.run(
        [sys.executable, "-m", "pointsman", *arguments],
        env=environment(settings or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    return Said(run.returncode, run.stdout, run.stderr)


def pointsman(*arguments: str, settings: Mapping[str, object] | None = None) -> Said:
    """The same in this process, without the 2 s that Python needs for its imports."""
    out, err = StringIO(), StringIO()
    code: object = 0
    with _as_if_alone(arguments, settings or {}), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code
        except BaseException:  # noqa: BLE001 - what Python itself would do with it
            traceback.print_exc()
            code = 1
    return Said(code if isinstance(code, int) else int(bool(code)), out.getvalue(), err.getvalue())


@contextmanager
def _as_if_alone(arguments: tuple[str, ...], settings: Mapping[str, object]) -> Iterator[None]:
    """Arguments and variables of a command, and logging as it was before."""
    argv, variables = sys.argv, dict(os.environ)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    kafka_level = logging.getLogger("kafka").level
    try:
        sys.argv = ["pointsman", *arguments]
        _replace_variables(environment(settings))
        yield
    finally:
        sys.argv = argv
        _replace_variables(variables)
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.getLogger("kafka").setLevel(kafka_level)
        structlog.reset_defaults()


def _replace_variables(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
