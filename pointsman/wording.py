"""Words for people that need no terminal."""


def counted(count: int, noun: str) -> str:
    """`1 trace`, `2,000 traces`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
