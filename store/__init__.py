"""Rows and queries: the only SQL of the project."""
