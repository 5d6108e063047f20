"""Each process with the database role that it is given, and nothing more."""
