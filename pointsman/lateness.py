"""From when on sums that are behind are slow, and from when on they stand still: one opinion for screens and doctor."""

from datetime import timedelta

# A tick is every two seconds, and one of a large backlog takes at most thirty.
SLOW = timedelta(seconds=30)
STANDS = timedelta(minutes=5)
