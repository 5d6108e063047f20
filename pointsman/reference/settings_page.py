"""`docs/settings.md`, from the settings themselves."""

from pydantic.fields import FieldInfo

from pointsman.exits import MEANINGS
from pointsman.options import shown_default
from pointsman.settings import CONFIG_VARIABLE, Settings, variable

_HEAD = f"""<!-- Made by scripts/generate from the code. Change the code, not this file. -->

# Settings

Each setting is a flag, an environment variable, and a key of a TOML file (`--config FILE`, or `{CONFIG_VARIABLE}`). A
flag comes before a variable, a variable before the file, the file before the default. A command's `--help` lists the
flags that it reads. A variable with our prefix that no setting reads is warned about; an unknown key in the file is an
error.

| setting | flag | variable | default | meaning |
| --- | --- | --- | --- | --- |
"""

_FILE = """
A file:

```toml
kafka_bootstrap = "kafka-1:9092,kafka-2:9092"
database_url = "postgresql://pointsman@db/pointsman"
raw_retention = "30d"
```

Durations are a number with `s`, `m`, `h` or `d`. The database URL is libpq's: several hosts, `sslmode` and the other
parameters of libpq work, and so do `PGPASSFILE` and `PGSERVICEFILE`, which keep passwords out of the environment.

## Exit codes

| code | meaning |
| --- | --- |
"""


def render() -> str:
    """The page as Markdown."""
    rows = "".join(_row(name, field) for name, field in Settings.model_fields.items())
    codes = "".join(f"| {code} | {meaning} |\n" for code, meaning in MEANINGS.items())
    return _HEAD + rows + _FILE + codes


def _row(name: str, field: FieldInfo) -> str:
    default = shown_default(field.default)
    return (
        f"| `{name}` | `--{name.replace('_', '-')}` | `{variable(name)}` | {f'`{default}`' if default else ''}"
        f" | {field.description} |\n"
    )
