"""Documents say what the code does: commands, settings, ports, scripts."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pointsman.settings import Settings, variable

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
HTTP_PORT = str(Settings.model_fields["http_port"].default)


def commands_named(text: str) -> set[str]:
    """The commands that a document tells people to run, without their arguments."""
    found = re.findall(
        r"pointsman ((?:[a-z-]+)(?: (?:list|show|reset|create))?)",
        " ".join(re.findall(r"`[^`]+`|^pointsman .*$", text, re.MULTILINE)),
    )
    return {command for command in found if not command.startswith("-")}


@pytest.mark.parametrize("command", sorted(commands_named(README)))
def test_every_command_of_the_readme_exists(command: str) -> None:
    """What the README tells people to run is there, and has help."""
    arguments = [sys.executable, "-m", "pointsman", *command.split(), "--help"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_readme_lists_a_command_once() -> None:
    """Two lines for one command say two things."""
    listed = re.findall(r"^\| `pointsman ([^`]+)`", README, re.MULTILINE)
    assert len(listed) == len(set(listed)) > 10


@pytest.mark.parametrize("script", sorted(set(re.findall(r"`?(scripts/[a-z]+)", README))))
def test_every_script_of_the_readme_exists(script: str) -> None:
    """What the README tells people to run is there, and executable."""
    assert (ROOT / script).stat().st_mode & 0o111


BENCHMARKS = {name for path in DOCUMENTS for name in re.findall(r"bench[./]\w+", path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("benchmark", sorted(BENCHMARKS))
def test_every_benchmark_that_documents_name_can_be_run(benchmark: str) -> None:
    """As a module: the directory holds an `ingest` of its own, which is in the way of a script's imports."""
    done = subprocess.run([sys.executable, "-m", benchmark, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    """Every relative link names a file that is there."""
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_variables_that_documents_name_are_settings() -> None:
    """A POINTSMAN_ variable in a document, in the Dockerfile or in the compose file is read by the application."""
    known = {variable(name) for name in Settings.model_fields} | {"POINTSMAN_CONFIG", "POINTSMAN_TEST_REQUIRE_SERVICES"}
    texts = [COMPOSE, DOCKERFILE, *(document.read_text(encoding="utf-8") for document in DOCUMENTS)]
    named = {name for text in texts for name in re.findall(r"POINTSMAN_[A-Z_]+[A-Z]", text)}
    assert named <= known


def test_containers_use_the_port_that_the_code_uses() -> None:
    """Dockerfile and compose file publish the default port of /metrics and /healthz."""
    assert f"EXPOSE {HTTP_PORT}" in DOCKERFILE
    assert f"POINTSMAN_HTTP_PORT={HTTP_PORT}" in DOCKERFILE
    assert f"127.0.0.1:{HTTP_PORT}:{HTTP_PORT}" in COMPOSE


def test_the_image_holds_every_package() -> None:
    """A package of the application that the Dockerfile forgets would be missed only when it starts."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    copied = set(re.findall(r"^COPY (\w+) \w+$", DOCKERFILE, re.MULTILINE))
    assert packages <= copied
