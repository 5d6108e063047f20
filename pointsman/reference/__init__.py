"""The pages under `docs/` that are made from the code, so that they cannot say something else.

`pages` lists and writes them; a test compares the files with what would be written.
"""
