"""Citation grounding: the share of citations that their source supports.

Supported / citations, of the answer attempts that say both. Coverage is the share of answer attempts that do.
The interval takes citations for independent; those of one attempt may fail together, and it is too narrow then.
Unit: 1 (a share). Basis: citations of answer attempts. Source: design §5.
"""

import pandas as pd

from analytics.intervals import numbers
from analytics.measures.definition import Measure
from analytics.measures.shares import coverage, share


def citation_grounding(attempts: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; `count` is the citations; NaN where there were none."""
    rates = share(attempts, "citations_supported", "citations")
    rates["coverage"] = coverage(numbers(attempts["citations_known"]), numbers(attempts["attempts"]))
    return rates


CITATION_GROUNDING = Measure(
    name="citation_grounding",
    basis="attempts",
    interval="wilson",
    reads=("citations_supported", "citations", "citations_known", "attempts"),
    compute=citation_grounding,
)
