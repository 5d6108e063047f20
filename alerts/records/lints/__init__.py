"""What an experienced reviewer would ask, one subject a file, and the tuple of all of them (`registry.py`)."""
