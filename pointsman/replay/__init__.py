"""Traces of a file, published again: read twice, validated before anything is sent, in constant memory."""
