"""A message's fields as a table, read from its JSON Schema: the page and the schema cannot differ."""

from collections.abc import Sequence
from typing import Any

from pointsman.reference.markdown import code, codes, table

Schema = dict[str, Any]

_TOO_MANY_TO_LIST = 12
_BIG = {2**63 - 1: "2^63 - 1"}


def field_table(schema: Schema) -> str:
    """One row for each field: type, what its absence means, limits, meaning."""
    required = schema.get("required", ())
    rows = []
    for name, field in schema["properties"].items():
        kind, limits = _type_and_limits(field)
        rows.append((code(name), kind, _if_absent(field, required=name in required), limits, _meaning(field)))
    return table(("field", "type", "if absent", "limits", "meaning"), rows)


def set_values(field: Schema) -> tuple[Sequence[str], bool] | None:
    """The values of a set, or of a list of them, and whether it is strict; None for a field of another type."""
    options = _options(field)
    if "items" in options[0]:
        return set_values(options[0]["items"])
    enum = next((option["enum"] for option in options if "enum" in option), None)
    return None if enum is None else (enum, len(options) == 1)


def _options(field: Schema) -> list[Schema]:
    """The forms that a field may have, null left out: that is the same as absent."""
    return [inner for option in field.get("anyOf", [field]) for inner in option.get("anyOf", [option])
            if inner.get("type") != "null"]  # fmt: skip


def _type_and_limits(field: Schema) -> tuple[str, str]:
    options = _options(field)
    values = set_values(field)
    if values is not None and "items" not in options[0]:
        listed, strict = values
        shown = codes(listed) if len(listed) <= _TOO_MANY_TO_LIST else "a [failure mode](#failure-modes)"
        return ("strict set" if strict else "describing set"), shown
    types = {option.get("type") for option in options}
    if types == {"string", "number"}:
        return "money", "0 to 1,000,000,000"
    if types == {"string", "integer"}:
        return "text or integer", "; ".join(_type_and_limits(option)[1] for option in options)
    return _plain(options[0])


def _plain(option: Schema) -> tuple[str, str]:
    """Type and limits of a field that has one form."""
    if "$ref" in option:
        return _link(option), ""
    match option["type"]:
        case "array":
            kind, _ = _type_and_limits(option["items"])
            values = set_values(option["items"])
            listed = f", each of {codes(values[0])}" if values else ""
            return f"list of {kind}", _between(option.get("minItems"), option.get("maxItems"), "items") + listed
        case "object":
            kind, _ = _type_and_limits(option["additionalProperties"])
            return f"object of {kind} by name", _between(None, option.get("maxProperties"), "names")
        case "integer":
            return "integer", _between(option.get("minimum"), option.get("maximum"))
        case "number":
            return "number", _between(option.get("minimum"), option.get("maximum")) or "finite"
        case "boolean":
            return "true or false", ""
        case _:
            return _string(option)


def _string(option: Schema) -> tuple[str, str]:
    if "const" in option:
        return "text", f"always {code(option['const'])}"
    if option.get("format") == "date-time":
        return "time", "with a zone"
    if "maxLength" not in option:
        return "id", "UUID or 32 hex digits"
    return "text", _between(option.get("minLength"), option["maxLength"], "characters")


def _between(lowest: float | None, highest: float | None, what: str = "") -> str:
    if highest is None:
        return ""
    most = _BIG.get(int(highest), f"{int(highest):,}")
    shown = f"at most {most}" if lowest is None else f"{int(lowest):,} to {most}"
    return f"{shown} {what}".strip()


def _link(option: Schema) -> str:
    name = option["$ref"].removeprefix("#/$defs/")
    return f"[{name}](#{name.lower()})"


def _if_absent(field: Schema, *, required: bool) -> str:
    if required:
        return "required"
    default = field.get("default")
    if default is None:
        return "empty" if field.get("type") == "object" else "not known"
    return "empty" if default == [] else code(str(default))


def _meaning(field: Schema) -> str:
    # The types' own remarks (money, describing sets) are said once for the whole page.
    return str(field.get("description", "")) if "$ref" not in field else ""
