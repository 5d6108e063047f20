"""Which starts belong to one trace. A leaf: who sums or forgets traces has no need of the contract."""

from datetime import timedelta

# One trace id names one trace over starts at most this far apart; over longer times ids may come again.
SAME_TRACE_WITHIN = timedelta(days=1)
