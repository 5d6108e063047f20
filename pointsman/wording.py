"""Words for people that need no terminal."""


def counted(count: int, noun: str) -> str:
    """`1 trace`, `2,000 traces`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def lasting(seconds: float) -> str:
    """A stretch of time for people: `40 s`, `12 min`, `20.7 h`, `2.1 days`, `94 days`."""
    for size, name, most in ((1, "s", 100), (60, "min", 100), (3600, "h", 48)):
        if seconds < size * most:
            value = seconds / size
            return f"{value:.0f} {name}" if value >= 10 else f"{value:.1f} {name}"
    days = seconds / 86_400
    return f"{days:,.0f} days" if days >= 10 else f"{days:.1f} days"
