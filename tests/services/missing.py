"""How a service says that it is not installed."""


class ServiceMissing(Exception):
    """A service is not installed. The message names it and says how to get it."""
