"""Input compression: how many characters of a prompt one token carries.

Input characters / input tokens, of the answer attempts of text-only requests where both are known. A request that does
not say its modalities counts as text.
Unit: chars/token. Basis: answer attempts. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import chars_per_token


def input_compression(attempts: pd.DataFrame) -> pd.DataFrame:
    """Ratio of the sums for each row with its 95 % interval (delta method); NaN where nothing was measured.

    Coverage is the share of answer attempts that were measured. With one of them there is a value and no interval.
    """
    return chars_per_token(
        attempts,
        measured="input_measured",
        chars="input_chars",
        tokens="measured_input_tokens",
        chars_sq="input_chars_sq",
        tokens_sq="measured_input_tokens_sq",
        product="input_chars_tokens",
    )


INPUT_COMPRESSION = Measure(
    name="input_compression",
    basis="attempts",
    interval="delta",
    reads=(
        "attempts",
        "input_measured",
        "input_chars",
        "measured_input_tokens",
        "input_chars_sq",
        "measured_input_tokens_sq",
        "input_chars_tokens",
    ),
    compute=input_compression,
)
