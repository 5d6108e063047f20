"""The databases of the store's tests."""

from tests.store.conftest import feed, migrated_template, open_sessions, sessions, store_url

__all__ = ["feed", "migrated_template", "open_sessions", "sessions", "store_url"]
