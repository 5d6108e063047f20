"""Route share: the share of all requests that went this way.

Requests / requests of all rows of the frame; with a column `bucket`, of all rows of the same bucket. The whole is what
was read: with a filter on one environment it is the share within that.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.frames import BUCKET
from analytics.intervals import numbers
from analytics.measures.definition import Measure
from analytics.measures.shares import share


def route_share(requests: pd.DataFrame) -> pd.DataFrame:
    """Share for each row with its 95 % interval. `count` is the requests of the whole; NaN where there were none.

    Also looks at `bucket`, where it is there.
    """
    sums = pd.DataFrame({"requests": numbers(requests["requests"])}, index=requests.index)
    if BUCKET in requests:
        sums["whole"] = sums["requests"].groupby(requests[BUCKET]).transform("sum")
    else:
        sums["whole"] = sums["requests"].sum()
    return share(sums, "requests", "whole")


ROUTE_SHARE = Measure(name="route_share", basis="requests", interval="wilson", reads=("requests",), compute=route_share)
