"""Kafka messages into the store, each exactly once."""
