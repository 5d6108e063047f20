"""What all messages have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict


def _open_on_the_wire(schema: dict[str, Any]) -> None:
    schema.pop("additionalProperties", None)


def _with_kind_on_the_wire(schema: dict[str, Any]) -> None:
    _open_on_the_wire(schema)
    schema["properties"]["kind"].pop("default", None)
    schema["required"] = ["kind", *schema.get("required", ())]


class Part(BaseModel):
    """A value of the contract: immutable, strict, and closed for who builds one in Python.

    The wire is more forgiving: `decode` ignores and counts the fields that it does not know. The JSON Schema
    describes the wire.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        json_schema_extra=_open_on_the_wire,
    )


class Message(Part):
    """A whole message: one flat JSON object with `kind` first."""

    model_config = ConfigDict(json_schema_extra=_with_kind_on_the_wire)

    kind: str
