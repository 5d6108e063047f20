"""A show of the whole data path on real input, which ends with an account of every message."""
