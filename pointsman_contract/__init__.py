"""What crosses a wire or a package line: messages, their limits, their errors.

The bottom leaf of the project: it imports pydantic and nothing of ours, so that a router can embed it.
"""
