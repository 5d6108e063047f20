"""The JSON Schema of the `yaml pointsman` block, for editors."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import CoreSchema
from typing_extensions import override

from alerts.records.block import Block


class _BlockSchema(GenerateJsonSchema):
    """Without pydantic's titles, and without `null`: a key that says nothing is left out."""

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    @override
    def nullable_schema(self, schema: Any) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])

    @override
    def default_schema(self, schema: Any) -> dict[str, Any]:
        produced = super().default_schema(schema)
        if produced.get("default", ...) is None:
            produced.pop("default")
        return produced

    @override
    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> dict[str, Any]:
        produced = super().generate(schema, mode)
        for part in (produced, *produced.get("$defs", {}).values()):
            part.pop("title", None)
        return produced


def block_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of the block."""
    head = {"$schema": _BlockSchema.schema_dialect, "$id": "pointsman.record-block/1"}
    return head | Block.model_json_schema(schema_generator=_BlockSchema)
