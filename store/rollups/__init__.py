"""Rollups: additive sums over traces for each minute, hour and day, brought up to date from whole batches."""
