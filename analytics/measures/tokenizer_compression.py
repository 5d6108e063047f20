"""Tokenizer compression: how many characters of output one token carries.

Output characters (tool arguments included) / visible tokens (output less reasoning), of the answer attempts where both
are known. It depends on language and call mode more than on the tokenizer: compare within one of each.
Unit: chars/token. Basis: answer attempts. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import chars_per_token


def tokenizer_compression(attempts: pd.DataFrame) -> pd.DataFrame:
    """Ratio of the sums for each row with its 95 % interval (delta method); NaN where nothing was measured.

    Coverage is the share of answer attempts that were measured. With one of them there is a value and no interval.
    """
    return chars_per_token(
        attempts,
        measured="output_measured",
        chars="output_chars",
        tokens="visible_tokens",
        chars_sq="output_chars_sq",
        tokens_sq="visible_tokens_sq",
        product="output_chars_tokens",
    )


TOKENIZER_COMPRESSION = Measure(
    name="tokenizer_compression",
    basis="attempts",
    interval="delta",
    reads=(
        "attempts",
        "output_measured",
        "output_chars",
        "visible_tokens",
        "output_chars_sq",
        "visible_tokens_sq",
        "output_chars_tokens",
    ),
    compute=tokenizer_compression,
)
