"""`docs/schemas/`: one JSON Schema (2020-12) for each message, as it is on the wire."""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import CoreSchema, core_schema
from typing_extensions import override

from alerts.records.block_schema import block_schema
from pointsman_contract.message import Message


class WireSchema(GenerateJsonSchema):
    """The models' schema without pydantic's titles, and with limits on the names in an object."""

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        """Give no titles: they would only repeat the names."""
        return False

    @override
    def dict_schema(self, schema: core_schema.DictSchema) -> dict[str, Any]:
        """Refuse names that break the pattern; pydantic's `patternProperties` would let them pass unread."""
        produced = super().dict_schema(schema)
        for pattern, values in produced.pop("patternProperties", {}).items():
            produced["propertyNames"] = produced.get("propertyNames", {}) | {"pattern": pattern}
            produced["additionalProperties"] = values
        return produced

    @override
    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> dict[str, Any]:
        """Leave out the title of the whole as well: `$id` is its name."""
        produced = super().generate(schema, mode)
        produced.pop("title", None)
        for part in produced.get("$defs", {}).values():
            part.pop("title", None)
        return produced


def wire_schema(model: type[Message]) -> dict[str, Any]:
    """The JSON Schema of one message."""
    head = {"$schema": WireSchema.schema_dialect, "$id": model.model_fields["kind"].default}
    return head | model.model_json_schema(schema_generator=WireSchema)


def schema_file(model: type[Message]) -> str:
    """The schema as the text of a file."""
    return json.dumps(wire_schema(model), indent=2, ensure_ascii=False) + "\n"


def block_schema_file() -> str:
    """The schema of the block of a record as the text of a file."""
    return json.dumps(block_schema(), indent=2, ensure_ascii=False) + "\n"
