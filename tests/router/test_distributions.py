"""Two distributions from one checkout: what routers embed is small, and the application builds on it."""

import json
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.router.topics import Topics

ROOT = Path(__file__).parents[2]
KIT = {"pointsman_contract", "pointsman_router"}
# pydantic and kafka-python with what they need; pip comes with every environment.
WANTED = {
    "annotated-types",
    "kafka-python",
    "pip",
    "pointsman-router",
    "pydantic",
    "pydantic_core",
    "typing-inspection",
    "typing_extensions",
}
PROGRAM = """
import sys
import pointsman_contract, pointsman_router
from pointsman_router import TraceEmitter
assert all(module.__file__.startswith(sys.prefix) for module in (pointsman_contract, pointsman_router))
with TraceEmitter(sys.argv[1], environment="prod", router_id="router-3", topic_prefix=sys.argv[2]) as emitter:
    with emitter.dispatch(route="invoices", arm="canary", task_class="extraction", epoch=17) as request:
        request.attempt(role="primary", model="qwen-3.5-72b", status="ok", input_tokens=1234, output_tokens=321)
        request.finish(outcome="success")
print(request.trace_id, emitter.stats().delivered)
"""


class Built(NamedTuple):
    """What was built."""

    router: Path
    application: Path
    source: Path


def run(*command: object, cwd: Path) -> str:
    """Run it without this checkout in sight; what it printed."""
    ended = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=280, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def new_environment(directory: Path, *wanted: object) -> Path:
    """An environment with these packages and nothing else; its Python."""
    run(sys.executable, "-m", "venv", directory, cwd=directory.parent)
    python = directory / "bin" / "python"
    quiet = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    run(python, *quiet, "--constraint", ROOT / "constraints.txt", *wanted, cwd=directory.parent)
    return python


def members(archive: Path) -> Sequence[str]:
    """The files in a wheel or a source distribution."""
    if archive.suffix == ".whl":
        return zipfile.ZipFile(archive).namelist()
    with tarfile.open(archive) as files:
        return [member.name.partition("/")[2] for member in files if member.isfile()]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Both wheels, and the kit's source distribution, from a copy of the checkout: building leaves traces."""
    here = tmp_path_factory.mktemp("built")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in run(*listed, cwd=ROOT).split("\0"):
        if name and (ROOT / name).exists():
            (here / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, here / "checkout" / name, follow_symlinks=False)
    python = new_environment(here / "builder", "build")
    dist = here / "dist"
    wheel = [python, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps", "--wheel-dir", dist]
    run(*wheel, ".", cwd=here / "checkout")
    run(python, "-m", "build", "--sdist", "--outdir", dist, "router", cwd=here / "checkout")
    (source,) = dist.glob("*.tar.gz")
    # From the source distribution: it has to be whole.
    run(*wheel, source, cwd=here)
    (router,) = dist.glob("pointsman_router-*.whl")
    (application,) = dist.glob("pointsman-*.whl")
    return Built(router, application, source)


def test_the_kit_holds_its_two_packages_and_its_licence(built: Built) -> None:
    """Every module that git knows, py.typed and LICENSE, and no third package."""
    for archive in (built.router, built.source):
        found = set(members(archive))
        for package in KIT:
            wanted = {f"{package}/{path.name}" for path in (ROOT / package).glob("*.py")} | {f"{package}/py.typed"}
            assert wanted <= found, archive.name
        assert any(name.rpartition("/")[2] == "LICENSE" for name in found)
    packages = {
        name.partition("/")[0] for name in members(built.router) if not name.partition("/")[0].endswith("-info")
    }
    assert packages == KIT


def test_the_application_depends_on_the_kit_and_does_not_hold_it(built: Built) -> None:
    """Its wheel requires the kit of the same version, and has no second copy of the contract."""
    found = members(built.application)
    assert not KIT & {name.partition("/")[0] for name in found}
    assert {"pointsman/__main__.py", "store/rows.py", "migrations/env.py"} <= set(found)
    (name,) = (name for name in found if name.endswith(".dist-info/METADATA"))
    metadata = zipfile.ZipFile(built.application).read(name).decode().splitlines()
    version = next(line for line in metadata if line.startswith("Version: ")).partition(" ")[2]
    assert f"Requires-Dist: pointsman-router=={version}" in metadata
    assert f"pointsman_router-{version}-" in built.router.name


def test_both_have_one_version_and_the_same_ranges() -> None:
    """What the kit needs of pydantic and kafka-python is what the application needs."""
    application = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    kit = tomllib.loads((ROOT / "router" / "pyproject.toml").read_text())["project"]
    assert kit["version"] == application["version"]
    assert set(kit["dependencies"]) <= set(application["dependencies"])
    assert f"pointsman-router=={kit['version']}" in application["dependencies"]


def test_an_empty_environment_emits(built: Built, tansu: str, tmp_path: Path) -> None:
    """The wheel brings pydantic and kafka-python and nothing else, and a trace and a heartbeat arrive from there."""
    python = new_environment(tmp_path / "empty", built.router)
    listed = json.loads(run(python, "-m", "pip", "list", "--format", "json", cwd=tmp_path))
    assert {package["name"] for package in listed} - {"setuptools"} == WANTED
    topics = Topics(tansu)
    said = run(python, "-I", "-c", PROGRAM, topics.bootstrap, topics.prefix, cwd=tmp_path)
    arrived = topics.read(traces=1, heartbeats=1)
    assert said.split() == [str(arrived.ids()[0]), "1"]
    assert arrived.traces[0].attempts[0].model == "qwen-3.5-72b"
    assert [(one.dispatched, one.finished) for one in arrived.heartbeats[-1].counters] == [(1, 1)]


@pytest.mark.long
def test_the_application_installs_from_both(built: Built, tmp_path: Path) -> None:
    """One set of packages is right for both wheels under the constraints, as pip sees it."""
    python = new_environment(tmp_path / "empty", "pip")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--dry-run", "--quiet"]
    run(*pip, "--constraint", ROOT / "constraints.txt", built.router, built.application, cwd=tmp_path)
