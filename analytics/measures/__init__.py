"""One measure a file, and the registry of all of them (`registry.py`). Source: design §5."""
