"""Whether a text names a model."""

import re

# "Qwen 3.5 72B" is qwen-3.5-72b.
_BETWEEN = re.compile(r"[\s_-]+")


def names(text: str, model: str) -> bool:
    """Whether a text names this model, and no longer name that begins or ends as it does: gpt-5 is not gpt-5.4."""
    plain = re.escape(_BETWEEN.sub("-", model.casefold()))
    return bool(model) and re.search(rf"(?<![\w.]){plain}(?!\w|\.\w)", _BETWEEN.sub("-", text.casefold())) is not None
