"""Measures for Prometheus: a closed list of metrics, made from the rollups alone."""
