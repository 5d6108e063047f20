"""Dead letters at a terminal: shown, and sent back to where they came from."""
