"""Every Python file has at most 300 lines, every function at most 50. Counts all lines, from `def` to the last."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LINES = 300
FUNCTION_LINES = 50


def files() -> list[Path]:
    """The repository's Python files, also those that are not committed yet, without the ignored ones."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [path for name in sorted(set(names.split("\0"))) if name and (path := Path(name)).exists()]


def too_long(path: Path) -> Iterator[str]:
    """A sentence for each limit that this file breaks."""
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    if lines > FILE_LINES:
        yield f"{path} has {lines} lines; at most {FILE_LINES} are allowed: split it by what its parts are about"
    for node in ast.walk(ast.parse(text, str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{path}:{node.lineno} {node.name} has {length} lines; at most {FUNCTION_LINES} are allowed"


def main() -> int:
    """Print every violation; returns the exit code."""
    violations = [sentence for path in files() for sentence in too_long(path)]
    for sentence in violations:
        print(sentence)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
