"""The pages that are made from the code say what the code says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pointsman.reference.pages import PAGES, Page, write_reference
from pointsman.reference.schemas import wire_schema
from pointsman_contract.decode import decode, encode
from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.failure_modes import FAILURE_MODES
from pointsman_contract.message import Message
from tests.builders import heartbeat, outcome, policy, trace
from tests.contract.catalogue import DESCRIBING_SETS, FIELDS, MODELS, STRICT_SETS

ROOT = Path(__file__).parents[1]
CONTRACT_PAGE = (ROOT / "docs/contract.md").read_text(encoding="utf-8")
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_is_what_the_code_makes_of_it(page: Page) -> None:
    """Who changes a model, a setting or a metric writes the pages again."""
    file = ROOT / page.path
    found = file.read_bytes().decode() if file.exists() else None
    assert found == page.text(), f"{page.path} is out of date: run scripts/generate"


def test_every_schema_file_is_made() -> None:
    """A file that nothing makes any more would stay behind and be believed."""
    assert {str(file.relative_to(ROOT)) for file in (ROOT / "docs/schemas").iterdir()} == {
        page.path for page in PAGES if page.path.startswith("docs/schemas/")
    }


def test_all_pages_are_written(tmp_path: Path) -> None:
    """Into a directory that has none of them yet, and again over those that are there."""
    for _ in range(2):
        files = write_reference(tmp_path)
        assert files == [tmp_path / page.path for page in PAGES]
        assert [file.read_bytes().decode() for file in files] == [page.text() for page in PAGES]


def test_the_examples_on_the_page_are_messages() -> None:
    """Who copies one and sends it is understood; there is one of each kind."""
    models = {model.model_fields["kind"].default: model for model in MODELS}
    kinds = []
    for example in re.findall(r"```json\n(.*?)```", CONTRACT_PAGE, re.DOTALL):
        kind = json.loads(example)["kind"]
        decoded = decode(models[kind], example.encode())
        assert decoded.unknowns is None
        assert json.loads(encode(decoded.message)) == json.loads(example)
        kinds.append(kind)
    assert sorted(kinds) == sorted(models)


def test_the_page_names_everything() -> None:
    """Every field, every value of a set, every failure mode and every reason of a dead letter."""
    values = " ".join([*STRICT_SETS.values(), *DESCRIBING_SETS.values()]).split()
    for name in [*(field.name for field in FIELDS), *values, *FAILURE_MODES, *DeadLetterReason]:
        assert f"`{name}`" in CONTRACT_PAGE


def test_the_page_tells_strict_sets_from_describing_ones() -> None:
    """The list of each is the design's."""
    listed = dict(re.findall(r"^\| (strict|describing) \| (.*?) \|", CONTRACT_PAGE, re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", listed["strict"])) == set(STRICT_SETS)
    assert set(re.findall(r"`(\w+)`", listed["describing"])) == {*DESCRIBING_SETS, "modalities"}


def test_every_link_on_the_page_leads_somewhere() -> None:
    """To a heading of the page or to a file beside it."""
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", CONTRACT_PAGE, re.MULTILINE)}
    for target in re.findall(r"\]\((.*?)\)", CONTRACT_PAGE):
        assert target[1:] in headings if target.startswith("#") else (ROOT / "docs" / target).is_file()


def parts(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The message's own schema and those of its parts."""
    return [schema, *schema.get("$defs", {}).values()]


@each_model
def test_a_schema_says_what_it_is(model: type[Message]) -> None:
    """Its id is the kind of the message, its dialect is 2020-12."""
    schema = wire_schema(model)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == schema["properties"]["kind"]["const"] == model.model_fields["kind"].default


@each_model
def test_a_schema_describes_the_wire(model: type[Message]) -> None:
    """`kind` is required there, and unknown fields are allowed, in the parts of a message too."""
    schema = wire_schema(model)
    assert schema["required"][0] == "kind"
    for part in parts(schema):
        assert part.get("additionalProperties", True) is True
        assert all(part["properties"][name].get("default") is None for name in part["required"])
    required = {field.name for field in FIELDS if field.model is model and field.absent == "required"}
    assert {name for part in parts(schema) for name in part["required"]} == required | {"kind"}


@each_model
def test_a_schema_has_the_limits_of_the_contract(model: type[Message]) -> None:
    """The same ones from which the models refuse, for each type of field."""
    found = {name: field for part in parts(wire_schema(model)) for name, field in part["properties"].items()}
    texts = {"maxLength": 256, "pattern": r"^[^\x00]*$"}
    limits: dict[str, dict[str, Any]] = {
        "name": {"type": "string", "minLength": 1, **texts},
        "text": {"type": "string", **texts},
        "count": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
        "from_one": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
        "basis_points": {"type": "integer", "minimum": 0, "maximum": 10_000},
        "seconds": {"type": "number", "minimum": 0, "maximum": 1_000_000_000},
        "number": {"type": "number"},
        "flag": {"type": "boolean"},
    }
    for field in (field for field in FIELDS if field.model is model and field.holds in limits):
        described = found[field.name]
        options = described.get("anyOf", [described])
        assert limits[field.holds].items() <= options[0].items(), str(field)
        assert ({"type": "null"} in options) == (field.absent in {"optional", "together"})


def test_a_schema_tells_strict_sets_from_describing_ones() -> None:
    """A strict set is an enum; a describing one also allows any text within the limits."""
    properties = wire_schema(type(trace()))["properties"]
    assert properties["arm"]["enum"] == STRICT_SETS["arm"].split()
    known, unknown, null = properties["risk"]["anyOf"]
    assert (known["enum"], null) == (DESCRIBING_SETS["risk"].split(), {"type": "null"})
    assert (unknown["type"], unknown["maxLength"], unknown["description"]) == ("string", 256, "becomes `other`")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "trace_id",
            ["0" * 32, "0d4c12ab-0d4c-4d4c-8d4c-0d4c0d4c0dFF"],
            ["0" * 31, "{" + "0" * 32 + "}", "urn:uuid:0"],
        ),
        ("started_at", ["2026-11-23T12:00:00Z", "2026-11-23 12:00:00.5+01:00"], ["2026-11-23T12:00:00", "1795435200"]),
        ("routing_cost_usd", ["0.1", "1e-9", "0", "-0"], ["-1", "NaN", "1_0", " 1", "\u0661", ".5"]),
        ("tenant", ["", "x"], ["\0", "a\0b"]),
    ],
)
def test_a_schemas_patterns_accept_what_the_contract_accepts(name: str, good: list[str], bad: list[str]) -> None:
    """A router that checks itself by the schema is not surprised by the monitor."""
    field = wire_schema(type(trace()))["properties"][name]
    while "anyOf" in field:
        field = field["anyOf"][0]
    assert all(re.search(field["pattern"], value) for value in good)
    assert not any(re.search(field["pattern"], value) for value in bad)


def test_names_in_an_object_have_limits_in_the_schema() -> None:
    """Routes in `epochs` and names in `scores` are names like others."""
    limits = {"minLength": 1, "maxLength": 256, "pattern": r"^[^\x00]*$"}
    assert wire_schema(type(heartbeat()))["properties"]["epochs"]["propertyNames"] == limits
    scores = wire_schema(type(outcome()))["properties"]["scores"]["anyOf"][0]
    assert (scores["propertyNames"], scores["maxProperties"]) == (limits, 64)
    arms = wire_schema(type(policy()))["properties"]["arms"]
    assert (arms["minItems"], arms["maxItems"]) == (1, 3)
